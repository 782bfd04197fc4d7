"""What may still be changed on an assignment: its due date, its end by waiver or cancellation, who sees it.

Every verb asks who may, locks the row and writes the audit event. A waiver needs evidence and somebody else (I11).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from learning.access import permissions
from learning.models import Assignment, AssignmentState, Extension, Source
from organization import audit, clock
from organization.models import Person
from organization.notices import notify

MAX_WORDS = 300


def _locked(assignment: Assignment, user: Any) -> Assignment:
    """The row, locked, where `user` answers for it; PermissionDenied otherwise, for one's own too."""
    row = Assignment.objects.select_for_update(of=("self",)).select_related("path", "person").get(pk=assignment.pk)
    person: Person | None = getattr(user, "person", None)
    if person is None or person.pk == row.person_id:
        raise PermissionDenied("自分の学習の期限や免除は、自分では変えられません。所属長か研修担当に相談してください。")
    if not permissions.overseen(user).filter(pk=row.pk).exists():
        raise PermissionDenied("この職員の学習を変えられる担当ではありません。")
    return row


def _words(text: str, what: str) -> str:
    text = text.strip()
    if not text:
        raise ValidationError(f"{what}を書いてください。")
    if len(text) > MAX_WORDS:
        raise ValidationError(f"{what}は{MAX_WORDS}文字までです。{len(text) - MAX_WORDS}文字けずってください。")
    return text


def _require_open(row: Assignment) -> None:
    if not row.is_open:
        raise ValidationError("この学習は、もう終わっています。画面を開き直してください。")


@transaction.atomic
def extend(*, assignment: Assignment, user: Any, due_on: date, reason: str) -> Extension:
    """延長: a later day, with the old one and the reason kept."""
    row = _locked(assignment, user)
    _require_open(row)
    reason = _words(reason, "延長のわけ")
    if due_on <= row.due_on:
        raise ValidationError("新しい期限が、今の期限より前です。今の期限より後の日を入れてください。")
    if due_on < clock.today():
        raise ValidationError("新しい期限が過ぎた日です。今日より後の日を入れてください。")
    made = Extension.objects.create(assignment=row, old_due=row.due_on, new_due=due_on, reason=reason, by=user.person)
    row.due_on = due_on
    row.save(update_fields=["due_on"])
    audit.record(actor=user, action="assignment.extended", obj=row, before={"due": made.old_due}, after={"due": due_on}, reason=reason)  # fmt: skip
    notify(row.person, text=f"「{row.path.title}」の期限が{due_on.month}月{due_on.day}日になりました。", url=_page(row))
    return made


@transaction.atomic
def waive(*, assignment: Assignment, user: Any, reason: str, evidence: str) -> Assignment:
    """免除: somebody else says why it is not needed and what shows it (I11)."""
    row = _locked(assignment, user)
    _require_open(row)
    row.closing_reason, row.waiver_evidence = _words(reason, "免除のわけ"), _words(evidence, "免除の根拠")
    row.state, row.closed_on, row.waived_by = AssignmentState.WAIVED, clock.today(), user.person
    row.save()
    audit.record(
        actor=user, action="assignment.waived", obj=row, after={"evidence": row.waiver_evidence}, reason=reason
    )
    notify(row.person, text=f"「{row.path.title}」は免除になりました。", url=_page(row))
    return row


@transaction.atomic
def cancel(*, assignment: Assignment, user: Any, reason: str) -> Assignment:
    """取りやめ: by who answers for it; or by the learner, for what they began themselves."""
    person: Person | None = getattr(user, "person", None)
    own = assignment.source == Source.SELF and person is not None and assignment.person_id == person.pk
    row = Assignment.objects.select_for_update().get(pk=assignment.pk) if own else _locked(assignment, user)
    _require_open(row)
    end(row, state=AssignmentState.CANCELLED, reason=_words(reason, "取りやめるわけ"), actor=user)
    return row


def end(row: Assignment, *, state: str, reason: str, actor: Any = None, on: date | None = None) -> None:
    """Close an open assignment and say why; for the verbs here and for the clock (learning.daily.personnel_changes)."""
    row.state, row.closed_on, row.closing_reason = state, on or clock.today(), reason
    row.save(update_fields=["state", "closed_on", "closing_reason"])
    audit.record(actor=actor, action=f"assignment.{state}", obj=row, reason=reason)


@transaction.atomic
def share(*, assignment: Assignment, by: Person, shared: bool) -> Assignment:
    """The learner lets the manager of today see it, or takes that back."""
    row = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if row.person_id != by.pk:
        raise PermissionDenied("見せるかどうかを決められるのは、本人だけです。")
    row.shared = shared
    row.save(update_fields=["shared"])
    audit.record(actor=by.user, action="assignment.shared", obj=row, after={"shared": shared})
    return row


def _page(row: Assignment) -> str:
    return f"/my/learning/{row.uid}/"
