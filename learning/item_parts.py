"""Adds to an item's page: a 「読みました」 button for assignees, the paths that use the item, and, for its author, the step
that it completed.

Paths that the user may not open are hidden, except in their own assignments. Two queries, for any number of paths. Only
the author sees that a text was written for a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.http import HttpRequest

from kb.hooks import ItemPart
from kb.models import Item, Lesson, Retrospective
from kb.models.items.states import State
from learning.models import (
    OPEN,
    RUNNING,
    Assignment,
    AssignmentState,
    LearningPath,
    PathVersion,
    Stage,
    Step,
    StepProgress,
    StepType,
)
from learning.paths.structure import outline_of_steps
from learning.progress.facts import Fact, fact_of_retrospective
from organization import clock
from organization.models import Person


@dataclass(frozen=True)
class ReaderStep:
    """A step of the user's own assignment: it has to read this item, or this text of the user completes it."""

    assignment_uid: UUID
    path_title: str
    step: Step
    is_done: bool = False
    #: Whether the whole path is completed. The link back then leads to its end.
    is_over: bool = False


def in_paths(request: HttpRequest, item: Item) -> list[ItemPart]:
    """The active paths whose released versions have this item as a reading, and the user's own steps with it."""
    if isinstance(item, LearningPath):
        return []
    current = PathVersion.objects.filter(steps__item=item, released_at__isnull=False, path__stage=Stage.ACTIVE)
    paths = LearningPath.objects.visible_to(request.user).filter(versions__in=current).distinct()
    paths_shown = list(paths.order_by("title", "pk")[:10])
    person: Person | None = getattr(request.user, "person", None)
    text = item if isinstance(item, Retrospective) and _is_by(person, item) else None
    step_groups = _steps_by_assignment(person, item, text) if person is not None else []
    parts = []
    if text is not None and (written := [step for steps in step_groups for step in _steps_completed_by(steps, text)]):
        parts.append(ItemPart("learning/written_part.html", {"written": written}, leads=True))
    to_read = [step for steps in step_groups for step in _steps_to_read(steps)] if item.state == State.PUBLISHED else []
    if paths_shown or to_read:
        parts.append(ItemPart("learning/item_part.html", {"paths": paths_shown, "to_read": to_read}))
    return parts


def _is_by(person: Person | None, item: Item) -> bool:
    return person is not None and any(row.person_id == person.pk for row in item.authorships.all())


def _steps_by_assignment(person: Person, item: Item, text: Retrospective | None) -> list[list[Any]]:
    """The steps of the person's assignments in which this item is to be read.

    With a `text` of the person, also of the assignments that have a writing step for its format. One list for each
    assignment. The steps are annotated with values of the assignment and of their progress.
    """
    reading_this = Q(item=item)
    if isinstance(item, Lesson) and item.supersedes_id:
        before = Lesson.objects.filter(pk=item.supersedes_id, supersedes__isnull=False)
        reading_this |= Q(item=item.supersedes_id) | Q(item__in=before.values("supersedes_id"))
    reading_steps = Step.objects.filter(reading_this, type=StepType.READ)
    condition = Q(state__in=RUNNING, start_on__lte=clock.today(), version__in=reading_steps.values("version"))
    if text is not None:
        writing_steps = Step.objects.filter(type=StepType.WRITE, format__in=("", text.format))
        condition |= Q(state__in=[*OPEN, AssignmentState.COMPLETED], version__in=writing_steps.values("version"))
    assignments = Assignment.objects.filter(condition, person=person)
    progress = StepProgress.objects.filter(assignment=OuterRef("version__assignments"), step_uid=OuterRef("uid"))
    rows = Step.objects.filter(version__assignments__in=assignments).select_related("group")
    rows = rows.annotate(
        assignment_uid=F("version__assignments__uid"),
        path_title=F("version__path__title"),
        assignment_state=F("version__assignments__state"),
        assignment_start_on=F("version__assignments__start_on"),
        assignment_assigned_on=F("version__assignments__assigned_on"),
        assignment_begun_on=F("version__assignments__begun_on"),
        progress_state=Subquery(progress.values("state")[:1]),
        progress_done_on=Subquery(progress.values("done_on")[:1]),
        progress_item_id=Subquery(progress.values("item_id")[:1]),
        reads_item=Exists(reading_steps.filter(pk=OuterRef("pk"))),
    )
    ordered = rows.order_by("version__assignments__due_on", "assignment_uid", "order", "pk")
    return [list(steps) for _, steps in groupby(ordered, key=_assignment_uid)]


def _assignment_uid(step: Any) -> UUID:
    uid: UUID = step.assignment_uid
    return uid


def _steps_to_read(steps: list[Any]) -> Iterator[ReaderStep]:
    """The open steps of a running assignment in which the item has to be read."""
    if steps[0].assignment_state not in RUNNING or steps[0].assignment_start_on > clock.today():
        return
    done = {step.uid for step in steps if step.progress_state in StepProgress.COUNTED}
    open_steps: list[Any] = outline_of_steps(steps).open_steps(done)
    waits = StepProgress.State.SUBMITTED
    yield from (
        ReaderStep(step.assignment_uid, step.path_title, step)
        for step in open_steps
        if step.reads_item and step.progress_state != waits
    )


def _steps_completed_by(steps: list[Any], text: Retrospective) -> Iterator[ReaderStep]:
    """The steps that the user's own text completed; while it waits for its reviewer, those that it will complete."""
    waits = text.state in (State.SUBMITTED, State.RETURNED)
    fact = fact_of_retrospective(text) if text.first_published_at else Fact(on=clock.today(), format=text.format)
    for step in steps:
        assignment = Assignment(
            assigned_on=step.assignment_assigned_on,
            start_on=step.assignment_start_on,
            begun_on=step.assignment_begun_on,
        )
        progress = StepProgress(state=step.progress_state, done_on=step.progress_done_on, item_id=step.progress_item_id)
        if step.type != StepType.WRITE or not fact.meets(step, assignment):
            continue
        if waits and step.progress_state is None and step.assignment_state in OPEN:
            yield ReaderStep(step.assignment_uid, step.path_title, step)
        elif not waits and step.progress_state is not None and fact.is_recorded_by(progress):
            is_over = step.assignment_state == AssignmentState.COMPLETED
            yield ReaderStep(step.assignment_uid, step.path_title, step, is_done=True, is_over=is_over)
