"""Documents in Elasticsearch: the strict mapping, the index settings, and the body of each write.

Everything is built as data, without a server, so that tests compare dictionaries. Only features of every distribution
of the server are used. Texts are searched but never returned, so they are excluded from `_source`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Map
from typing import Any

from elasticsearch.dsl import Boolean, Double, Keyword, Long, Mapping, Object, Text

from search.engines.base import CODES, FIELDS, KINDS, Change

#: Field weights are multiplied by this, because `combined_fields` accepts none below 1 …
SCALE = 4
#: … and so is k1, which makes the score the same again. k1 and b are those of bm25() in FTS5.
SIMILARITY = {"type": "BM25", "k1": 1.2 * SCALE, "b": 0.75}
#: The whitespace analyser splits longer tokens. So tokens are cut at this length, in documents and queries alike.
MOST_CHARACTERS = 120


def mapping(stamp: str) -> dict[str, Any]:
    """The strict mapping of every index: unknown fields are rejected."""
    form = Mapping()
    form.meta("dynamic", "strict")
    form.meta("_meta", stamp=stamp)
    form.meta("_source", excludes=list(KINDS))
    form.field("key", Keyword())  # a copy of _id, which cannot be sorted by
    form.field("version", Long())
    form.field("live", Boolean())
    form.field("newest", Double())
    form.field("audience", Keyword())
    form.field("codes", Object(properties={code: Keyword() for code in CODES}))
    # A doc value, as it is read for every hit of a window; reading it from `_source` took the server three times as long.
    form.field("signals", Keyword(index=False))
    for kind in KINDS:
        form.field(kind, Object(properties={name: Text(analyzer="whitespace") for name in FIELDS}))
    return dict(form.to_dict())


def settings() -> dict[str, Any]:
    """One shard, so that facet counts and term statistics are exact. A replica if there is a second node."""
    return {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        "refresh_interval": "-1",  # the writer refreshes when necessary
        "similarity": {"default": SIMILARITY},
    }


def body(change: Change) -> dict[str, Any]:
    """The source of one change. A deleted document stays as a tombstone without audience tokens."""
    document = change.document
    source: dict[str, Any] = {"key": change.key, "version": change.version, "live": document is not None}
    if document is None:
        return source
    source["newest"] = document.newest
    source["audience"] = list(document.audience)
    source["codes"] = {facet: list(values) for facet, values in document.codes.items() if values}
    source["signals"] = json.dumps(document.signals.named(), ensure_ascii=False)
    for kind, fields in document.tokens.items():
        source[kind] = {name: " ".join(map(cut, text.split(" "))) for name, text in fields.items() if text}
    return source


def action(change: Change, target: str) -> dict[str, Any]:
    """One item of a bulk request: the higher version wins, in any order of arrival."""
    return {
        "_op_type": "index",
        "_index": target,
        "_id": change.key,
        "version": change.version,
        "version_type": "external",
        "_source": body(change),
    }


def cut(token: str) -> str:
    return token[:MOST_CHARACTERS]


def is_unchanged(reported: Map[str, Any]) -> bool:
    """Whether the mapping that the server reports is the one that was created, apart from defaults it adds."""
    expected = mapping("")
    return reported.get("dynamic") == expected["dynamic"] and _field_types(reported) == _field_types(expected)


def _field_types(mapping: Map[str, Any]) -> dict[str, Any]:
    return {
        name: _field_types(field) if "properties" in field else (field.get("type", "object"), field.get("analyzer"))
        for name, field in mapping.get("properties", {}).items()
    }
