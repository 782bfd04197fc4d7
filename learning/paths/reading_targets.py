"""Finds the item that a reading step leads to today: the item itself, its successor, or nothing.

A superseded or withdrawn lesson leads to its successor. If a person may not open the item, its title is hidden from
them (I16), and they can skip the step (``learning.progress.recording``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from kb.models import Item, Lesson
from kb.models.items.states import State
from learning.models import Step
from learning.models.course import COURSE_TOKENS
from organization.access_policy import Reader, Viewer, can_view, reader_tokens
from organization.models import Person

#: The longest chain of successors that is followed, so that a cycle ends.
LONGEST = 10


def reads_courses(user: Viewer) -> bool:
    """Whether `user` may open the catalogue of courses. All courses have the same audience."""
    return bool(reader_tokens(user) & COURSE_TOKENS)


def current_items(items: Collection[int]) -> dict[int, int]:
    """By pk of an item: the pk of the item to read instead of it today, which is itself or a successor.

    `items` are pks. An item without anything to read is left out.
    """
    rows = dict(Item.objects.filter(pk__in=items).values_list("pk", "state"))
    current = {pk: pk for pk, state in rows.items() if state == State.PUBLISHED}
    waiting = {pk: pk for pk in rows if pk not in current}
    for _ in range(LONGEST):
        if not waiting:
            break
        steps = Lesson.objects.filter(supersedes__in=set(waiting.values()), live=True).order_by("pk")
        after = {old: (new, state) for old, new, state in steps.values_list("supersedes_id", "pk", "state")}
        following = {pk: after[now] for pk, now in waiting.items() if now in after}
        current |= {pk: new for pk, (new, state) in following.items() if state == State.PUBLISHED}
        waiting = {pk: new for pk, (new, _state) in following.items() if pk not in current}
    # A superseded item without a published successor can still be read itself.
    current |= {pk: pk for pk, state in rows.items() if state == State.SUPERSEDED and pk not in current}
    return current


def readable(
    steps: Iterable[Step], user: Viewer | None, current: Mapping[int, int] | None = None
) -> dict[int, Item | None]:
    """By pk of a reading step: the item that `user` may read for it today, or None.

    `current` is the result of `current_items` for these steps, if the caller has it.
    """
    item_ids = {step.pk: step.item_id for step in steps if step.item_id is not None}
    if current is None:
        current = current_items(set(item_ids.values()))
    items = Item.objects.visible_to(user).filter(pk__in=set(current.values())).select_related("content_type")
    readable_items: Mapping[int, Item] = {item.pk: item for item in items}
    return {step: readable_items.get(current.get(item_id, 0)) for step, item_id in item_ids.items()}


def unreadable_for(
    steps: Iterable[Step],
    people: Collection[Person],
    readers: Mapping[int, Reader],
    current: Mapping[int, int] | None = None,
) -> dict[int, list[Person]]:
    """By pk of a reading step: those of `people` who may not open its item.

    `readers` (policy.readers_of) has the rights of each person, by pk, on the day in question. `current` is as in
    `readable`. Steps that everybody can read are left out.
    """
    item_ids = {step.pk: step.item_id for step in steps if step.item_id is not None}
    if current is None:
        current = current_items(set(item_ids.values()))
    rows = Item.objects.filter(pk__in=set(current.values())).order_by()
    authors: dict[int, set[int | None]] = {}
    items: dict[int, tuple[str, int | None]] = {}
    # One query with the authors: one row for each author.
    for pk, audience, owner, author in rows.values_list("pk", "audience", "owner_unit_id", "authorships__person_id"):
        items[pk] = (audience, owner)
        authors.setdefault(pk, set()).add(author)
    unreadable: dict[int, list[Person]] = {}
    for step, item_id in item_ids.items():
        target = current.get(item_id, 0)
        missing = [
            p for p in people if target not in items or not _opens(items[target], readers[p.pk], authors[target])
        ]
        if missing:
            unreadable[step] = missing
    return unreadable


def _opens(item: tuple[str, int | None], reader: Reader, authors: set[int | None]) -> bool:
    audience, owner = item
    ids = {pk for pk in authors if pk is not None}
    return can_view(reader, audience=audience, owner_unit_id=owner, author_ids=ids)
