"""The outbox sends what was written: each mail once, and a crash never makes it twice.

A mail is marked as sent before it is handed over; only a refusal that we hear of takes the mark back, with its
reason, and the next run tries again. It refuses to send at night, to people who have left, and what is a week old.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q

from learning.models import Message
from learning.notifications.reminders import NO_ADDRESS, address, may_send
from organization import clock

#: Older reminders are no longer true.
STALE = timedelta(days=7)
DUMMY = "django.core.mail.backends.dummy.EmailBackend"
NO_SERVER = "メールサーバー（EMAIL_URL）が設定されていません。"


@dataclass(frozen=True)
class Sent:
    sent: int = 0
    failed: int = 0
    problem: str = ""


def send_waiting() -> Sent:
    """Send what waits; each mail in a transaction of its own, so call it outside of any."""
    now = clock.now()
    if not may_send(now):
        return Sent()
    today = now.date()
    waiting = Message.objects.filter(sent_at__isnull=True, on__range=(today - STALE, today)).exclude(failure=NO_ADDRESS)
    waiting = waiting.filter(Q(person__left_on__isnull=True) | Q(person__left_on__gte=today))
    if not settings.DEMO and settings.EMAIL_BACKEND == DUMMY:
        failed = waiting.update(failure=NO_SERVER)
        return Sent(0, failed, NO_SERVER if failed else "")
    rows = list(waiting.select_related("person__user").order_by("pk"))
    if not rows:
        return Sent()
    connection = get_connection()
    try:
        connection.open()
    except Exception as error:  # whatever the server's library raises, the mails wait
        return Sent(0, waiting.update(failure=_why(error)), _why(error))
    try:
        done = [_send(row, connection) for row in rows]
    finally:
        connection.close()
    return Sent(done.count(True), done.count(False))


def _send(row: Message, connection: object) -> bool | None:
    """True where it was handed over, False where it was refused, None where there was nothing to do."""
    to = address(row.person)
    mine = Message.objects.filter(pk=row.pk, sent_at__isnull=True)
    if not to:
        mine.update(failure=NO_ADDRESS)
        return None
    if not mine.update(sent_at=clock.now(), failure=""):
        return None
    try:
        EmailMessage(row.subject, row.body, to=[to], connection=connection).send()  # type: ignore[arg-type]
    except Exception as error:  # as above
        Message.objects.filter(pk=row.pk).update(sent_at=None, failure=_why(error))
        return False
    return True


def _why(error: Exception) -> str:
    """The kind of failure only: a server's words may repeat addresses."""
    return f"送れませんでした（{type(error).__name__}）。次の回にもう一度送ります。"
