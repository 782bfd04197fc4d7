"""Assigns a path to people of the demo on a past day, and completes steps since that day. Uses the functions of
`learning`.

The clock is moved to each day. The completed steps are written in bulk. Then `learning` syncs the facts and
recalculates the progress, so that `learning_recount` finds no difference. Nobody gets an assignment that begins before
they held their post.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from demo.learning import PathLoader, People, record
from learning.access import permissions
from learning.assignments import adjustments, assigning
from learning.assignments.plan import Order
from learning.models import (
    Assignment,
    AssignmentRule,
    Source,
    Step,
    StepProgress,
    StepType,
    TrainingRecord,
)
from learning.paths.structure import Outline, outlines
from learning.progress import recording
from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_start
from organization.models import Person

#: The number of days between two steps of one person.
PACE = 4


@dataclass(frozen=True)
class AssignmentBatch:
    """One path that several people get `days_ago` days ago. `by` is the login of the person who assigns it, or empty if
    nobody does.
    """

    path: str
    people: Sequence[Person]
    days_ago: int
    by: str = ""
    reason: str = ""
    #: The number of steps that each person has completed since, in the order of `people`. If the list is shorter than
    #: `people`, the remaining people have completed none.
    done: Sequence[int] = ()
    rule: AssignmentRule | None = None
    bound: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class AssignmentBatchLoader:
    def __init__(self, *, people: People, paths: PathLoader) -> None:
        self.people, self.paths = people, paths.paths
        self.today = people.world.today
        self.year_began = fiscal_year_start(fiscal_year(self.today))
        self.staff = {people.people[s.number].pk: s for s in people.world.staff}

    def assign(self, batch: AssignmentBatch) -> dict[int, Assignment]:
        """Assigns the path, and completes the steps. Returns the assignments by pk of the person."""
        since = max((self.staff[person.pk].since for person in batch.people), default=self.today)
        day = min(max(self.today - timedelta(days=batch.days_ago), since), self.today)
        user = self.people[batch.by].user if batch.by else None
        with clock.moved_to(day):
            if user is not None and not (permissions.is_office(user) or permissions.is_manager(user)):
                user = None  # On that day, the person was not yet in the post that may assign.
            source = Source.RULE if batch.rule else Source.OFFICE
            if user is not None and not permissions.is_office(user):
                source = Source.MANAGER
            order = Order(
                path=self.paths[batch.path],
                start_on=day,
                reason=batch.reason,
                source=source,
                rule=batch.rule,
                bound_to_post=batch.bound,
                **batch.extra,
            )
            rows = assigning.assign(plan=assigning.plan(order=order, people=batch.people), by=user)
        steps = {person.pk: n for person, n in zip(batch.people, batch.done, strict=False)}
        self.complete_steps([(row, steps.get(row.person_id, 0)) for row in rows])
        return {row.person_id: Assignment.objects.get(pk=row.pk) for row in rows}

    def enrol(self, path: str, name: str, days_ago: int, *, shared: bool, done: int = 0) -> Assignment:
        """Creates and returns the assignment of a person who began the path without being assigned. `name` is a key of
        `People`.
        """
        person = self.people[name]
        day = max(self.today - timedelta(days=days_ago), self.staff[person.pk].since)
        with clock.moved_to(day):
            row = assigning.enrol(path=self.paths[path], by=person.user)  # type: ignore[arg-type]
            if shared:
                adjustments.share(assignment=row, by=person, shared=True)
        self.complete_steps([(row, done)])
        return row

    def complete_steps(self, step_counts: Iterable[tuple[Assignment, int]]) -> None:
        """Completes the given number of steps of each assignment, with PACE days between them. Then recalculates the
        progress.
        """
        rows = [(row, n) for row, n in step_counts if n]
        shapes = outlines(row.version_id for row, _ in rows)
        progress: list[StepProgress] = []
        records: list[TrainingRecord] = []
        last: dict[int, date] = {}
        for row, n in rows:
            for day, step in self._next_steps(row, n, shapes[row.version_id]):
                last[row.pk] = day
                if step.type == StepType.COURSE:
                    records.append(record(row.person, step.course, day, status="completed", organiser="人事研修課"))
                elif not step.is_by_fact:
                    progress.append(self._progress(row, step, day))
        StepProgress.objects.bulk_create(progress)
        TrainingRecord.objects.bulk_create(records)
        recording.sync_facts(Assignment.objects.filter(pk__in=[row.pk for row, _ in rows]))
        assignments = Assignment.objects.filter(pk__in=last).select_related("version", "path", "person")
        for row in assignments.prefetch_related("progress"):
            with clock.moved_to(last[row.pk]):
                recording.recalculate(row, shape=shapes[row.version_id])

    def _next_steps(self, row: Assignment, n: int, shape: Outline) -> Iterator[tuple[date, Step]]:
        """Yields the next `n` steps of the assignment. Each step comes with the day on which it is completed."""
        done = {progress.step_uid for progress in row.progress.all() if progress.counts}
        for k in range(n):
            step = shape.next_step(done)
            if step is None:
                return
            done.add(step.uid)
            yield min(row.start_on + timedelta(days=PACE * k + self._number(row) % PACE), self.today), step

    def _number(self, row: Assignment) -> int:
        """Returns the staff number. A person has the same number in every run."""
        return int(self.staff[row.person_id].number)

    def _progress(self, row: Assignment, step: Step, day: date) -> StepProgress:

        by = row.person if step.completion == "self" else self.people.head(self.staff[row.person_id].unit)
        at = datetime.combine(day, time(10, 20), clock.TOKYO)
        return StepProgress(
            assignment=row,
            step_uid=step.uid,
            done_on=day,
            by=by,
            item_id=step.item_id,
            changed_at=at,
        )

    def submit_step(self, row: Assignment, order: int, text: str, days_ago: int) -> StepProgress:
        """Submits a step as the learner. Somebody else will confirm it. `order` is the index of the step, from 0."""
        step = outlines([row.version_id])[row.version_id].steps[order]
        with clock.moved_to(max(self.today - timedelta(days=days_ago), row.start_on)):
            return recording.complete_step(assignment=row, step_uid=step.uid, by=row.person, evidence=text)
