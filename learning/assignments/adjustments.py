"""Changes an existing assignment: extend, waive, cancel, share.

Each function checks permission, locks the row and writes an audit event. Nobody extends or waives their own assignment,
and a waiver needs evidence (I11).
"""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from learning.access import permissions
from learning.models import Assignment, AssignmentState, Extension, Source
from organization import audit, clock
from organization.models import Person, User
from organization.notices import notify

MAX_REASON_LENGTH = 300


def _locked(assignment: Assignment, user: User) -> Assignment:
    """Locks the row and returns it. Raises PermissionDenied if `user` does not oversee the assignment, or if it is the
    user's own assignment.
    """
    row = Assignment.objects.select_for_update(of=("self",)).select_related("path", "person").get(pk=assignment.pk)
    person: Person | None = getattr(user, "person", None)
    if person is None or person.pk == row.person_id:
        raise PermissionDenied("自分の学習の期限や免除は、自分では変えられません。所属長か研修担当に相談してください。")
    if not permissions.overseen(user).filter(pk=row.pk).exists():
        raise PermissionDenied("この職員の学習を変えられる担当ではありません。")
    return row


def _required_text(text: str, label: str) -> str:
    text = text.strip()
    if not text:
        raise ValidationError(f"{label}を書いてください。", code="text_required")
    if len(text) > MAX_REASON_LENGTH:
        raise ValidationError(
            f"{label}は{MAX_REASON_LENGTH}文字までです。{len(text) - MAX_REASON_LENGTH}文字けずってください。",
            code="text_too_long",
        )
    return text


def _require_open(row: Assignment) -> None:
    if not row.is_open:
        raise ValidationError("この学習は、もう終わっています。画面を開き直してください。", code="assignment_closed")


@transaction.atomic
def extend(*, assignment: Assignment, user: User, due_on: date, reason: str) -> Extension:
    """延長: move the due date to a later day. The Extension stores the old due date and the reason.

    Raises PermissionDenied and ValidationError (assignment_closed, text_required, text_too_long, due_not_later,
    due_in_past).
    """
    row = _locked(assignment, user)
    _require_open(row)
    reason = _required_text(reason, "延長のわけ")
    if due_on <= row.due_on:
        raise ValidationError(
            "新しい期限が、今の期限より前です。今の期限より後の日を入れてください。", code="due_not_later"
        )
    if due_on < clock.today():
        raise ValidationError("新しい期限が過ぎた日です。今日より後の日を入れてください。", code="due_in_past")
    extension = Extension.objects.create(
        assignment=row, old_due=row.due_on, new_due=due_on, reason=reason, by=user.person
    )
    row.due_on = due_on
    row.save(update_fields=["due_on"])
    audit.record(
        actor=user,
        action="assignment.extended",
        obj=row,
        before={"due": extension.old_due},
        after={"due": due_on},
        reason=reason,
    )
    notify(
        row.person,
        text=f"「{row.path.title}」の期限が{due_on.month}月{due_on.day}日になりました。",
        url=_assignment_url(row),
    )
    return extension


@transaction.atomic
def waive(*, assignment: Assignment, user: User, reason: str, evidence: str) -> Assignment:
    """免除: waive the assignment, with a reason and evidence. Learners cannot waive their own assignments (I11).

    Raises PermissionDenied and ValidationError (assignment_closed, text_required, text_too_long).
    """
    row = _locked(assignment, user)
    _require_open(row)
    row.closing_reason, row.waiver_evidence = (
        _required_text(reason, "免除のわけ"),
        _required_text(evidence, "免除の根拠"),
    )
    row.state, row.closed_on, row.waived_by = AssignmentState.WAIVED, clock.today(), user.person
    row.save()
    audit.record(
        actor=user, action="assignment.waived", obj=row, after={"evidence": row.waiver_evidence}, reason=reason
    )
    notify(row.person, text=f"「{row.path.title}」は免除になりました。", url=_assignment_url(row))
    return row


@transaction.atomic
def cancel(*, assignment: Assignment, user: User, reason: str) -> Assignment:
    """取りやめ: cancel an assignment. An overseer may do this. The learner may do it only after self-enrolment.

    Raises PermissionDenied and ValidationError (assignment_closed, text_required, text_too_long).
    """
    person: Person | None = getattr(user, "person", None)
    own = assignment.source == Source.SELF and person is not None and assignment.person_id == person.pk
    row = Assignment.objects.select_for_update().get(pk=assignment.pk) if own else _locked(assignment, user)
    _require_open(row)
    row.state, row.closed_on = AssignmentState.CANCELLED, clock.today()
    row.closing_reason = _required_text(reason, "取りやめるわけ")
    row.save(update_fields=["state", "closed_on", "closing_reason"])
    audit.record(actor=user, action=f"assignment.{row.state}", obj=row, reason=row.closing_reason)
    return row


@transaction.atomic
def share(*, assignment: Assignment, by: Person, shared: bool) -> Assignment:
    """The learner shares the assignment with the current manager, or hides it again. Raises PermissionDenied for
    anybody except the learner.
    """
    row = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if row.person_id != by.pk:
        raise PermissionDenied("見せるかどうかを決められるのは、本人だけです。")
    row.shared = shared
    row.save(update_fields=["shared"])
    audit.record(actor=by.user, action="assignment.shared", obj=row, after={"shared": shared})
    return row


def _assignment_url(row: Assignment) -> str:
    return f"/my/learning/{row.uid}/"
