"""The item that a reading step leads to today: the item itself, its successor, or nothing.

A superseded or withdrawn lesson leads to its successor. An item that a person may not open has no title for them (I16),
and they can skip the step (``learning.progress.recording``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from kb.models import Item, Lesson
from kb.models.states import State
from learning.models import Step
from learning.models.course import COURSE_TOKENS
from organization.models import Person
from organization.policy import Reader, Viewer, can_view, reader_tokens

#: A chain of successors longer than this is a circle.
LONGEST = 10


def reads_courses(user: Viewer) -> bool:
    """Whether this reader may open the catalogue of courses; it is open as a whole or not at all."""
    return bool(reader_tokens(user) & COURSE_TOKENS)


def standing_items(items: Collection[int]) -> dict[int, int]:
    """By pk of an item: the pk of the published item that stands for it today, itself or a successor."""
    rows = dict(Item.objects.filter(pk__in=items).values_list("pk", "state"))
    standing = {pk: pk for pk, state in rows.items() if state == State.PUBLISHED}
    waiting = {pk: pk for pk in rows if pk not in standing}
    for _ in range(LONGEST):
        if not waiting:
            break
        steps = Lesson.objects.filter(supersedes__in=set(waiting.values()), live=True).order_by("pk")
        after = {old: (new, state) for old, new, state in steps.values_list("supersedes_id", "pk", "state")}
        following = {pk: after[now] for pk, now in waiting.items() if now in after}
        standing |= {pk: new for pk, (new, state) in following.items() if state == State.PUBLISHED}
        waiting = {pk: new for pk, (new, _state) in following.items() if pk not in standing}
    # A superseded item without a published successor can still be read itself.
    standing |= {pk: pk for pk, state in rows.items() if state == State.SUPERSEDED and pk not in standing}
    return standing


def readable(
    steps: Iterable[Step], user: Viewer | None, standing: Mapping[int, int] | None = None
) -> dict[int, Item | None]:
    """By pk of a reading step: what `user` may read for it today; None where there is nothing.

    `standing` is the result of `standing_items` for these steps, where the caller has it.
    """
    wanted = {step.pk: step.item_id for step in steps if step.item_id is not None}
    if standing is None:
        standing = standing_items(set(wanted.values()))
    items = Item.objects.visible_to(user).filter(pk__in=set(standing.values())).select_related("content_type")
    seen: Mapping[int, Item] = {item.pk: item for item in items}
    return {step: seen.get(standing.get(item_id, 0)) for step, item_id in wanted.items()}


def unreadable_for(
    steps: Iterable[Step],
    people: Collection[Person],
    readers: Mapping[int, Reader],
    standing: Mapping[int, int] | None = None,
) -> dict[int, list[Person]]:
    """By pk of a reading step: those of `people` who could not read it as `readers` (policy.readers_of) of that day.

    For the builder and the assigner. `standing` as in `readable`.
    """
    wanted = {step.pk: step.item_id for step in steps if step.item_id is not None}
    if standing is None:
        standing = standing_items(set(wanted.values()))
    rows = Item.objects.filter(pk__in=set(standing.values())).order_by()
    authors: dict[int, set[int | None]] = {}
    items: dict[int, tuple[str, int | None]] = {}
    # One query with the authors: one row for each author.
    for pk, audience, owner, author in rows.values_list("pk", "audience", "owner_unit_id", "authorships__person_id"):
        items[pk] = (audience, owner)
        authors.setdefault(pk, set()).add(author)
    unreadable: dict[int, list[Person]] = {}
    for step, item_id in wanted.items():
        now = standing.get(item_id, 0)
        missing = [p for p in people if now not in items or not _opens(items[now], readers[p.pk], authors[now])]
        if missing:
            unreadable[step] = missing
    return unreadable


def _opens(item: tuple[str, int | None], reader: Reader, authors: set[int | None]) -> bool:
    audience, owner = item
    ids = {pk for pk in authors if pk is not None}
    return can_view(reader, audience=audience, owner_unit_id=owner, author_ids=ids)
