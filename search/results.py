"""What one search gives: frozen, ready for a page, free of any engine's types and of markup but <mark>."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from search.documents import Card


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the card from the database, and its texts with what matched marked."""

    card: Card
    title: SafeString
    snippet: SafeString
    why: tuple[str, ...] = ()  # why it stands here, where the office asked


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
    """One page of results, and how it came about where that is not simply what was asked."""

    hits: tuple[Hit, ...]
    total: int
    page: int
    pages: int
    facets: tuple[Facet, ...] = ()
    fewer: tuple[int, int] | None = None  # (words that had to match, words asked), where not all did
    sentence: bool = False
    ignored: tuple[str, ...] = ()
    reduced: bool = False  # answered by the database alone
    more: bool = False  # reduced, and there is more than is shown
