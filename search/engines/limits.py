"""What no engine keeps: why one change is refused while the others of its batch are written. Pure.

Each engine has limits of its own, met at other moments and in other words. Those that matter are
drawn here, once, so that a document which one engine refuses is refused by all, for the same reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from search.engines.base import CODES, FIELDS, KINDS, Change, IndexedDocument

#: Bytes of a key, a code or a token of the audience. An address of a document on a cluster may have 512.
MOST_BYTES = 512


def problem(change: Change) -> str:
    """Why `change` cannot be kept; empty where it can."""
    if not change.key or reason(change.key):
        return f"the key {reason(change.key) or 'is empty'}"
    return _problem(change.document) if change.document is not None else ""


def _problem(document: IndexedDocument) -> str:
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
            if not writable(text):
                return f"{kind}.{name} holds what is no character"
    for name, values in _values(document):
        for value in values:
            if found := reason(value):
                return f"a value of {name} {found}"
    return ""


def _values(document: IndexedDocument) -> Iterable[tuple[str, Iterable[str]]]:
    signals = document.signals
    yield from document.codes.items()
    yield "audience", document.audience
    yield "signals", (signals.public_id, signals.maturity, signals.superseded_by, signals.unit_uid)


def reason(value: str) -> str:
    """What is wrong with a short value; empty where nothing is."""
    if not writable(value):
        return "holds what is no character"
    return f"is longer than {MOST_BYTES} bytes" if len(value.encode()) > MOST_BYTES else ""


def writable(text: str) -> bool:
    """Lone surrogates have no bytes, and a NUL ends a text early in one engine and not in the other."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
