"""Training reports: a record and the retrospective that was written for it.

kb knows nothing of records, so the draft carries the record's number under ``source_record`` and
the link is made here when the report is published.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from kb.models import Draft, Retrospective, Scene, Theme
from learning.models import TrainingRecord
from organization.models import Person

FORMAT = "training"


def begin(*, record: TrainingRecord, by: Person) -> Draft:
    """The draft of the report of `record`, prefilled; the one already begun if there is one.

    Raises PermissionDenied where the record is another person's or needs no report.
    """
    if record.person_id != by.pk or not record.may_report:
        raise PermissionDenied("この研修の報告は書けません。")
    begun = Draft.objects.open_of(by).filter(format=FORMAT, data__source_record=record.pk).first()
    data = {
        "subject": record.title[:60],
        "occurred_on": record.ends_on.isoformat(),
        "period_from": record.starts_on.isoformat(),
        "period_to": record.ends_on.isoformat(),
        "audience": "unit",
        "themes": _existing(Theme, "kyoiku"),
        "scenes": _existing(Scene, "kenshu"),
        "source_record": record.pk,
    }
    return begun or Draft.objects.create(author=by, kind=Retrospective.type_code(), format=FORMAT, data=data)


def _existing(vocabulary: type[Theme] | type[Scene], code: str) -> list[str]:
    """The code as a list, or nothing where this installation's vocabulary does not have it."""
    return list(vocabulary.objects.filter(code=code).values_list("code", flat=True))


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
