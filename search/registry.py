"""What search knows of content: the SearchSource protocol, and the sources that settings name.

Each content room offers sources in its ``search_source`` module; ``settings.SEARCH_SOURCES`` lists
them by dotted path, as Django lists authentication backends, and ``settings.SEARCH_READER`` names
the function that gives a reader's audience tokens. This module refuses to import a content room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, cast

from django.conf import settings
from django.core.signals import setting_changed
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string

from search.documents import Card, SearchDocument, Suggestion, Typed


class SearchSource(Protocol):
    """One kind of content that can be found. Every method takes and gives primary keys of `model`."""

    #: Stays for ever: it is the first half of every key in the index. ASCII letters.
    name: str
    model: type[Model]

    def eligible(self) -> QuerySet[Any]:
        """What ought to be in the index, with the joins that `document` needs."""
        ...

    def document(self, obj: Any) -> SearchDocument:
        """What one eligible row says in the index, and its audience tokens."""
        ...

    def visible_to(self, user: Any, pks: Collection[Any]) -> set[Any]:
        """Of `pks`, those that `user` may open now. One query."""
        ...

    def cards(self, user: Any, pks: Collection[Any]) -> Mapping[Any, Card]:
        """Gate two, and what the results page shows: a card of each of `pks` that `visible_to` gives, of no other.

        The policy is asked of the rows as they were read (or is part of the question), so that nothing can change in
        between. A constant number of queries (aim at three), however many rows.
        """
        ...

    def labels(self, facet: str, codes: Collection[str]) -> Mapping[str, str]:
        """Japanese names of facet codes that this source knows; `facet` is one of query.FACETS."""
        ...

    def synonyms(self) -> Iterable[Collection[str]]:
        """Reviewed groups of words that mean the same, old unit names too; used at query time."""
        ...

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[Any]]]:
        """Other tables whose rows a document or its audience is made from.

        Each maps to a function: a saved or deleted row of it → the keys of `model` to index again.
        (`model` itself, and moves of page subtrees, are watched already.)
        """
        ...

    def fallback(self, user: Any, words: Sequence[str], limit: int) -> Sequence[Any]:
        """Keys that `user` may open whose title or summary holds every word, newest first.

        Asked when the engine cannot answer; words are as typed. No words: simply the newest.
        """
        ...


class Suggester(Protocol):
    """A room's few rows that can be suggested without being documents of the index: units, people."""

    def suggest(self, user: Any, typed: Typed, limit: int) -> Sequence[Suggestion]:
        """Those that `user` may know of, the best first. Two queries at most."""
        ...


@lru_cache(maxsize=1)
def suggesters() -> Sequence[Suggester]:
    """The suggesters that settings name, each made once."""
    return [cast(Suggester, import_string(path)()) for path in settings.SEARCH_SUGGESTERS]


@lru_cache(maxsize=1)
def sources() -> Mapping[str, SearchSource]:
    """The sources by name, each made once. Raises ImportError or ValueError at boot (search.E001)."""
    found: dict[str, SearchSource] = {}
    for path in settings.SEARCH_SOURCES:
        source = cast(SearchSource, import_string(path)())
        if source.name in found:
            raise ValueError(f"two search sources are called {source.name!r}")
        found[source.name] = source
    return found


def source_for(model: type[Model]) -> SearchSource | None:
    """The source that holds rows of `model`, a subclass of a source's model included.

    Of several the one nearest to `model`: a room above may offer a source for its own kind of item.
    """
    found = [source for source in sources().values() if issubclass(model, source.model)]
    return max(found, key=lambda source: len(source.model.__mro__), default=None)


@lru_cache(maxsize=1)
def _reader() -> Callable[[Any], frozenset[str]]:
    return cast("Callable[[Any], frozenset[str]]", import_string(settings.SEARCH_READER))


def reader_tokens(user: Any) -> frozenset[str]:
    """The audience tokens that `user` holds today, by the one policy (organization's, by setting)."""
    return _reader()(user)


def labels(facet: str, codes: Collection[str]) -> dict[str, str]:
    """Names of facet codes from whichever source knows them; an unknown code is its own name."""
    names: dict[str, str] = {}
    for source in sources().values():
        if unknown := [code for code in codes if code not in names]:
            found = source.labels(facet, unknown)
            names.update((code, found[code]) for code in unknown if code in found)
    return {code: names.get(code, code) for code in codes}


def _forget(*, setting: str, **_: Any) -> None:
    if setting in ("SEARCH_SOURCES", "SEARCH_SUGGESTERS", "SEARCH_READER"):
        sources.cache_clear()
        suggesters.cache_clear()
        _reader.cache_clear()


setting_changed.connect(_forget)  # only tests change settings while running
