"""Changes of content → rows in the queue, in the transaction of the change.

Search listens; no content room calls it. What it hears: a saved or deleted row of a source's model
or of a table that the source watches, their many-to-many rows, published and unpublished pages, and
moved pages with everything below them. `QuerySet.update` and bulk inserts say nothing: `search_sync`
finds what came or went by them, and only with ``--all`` what they changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save
from wagtail.models import Page
from wagtail.signals import page_published, page_unpublished, post_page_move

from search.models import PendingChange
from search.registry import source_for, sources

Affected = Callable[[Any], Iterable[Any]]


def connect() -> None:
    """Start to listen; called once, when all apps are ready."""
    post_save.connect(_changed, dispatch_uid="search.saved")
    post_delete.connect(_changed, dispatch_uid="search.deleted")
    m2m_changed.connect(_related_changed, dispatch_uid="search.related")
    page_published.connect(_changed, dispatch_uid="search.published")
    page_unpublished.connect(_changed, dispatch_uid="search.unpublished")
    post_page_move.connect(_moved, dispatch_uid="search.moved")


@lru_cache(maxsize=512)
def _affected_by(model: type[Model]) -> tuple[tuple[str, Affected], ...]:
    """Which sources a row of this class concerns, and how to find their rows."""
    found: list[tuple[str, Affected]] = []
    own = source_for(model)
    for source in sources().values():
        if source is own:
            found.append((source.name, lambda instance: (instance.pk,)))
        found += [
            (source.name, affected) for watched, affected in source.watches().items() if issubclass(model, watched)
        ]
    return tuple(found)


def _changed(sender: type[Model], instance: Any, raw: bool = False, **_: Any) -> None:
    if sender is PendingChange or raw:
        return
    model: type[Model] = type(instance)
    for name, affected in _affected_by(model):
        PendingChange.objects.enqueue(name, affected(instance))


def _related_changed(instance: Any, action: str, **_: Any) -> None:
    if action.startswith("post_"):
        _changed(type(instance), instance)


def _moved(instance: Page, **_: Any) -> None:
    """Wagtail signals only the page that was moved; access and address may change for all below it."""
    below = instance.get_descendants(inclusive=True).values_list("pk", flat=True)
    taken: set[Any] = set()  # by a nearer source: its rows are rows of the wider model's table too
    pages = [source for source in sources().values() if issubclass(source.model, Page)]
    for source in sorted(pages, key=lambda source: len(source.model.__mro__), reverse=True):
        pks = set(source.model._default_manager.filter(pk__in=below).values_list("pk", flat=True)) - taken
        taken |= pks
        PendingChange.objects.enqueue(source.name, pks)
