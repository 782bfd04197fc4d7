"""Training reports: a record and the retrospective that was written for it.

kb knows nothing of records, so the draft carries the record's number under ``source_record`` and
the link is made here when the report is found published.
"""

from __future__ import annotations

from django.db import transaction

from kb.models import Draft, Retrospective
from learning.models import TrainingRecord
from organization.models import Person

FORMAT = "training"


def begin(*, record: TrainingRecord, by: Person) -> Draft:
    """The draft of the report of `record`, prefilled; the one already begun if there is one.

    Raises PermissionError where the record is another person's or needs no report.
    """
    if record.person_id != by.pk or not record.may_report:
        raise PermissionError("この研修の報告は書けません。")
    begun = Draft.objects.open_of(by).filter(format=FORMAT, data__source_record=record.pk).first()
    data = {
        "subject": record.title[:60],
        "occurred_on": record.ends_on.isoformat(),
        "period_from": record.starts_on.isoformat(),
        "period_to": record.ends_on.isoformat(),
        "audience": "unit",
        "themes": ["kyoiku"],
        "scenes": ["kenshu"],
        "source_record": record.pk,
    }
    return begun or Draft.objects.create(author=by, kind=Draft.Kind.RETROSPECTIVE, format=FORMAT, data=data)


@transaction.atomic
def link_written(*, person: Person) -> int:
    """Link every submitted report of `person` to its record; returns how many were linked. Safe to repeat."""
    waiting = {record.pk: record for record in TrainingRecord.objects.filter(person=person, report__isnull=True)}
    if not waiting:
        return 0
    linked = 0
    for draft in Draft.objects.filter(author=person, format=FORMAT, submitted_at__isnull=False, item__isnull=False):
        record = waiting.pop(draft.data.get("source_record", 0), None)
        if record is not None:
            record.report = Retrospective.objects.get(pk=draft.item_id)
            record.save()
            linked += 1
    return linked
