"""Adds to an item's page: a 「読みました」 button for assignees, the paths that use the item, and, for its author, the step
that it completed.

Hides paths that the reader cannot open, except their own assignments. Two queries, whatever the number of paths. Only
the author is told that a text was written for a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.http import HttpRequest

from kb.hooks import ItemPart
from kb.models import Item, Lesson, Retrospective
from kb.models.states import State
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
from learning.progress.facts import Fact, of_text
from organization import clock
from organization.models import Person


@dataclass(frozen=True)
class ReaderStep:
    """A step of the reader that asks to read this item, or that this text of theirs completes."""

    assignment_uid: Any
    path_title: str
    step: Step
    is_done: bool = False
    #: Whether the whole path is finished: the way back then leads to the end of it.
    is_over: bool = False


def in_paths(request: HttpRequest, item: Item) -> list[ItemPart]:
    """The active paths whose current version asks to read this item, and the reader's own steps that it is for."""
    if isinstance(item, LearningPath):
        return []
    current = PathVersion.objects.filter(steps__item=item, released_at__isnull=False, path__stage=Stage.ACTIVE)
    paths = LearningPath.objects.visible_to(request.user).filter(versions__in=current).distinct()
    paths_shown = list(paths.order_by("title", "pk")[:10])
    person: Person | None = getattr(request.user, "person", None)
    text = item if isinstance(item, Retrospective) and _is_by(person, item) else None
    own = _own(person, item, text) if person is not None else []
    parts = []
    if text is not None and (written := [one for steps in own for one in _written(steps, text)]):
        parts.append(ItemPart("learning/written_part.html", {"written": written}, leads=True))
    to_read = [one for steps in own for one in _asked(steps)] if item.state == State.PUBLISHED else []
    if paths_shown or to_read:
        parts.append(ItemPart("learning/item_part.html", {"paths": paths_shown, "asked": to_read}))
    return parts


def _is_by(person: Person | None, item: Item) -> bool:
    return person is not None and any(row.person_id == person.pk for row in item.authorships.all())


def _own(person: Person, item: Item, text: Retrospective | None) -> list[list[Any]]:
    """The steps of each assignment of the person's in which this item stands or, for a `text` of theirs, its format."""
    reads = Q(item=item)
    if isinstance(item, Lesson) and item.supersedes_id:
        before = Lesson.objects.filter(pk=item.supersedes_id, supersedes__isnull=False)
        reads |= Q(item=item.supersedes_id) | Q(item__in=before.values("supersedes_id"))
    asking = Step.objects.filter(reads, type=StepType.READ)
    wanted = Q(state__in=RUNNING, start_on__lte=clock.today(), version__in=asking.values("version"))
    if text is not None:
        writing = Step.objects.filter(type=StepType.WRITE, format__in=("", text.format))
        wanted |= Q(state__in=[*OPEN, AssignmentState.COMPLETED], version__in=writing.values("version"))
    mine = Assignment.objects.filter(wanted, person=person)
    said = StepProgress.objects.filter(assignment=OuterRef("version__assignments"), step_uid=OuterRef("uid"))
    rows = Step.objects.filter(version__assignments__in=mine).select_related("group")
    rows = rows.annotate(
        given=F("version__assignments__uid"),
        of_path=F("version__path__title"),
        stands=F("version__assignments__state"),
        since=F("version__assignments__start_on"),
        assigned=F("version__assignments__assigned_on"),
        begun=F("version__assignments__begun_on"),
        said=Subquery(said.values("state")[:1]),
        said_on=Subquery(said.values("done_on")[:1]),
        said_item=Subquery(said.values("item_id")[:1]),
        asks=Exists(asking.filter(pk=OuterRef("pk"))),
    )
    ordered = rows.order_by("version__assignments__due_on", "given", "order", "pk")
    return [list(steps) for _, steps in groupby(ordered, key=_given)]


def _given(step: Any) -> Any:
    return step.given


def _asked(steps: list[Any]) -> Iterator[ReaderStep]:
    """The open steps of a running assignment that ask to read the item."""
    if steps[0].stands not in RUNNING or steps[0].since > clock.today():
        return
    done = {step.uid for step in steps if step.said in StepProgress.COUNTED}
    opened: list[Any] = outline_of_steps(steps).open_steps(done)
    waits = StepProgress.State.SUBMITTED
    yield from (ReaderStep(step.given, step.of_path, step) for step in opened if step.asks and step.said != waits)


def _written(steps: list[Any], text: Retrospective) -> Iterator[ReaderStep]:
    """The steps that the reader's own text did; while it waits for its reviewer, those that it will do."""
    waits = text.state in (State.SUBMITTED, State.RETURNED)
    fact = of_text(text) if text.first_published_at else Fact(on=clock.today(), format=text.format)
    for step in steps:
        given = Assignment(assigned_on=step.assigned, start_on=step.since, begun_on=step.begun)
        said = StepProgress(state=step.said, done_on=step.said_on, item_id=step.said_item)
        if step.type != StepType.WRITE or not fact.meets(step, given):
            continue
        if waits and step.said is None and step.stands in OPEN:
            yield ReaderStep(step.given, step.of_path, step)
        elif not waits and step.said is not None and fact.is_recorded_by(said):
            over = step.stands == AssignmentState.COMPLETED
            yield ReaderStep(step.given, step.of_path, step, is_done=True, is_over=over)
