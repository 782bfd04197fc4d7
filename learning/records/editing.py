"""Changes training records: every save, and the plan, answer and sharing by the person of the record.

Every save goes through `save_record`, so that a course counts for the person's open paths in the same transaction. Only
the training office enters results (合格, 不合格, 点, 免除). A person may enter 予定, 申込み, 受講 and 修了.
"""

from __future__ import annotations

from dateutil.relativedelta import relativedelta
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from learning.models import Obligation, TrainingRecord
from learning.progress.recording import record_changed
from organization import audit, clock
from organization.errors import field_error
from organization.models import Person


@transaction.atomic
def save_record(*, record: TrainingRecord) -> TrainingRecord:
    """Save a record and count it for the paths of its person. The caller checks permission and writes the audit event.

    Raises the ValidationError of `TrainingRecord.clean` if the record contradicts itself. If the record moved to another
    person, it stops counting for the former one.
    """
    record.clean()
    before = TrainingRecord.objects.filter(pk=record.pk).first() if record.pk else None
    record.save()
    if before is not None and before.person_id != record.person_id:
        record_changed(before)
    record_changed(record)
    return record


def may_edit(record: TrainingRecord, by: Person | None) -> bool:
    """Whether `by` may edit the record: its own person, if they entered it and the office has not entered a result."""
    own = by is not None and record.person_id == by.pk and record.origin == TrainingRecord.Origin.SELF
    return own and record.status in TrainingRecord.OWN_STATUSES


@transaction.atomic
def enter(*, record: TrainingRecord, by: Person) -> TrainingRecord:
    """Enter a new record of `by`, or correct one.

    Raises PermissionDenied if `by` may not edit it, and ValidationError (office_status, not_finished, and the codes of
    `TrainingRecord.clean`).
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
    save_record(record=record)
    audit.record(
        actor=by.user,
        action="trainingrecord.added" if is_new else "trainingrecord.changed",
        obj=record,
        after={"status": record.status, "from": record.starts_on, "to": record.ends_on},
    )
    return record


@transaction.atomic
def plan_use(*, record: TrainingRecord, by: Person, plan: str) -> TrainingRecord:
    """活用計画: save how the person intends to use what they learned. Raises PermissionDenied or `plan_too_long`."""
    row = _own(record, by)
    if len(plan) > 400:
        raise ValidationError(
            f"活用計画は400文字までです。{len(plan) - 400}文字けずってください。", code="plan_too_long"
        )
    row.use_plan = plan.strip()
    return save_record(record=row)


@transaction.atomic
def answer_used(*, record: TrainingRecord, by: Person, used: str, note: str = "") -> TrainingRecord:
    """Save the answer to 「使いましたか」, from 90 days after the end. It can be answered again later.

    Raises PermissionDenied and ValidationError (too_early, unknown_answer, note_too_long).
    """
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
    save_record(record=row)
    audit.record(actor=by.user, action="trainingrecord.used", obj=row, after={"used": used})
    return row


@transaction.atomic
def share(*, record: TrainingRecord, by: Person, shared: bool) -> TrainingRecord:
    """Show the record to the current manager, or hide it again. Raises PermissionDenied for any other person."""
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
