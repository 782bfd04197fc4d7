"""The personal calendar feed, and the secret key in its address. The key opens the feed without a session.

Calendar programs copy the feed to other servers. So the feed contains little: due dates and event days of the person's
open assignments, and no title that the person may not read. A key stops working when the account is closed, when the
person's last day of work is over, or when the person revokes the key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from icalendar import Calendar, Event

from learning.models import Assignment, CalendarKey, LearningPath, Step, StepProgress, StepType
from organization import audit, clock
from organization.models import Person

NAME = "わたしの学び"


@transaction.atomic
def make_key(*, person: Person) -> CalendarKey:
    """Create a new key for `person`. The previous key stops working."""
    CalendarKey.objects.filter(person=person).delete()
    created = CalendarKey.objects.create(person=person)
    audit.record(actor=person.user, action="calendar.key_made", obj=person)
    return created


@transaction.atomic
def revoke_key(*, person: Person) -> None:
    gone, _ = CalendarKey.objects.filter(person=person).delete()
    if gone:
        audit.record(actor=person.user, action="calendar.key_revoked", obj=person)


def person_of_key(key: str) -> Person | None:
    """Returns the person whose calendar `key` opens today. Returns None if the key is unknown, if the account is
    closed, or if the person has left.
    """
    row = CalendarKey.objects.filter(key=key).select_related("person__user").first() if "\x00" not in key else None
    if row is None:
        return None
    person = row.person
    usable = person.user is not None and person.user.is_active and not person.has_left()
    return person if usable else None


def feed(person: Person, link: Callable[[Assignment], str]) -> bytes:
    """Returns the calendar of `person` as iCalendar bytes (RFC 5545). Four queries.

    `link` is a function that returns the absolute address of an assignment.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Manabi//learning//JA")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", NAME)
    calendar.add("x-wr-timezone", "Asia/Tokyo")
    for event in _events(person, link):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(person: Person, link: Callable[[Assignment], str]) -> Iterator[Event]:
    now = clock.now()
    assignments = list(Assignment.objects.of(person).running())
    paths = {row.path_id for row in assignments}
    readable_paths = set(LearningPath.objects.visible_to(person.user).filter(pk__in=paths).values_list("pk", flat=True))
    for row in assignments:
        title = row.path.title if row.path_id in readable_paths else "学習パス"
        yield _event(f"{row.uid}-due", f"期限：{title}", row.due_on, now, link(row))
    steps = Step.objects.filter(version__in={row.version_id for row in assignments}, type=StepType.EVENT)
    events_held = list(steps.filter(held_on__isnull=False).order_by("held_on", "pk"))
    done = _done(assignments) if events_held else set()
    for row in assignments:
        for step in events_held:
            if step.version_id != row.version_id or (row.pk, step.uid) in done or step.held_on is None:
                continue
            is_readable = row.path_id in readable_paths
            event = _event(
                f"{row.uid}-{step.uid}", step.title if is_readable else "学習の行事", step.held_on, now, link(row)
            )
            if is_readable and step.place:
                event.add("location", step.place)
            yield event


def _done(assignments: list[Assignment]) -> set[tuple[int, object]]:
    rows = StepProgress.objects.filter(assignment__in=assignments, state__in=StepProgress.COUNTED)
    return set(rows.values_list("assignment_id", "step_uid"))


def _event(uid: str, summary: str, on: date, now: datetime, url: str) -> Event:
    """Returns an all-day event. The UID does not contain the day. So when the day changes, a calendar program moves the
    event and does not add a second one.
    """
    event = Event()
    event.add("uid", f"{uid}@manabi")
    event.add("dtstamp", now)
    event.add("summary", summary)
    event.add("dtstart", on)
    event.add("dtend", on + timedelta(days=1))
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    return event
