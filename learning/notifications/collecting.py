"""Collects today's reminders for each person: due dates, renewals, reports, 「使いましたか」, and the weekly figures
for a head.

This module reads the current state, so a late run still finds everything that is due. When a reminder is written, a
Reminder row is stored with it. A reminder that already has such a row is skipped. This module writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q

from learning.models import (
    RUNNING,
    STANDINGS,
    Assignment,
    AssignmentState,
    LearningPath,
    Reminder,
    Source,
    Stage,
    TrainingRecord,
    standing_q,
)
from learning.models.assignment import AssignmentQuerySet
from learning.models.record import TrainingRecordQuerySet
from organization.access_policy import readers_of
from organization.appointments import held_on, on_leave
from organization.japanese_dates import era_date
from organization.models import Person
from organization.working_days import is_working_day

Kind = Reminder.Kind
#: A reminder about a training record is written at most this long after the date of the reminder.
REPORT_GRACE = timedelta(days=30)
#: No renewal window is longer than this (PathVersion.renew_window_days).
LONGEST_WINDOW = timedelta(days=365)
DAY = timedelta(days=1)
#: The standings that the weekly figures show.
SHOWN = ("late", "on_time", "not_begun", "suspended")
WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True)
class ReminderLine:
    """One reminder for one person. `of`, `kind` and `about` are stored in a Reminder row, so that later runs skip the
    reminder.
    """

    person: Person
    text: str
    url: str
    kind: str
    about: date
    of: dict[str, Assignment | TrainingRecord | Person]


def reminder_lines(on: date) -> Iterator[ReminderLine]:
    """Yields all reminders that are due on that day and have not been written yet."""
    yield from due_date_reminders(on)
    yield from renewal_reminders(on)
    yield from record_reminders(on)
    yield from weekly_reminders(on)


def _reachable(assignments: AssignmentQuerySet, on: date) -> AssignmentQuerySet:
    """Returns the assignments of people who are in service and not on leave. If an assignment is bound to a post, the
    person must still hold the post.
    """
    away = Exists(on_leave(on).filter(person=OuterRef("person_id")))
    in_service = Q(person__left_on__isnull=True) | Q(person__left_on__gte=on)
    return (
        assignments.filter(in_service, ~away)
        .exclude(pk__in=Assignment.objects.without_post(on).values("pk"))
        .select_related("person", "path")
    )


# --- Due dates -------------------------------------------------------------------------------------


def due_date_reminders(on: date) -> Iterator[ReminderLine]:
    running = _reachable(Assignment.objects.filter(state__in=RUNNING, start_on__lte=on), on)
    reminded_already = Reminder.objects.filter(assignment=OuterRef("pk"), kind=Kind.AFTER_1, about=OuterRef("due_on"))
    near = Q(due_on__range=(on, on + timedelta(days=14)))
    rows = list(running.filter(near | (Q(due_on__lt=on) & ~Exists(reminded_already))).order_by("due_on", "pk"))
    reminded = Reminder.objects.filter(assignment__in=running.filter(near).values("pk"))
    sent = set(reminded.values_list("assignment_id", "kind", "about"))
    for row in rows:
        kind = kind_on(row, on)
        if kind and (row.pk, kind, row.due_on) not in sent:
            yield ReminderLine(
                row.person, _due_words(row, on), f"/my/learning/{row.uid}/", kind, row.due_on, {"assignment": row}
            )


def kind_on(row: Assignment, on: date) -> str:
    """Returns the kind of reminder that is due for a running assignment.

    Empty if no reminder is due, or if the path was assigned when the time of the reminder had already begun.
    """
    if row.due_on < on:
        return Kind.AFTER_1
    assigned_on = max(row.assigned_on, row.start_on)
    for kind, days in ((Kind.BEFORE_3, 3), (Kind.BEFORE_14, 14)):
        opens = opens_on(row.due_on, days)
        if on >= opens:
            return kind if assigned_on < opens else ""
    return ""


def opens_on(due: date, days: int) -> date:
    """Returns the day that is `days` days before `due`. If there is no working day between the two, returns an earlier
    day (年末年始).
    """
    first = due - timedelta(days=days)
    while not any(is_working_day(first + timedelta(days=n)) for n in range((due - first).days + 1)):
        first -= DAY
    return first


def weekday_date(day: date) -> str:
    return f"{era_date(day)}（{WEEKDAYS[day.weekday()]}）"


def _due_words(row: Assignment, on: date) -> str:
    title = row.path.title
    left = (row.due_on - on).days
    if left < 0:
        return f"学習パス「{title}」は、期限（{weekday_date(row.due_on)}）を過ぎました。続けるのが難しいときは、所属長に相談してください。"
    return f"学習パス「{title}」の期限は、{weekday_date(row.due_on)}です（{f'あと{left}日' if left else '今日まで'}）。"


# --- Renewals --------------------------------------------------------------------------------------


def renewal_reminders(on: date) -> Iterator[ReminderLine]:
    """Yields reminders of completions that expire. A reminder is due as soon as the renewal window opens.

    Skips a completion if the path is not active, or if the person has already begun the path again.
    """
    valid = Assignment.objects.filter(state=AssignmentState.COMPLETED, path__stage=Stage.ACTIVE)
    valid = valid.filter(valid_until__range=(on, on + LONGEST_WINDOW))
    others = Assignment.objects.filter(person=OuterRef("person_id"), path=OuterRef("path_id"))
    again = others.filter(
        Q(state__in=[*RUNNING, AssignmentState.SUSPENDED]) | Q(state=AssignmentState.COMPLETED, pk__gt=OuterRef("pk"))
    )
    reminded_already = Reminder.objects.filter(
        assignment=OuterRef("pk"), kind=Kind.RENEWAL, about=OuterRef("valid_until")
    )
    for row in (
        _reachable(valid.filter(~Exists(again), ~Exists(reminded_already)), on).select_related("version").order_by("pk")
    ):
        opens = row.renewal_opens_on()
        if opens is not None and opens <= on and row.valid_until is not None:
            text = f"「{row.path.title}」の修了は、{weekday_date(row.valid_until)}まで有効です。更新できる時期になりました。"
            url = LearningPath.get_absolute_url(row.path)
            yield ReminderLine(row.person, text, url, Kind.RENEWAL, row.valid_until, {"assignment": row})


# --- Records ---------------------------------------------------------------------------------------


def record_reminders(on: date) -> Iterator[ReminderLine]:
    """Yields reminders about training records.

    A report (派遣・指名) is reminded of 3 days before its due date, and once when it is late. 「使いましたか」 is asked
    90 days after the training.
    """
    reflect, ask_after = TrainingRecord.REFLECT_WITHIN, TrainingRecord.ASK_USED_AFTER
    unwritten = TrainingRecord.objects.reflection_due().filter(ends_on__gte=on - reflect - REPORT_GRACE)
    unused = TrainingRecord.objects.filter(status__in=TrainingRecord.ATTENDED, used="")
    unused = unused.filter(ends_on__range=(on - ask_after - REPORT_GRACE, on - ask_after))
    candidates: list[tuple[TrainingRecord, str, date, str]] = []
    for row in _in_service(unwritten.filter(ends_on__lte=on - reflect + timedelta(days=3)), on):
        due = row.ends_on + reflect
        late = due < on
        text = f"研修「{row.title}」の報告を、{weekday_date(due)}までに書いてください。"
        late_text = f"研修「{row.title}」の報告の期限（{weekday_date(due)}）を過ぎました。短くてもかまいません。"
        candidates.append((row, Kind.REPORT_LATE if late else Kind.REPORT, due, late_text if late else text))
    for row in _in_service(unused, on):
        text = (
            f"研修「{row.title}」から90日がたちました。仕事で使いましたか。使えなかったわけも、次の研修の役に立ちます。"
        )
        candidates.append((row, Kind.USED, row.ends_on + ask_after, text))
    sent_reminders = Reminder.objects.filter(record__in=[row.pk for row, *_ in candidates])
    sent = set(sent_reminders.values_list("record_id", "kind"))
    for row, kind, about, text in candidates:
        if (row.pk, kind) not in sent:
            yield ReminderLine(row.person, text, f"/my/#record-{row.pk}-{kind}", kind, about, {"record": row})


def _in_service(records: TrainingRecordQuerySet, on: date) -> list[TrainingRecord]:
    away = set(on_leave(on).values_list("person_id", flat=True))
    rows = records.select_related("person", "course").order_by("ends_on", "pk")
    return [row for row in rows if not row.person.has_left(on) and row.person_id not in away]


# --- The week --------------------------------------------------------------------------------------


def weekly_reminders(on: date) -> Iterator[ReminderLine]:
    """Yields the weekly figures for each head whose staff has open assignments. They are due from the first working day
    of the week.

    The figures count the same rows as the team page (a test checks that both are equal). They contain only numbers, and
    only the numbers of the head's own units.
    """
    monday = on - timedelta(days=on.weekday())
    heads = held_on(on).filter(post__is_head=True, person__user__is_active=True)
    already_reminded = Reminder.objects.filter(kind=Kind.WEEK, about=monday, head__isnull=False).values("head_id")
    away = on_leave(on).values("person_id")
    people = list(
        Person.objects.filter(pk__in=heads.values("person_id")).exclude(pk__in=already_reminded).exclude(pk__in=away)
    )
    for person, counts in _standings(people, on).items():
        if counts.total():
            words = "、".join(f"{STANDINGS[name]}{counts[name]}件" for name in SHOWN)
            yield ReminderLine(person, f"今週の所属の学び：{words}。", "/team/", Kind.WEEK, monday, {"head": person})


def _standings(heads: list[Person], on: date) -> dict[Person, Counter[str]]:
    """For each head, counts the open assignments of the head's staff by standing.

    This function selects the same rows as ``permissions.managed``. The number of queries is fixed.
    """
    if not heads:
        return {}
    open_rows = Assignment.objects.open().filter(Q(shared=True) | ~Q(source=Source.SELF))
    counted = open_rows.values("person_id").annotate(
        **{name: Count("pk", filter=standing_q(name, on)) for name in SHOWN}
    )
    by_person = {row["person_id"]: Counter({name: row[name] for name in SHOWN}) for row in counted.order_by()}  # type: ignore[literal-required]  # SHOWN is constant
    in_unit: dict[int, set[int]] = {}
    for unit_id, person_id in held_on(on).values_list("post__unit_id", "person_id"):
        if person_id in by_person:
            in_unit.setdefault(unit_id, set()).add(person_id)
    readers = readers_of(heads, on)
    standings = {}
    for head in heads:
        staff = {pk for unit in readers[head.pk].managed_unit_ids for pk in in_unit.get(unit, ())} - {head.pk}
        standings[head] = sum((by_person[pk] for pk in staff), Counter())
    return standings
