"""Loads the facts that complete steps: published retrospectives and finished courses. Writes nothing.

A retrospective counts from the day on which the path was assigned or begun. A finished course also counts from before,
while it is valid. A retrospective that does not name its author counts, but no link to it is stored. So no learning
page can disclose the author.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from kb.models import Authorship, Retrospective
from learning.models import Assignment, Step, StepProgress, StepType, TrainingRecord
from organization.audience import Attribution
from organization.clock import TOKYO


@dataclass(frozen=True)
class Fact:
    on: date
    format: str = ""
    item_id: int | None = None
    course_id: int | None = None
    record_id: int | None = None
    expires_on: date | None = None

    def meets(self, step: Step, assignment: Assignment) -> bool:
        """Whether this fact completes the step of the assignment."""
        if step.type == StepType.WRITE:
            is_format = not step.format or step.format == self.format
            return bool(self.format) and is_format and self.on >= (assignment.begun_on or assignment.assigned_on)
        if step.type == StepType.COURSE:
            valid = self.expires_on is None or self.expires_on >= (assignment.begun_on or assignment.start_on)
            return self.course_id is not None and self.course_id == step.course_id and valid
        return False

    def is_recorded_by(self, row: StepProgress) -> bool:
        recorded = (row.state, row.done_on, row.item_id, row.record_id)
        return recorded == (StepProgress.State.DONE, self.on, self.item_id, self.record_id)


def fact_of_retrospective(row: Retrospective) -> Fact:
    """Returns the fact of a published retrospective.

    The fact has no link if the retrospective does not name its author.
    """
    assert row.first_published_at is not None
    on = timezone.localtime(row.first_published_at, TOKYO).date()
    return Fact(on=on, format=row.format, item_id=row.pk if row.attribution == Attribution.NAMED else None)


def facts_of(people: Collection[int]) -> dict[int, list[Fact]]:
    """Maps the pk of each person to their facts, earliest first. Two queries."""
    facts_by_person: dict[int, list[Fact]] = {}
    written = Retrospective.objects.filter(first_published_at__isnull=False).order_by("first_published_at", "pk")
    authors = Authorship.objects.filter(person__in=people, item__in=written.values("pk"))
    texts = {
        row.pk: row
        for row in written.filter(pk__in=authors.values("item_id")).only("format", "attribution", "first_published_at")
    }
    for item_id, person_id in authors.values_list("item_id", "person_id"):
        facts_by_person.setdefault(person_id, []).append(fact_of_retrospective(texts[item_id]))
    records = TrainingRecord.objects.finished().filter(person__in=people, course__isnull=False)
    for record in records.only("person_id", "course_id", "ends_on", "expires_on"):
        facts_by_person.setdefault(record.person_id, []).append(
            Fact(on=record.ends_on, course_id=record.course_id, record_id=record.pk, expires_on=record.expires_on)
        )
    for facts in facts_by_person.values():
        facts.sort(key=lambda fact: (fact.on, fact.record_id or 0, fact.item_id or 0))
    return facts_by_person
