"""A manager's word to a learner: editable, logged, at most one a day, and one mail a person a day.

The in-site notice stands at once; the mail waits in the outbox, which sends on working days. It refuses those whom
the sender does not answer for, and what has ended, stands still or has not begun.
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
from organization.fiscal import era_date
from organization.models import Person, User
from organization.notices import notify
from organization.policy import readers_of

MAX_TEXT = 1000


@transaction.atomic
def remind(*, assignment: Assignment, user: User, text: str) -> Reminder:
    """Send `text` to the learner. Raises PermissionDenied, and ValidationError with a sentence that says what to do."""
    me: Person | None = getattr(user, "person", None)
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("path", "person")
    row = rows.get(pk=assignment.pk)
    if me is None or row.person_id == me.pk or not permissions.overseen(user).filter(pk=row.pk).exists():
        raise PermissionDenied("この職員に声をかける担当ではありません。")
    _require_running(row)
    text = text.strip()
    if not text:
        raise ValidationError("文面が空です。伝えたいことを書いてから送ってください。")
    if len(text) > MAX_TEXT:
        raise ValidationError(f"文面は{MAX_TEXT}文字までです。{len(text) - MAX_TEXT}文字けずってください。")
    made = _once_a_day(row, me, text)
    title = row.path.title
    audit.record(actor=user, action="assignment.reminded", obj=row)
    notify(row.person, text=f"{me.name}さんから、「{title}」について声がかかりました。", url=_page(row))
    return made


def _once_a_day(row: Assignment, me: Person, text: str) -> Reminder:
    """The log and the mail; the database keeps both from being doubled, whoever presses at the same time."""
    today = clock.today()
    kind = Reminder.Kind.MANAGER
    if Reminder.objects.filter(assignment=row, kind=kind, about=today).exists():
        raise ValidationError("この学習には、今日もう声をかけています。次に送れるのは明日です。")
    kept = f"{row.person.name}さんには、今日のお知らせがもう1通あります（1人に1日1通まで）。文面は残してあるので、明日また送ってください。"
    if Message.objects.filter(person=row.person, on=today).exists():
        raise ValidationError(kept)
    try:
        with transaction.atomic():
            Message.objects.create(
                person=row.person,
                on=today,
                subject=f"学習パス「{row.path.title}」について",
                body=f"{text}\n\n{settings.WAGTAILADMIN_BASE_URL}{_page(row)}",
                by=me,
            )
            return Reminder.objects.create(assignment=row, kind=kind, about=today, text=text, by=me)
    except IntegrityError:
        raise ValidationError(kept) from None


def _require_running(row: Assignment) -> None:
    if row.state == AssignmentState.SUSPENDED:
        raise ValidationError("休止中なので送れません。復帰すると期限が延び、また送れるようになります。")
    if not row.is_running:
        raise ValidationError("この学習は、もう終わっています。画面を開き直してください。")
    if row.start_on > clock.today():
        raise ValidationError(f"この学習は{era_date(row.start_on)}から始まります。始まってから送ってください。")


def draft(*, assignment: Assignment, by: Person) -> str:
    """The text that the form begins with: polite, with the path, the due day and the next step. To be adapted."""
    title = PathTitles(by.user, [assignment.path_id]).of(assignment.path_id)
    following = outline(assignment.version).next_step(done_days(assignment))
    due, days = era_date(assignment.due_on), assignment.days_left()
    if days < 0:
        when = f"期限（{due}）を過ぎていますが、まだ間に合います。"
    else:
        when = f"期限は{due}です（あと{days}日）。" if days else f"期限は今日（{due}）です。"
    step, both = "", [assignment.person, by]
    # What either of the two may not open has no title in a letter between them.
    if following and not reading_targets.unreadable_for([following], both, readers_of(both, clock.today())):
        step = f"次は「{following.title}」（約{following.minutes}分）です。"
    return (
        f"{assignment.person.name}さん\n"
        f"{by.name}です。学習パス「{title}」について、お声がけします。\n"
        f"{when}{step}\n"
        "進めにくいことや、時間がとれないわけがあれば、遠慮なく教えてください。期限の相談にも乗ります。"
    )


def _page(row: Assignment) -> str:
    return f"/my/learning/{row.uid}/"
