"""Read model of one person for the person's manager: assignments, steps with state and day, and training records.

This module never reads the item of a step (StepProgress.item), or the reading and search history. Evidence is shown
only for a step that needs confirmation. The title of a step is hidden if the manager may not open the item of the step
(I16). If a self-started path was assigned later, the steps that were done before the assignment are shown as done,
without a day or a text (0029).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F

from kb.models import Item
from learning.access import permissions
from learning.models import (
    STANDINGS,
    Assignment,
    Completion,
    Extension,
    Reminder,
    Step,
    StepProgress,
    StepType,
    TrainingRecord,
)
from learning.office import metrics
from learning.paths import reading_targets
from learning.paths.labels import UNNAMED
from learning.paths.structure import Outline, outlines
from learning.paths.titles import PathTitles
from organization import clock
from organization.access_policy import Viewer
from organization.audience import Attribution
from organization.japanese_dates import tokyo_day
from organization.models import Person

MAX_RECORDS = 100


@dataclass(frozen=True)
class StepLine:
    title: str
    required: bool
    state: str
    label: str
    on: date | None
    evidence: str
    comment: str


@dataclass(frozen=True)
class AssignmentDetails:
    """One assignment with the details that the manager may see."""

    row: Assignment
    title: str
    public_id: str
    standing: str
    label: str
    days: str
    steps: tuple[StepLine, ...]
    extensions: tuple[Extension, ...]
    reminders: tuple[Reminder, ...]
    may_remind: bool


@dataclass(frozen=True)
class RecordLine:
    """A training record with its status and dates. It has the report too, if the manager may read the report."""

    row: TrainingRecord
    report: Item | None


def assignments(user: Viewer, person: Person) -> list[AssignmentDetails]:
    """Returns the person's assignments that `user` may manage, open assignments first. The number of queries is fixed."""
    overseen = permissions.overseen(user).filter(person=person).select_related("version", "assigned_by", "waived_by")
    rows = list(overseen.order_by(F("closed_on").desc(nulls_first=True), "due_on", "pk"))
    shapes = outlines({row.version_id for row in rows})
    titles = PathTitles(user, [row.path_id for row in rows])
    step_titles = _step_titles([step for shape in shapes.values() for step in shape.steps], user)
    pks = [row.pk for row in rows]
    progress = _progress(pks)
    since = {row.pk: row.assigned_on if row.begun_on else None for row in rows}
    extensions, reminders = _rows_by_assignment(Extension, since), _rows_by_assignment(Reminder, since)
    details = []
    for row in rows:
        public_id, title = titles.named(row.path_id)
        standing = row.standing()
        details.append(
            AssignmentDetails(
                row,
                title,
                public_id,
                standing,
                STANDINGS[standing],
                days_words(row),
                _steps(shapes[row.version_id], progress.get(row.pk, {}), step_titles, since[row.pk]),
                tuple(extensions.get(row.pk, ())),
                tuple(reminders.get(row.pk, ())),
                row.is_running and row.start_on <= clock.today(),
            )
        )
    return details


def days_words(row: Assignment) -> str:
    """Returns a text like 「あと3日」 or 「期限を2日過ぎています」. Empty if the assignment is closed or suspended."""
    if not row.is_running:
        return ""
    left = row.days_left()
    if left < 0:
        return f"期限を{-left}日過ぎています"
    return f"あと{left}日" if left else "期限は今日です"


def _step_titles(steps: list[Step], user: Viewer) -> dict[int, str]:
    """Maps the pk of each step to the title that this user may see. A hidden title is replaced by UNNAMED."""
    open_items = reading_targets.readable([step for step in steps if step.type == StepType.READ], user)
    return {
        step.pk: UNNAMED if step.type == StepType.READ and open_items.get(step.pk) is None else step.title
        for step in steps
    }


def _progress(pks: list[int]) -> dict[int, dict[UUID, dict[str, Any]]]:
    columns = ("assignment_id", "step_uid", "state", "done_on", "evidence", "comment")
    by_assignment: dict[int, dict[UUID, dict[str, Any]]] = {}
    for row in StepProgress.objects.filter(assignment__in=pks).values(*columns):
        by_assignment.setdefault(row["assignment_id"], {})[row["step_uid"]] = row
    return by_assignment


def _rows_by_assignment(model: Any, since: Mapping[int, date | None]) -> dict[int, list[Any]]:
    by_assignment: dict[int, list[Any]] = {}
    for row in model.objects.filter(assignment__in=since).select_related("by"):
        if tokyo_day(row.made_at) >= (since[row.assignment_id] or date.min):
            by_assignment.setdefault(row.assignment_id, []).append(row)
    return by_assignment


def _steps(
    shape: Outline, done: dict[UUID, dict[str, Any]], titles: dict[int, str], since: date | None
) -> tuple[StepLine, ...]:
    """Returns the steps with their progress. If a step was done before `since`, its day and texts are hidden."""
    lines = []
    for step in shape.steps:
        row = done.get(step.uid)
        # Evidence is written for the confirmer. If a step needs no confirmation, only the learner may see the notes on it.
        own = row is not None and since is not None and (row["done_on"] or since) < since
        confirmed = row is not None and step.completion != Completion.SELF and not own
        lines.append(
            StepLine(
                titles[step.pk],
                step.required,
                row["state"] if row else "",
                str(StepProgress.State(row["state"]).label) if row else "まだ",
                row["done_on"] if row and not own else None,
                row["evidence"] if row and confirmed else "",
                row["comment"] if row and confirmed else "",
            )
        )
    return tuple(lines)


def records(user: Viewer, person: Person) -> list[RecordLine]:
    """Returns the person's training records that `user` may see. The training office sees all records except private
    own entries.
    """
    visible = metrics.records() if permissions.is_office(user) else permissions.managed_records(user)
    rows = list(visible.filter(person=person).select_related("course").order_by("-ends_on", "-pk")[:MAX_RECORDS])
    reports = [row.report_id for row in rows if row.report_id]
    # The page names the person. So it links a report only if the report names its author (I13).
    named_reports = (
        Item.objects.visible_to(user).filter(pk__in=reports, attribution=Attribution.NAMED) if reports else ()
    )
    open_reports = {item.pk: item for item in named_reports}
    return [RecordLine(row, open_reports.get(row.report_id)) for row in rows]
