"""Changes of training records: saving, and the plan, answer and sharing by their person.

Every save goes through `save_record`, so that a course counts for its person's open paths in the same transaction. Results
(合格, 不合格, 点, 免除) are the office's: a person enters what they plan, applied for, attended and completed.
"""

from __future__ import annotations

from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from learning.models import Obligation, TrainingRecord
from learning.progress.recording import record_changed
from organization import audit, clock
from organization.errors import field_error
from organization.models import Person


@transaction.atomic
def save_record(*, record: TrainingRecord, by: Any = None) -> TrainingRecord:
    """Save a record and count it for its person's paths. The caller has checked that `by` may, and audits.

    Raises ValidationError where the record contradicts itself. A record moved to somebody else stops counting for
    who had it.
    """
    record.clean()
    before = TrainingRecord.objects.filter(pk=record.pk).first() if record.pk else None
    record.save()
    if before is not None and before.person_id != record.person_id:
        record_changed(before)
    record_changed(record)
    return record


def may_edit(record: TrainingRecord, by: Person | None) -> bool:
    """A person edits what they entered themselves, until the office has written a result on it."""
    own = by is not None and record.person_id == by.pk and record.origin == TrainingRecord.Origin.SELF
    return own and record.status in TrainingRecord.OWN_STATUSES


@transaction.atomic
def enter(*, record: TrainingRecord, by: Person) -> TrainingRecord:
    """A person enters or corrects a record of their own.

    Raises PermissionDenied where it is not theirs to edit, ValidationError with a sentence.
    """
    is_new = record.pk is None
    if is_new:
        record.person, record.origin = by, TrainingRecord.Origin.SELF
    elif not may_edit(TrainingRecord.objects.select_for_update().get(pk=record.pk), by):
        raise PermissionDenied("この記録は、研修担当が登録したものです。直すときは、研修担当に知らせてください。")
    if record.status not in TrainingRecord.OWN_STATUSES:
        raise ValidationError(
            "この状況は、研修担当が入れます。予定・申込み・受講・修了から選んでください。", code="office_status"
        )
    if record.status in TrainingRecord.ATTENDED and record.ends_on > clock.today():
        raise field_error(
            "status", "まだ終わっていない研修です。状況を「予定」か「申込み」にしてください。", code="not_finished"
        )
    record.obligation = record.course.obligation if record.course else Obligation.OPTIONAL
    if record.is_finished() and record.expires_on is None and record.course and record.course.valid_months:
        record.expires_on = record.ends_on + relativedelta(months=record.course.valid_months)
    save_record(record=record, by=by)
    audit.record(
        actor=by.user,
        action="trainingrecord.added" if is_new else "trainingrecord.changed",
        obj=record,
        after={"status": record.status, "from": record.starts_on, "to": record.ends_on},
    )
    return record


@transaction.atomic
def plan_use(*, record: TrainingRecord, by: Person, plan: str) -> TrainingRecord:
    """活用計画: how its person means to use what they learned. Their own words, on any of their records."""
    row = _own(record, by)
    if len(plan) > 400:
        raise ValidationError(
            f"活用計画は400文字までです。{len(plan) - 400}文字けずってください。", code="plan_too_long"
        )
    row.use_plan = plan.strip()
    return save_record(record=row, by=by)


@transaction.atomic
def answer_used(*, record: TrainingRecord, by: Person, used: str, note: str = "") -> TrainingRecord:
    """「使いましたか」, 90 days after the end; it may be answered again when things have moved on."""
    row = _own(record, by)
    if row.status not in TrainingRecord.ATTENDED or row.ends_on + row.ASK_USED_AFTER > clock.today():
        raise ValidationError("この質問は、研修が終わって90日たってから答えます。", code="too_early")
    if used not in TrainingRecord.Used.values:
        raise ValidationError("「使った・一部使った・まだ・使わない」から一つ選んでください。", code="unknown_answer")
    if len(note) > 300:
        raise ValidationError(
            f"書けるのは300文字までです。{len(note) - 300}文字けずってください。", code="note_too_long"
        )
    row.used, row.used_note, row.used_on = used, note.strip(), clock.today()
    save_record(record=row, by=by)
    audit.record(actor=by.user, action="trainingrecord.used", obj=row, after={"used": used})
    return row


@transaction.atomic
def share(*, record: TrainingRecord, by: Person, shared: bool) -> TrainingRecord:
    """The person lets the manager of today see the record, or takes that back."""
    row = _own(record, by)
    row.shared = shared
    row.save(update_fields=["shared"])
    audit.record(actor=by.user, action="trainingrecord.shared", obj=row, after={"shared": shared})
    return row


def _own(record: TrainingRecord, by: Person) -> TrainingRecord:
    row = TrainingRecord.objects.select_for_update(of=("self",)).select_related("course").get(pk=record.pk)
    if row.person_id != by.pk:
        raise PermissionDenied("ほかの人の受講記録は変えられません。")
    return row
