"""Documents in Elasticsearch: the strict mapping, the settings of an index, and the body of each write.

Everything is built as data without a server, so that tests compare dictionaries. Only features that every distribution
of the server has are used. Texts are searched but never returned, so they are excluded from `_source`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Map
from typing import Any

from elasticsearch.dsl import Boolean, Double, Keyword, Long, Mapping, Object, Text

from search.engines.base import CODES, FIELDS, KINDS, Change

#: Field weights are multiplied by this number, because `combined_fields` accepts no weight below 1.
SCALE = 4
#: k1 is multiplied by the same number, so that the score stays the same. k1 and b are the values of bm25() in FTS5.
SIMILARITY = {"type": "BM25", "k1": 1.2 * SCALE, "b": 0.75}
#: The whitespace analyser splits longer tokens. So tokens are cut at this length, both in documents and in queries.
MOST_CHARACTERS = 120


def mapping(stamp: str) -> dict[str, Any]:
    """Returns the strict mapping of every index. Unknown fields are rejected."""
    form = Mapping()
    form.meta("dynamic", "strict")
    form.meta("_meta", stamp=stamp)
    form.meta("_source", excludes=list(KINDS))
    form.field("key", Keyword())  # a copy of _id, because Elasticsearch cannot sort by _id
    form.field("version", Long())
    form.field("live", Boolean())
    form.field("newest", Double())
    form.field("audience", Keyword())
    form.field("codes", Object(properties={code: Keyword() for code in CODES}))
    # A doc value, because it is read for every hit of a window. Reading it from `_source` took the server three times
    # as long.
    form.field("signals", Keyword(index=False))
    for kind in KINDS:
        form.field(kind, Object(properties={name: Text(analyzer="whitespace") for name in FIELDS}))
    return dict(form.to_dict())


def settings() -> dict[str, Any]:
    """Returns the settings of an index.

    There is one shard, so that facet counts and term statistics are exact. If there is a second node, it has a replica.
    """
    return {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        "refresh_interval": "-1",  # the writer refreshes the index when necessary
        "similarity": {"default": SIMILARITY},
    }


def body(change: Change) -> dict[str, Any]:
    """Returns the JSON body that Elasticsearch stores for one change. A deleted document stays as a tombstone without audience tokens."""
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
    """Returns one item of a bulk request. The higher version wins, whatever arrives first."""
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
    """Whether the mapping that the server returns is the mapping that was created. Defaults that the server adds are
    ignored."""
    expected = mapping("")
    return reported.get("dynamic") == expected["dynamic"] and _field_types(reported) == _field_types(expected)


def _field_types(mapping: Map[str, Any]) -> dict[str, Any]:
    return {
        name: _field_types(field) if "properties" in field else (field.get("type", "object"), field.get("analyzer"))
        for name, field in mapping.get("properties", {}).items()
    }
