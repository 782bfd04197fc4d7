"""A document as Elasticsearch keeps it: the strict mapping, the settings of an index, and the body of each write.

All of it is data, built without a server: tests compare dictionaries. Only what every distribution of the
server has is used. Texts are searched and never given back, so they are left out of what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Map
from typing import Any

from elasticsearch.dsl import Boolean, Double, Keyword, Long, Mapping, Object, Text

from search.engines.base import CODES, FIELDS, KINDS, Change

#: Field weights are multiplied by this, for `combined_fields` takes none below 1 …
SCALE = 4
#: … and so is k1, which makes the score the same again. k1 and b are those of FTS5's bm25().
SIMILARITY = {"type": "BM25", "k1": 1.2 * SCALE, "b": 0.75}
#: The whitespace analyser cuts longer tokens in two. The rest of one is left away in documents and questions alike.
MOST_CHARACTERS = 120


def mapping(stamp: str) -> dict[str, Any]:
    """The form of every document. What it does not name is refused."""
    form = Mapping()
    form.meta("dynamic", "strict")
    form.meta("_meta", stamp=stamp)
    form.meta("_source", excludes=list(KINDS))
    form.field("key", Keyword())  # the _id again: one can sort by it
    form.field("version", Long())
    form.field("live", Boolean())
    form.field("newest", Double())
    form.field("audience", Keyword())
    form.field("codes", Object(properties={code: Keyword() for code in CODES}))
    # A column, as its values are read for every hit of a window; out of `_source` that took the server three times as long.
    form.field("signals", Keyword(index=False))
    for kind in KINDS:
        form.field(kind, Object(properties={name: Text(analyzer="whitespace") for name in FIELDS}))
    return dict(form.to_dict())


def settings() -> dict[str, Any]:
    """One shard: the counts of facets and the statistics of words are exact. A copy wherever there is a second node."""
    return {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        "refresh_interval": "-1",  # by the writer, which knows when; nobody waits for a clock
        "similarity": {"default": SIMILARITY},
    }


def body(change: Change) -> dict[str, Any]:
    """What is kept of one change. A forgotten document stays as a tombstone that no reader's tokens open."""
    document = change.document
    kept: dict[str, Any] = {"key": change.key, "version": change.version, "live": document is not None}
    if document is None:
        return kept
    kept["newest"] = document.newest
    kept["audience"] = list(document.audience)
    kept["codes"] = {facet: list(values) for facet, values in document.codes.items() if values}
    kept["signals"] = json.dumps(document.signals.named(), ensure_ascii=False)
    for kind, fields in document.tokens.items():
        kept[kind] = {name: " ".join(map(cut, text.split(" "))) for name, text in fields.items() if text}
    return kept


def action(change: Change, target: str) -> dict[str, Any]:
    """One item of a bulk: the higher version wins, in any order of arrival."""
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


def fits(found: Map[str, Any]) -> bool:
    """Whether a mapping that the server tells of is still the one that was made, whatever it adds by itself."""
    wanted = mapping("")
    return found.get("dynamic") == wanted["dynamic"] and _form(found) == _form(wanted)


def _form(found: Map[str, Any]) -> dict[str, Any]:
    return {
        name: _form(field) if "properties" in field else (field.get("type", "object"), field.get("analyzer"))
        for name, field in found.get("properties", {}).items()
    }
