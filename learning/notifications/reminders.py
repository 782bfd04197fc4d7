"""Writes today's reminders: one mail and one notice for each person. A person never gets two mails on one day.

Reminders are written only on working days between 7:00 and 20:00. If a person already got a mail today, the person's
reminders wait until the next day. Until then, no Reminder row marks them as written. ``learning.notifications.outbox``
sends the mails.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction

from learning.models import Message, Reminder
from learning.notifications.collecting import ReminderLine, reminder_lines
from organization import clock
from organization.models import Person
from organization.notices import notify_many
from organization.working_days import is_working_day

BATCH = 500
MAIL_FROM, MAIL_UNTIL = time(7), time(20)
NO_ADDRESS = "メールアドレスがないため、お知らせだけを届けました。"
FOOTER = "このメールは自動で送っています。返信はできません。お知らせのメールは、一日に一通までです。"


def may_send(moment: datetime) -> bool:
    """Whether mail may be sent: on working days, 7:00 to 20:00. Nobody gets mail at night, on a weekend or on a
    holiday.
    """
    return is_working_day(moment.date()) and MAIL_FROM <= moment.time() < MAIL_UNTIL


def write_reminders(on: date) -> int:
    """Write the mails and notices of the day. Returns the number of mails. A second call on the same day writes nothing
    twice.
    """
    if not may_send(clock.now()):
        return 0
    already_mailed = set(Message.objects.filter(on=on).values_list("person_id", flat=True))
    by_person: dict[int, list[ReminderLine]] = {}
    for line in reminder_lines(on):
        if line.person.pk not in already_mailed:
            by_person.setdefault(line.person.pk, []).append(line)
    groups = list(by_person.values())
    for start in range(0, len(groups), BATCH):
        _save(groups[start : start + BATCH], on)
    return len(groups)


@transaction.atomic
def _save(groups: list[list[ReminderLine]], on: date) -> None:
    """Save the mails, the Reminder rows and the notices of these people in one transaction."""
    people = Person.objects.select_related("user").in_bulk([group[0].person.pk for group in groups])
    Message.objects.bulk_create(_message(people[group[0].person.pk], group, on) for group in groups)
    Reminder.objects.bulk_create(
        Reminder(**line.of, kind=line.kind, about=line.about, text=line.text) for group in groups for line in group
    )
    notify_many((group[0].person, *_notice(group)) for group in groups)


def _message(person: Person, group: list[ReminderLine], on: date) -> Message:
    subject = f"学習のお知らせ（{len(group)}件）" if len(group) > 1 else _truncated(_first_sentence(group[0].text), 60)
    items = [f"・{line.text}\n　{settings.WAGTAILADMIN_BASE_URL}{line.url}\n" for line in group]
    body = "\n".join([f"{person.name} さん", "", *items, "――", FOOTER, ""])
    failure = "" if address(person) else NO_ADDRESS
    return Message(person=person, on=on, subject=subject, body=body, failure=failure)


def address(person: Person) -> str:
    return person.user.email if person.user is not None and person.user.is_active else ""


def _notice(group: list[ReminderLine]) -> tuple[str, str]:
    if len(group) == 1:
        return group[0].text, group[0].url
    return f"{_truncated(group[0].text, 200)}ほか{len(group) - 1}件のお知らせがあります。", "/my/"


def _first_sentence(text: str) -> str:
    """Returns the first sentence, for the subject of a mail. A full stop within 「」 belongs to a title and does not
    end the sentence.
    """
    match = re.match(r"(?:「[^」]*」|[^。「])+。", text)
    return match[0] if match else text


def _truncated(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
