"""Sends the mails that wait in the outbox. Each mail is sent at most once, even after a crash.

A mail is marked as sent before it is handed to the mail server. If the server reports a failure, the mark is removed
and the reason is stored. The next run tries again. No mail is sent at night, to people who have left, or if the mail is
older than a week.
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

#: Mails that are older than this are outdated and are not sent.
STALE = timedelta(days=7)
DUMMY = "django.core.mail.backends.dummy.EmailBackend"
NO_SERVER = "メールサーバー（EMAIL_URL）が設定されていません。"


@dataclass(frozen=True)
class SendResult:
    sent: int = 0
    failed: int = 0
    problem: str = ""


def send_waiting() -> SendResult:
    """Send the waiting mails. Each mail has its own transaction, so call this function outside of any transaction."""
    now = clock.now()
    if not may_send(now):
        return SendResult()
    today = now.date()
    waiting = Message.objects.filter(sent_at__isnull=True, on__range=(today - STALE, today)).exclude(failure=NO_ADDRESS)
    waiting = waiting.filter(Q(person__left_on__isnull=True) | Q(person__left_on__gte=today))
    if not settings.DEMO and settings.EMAIL_BACKEND == DUMMY:
        failed = waiting.update(failure=NO_SERVER)
        return SendResult(0, failed, NO_SERVER if failed else "")
    rows = list(waiting.select_related("person__user").order_by("pk"))
    if not rows:
        return SendResult()
    connection = get_connection()
    try:
        connection.open()
    except Exception as error:  # a mail backend can raise any exception; the mails stay waiting
        return SendResult(0, waiting.update(failure=_failure_text(error)), _failure_text(error))
    try:
        results = [_send(row, connection) for row in rows]
    finally:
        connection.close()
    return SendResult(results.count(True), results.count(False))


def _send(row: Message, connection: object) -> bool | None:
    """Returns True if the mail was handed over, False if this failed, and None if there was no address or the mail was
    already marked as sent.
    """
    recipient = address(row.person)
    unsent = Message.objects.filter(pk=row.pk, sent_at__isnull=True)
    if not recipient:
        unsent.update(failure=NO_ADDRESS)
        return None
    if not unsent.update(sent_at=clock.now(), failure=""):
        return None
    try:
        EmailMessage(row.subject, row.body, to=[recipient], connection=connection).send()  # type: ignore[arg-type]
    except Exception as error:  # a mail backend can raise any exception
        Message.objects.filter(pk=row.pk).update(sent_at=None, failure=_failure_text(error))
        return False
    return True


def _failure_text(error: Exception) -> str:
    """Returns a text about the failure. It leaves out the message of the server, because that message may contain
    addresses.
    """
    return f"送れませんでした（{type(error).__name__}）。次の回にもう一度送ります。"
