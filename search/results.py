"""The result of a search: frozen, ready to render, without engine types and without markup except <mark>."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from search.documents import Card


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the card from the database, with matches marked in its title and snippet."""

    card: Card
    title: SafeString
    snippet: SafeString
    why: tuple[str, ...] = ()  # explanation of its place, if the office asked


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
    """One page of results, with what differs from the request as typed."""

    hits: tuple[Hit, ...]
    total: int
    page: int
    pages: int
    facets: tuple[Facet, ...] = ()
    fewer: tuple[int, int] | None = None  # (words that had to match, words asked), if not all had to
    sentence: bool = False
    ignored: tuple[str, ...] = ()
    reduced: bool = False  # answered by the database alone (the engine is unavailable)
    more: bool = False  # reduced, and there are more hits than shown
