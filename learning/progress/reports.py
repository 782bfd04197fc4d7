"""Links a training record to the retrospective that reports on it.

kb does not know training records. So the draft stores the pk of the record under ``source_record``, and the link is made
here when the report is published.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from kb.models import Draft, Retrospective, Scene, Theme
from learning.models import TrainingRecord
from organization.models import Person

FORMAT = "training"


def begin_report(*, record: TrainingRecord, by: Person) -> Draft:
    """The draft of the report on `record`: the one already begun, or a new one that is prefilled.

    Raises PermissionDenied if the record belongs to another person or needs no report.
    """
    if record.person_id != by.pk or not record.may_report:
        raise PermissionDenied("この研修の報告は書けません。")
    draft = Draft.objects.open_of(by).filter(format=FORMAT, data__source_record=record.pk).first()
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
    return draft or Draft.objects.create(author=by, kind=Retrospective.type_code(), format=FORMAT, data=data)


def _existing(vocabulary: type[Theme] | type[Scene], code: str) -> list[str]:
    """[code], or an empty list if the vocabulary of this installation does not have the code."""
    return list(vocabulary.objects.filter(code=code).values_list("code", flat=True))


def link_report(item: Retrospective) -> TrainingRecord | None:
    """Link a report that was just published to its training record. Returns the record; None if it is no report.

    Called by learning.progress.recording in the transaction of the publication. Can be repeated safely.
    """
    if item.format != FORMAT:
        return None
    draft = Draft.objects.filter(item_id=item.pk, data__source_record__isnull=False).first()
    if draft is None:
        return None
    record = TrainingRecord.objects.filter(pk=draft.data["source_record"], person=draft.author_id).first()
    if record is None or record.report_id is not None:
        return None
    record.report = item
    record.save()
    return record
