"""Reminders: what is to be said today, as one mail and one notice a person; never two mails to one person on one day.

Only on working days between 7 and 20 o'clock. Who has a mail of today already hears of the rest on the next day, and
is not marked as reminded until then. It refuses to send: ``learning.notifications.outbox`` does.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction

from learning.models import Message, Reminder
from learning.notifications.collecting import Line, lines
from organization import clock
from organization.models import Person
from organization.notices import notify_many
from organization.working_days import is_working_day

BATCH = 500
FROM, UNTIL = time(7), time(20)
NO_ADDRESS = "メールアドレスがないため、お知らせだけを届けました。"
FOOT = "このメールは自動で送っています。返信はできません。お知らせのメールは、一日に一通までです。"


def may_send(moment: datetime) -> bool:
    """Working days, 7:00 to 20:00: nobody is mailed at night, at the week's end or on a holiday."""
    return is_working_day(moment.date()) and FROM <= moment.time() < UNTIL


def write(on: date) -> int:
    """Make the mails of the day, and the notices beside them; returns how many. Safe to repeat."""
    if not may_send(clock.now()):
        return 0
    told = set(Message.objects.filter(on=on).values_list("person_id", flat=True))
    wanted: dict[int, list[Line]] = {}
    for line in lines(on):
        if line.person.pk not in told:
            wanted.setdefault(line.person.pk, []).append(line)
    groups = list(wanted.values())
    for start in range(0, len(groups), BATCH):
        _save(groups[start : start + BATCH], on)
    return len(groups)


@transaction.atomic
def _save(groups: list[list[Line]], on: date) -> None:
    """The mail, its marks and the notice stand or fall together."""
    people = Person.objects.select_related("user").in_bulk([group[0].person.pk for group in groups])
    Message.objects.bulk_create(_message(people[group[0].person.pk], group, on) for group in groups)
    Reminder.objects.bulk_create(
        Reminder(**line.of, kind=line.kind, about=line.about, text=line.text) for group in groups for line in group
    )
    notify_many((group[0].person, *_notice(group)) for group in groups)


def _message(person: Person, group: list[Line], on: date) -> Message:
    subject = f"学習のお知らせ（{len(group)}件）" if len(group) > 1 else _cut(_first(group[0].text), 60)
    told = [f"・{line.text}\n　{settings.WAGTAILADMIN_BASE_URL}{line.url}\n" for line in group]
    body = "\n".join([f"{person.name} さん", "", *told, "――", FOOT, ""])
    failure = "" if address(person) else NO_ADDRESS
    return Message(person=person, on=on, subject=subject, body=body, failure=failure)


def address(person: Person) -> str:
    return person.user.email if person.user is not None and person.user.is_active else ""


def _notice(group: list[Line]) -> tuple[str, str]:
    if len(group) == 1:
        return group[0].text, group[0].url
    return f"{_cut(group[0].text, 200)}ほか{len(group) - 1}件のお知らせがあります。", "/my/"


def _first(text: str) -> str:
    """Its first sentence, for a subject; a full stop within 「」 is of a name and ends nothing."""
    found = re.match(r"(?:「[^」]*」|[^。「])+。", text)
    return found[0] if found else text


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
