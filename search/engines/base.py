"""The interface between search and the engines: documents, queries, answers, and the `Engine` protocol.

The same contract test (tests/search/contract) runs with both engines. Texts are already analysed when an engine gets
them: they are tokens separated by spaces. An engine stores and compares the tokens unchanged. No SQL, query DSL or
client object passes through this interface.
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
#: The fields of a document. For each field, the tokens of each kind are stored.
FIELDS = ("title", "summary", "body", "names", "attachments")
#: The facets: documents can be counted and filtered by them. The strict mapping accepts no other facets.
CODES = ("type", "theme", "stance", "scene", "municipality", "unit", "fiscal_year", "maturity")


class EngineUnavailable(Exception):  # noqa: N818 -- a state that callers handle, not a mistake
    """The engine cannot answer now (down, slow, locked, disk full). A later retry may succeed.

    `advice` is one Japanese line. `advice` tells an administrator what is wrong and what to do. `advice` contains no
    query and no content, so it may be logged. `again_in` is a number of seconds: an earlier retry is useless.
    `again_in` is 0 if the time is unknown.
    """

    def __init__(self, message: str = "", *, advice: str = "", again_in: float = 0.0) -> None:
        super().__init__(message or advice)
        self.advice, self.again_in = advice, again_in


class IndexLost(EngineUnavailable):
    """There is no usable index (never built, lost, truncated). Only a rebuild helps."""


class GenerationGone(Exception):  # noqa: N818 -- a state that callers handle, not a mistake
    """Another process dropped the generation that this process is writing. The writer must stop."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What ranking needs to know about a document besides its words."""

    public_id: str = ""
    maturity: str = ""
    reuse: int = 0
    superseded_by: str = ""
    unit_uid: str = ""
    day: int = 0  # newest date of the document, in days since 1970; 0 if it has none

    def named(self) -> dict[str, str | int]:
        """Returns the fields as a dict that can be stored. `asdict` is not used, because it would make deep copies
        of plain values."""
        return {name: getattr(self, name) for name in _SIGNALS}

    @classmethod
    def read(cls, stored: Sequence[str]) -> list[Signals]:
        """Decodes the stored JSON of many hits in one call, because starting the parser takes as long as parsing one
        object."""
        return [cls(**values) for values in json.loads(f"[{','.join(stored)}]")]


_SIGNALS = tuple(field.name for field in fields(Signals))


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document in the form in which an engine stores it."""

    tokens: Mapping[TokenKind, Mapping[str, str]]  # kind → field → tokens separated by spaces
    codes: Mapping[str, tuple[str, ...]]  # facet → codes
    audience: tuple[str, ...]
    newest: float  # timestamp for the order "newest first"
    signals: Signals


@dataclass(frozen=True, slots=True)
class Change:
    """Writes one document. Deletes the document if `document` is None.

    The change with the higher version wins, whatever arrives first.
    """

    key: str
    version: int
    document: IndexedDocument | None


@dataclass(frozen=True, slots=True)
class Match:
    """All of `tokens` must occur in a document. If `phrase` is true, they must be next to each other.

    If `prefix` is true, the single token is only the beginning of a token (for suggestions). `part` limits the match to
    one field.
    """

    kind: TokenKind
    tokens: tuple[str, ...]
    phrase: bool = False
    prefix: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One word of a query. At least one of the matches in `any_of` is required."""

    any_of: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Tokens that add to the score of a document: `weight` × BM25 over the weighted fields. The document must match
    already."""

    kind: TokenKind
    tokens: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class EngineQuery:
    """One query to an engine. Without clauses, it matches every document that the audience may find."""

    audience: frozenset[str]
    clauses: tuple[Clause, ...] = ()
    minimum: int = 0  # how many of `clauses` must match
    required: tuple[Clause, ...] = ()  # all of these must match
    excluded: tuple[Clause, ...] = ()
    scoring: tuple[Scoring, ...] = ()
    field_weights: Mapping[str, float] = field(default_factory=dict)
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()  # hidden keys: a pending change ended this reader's access
    only: frozenset[str] = frozenset()  # if not empty, only documents with these keys match (explanations)
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
    """An engine's answer. The counts of a facet ignore the filter of the facet itself, and contain no zeros."""

    total: int
    hits: tuple[EngineHit, ...]
    facets: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete copy of the index. One generation is live. Another may be under construction."""

    name: str
    stamp: str
    live: bool


class Engine(Protocol):
    """The operations of every engine. On a failure they raise EngineUnavailable, never an exception of the client
    library."""

    def generations(self) -> Sequence[Generation]: ...

    def create(self, stamp: str) -> str:
        """Creates an empty generation beside the live one and returns its name. Creates the store if necessary."""
        ...

    def swap(self, name: str) -> None:
        """Makes `name` the live generation and drops all others. For readers, this happens in one step."""
        ...

    def drop(self, name: str) -> None: ...

    def reset(self) -> None:
        """Deletes the whole store. Only for a lost index."""
        ...

    def write(self, changes: Sequence[Change], generation: str | None = None) -> Mapping[str, str]:
        """Applies the changes to every generation, or only to `generation`. Returns key → reason for each rejected
        change."""
        ...

    def stored(self, keys: Collection[str]) -> Mapping[str, int]:
        """Returns the versions of these keys in the live generation. Deleted documents are included."""
        ...

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        """Returns (key, version) of every document in a generation, ordered by key. The default is the live
        generation."""
        ...

    def highest_version(self) -> int: ...

    def search(self, query: EngineQuery) -> EngineResult: ...

    def health(self) -> Sequence[str]:
        """Returns what an administrator has to fix, one Japanese line for each fault, with what to do.

        Asks the engine for its state. Never raises.
        """
        ...
