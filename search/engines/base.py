"""The port between search and whatever holds the index: what goes in, what is asked, what comes back.

Two implementations are proved alike by one contract test (tests/search/contract). Texts arrive here
analysed: tokens separated by spaces, and an engine stores and compares them as they are. This module
refuses any type of an engine's own: no SQL, no query DSL, no client leaves its implementation.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, Protocol

Kind = Literal["a", "c", "b", "r"]
Order = Literal["relevance", "newest"]

#: Token kinds (search.md, Analysis contract) and the parts of a document that each is kept for.
KINDS: tuple[Kind, ...] = ("a", "c", "b", "r")
FIELDS = ("title", "summary", "body", "names", "attachments")
#: What documents can be counted and filtered by. An index of strict form knows these and no other.
CODES = ("type", "theme", "stance", "scene", "municipality", "unit", "fiscal_year", "maturity")


class EngineUnavailable(Exception):  # noqa: N818 -- a state to handle, not a mistake
    """The engine cannot answer now (down, slow, locked, full). Asking again later may help.

    `advice` says to an administrator, in one Japanese line, what is wrong and what to do; it holds nothing
    that anybody asked or wrote, so it may be logged. `again_in` are the seconds before which asking again is of no
    use; 0 where nobody knows.
    """

    def __init__(self, message: str = "", *, advice: str = "", again_in: float = 0.0) -> None:
        super().__init__(message or advice)
        self.advice, self.again_in = advice, again_in


class IndexLost(EngineUnavailable):
    """There is no usable index: never built, lost, truncated. Only a rebuild helps."""


class GenerationGone(Exception):  # noqa: N818 -- the same
    """The generation being written was dropped by somebody else; the writer must stop."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What ranking needs of one document besides its words."""

    public_id: str = ""
    maturity: str = ""
    reuse: int = 0
    superseded_by: str = ""
    unit_uid: str = ""
    day: int = 0  # of its newest date, counted from 1970; 0 where it has none

    def named(self) -> dict[str, str | int]:
        """As an engine keeps them. All are plain values, so nothing needs the deep copies of `asdict`."""
        return {name: getattr(self, name) for name in _SIGNALS}

    @classmethod
    def read(cls, kept: Sequence[str]) -> list[Signals]:
        """Those of a window of hits, each kept as JSON. Read at one go: to begin takes as long as to read one."""
        return [cls(**one) for one in json.loads(f"[{','.join(kept)}]")]


_SIGNALS = tuple(one.name for one in fields(Signals))


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document as an engine keeps it."""

    tokens: Mapping[Kind, Mapping[str, str]]  # kind → field → tokens separated by spaces
    codes: Mapping[str, tuple[str, ...]]  # facet → codes
    audience: tuple[str, ...]
    newest: float  # orders "newest first"
    signals: Signals


@dataclass(frozen=True, slots=True)
class Change:
    """One document to keep (or, where it is None, to forget). The higher version wins, in any order of arrival."""

    key: str
    version: int
    document: IndexedDocument | None


@dataclass(frozen=True, slots=True)
class Match:
    """All of these tokens of one kind; next to each other where it is a phrase.

    `prefix` says that the one token is only begun (suggestions); `part` names the one part of a document to look in.
    """

    kind: Kind
    tokens: tuple[str, ...]
    phrase: bool = False
    prefix: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One word of a query: any of its ways to match."""

    any_of: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Tokens of one kind that add to the score of what matched: `weight` × BM25 over the weighted fields."""

    kind: Kind
    tokens: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One question to an engine. Without clauses everything that the reader may find matches."""

    audience: frozenset[str]
    clauses: tuple[Clause, ...] = ()
    minimum: int = 0  # how many clauses have to match
    required: tuple[Clause, ...] = ()  # these in any case
    excluded: tuple[Clause, ...] = ()
    scoring: tuple[Scoring, ...] = ()
    field_weights: Mapping[str, float] = field(default_factory=dict)
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()  # keys that a change still waiting has taken from this reader
    only: frozenset[str] = frozenset()  # of what matches just these keys, where there are any (explanations)
    order: Order = "relevance"
    offset: int = 0
    limit: int = 10


@dataclass(frozen=True, slots=True)
class EngineHit:
    key: str
    score: float
    signals: Signals


@dataclass(frozen=True, slots=True)
class Found:
    """An engine's answer. Facet counts leave out the facet's own filter, and hold no zeros."""

    total: int
    hits: tuple[EngineHit, ...]
    facets: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete copy of the index. One is live; another may be being built beside it."""

    name: str
    stamp: str
    live: bool


class Engine(Protocol):
    """What every engine does. Anything it cannot do now raises EngineUnavailable, never an error of its own."""

    def generations(self) -> Sequence[Generation]: ...

    def create(self, stamp: str) -> str:
        """A new, empty generation beside the live one; gives its name. Makes the store itself if need be."""
        ...

    def swap(self, name: str) -> None:
        """Make `name` the live generation and drop all others, in one step that readers never see half of."""
        ...

    def drop(self, name: str) -> None: ...

    def reset(self) -> None:
        """Throw the whole store away. Only for one that is lost."""
        ...

    def write(self, changes: Sequence[Change], generation: str | None = None) -> Mapping[str, str]:
        """Apply changes to every generation, or to one; gives key → reason of those that were refused."""
        ...

    def stored(self, keys: Collection[str]) -> Mapping[str, int]:
        """The versions at which the live generation knows these keys, forgotten ones included."""
        ...

    def entries(self, generation: str | None = None) -> Iterator[tuple[str, int]]:
        """(key, version) of every document of a generation (the live one), in order of key."""
        ...

    def highest_version(self) -> int: ...

    def search(self, plan: Plan) -> Found: ...

    def health(self) -> Sequence[str]:
        """What a person has to mend, one Japanese line each with what to do. Asks the engine; never raises."""
        ...
