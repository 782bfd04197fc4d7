"""The result of a search. The result is frozen and ready to be shown. The result contains no types of an engine, and
<mark> is the only markup."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from search.documents import Card


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the card from the database. The matches in its title and snippet are marked."""

    card: Card
    title: SafeString
    snippet: SafeString
    why: tuple[str, ...] = ()  # Why the hit has its rank. Only if the knowledge office asked for it.


@dataclass(frozen=True, slots=True)
class FacetValue:
    code: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of results, and how the search differed from what the reader typed."""

    hits: tuple[Hit, ...]
    total: int
    page: int
    pages: int
    facets: tuple[Facet, ...] = ()
    fewer: tuple[int, int] | None = None  # (words that had to match, words in the request), or None if all had to
    sentence: bool = False
    ignored: tuple[str, ...] = ()
    reduced: bool = False  # answered by the database alone, because the engine was unavailable
    more: bool = False  # the page is reduced, and there are more hits than it shows
