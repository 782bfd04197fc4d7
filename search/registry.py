"""What search knows about content: the SearchSource protocol, and the sources that settings name.

Each content app offers sources in its ``search_source`` module. ``settings.SEARCH_SOURCES`` lists them by dotted path,
as Django lists authentication backends; ``settings.SEARCH_READER`` names the function that returns a reader's audience
tokens. This module never imports a content app.
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

#: Who searches.
Viewer: TypeAlias = AbstractBaseUser | AnonymousUser
PrimaryKey: TypeAlias = int | str


class SearchSource(Protocol):
    """One kind of content that can be found. Every method takes and returns primary keys of `model`."""

    #: ASCII letters. Never changes: it is the first half of every key in the index.
    name: str
    model: type[Model]

    def eligible(self) -> QuerySet[Any]:
        """The rows that belong in the index, with the joins that `document` needs."""
        ...

    def document(self, obj: Any) -> SearchDocument:
        """The document of one eligible row, with its audience tokens."""
        ...

    def visible_to(self, user: Viewer, pks: Collection[PrimaryKey]) -> set[PrimaryKey]:
        """Of `pks`, those that `user` may open now. One query."""
        ...

    def cards(self, user: Viewer, pks: Collection[PrimaryKey]) -> Mapping[PrimaryKey, Card]:
        """The second gate: a card for each of `pks` that `visible_to` would return, and for no other.

        The policy is applied to the rows as read (or is part of the query), so that nothing can change in between.
        A constant number of queries (aim at three), however many rows.
        """
        ...

    def labels(self, facet: str, codes: Collection[str]) -> Mapping[str, str]:
        """Japanese labels of the facet codes that this source knows. `facet` is one of query.FACETS."""
        ...

    def synonyms(self) -> Iterable[Collection[str]]:
        """Reviewed groups of synonyms, including old names of units. Used at query time."""
        ...

    def watches(self) -> Mapping[type[Model], Callable[[Any], Iterable[PrimaryKey]]]:
        """Other models from which a document or its audience is made.

        Each maps to a function: a saved or deleted row → the primary keys of `model` to index again. `model` itself and
        moves of page subtrees are always watched.
        """
        ...

    def fallback(self, user: Viewer, words: Sequence[str], limit: int) -> Sequence[PrimaryKey]:
        """Rows that `user` may open and whose title or summary contains every word, newest first.

        Used when the engine is unavailable. Words are as typed. Without words: the newest rows.
        """
        ...


class Suggester(Protocol):
    """Offers suggestions that are not documents of the index: units, people."""

    def suggest(self, user: Viewer, typed: Typed, limit: int) -> Sequence[Suggestion]:
        """What `user` may see of them, best first. At most two queries."""
        ...


@lru_cache(maxsize=1)
def suggesters() -> Sequence[Suggester]:
    """The suggesters that settings name, each instantiated once."""
    return [cast(Suggester, import_string(path)()) for path in settings.SEARCH_SUGGESTERS]


@lru_cache(maxsize=1)
def sources() -> Mapping[str, SearchSource]:
    """The sources by name, each instantiated once. ImportError and ValueError are reported at boot (search.E001)."""
    by_name: dict[str, SearchSource] = {}
    for path in settings.SEARCH_SOURCES:
        source = cast(SearchSource, import_string(path)())
        if source.name in by_name:
            raise ValueError(f"two search sources are called {source.name!r}")
        by_name[source.name] = source
    return by_name


def source_for(model: type[Model]) -> SearchSource | None:
    """The source for rows of `model` or of a superclass of it; None if there is none.

    Of several, the nearest: an app above may offer a source for its own kind of item.
    """
    candidates = [source for source in sources().values() if issubclass(model, source.model)]
    return max(candidates, key=lambda source: len(source.model.__mro__), default=None)


@lru_cache(maxsize=1)
def _reader() -> Callable[[Viewer], frozenset[str]]:
    return cast("Callable[[Viewer], frozenset[str]]", import_string(settings.SEARCH_READER))


def reader_tokens(user: Viewer) -> frozenset[str]:
    """The audience tokens that `user` holds today, by the policy that settings name."""
    return _reader()(user)


def labels(facet: str, codes: Collection[str]) -> dict[str, str]:
    """Labels of facet codes from any source that knows them; an unknown code is its own label."""
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


setting_changed.connect(_clear_caches)  # only tests change settings at run time
