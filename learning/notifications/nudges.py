"""Reminders that a manager sends by hand. The manager can edit the text, and each reminder is logged. An assignment
gets at most one such reminder a day, and a person gets at most one mail a day.

The notice on the site appears at once. The mail waits in the outbox, which sends on working days. A reminder is refused
if the sender does not manage the learner, or if the assignment has ended, is suspended or has not started.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from learning.access import permissions
from learning.models import Assignment, AssignmentState, Message, Reminder
from learning.paths import reading_targets
from learning.paths.structure import outline
from learning.paths.titles import PathTitles
from learning.progress.recording import done_days
from organization import audit, clock
from organization.access_policy import readers_of
from organization.japanese_dates import era_date
from organization.models import Person, User
from organization.notices import notify

MAX_TEXT = 1000


@transaction.atomic
def remind(*, assignment: Assignment, user: User, text: str) -> Reminder:
    """Send `text` to the learner.

    Raises PermissionDenied and ValidationError (text_required, text_too_long, assignment_closed, assignment_suspended,
    assignment_not_started, already_reminded_today, mail_already_today).
    """
    sender: Person | None = getattr(user, "person", None)
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("path", "person")
    row = rows.get(pk=assignment.pk)
    if sender is None or row.person_id == sender.pk or not permissions.overseen(user).filter(pk=row.pk).exists():
        raise PermissionDenied("この職員に声をかける担当ではありません。")
    _require_running(row)
    text = text.strip()
    if not text:
        raise ValidationError("文面が空です。伝えたいことを書いてから送ってください。", code="text_required")
    if len(text) > MAX_TEXT:
        raise ValidationError(
            f"文面は{MAX_TEXT}文字までです。{len(text) - MAX_TEXT}文字けずってください。", code="text_too_long"
        )
    reminder = _save_reminder(row, sender, text)
    title = row.path.title
    audit.record(actor=user, action="assignment.reminded", obj=row)
    notify(row.person, text=f"{sender.name}さんから、「{title}」について声がかかりました。", url=_assignment_url(row))
    return reminder


def _save_reminder(row: Assignment, sender: Person, text: str) -> Reminder:
    """Save the log entry and the mail. If two requests come at the same time, database constraints prevent a second
    mail.
    """
    today = clock.today()
    kind = Reminder.Kind.MANAGER
    if Reminder.objects.filter(assignment=row, kind=kind, about=today).exists():
        raise ValidationError(
            "この学習には、今日もう声をかけています。次に送れるのは明日です。", code="already_reminded_today"
        )
    message = f"{row.person.name}さんには、今日のお知らせがもう1通あります（1人に1日1通まで）。文面は残してあるので、明日また送ってください。"
    if Message.objects.filter(person=row.person, on=today).exists():
        raise ValidationError(message, code="mail_already_today")
    try:
        with transaction.atomic():
            Message.objects.create(
                person=row.person,
                on=today,
                subject=f"学習パス「{row.path.title}」について",
                body=f"{text}\n\n{settings.WAGTAILADMIN_BASE_URL}{_assignment_url(row)}",
                by=sender,
            )
            return Reminder.objects.create(assignment=row, kind=kind, about=today, text=text, by=sender)
    except IntegrityError:
        raise ValidationError(message, code="mail_already_today") from None


def _require_running(row: Assignment) -> None:
    if row.state == AssignmentState.SUSPENDED:
        raise ValidationError(
            "休止中なので送れません。復帰すると期限が延び、また送れるようになります。", code="assignment_suspended"
        )
    if not row.is_running:
        raise ValidationError("この学習は、もう終わっています。画面を開き直してください。", code="assignment_closed")
    if row.start_on > clock.today():
        raise ValidationError(
            f"この学習は{era_date(row.start_on)}から始まります。始まってから送ってください。",
            code="assignment_not_started",
        )


def draft(*, assignment: Assignment, by: Person) -> str:
    """Returns the first text of the form, which the manager can change. The text is polite and contains the path, the
    due date and the next step.
    """
    title = PathTitles(by.user, [assignment.path_id]).of(assignment.path_id)
    next_step = outline(assignment.version).next_step(done_days(assignment))
    due, days = era_date(assignment.due_on), assignment.days_left()
    if days < 0:
        when = f"期限（{due}）を過ぎていますが、まだ間に合います。"
    else:
        when = f"期限は{due}です（あと{days}日）。" if days else f"期限は今日（{due}）です。"
    step, both = "", [assignment.person, by]
    # If the sender or the learner may not open the next step, the text does not name the step.
    if next_step and not reading_targets.unreadable_for([next_step], both, readers_of(both, clock.today())):
        step = f"次は「{next_step.title}」（約{next_step.minutes}分）です。"
    return (
        f"{assignment.person.name}さん\n"
        f"{by.name}です。学習パス「{title}」について、お声がけします。\n"
        f"{when}{step}\n"
        "進めにくいことや、時間がとれないわけがあれば、遠慮なく教えてください。期限の相談にも乗ります。"
    )


def _assignment_url(row: Assignment) -> str:
    return f"/my/learning/{row.uid}/"
