"""Training reports: a record and the retrospective that was written for it.

kb knows nothing of records, so the draft carries the record's number under ``source_record`` and
the link is made here when the report is published.
"""

from __future__ import annotations

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
    return begun or Draft.objects.create(author=by, kind=Retrospective.type_code(), format=FORMAT, data=data)


def link(item: Retrospective) -> TrainingRecord | None:
    """Link a training report that was just published to the record it was begun from; None where it is none.

    In the transaction of the publication (learning.progress.recording hears of it). Safe to repeat.
    """
    if item.format != FORMAT:
        return None
    begun = Draft.objects.filter(item_id=item.pk, data__source_record__isnull=False).first()
    if begun is None:
        return None
    record = TrainingRecord.objects.filter(pk=begun.data["source_record"], person=begun.author_id).first()
    if record is None or record.report_id is not None:
        return None
    record.report = item
    record.save()
    return record
