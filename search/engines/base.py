"""The engine port: the documents an engine stores, the queries it answers, and the `Engine` protocol.

One contract test (tests/search/contract) runs against both implementations. Texts arrive analysed, as tokens
separated by spaces; an engine stores and compares them unchanged. No SQL, query DSL or client object crosses this
port.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Literal, Protocol


class TokenKind(StrEnum):
    """The kinds of token (docs/reference/search.md, Analysis). The values are stored in every index."""

    UNIT = "a"  # short units
    COMPOUND = "c"  # compounds that split into units
    BIGRAM = "b"  # pairs of neighbouring characters
    READING = "r"  # katakana readings


Order = Literal["relevance", "newest"]

KINDS = tuple(TokenKind)
#: The fields of a document. Tokens of each kind are stored per field.
FIELDS = ("title", "summary", "body", "names", "attachments")
#: The facets: what documents are counted and filtered by. The strict mapping accepts no other.
CODES = ("type", "theme", "stance", "scene", "municipality", "unit", "fiscal_year", "maturity")


class EngineUnavailable(Exception):  # noqa: N818 -- a state to handle, not a mistake
    """The engine cannot answer now (down, slow, locked, disk full). A later retry may succeed.

    `advice` tells an administrator in one Japanese line what is wrong and what to do. It contains no query and no
    content, so it may be logged. `again_in` is the number of seconds before which a retry is useless; 0 if unknown.
    """

    def __init__(self, message: str = "", *, advice: str = "", again_in: float = 0.0) -> None:
        super().__init__(message or advice)
        self.advice, self.again_in = advice, again_in


class IndexLost(EngineUnavailable):
    """There is no usable index (never built, lost, truncated). Only a rebuild helps."""


class GenerationGone(Exception):  # noqa: N818 -- a state to handle, not a mistake
    """Another process dropped the generation being written; the writer must stop."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What ranking needs to know about a document besides its words."""

    public_id: str = ""
    maturity: str = ""
    reuse: int = 0
    superseded_by: str = ""
    unit_uid: str = ""
    day: int = 0  # of its newest date, counted from 1970; 0 if it has none

    def named(self) -> dict[str, str | int]:
        """The fields as a dict, to store. `asdict` would make deep copies of plain values."""
        return {name: getattr(self, name) for name in _SIGNALS}

    @classmethod
    def read(cls, stored: Sequence[str]) -> list[Signals]:
        """Decode the stored JSON of many hits in one call: the start of a parse costs as much as one object."""
        return [cls(**values) for values in json.loads(f"[{','.join(stored)}]")]


_SIGNALS = tuple(field.name for field in fields(Signals))


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document as an engine stores it."""

    tokens: Mapping[TokenKind, Mapping[str, str]]  # kind → field → tokens separated by spaces
    codes: Mapping[str, tuple[str, ...]]  # facet → codes
    audience: tuple[str, ...]
    newest: float  # timestamp that orders "newest first"
    signals: Signals


@dataclass(frozen=True, slots=True)
class Change:
    """Write one document, or delete it if `document` is None. The higher version wins, in any order of arrival."""

    key: str
    version: int
    document: IndexedDocument | None


@dataclass(frozen=True, slots=True)
class Match:
    """All of `tokens` must occur in a document, next to each other if `phrase`.

    With `prefix` the single token is only the beginning of one (suggestions). `part` limits the match to one field.
    """

    kind: TokenKind
    tokens: tuple[str, ...]
    phrase: bool = False
    prefix: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One word of a query: at least one of these matches is required."""

    any_of: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Tokens that add to the score of a matching document: `weight` × BM25 over the weighted fields."""

    kind: TokenKind
    tokens: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """One query to an engine. Without clauses, every document that the audience may find matches."""

    audience: frozenset[str]
    clauses: tuple[Clause, ...] = ()
    minimum: int = 0  # how many of `clauses` must match
    required: tuple[Clause, ...] = ()  # all of these must match
    excluded: tuple[Clause, ...] = ()
    scoring: tuple[Scoring, ...] = ()
    field_weights: Mapping[str, float] = field(default_factory=dict)
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()  # keys that a pending change has withdrawn from this reader
    only: frozenset[str] = frozenset()  # if not empty, only these keys (explanations)
    order: Order = "relevance"
    offset: int = 0
    limit: int = 10


@dataclass(frozen=True, slots=True)
class EngineHit:
    key: str
    score: float
    signals: Signals


@dataclass(frozen=True, slots=True)
class EngineResult:
    """An engine's answer. The counts of a facet ignore its own filter and contain no zeros."""

    total: int
    hits: tuple[EngineHit, ...]
    facets: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete copy of the index. One is live; another may be under construction."""

    name: str
    stamp: str
    live: bool


class Engine(Protocol):
    """The operations of every engine. A failure raises EngineUnavailable, never the client's own exception."""

    def generations(self) -> Sequence[Generation]: ...

    def create(self, stamp: str) -> str:
        """Create an empty generation beside the live one and return its name. Creates the store if necessary."""
        ...

    def swap(self, name: str) -> None:
        """Make `name` the live generation and drop all others, atomically for readers."""
        ...

    def drop(self, name: str) -> None: ...

    def reset(self) -> None:
        """Delete the whole store. Only for a lost index."""
        ...

    def write(self, changes: Sequence[Change], generation: str | None = None) -> Mapping[str, str]:
        """Apply changes to every generation, or to one. Returns key → reason for each rejected change."""
        ...

    def stored(self, keys: Collection[str]) -> Mapping[str, int]:
        """The versions of these keys in the live generation, deleted ones included."""
        ...

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        """(key, version) of every document of a generation (default: the live one), ordered by key."""
        ...

    def highest_version(self) -> int: ...

    def search(self, query: EngineQuery) -> EngineResult: ...

    def health(self) -> Sequence[str]:
        """What an administrator has to fix: one Japanese line each, with what to do. Asks the engine; never raises."""
        ...
