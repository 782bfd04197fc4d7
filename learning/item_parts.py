"""What learning adds to an item's page: 「読みました」 for who was asked to read it, and the paths that teach it.

Paths that the reader may not open are not named; but for their own, which they are learning already. Two queries,
whatever the number of paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.http import HttpRequest

from kb.models import Item, Lesson
from kb.models.item import State
from kb.upper_rooms import ItemPart
from learning.models import Assignment, LearningPath, PathVersion, Stage, Step, StepProgress, StepType
from learning.outline import outline_of_steps
from organization.models import Person


@dataclass(frozen=True)
class Asked:
    """An open step of the reader's that asks to read this item."""

    assignment_uid: Any
    path_title: str
    step: Step


def in_paths(request: HttpRequest, item: Item) -> ItemPart | None:
    """The active paths whose current version asks to read this item, and the reader's own open step; None without any."""
    if isinstance(item, LearningPath):
        return None
    current = PathVersion.objects.filter(steps__item=item, released_at__isnull=False, path__stage=Stage.ACTIVE)
    paths = LearningPath.objects.visible_to(request.user).filter(versions__in=current).distinct()
    found = list(paths.order_by("title", "pk")[:10])
    person: Person | None = getattr(request.user, "person", None)
    asked = _asked(person, item) if person is not None and item.state == State.PUBLISHED else []
    return ItemPart("learning/item_part.html", {"paths": found, "asked": asked}) if found or asked else None


def _asked(person: Person, item: Item) -> list[Asked]:
    """Where this item, or what it replaces, stands in an open step of the person's; steps come with groups at once."""
    reads = Q(item=item)
    if isinstance(item, Lesson) and item.supersedes_id:
        before = Lesson.objects.filter(pk=item.supersedes_id, supersedes__isnull=False)
        reads |= Q(item=item.supersedes_id) | Q(item__in=before.values("supersedes_id"))
    asking = Step.objects.filter(reads, type=StepType.READ)
    mine = Assignment.objects.running().begun().filter(person=person, version__in=asking.values("version"))
    said = StepProgress.objects.filter(assignment=OuterRef("version__assignments"), step_uid=OuterRef("uid"))
    rows = Step.objects.filter(version__assignments__in=mine).select_related("group")
    rows = rows.annotate(
        given=F("version__assignments__uid"), of_path=F("version__path__title"),
        said=Subquery(said.values("state")[:1]), asks=Exists(asking.filter(pk=OuterRef("pk"))),
    )  # fmt: skip
    found: list[Asked] = []
    for uid, group in groupby(rows.order_by("version__assignments__due_on", "given", "order", "pk"), key=_given):
        steps: list[Any] = list(group)
        done = {step.uid for step in steps if step.said in StepProgress.COUNTED}
        opened: list[Any] = outline_of_steps(steps).open_steps(done)
        waits = StepProgress.State.SUBMITTED
        found += [Asked(uid, step.of_path, step) for step in opened if step.asks and step.said != waits]
    return found


def _given(step: Any) -> Any:
    return step.given
