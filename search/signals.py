"""Signal handlers: a change of content adds rows to the queue, in the transaction of the change.

No content app calls search. The handlers react to four kinds of change. (1) Rows of a source's model, or of a model
that the source watches, are saved or deleted. (2) Many-to-many rows of these models change. (3) Pages are published or
unpublished. (4) Pages are moved, with all descendants. `QuerySet.update` and bulk inserts send no signals.
`search_sync` finds rows that were added or removed without a signal. Only ``search_sync --all`` finds rows that were
changed without a signal.
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
from search.registry import PrimaryKey, source_for, sources

#: Maps a row to the primary keys of the rows whose documents depend on it.
Affected = Callable[[Any], Iterable[PrimaryKey]]


def connect() -> None:
    """Connects the handlers. Called once, when all apps are ready."""
    post_save.connect(_changed, dispatch_uid="search.saved")
    post_delete.connect(_changed, dispatch_uid="search.deleted")
    m2m_changed.connect(_related_changed, dispatch_uid="search.related")
    page_published.connect(_changed, dispatch_uid="search.published")
    page_unpublished.connect(_changed, dispatch_uid="search.unpublished")
    post_page_move.connect(_moved, dispatch_uid="search.moved")


@lru_cache(maxsize=512)
def _affected_by(model: type[Model]) -> tuple[tuple[str, Affected], ...]:
    """Returns the sources that a row of this class affects, each with the function that finds the affected rows."""
    affected_by: list[tuple[str, Affected]] = []
    own = source_for(model)
    for source in sources().values():
        if source is own:
            affected_by.append((source.name, lambda instance: (instance.pk,)))
        affected_by += [
            (source.name, affected) for watched, affected in source.watches().items() if issubclass(model, watched)
        ]
    return tuple(affected_by)


def _changed(sender: type[Model], instance: Model, raw: bool = False, **_: object) -> None:
    if sender is PendingChange or raw:
        return
    model: type[Model] = type(instance)
    for name, affected in _affected_by(model):
        PendingChange.objects.enqueue(name, affected(instance))


def _related_changed(instance: Model, action: str, **_: object) -> None:
    if action.startswith("post_"):
        _changed(type(instance), instance)


def _moved(instance: Page, **_: object) -> None:
    """Adds the moved page and all its descendants to the queue.

    Wagtail sends a signal only for the moved page, but the access and the address of its descendants may change, too.
    """
    below = instance.get_descendants(inclusive=True).values_list("pk", flat=True)
    done: set[PrimaryKey] = set()  # the table of a superclass also contains the rows of its subclasses
    pages = [source for source in sources().values() if issubclass(source.model, Page)]
    for source in sorted(pages, key=lambda source: len(source.model.__mro__), reverse=True):
        pks = set(source.model._default_manager.filter(pk__in=below).values_list("pk", flat=True)) - done
        done |= pks
        PendingChange.objects.enqueue(source.name, pks)
