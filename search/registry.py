"""What search knows about content: the SearchSource protocol, and the sources that settings name.

Each content app offers sources in its ``search_source`` module. ``settings.SEARCH_SOURCES`` lists the dotted paths of
the sources, as Django lists authentication backends. ``settings.SEARCH_READER`` names the function that returns a
reader's audience tokens. This module never imports a content app.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.signals import setting_changed
from django.db.models import Model, QuerySet
from django.utils.module_loading import import_string

from search.documents import Card, SearchDocument, Suggestion, Typed

#: The person who searches.
Viewer: TypeAlias = AbstractBaseUser | AnonymousUser
PrimaryKey: TypeAlias = int | str


class SearchSource(Protocol):
    """One kind of content that search can find. Its methods identify rows by the primary keys of `model`."""

    #: ASCII letters. The name never changes, because it is the first part of every key in the index.
    name: str
    model: type[Model]

    def eligible(self) -> QuerySet[Any]:
        """Returns the rows that must be in the index, with the joins that `document` needs."""
        ...

    def document(self, obj: Any) -> SearchDocument:
        """Returns the document of one row, with its audience tokens. The row must be eligible."""
        ...

    def visible_to(self, user: Viewer, pks: Collection[PrimaryKey]) -> set[PrimaryKey]:
        """Returns the members of `pks` that `user` may open now. One query."""
        ...

    def cards(self, user: Viewer, pks: Collection[PrimaryKey]) -> Mapping[PrimaryKey, Card]:
        """The second gate. Returns a card for each of `pks` that `visible_to` would return, and for no other row.

        The policy is applied to the same rows that were read (or is part of the query), so that nothing can change in
        between. The number of queries must not depend on the number of rows. Three queries are a good number.
        """
        ...

    def labels(self, facet: str, codes: Collection[str]) -> Mapping[str, str]:
        """Returns the Japanese labels of the facet codes that this source knows. `facet` is one of query.FACETS."""
        ...

    def synonyms(self) -> Iterable[Collection[str]]:
        """Returns reviewed groups of synonyms, including old names of units. The synonyms are used when a query is
        answered."""
        ...

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[PrimaryKey]]]:
        """Returns other models whose rows are used in a document or in its audience.

        Each model maps to a function. For a saved or deleted row, the function returns the primary keys of `model`
        whose documents must be indexed again. `model` itself and moved page subtrees are always watched.
        """
        ...

    def fallback(self, user: Viewer, words: Sequence[str], limit: int) -> Sequence[PrimaryKey]:
        """Returns rows that `user` may open and whose title or summary contains every word, newest first.

        Used when the engine is unavailable. The words are as the reader typed them. If there are no words, returns the
        newest rows.
        """
        ...


class Suggester(Protocol):
    """Offers suggestions that are not documents of the index: units and people."""

    def suggest(self, user: Viewer, typed: Typed, limit: int) -> Sequence[Suggestion]:
        """Returns the suggestions that `user` may see, best first. At most two queries."""
        ...


@lru_cache(maxsize=1)
def suggesters() -> Sequence[Suggester]:
    """Returns the suggesters that settings name. Each is instantiated once."""
    return [cast(Suggester, import_string(path)()) for path in settings.SEARCH_SUGGESTERS]


@lru_cache(maxsize=1)
def sources() -> Mapping[str, SearchSource]:
    """Returns the sources by name. Each is instantiated once.

    If a source raises ImportError or ValueError, a system check (search.E001) reports this when Django starts.
    """
    by_name: dict[str, SearchSource] = {}
    for path in settings.SEARCH_SOURCES:
        source = cast(SearchSource, import_string(path)())
        if source.name in by_name:
            raise ValueError(f"two search sources are called {source.name!r}")
        by_name[source.name] = source
    return by_name


def source_for(model: type[Model]) -> SearchSource | None:
    """Returns the source for rows of `model` or of a superclass of `model`. Returns None if there is no such source.

    If there are several, returns the source with the nearest class, because an upper app may offer a source for its own
    kind of item.
    """
    candidates = [source for source in sources().values() if issubclass(model, source.model)]
    return max(candidates, key=lambda source: len(source.model.__mro__), default=None)


@lru_cache(maxsize=1)
def _reader() -> Callable[[Viewer], frozenset[str]]:
    return cast("Callable[[Viewer], frozenset[str]]", import_string(settings.SEARCH_READER))


def reader_tokens(user: Viewer) -> frozenset[str]:
    """Returns the audience tokens that `user` has today, by the policy that settings name."""
    return _reader()(user)


def labels(facet: str, codes: Collection[str]) -> dict[str, str]:
    """Returns the labels of facet codes from all sources that know them. An unknown code is used as its own label."""
    names: dict[str, str] = {}
    for source in sources().values():
        if unknown := [code for code in codes if code not in names]:
            known = source.labels(facet, unknown)
            names.update((code, known[code]) for code in unknown if code in known)
    return {code: names.get(code, code) for code in codes}


def _clear_caches(*, setting: str, **_: object) -> None:
    if setting in ("SEARCH_SOURCES", "SEARCH_SUGGESTERS", "SEARCH_READER"):
        sources.cache_clear()
        suggesters.cache_clear()
        _reader.cache_clear()


setting_changed.connect(_clear_caches)  # Only tests change settings while the process runs.
