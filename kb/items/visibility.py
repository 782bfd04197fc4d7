"""The policy for rows that are at hand: the plain form, where the SQL form would ask for them a second time.

`ItemQuerySet.allowed_for` and `ReferenceQuerySet.visible_to` say the same in SQL; a test holds both to it. It refuses
to know states: whether readers may meet an item at all is `published`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from kb.models import Authorship, Item, Reference
from organization.policy import can_view, reader_for

Row = TypeVar("Row", bound=Item | Reference)


def readable(user: Any, rows: Iterable[Row]) -> list[Row]:
    """Those of `rows` whose audience lets `user` in, in the same order.

    Needs their audience and owner unit. Who wrote an item is asked only where nothing else opens it: one query at most.
    """
    reader, rows = reader_for(user), list(rows)
    closed = {
        row.pk
        for row in rows
        if not can_view(reader, audience=row.audience, owner_unit_id=row.owner_unit_id, author_ids=())
    }
    asked = [row.pk for row in rows if row.pk in closed and isinstance(row, Item)]
    if asked and reader.person_id is not None:
        mine = Authorship.objects.filter(person_id=reader.person_id, item_id__in=asked)
        closed -= set(mine.values_list("item_id", flat=True))
    return [row for row in rows if row.pk not in closed]
