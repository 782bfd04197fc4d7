"""The access policy in Python, for rows that are already loaded.

It gives the same answer as `ItemQuerySet.allowed_for` and `ReferenceQuerySet.visible_to` give in SQL; a test proves
this. It checks only the audience. Whether an item is published at all is decided by `ItemQuerySet.published`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from kb.models import Authorship, Item, Reference
from organization.access_policy import Viewer, can_view, reader_for

Row = TypeVar("Row", bound=Item | Reference)


def visible_successor(user: Viewer, item: Item) -> Item | None:
    """The published item that replaces `item`, if there is one that `user` may open."""
    successor = item.successor()
    return next(iter(filter_visible(user, [successor])), None) if successor is not None else None


def filter_visible(user: Viewer, rows: Iterable[Row]) -> list[Row]:
    """Returns the rows whose audience includes `user`, in the same order.

    Reads audience and owner unit of each row. Runs one query for the authors, but only if no other rule opens some of
    the rows.
    """
    reader, rows = reader_for(user), list(rows)
    closed = {
        row.pk
        for row in rows
        if not can_view(reader, audience=row.audience, owner_unit_id=row.owner_unit_id, author_ids=())
    }
    closed_items = [row.pk for row in rows if row.pk in closed and isinstance(row, Item)]
    if closed_items and reader.person_id is not None:
        authored = Authorship.objects.filter(person_id=reader.person_id, item_id__in=closed_items)
        closed -= set(authored.values_list("item_id", flat=True))
    return [row for row in rows if row.pk not in closed]
