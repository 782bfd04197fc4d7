"""Giving a path to people of the demo on some day, and what they have done since: the product's verbs, by the moved clock.

What many people did is written in bulk and then gathered and tallied by the product, so that `learning_recount` finds
no difference. The day before which somebody held no post is never reached back to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

#: Steps of one person lie so many days apart.
PACE = 4


@dataclass(frozen=True)
class Batch:
    """One act of assigning: which path, whom, how many days ago, and who gave it (a login; empty: by itself)."""

    path: str
    people: Sequence[Person]
    days_ago: int
    by: str = ""
    reason: str = ""
    #: How many steps each has done since, in the order of `people`; a missing one has done none.
    done: Sequence[int] = ()
    rule: AssignmentRule | None = None
    bound: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class Giver:
    def __init__(self, *, people: People, paths: PathLoader) -> None:
        self.people, self.loader, self.paths = people, paths, paths.paths
        self.today = people.world.today
        self.year_began = fiscal_year_start(fiscal_year(self.today))
        self.staff = {people.people[s.number].pk: s for s in people.world.staff}

    # --- Giving and doing ----------------------------------------------------------------------

    def give(self, batch: Batch) -> dict[int, Assignment]:
        """Assign, and let everybody do what they have done since; by pk of the person."""
        since = max((self.staff[person.pk].since for person in batch.people), default=self.today)
        day = min(max(self.today - timedelta(days=batch.days_ago), since), self.today)
        user = self.people[batch.by].user if batch.by else None
        with clock.moved_to(day):
            if user is not None and not (permissions.is_office(user) or permissions.is_manager(user)):
                user = None  # not yet in that post
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
            made = assigning.assign(plan=assigning.plan(order=order, people=batch.people), by=user)
        steps = {person.pk: n for person, n in zip(batch.people, batch.done, strict=False)}
        self.advance([(row, steps.get(row.person_id, 0)) for row in made])
        return {row.person_id: Assignment.objects.get(pk=row.pk) for row in made}

    def begin(self, path: str, who: str, days_ago: int, *, shared: bool, done: int = 0) -> Assignment:
        """Somebody began a path by themselves."""
        person = self.people[who]
        day = max(self.today - timedelta(days=days_ago), self.staff[person.pk].since)
        with clock.moved_to(day):
            row = assigning.enrol(path=self.paths[path], by=person.user)  # type: ignore[arg-type]
            if shared:
                adjustments.share(assignment=row, by=person, shared=True)
        self.advance([(row, done)])
        return row

    def advance(self, wanted: Iterable[tuple[Assignment, int]]) -> None:
        """So many steps of each are done, one every few days; then the product counts."""
        rows = [(row, n) for row, n in wanted if n]
        shapes = outlines(row.version_id for row, _ in rows)
        marks: list[StepProgress] = []
        records: list[TrainingRecord] = []
        last: dict[int, date] = {}
        for row, n in rows:
            for day, step in self._walk(row, n, shapes[row.version_id]):
                last[row.pk] = day
                if step.type == StepType.COURSE:
                    records.append(record(row.person, step.course, day, status="completed", organiser="人事研修課"))
                elif not step.is_by_fact:
                    marks.append(self._mark(row, step, day))
        StepProgress.objects.bulk_create(marks)
        TrainingRecord.objects.bulk_create(records)
        recording.sync_facts(Assignment.objects.filter(pk__in=[row.pk for row, _ in rows]))
        fresh = Assignment.objects.filter(pk__in=last).select_related("version", "path", "person")
        for row in fresh.prefetch_related("progress"):
            with clock.moved_to(last[row.pk]):
                recording.recalculate(row, shape=shapes[row.version_id])

    def _walk(self, row: Assignment, n: int, shape: Outline) -> Iterable[tuple[date, Step]]:
        done = {one.step_uid for one in row.progress.all() if one.counts}
        for k in range(n):
            step = shape.next_step(done)
            if step is None:
                return
            done.add(step.uid)
            yield min(row.start_on + timedelta(days=PACE * k + self._number(row) % PACE), self.today), step

    def _number(self, row: Assignment) -> int:
        """The same for a person in every run."""
        return int(self.staff[row.person_id].number)

    def _mark(self, row: Assignment, step: Step, day: date) -> StepProgress:
        said = self.loader.said.get(step.uid, ("",))
        by = row.person if step.completion == "self" else self.people.head(self.staff[row.person_id].unit)
        at = datetime.combine(day, time(10, 20), clock.TOKYO)
        return StepProgress(
            assignment=row,
            step_uid=step.uid,
            done_on=day,
            by=by,
            item_id=step.item_id,
            changed_at=at,
            evidence=said[self._number(row) % len(said)],
        )

    def hand_in(self, row: Assignment, order: int, text: str, days_ago: int) -> StepProgress:
        """The learner sends a step that somebody else looks at; `order` counts the steps from 0."""
        step = outlines([row.version_id])[row.version_id].steps[order]
        with clock.moved_to(max(self.today - timedelta(days=days_ago), row.start_on)):
            return recording.complete_step(assignment=row, step_uid=step.uid, by=row.person, evidence=text)
