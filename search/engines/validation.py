"""Checks one change before it is written. An invalid change is rejected, and the rest of the batch is written.

The functions are pure. Each engine has its own limits, and reports them at different times and in different words. The
limits are checked here once, so that every engine rejects the same documents for the same reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from search.engines.base import CODES, FIELDS, KINDS, Change, IndexedDocument

#: The maximum number of bytes of a key, a code or an audience token. The `_id` of an Elasticsearch document may have
#: 512.
MOST_BYTES = 512


def rejection(change: Change) -> str:
    """Returns the reason why `change` cannot be stored. Returns an empty string if it can be stored."""
    if not change.key or value_problem(change.key):
        return f"the key {value_problem(change.key) or 'is empty'}"
    return _document_problem(change.document) if change.document is not None else ""


def _document_problem(document: IndexedDocument) -> str:
    if not math.isfinite(document.newest):
        return "newest is not a number"
    if unknown := document.codes.keys() - set(CODES):
        return f"unknown facet {min(unknown)}"
    if strange := document.tokens.keys() - set(KINDS):
        return f"unknown kind of tokens {min(strange)}"
    for kind, fields in document.tokens.items():
        if other := fields.keys() - set(FIELDS):
            return f"unknown field {kind}.{min(other)}"
        for name, text in fields.items():
            if not encodable(text):
                return f"{kind}.{name} holds what is no character"
    for name, values in _values(document):
        for value in values:
            if problem := value_problem(value):
                return f"a value of {name} {problem}"
    return ""


def _values(document: IndexedDocument) -> Iterable[tuple[str, Iterable[str]]]:
    signals = document.signals
    yield from document.codes.items()
    yield "audience", document.audience
    yield "signals", (signals.public_id, signals.maturity, signals.superseded_by, signals.unit_uid)


def value_problem(value: str) -> str:
    """Returns what is wrong with a short value. Returns an empty string if nothing is wrong."""
    if not encodable(value):
        return "holds what is no character"
    return f"is longer than {MOST_BYTES} bytes" if len(value.encode()) > MOST_BYTES else ""


def encodable(text: str) -> bool:
    """Whether engines can store this text.

    Lone surrogates cannot be encoded. A NUL ends a text early in one engine, but not in the other engine.
    """
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
