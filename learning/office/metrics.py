"""Metric definitions of the training office: each is one queryset, used for the number and for the rows behind it.

M13 (学習パス完了) and M14 (研修の活用) are defined in docs/rules.md. Unshared self-started assignments are not counted.
There is no metric by person and no ranking of people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery

from learning.models import OPEN, RUNNING, Assignment, AssignmentState, Source, TrainingRecord
from organization import clock
from organization.appointments import held_on
from organization.fiscal import fiscal_year, fiscal_year_start
from organization.models import Appointment

SOON = timedelta(days=30)
MONTHS = 12
ASKED_AFTER = TrainingRecord.ASK_USED_AFTER
USED = (TrainingRecord.Used.USED, TrainingRecord.Used.PARTLY)


@dataclass(frozen=True)
class Span:
    """The days that a metric of a period counts, both inclusive, as of `today`."""

    first: date
    last: date
    today: date


def year_to_date(today: date) -> Span:
    return Span(fiscal_year_start(fiscal_year(today)), today, today)


def month_span(month: date, today: date) -> Span:
    """The calendar month that begins on `month`."""
    return Span(month, next_month(month) - timedelta(days=1), today)


def next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def last_months(today: date) -> list[date]:
    """First days of the twelve months that end with this one, oldest first."""
    number = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - MONTHS + 1, number + 1)]


# --- What may be counted ---------------------------------------------------------------------


def assignments() -> QuerySet[Assignment]:
    """Assignments that count in statistics: all except unshared self-started ones, as `permissions.overseen`."""
    return Assignment.objects.filter(Q(shared=True) | ~Q(source=Source.SELF))


def records() -> QuerySet[TrainingRecord]:
    """Records that count in statistics: all except unshared own entries."""
    return TrainingRecord.objects.filter(Q(shared=True) | ~Q(origin=TrainingRecord.Origin.SELF))


def with_unit(rows: QuerySet[Any], on: date) -> QuerySet[Any]:
    """Annotate each row with `unit`: the unit of the person's main post on that day, or None."""
    main = held_on(on).filter(kind=Appointment.Kind.MAIN, person=OuterRef("person_id")).order_by("starts_on", "pk")
    return rows.annotate(unit=Subquery(main.values("post__unit_id")[:1], output_field=IntegerField()))


# --- M13 -------------------------------------------------------------------------------------


def due_q(span: Span) -> Q:
    """期限が来た: the due date is in the span and has passed. Waived, cancelled and suspended ones do not count."""
    return _due_in(span) & Q(state__in=(*RUNNING, AssignmentState.COMPLETED))


def done_by_due_q(span: Span) -> Q:
    return _due_in(span) & Q(state=AssignmentState.COMPLETED, completed_on__lte=F("due_on"))


def waived_q(span: Span) -> Q:
    return _due_in(span) & Q(state=AssignmentState.WAIVED)


def _due_in(span: Span) -> Q:
    return Q(due_on__gte=span.first, due_on__lte=min(span.last, span.today - timedelta(days=1)))


# --- M14 -------------------------------------------------------------------------------------


def asked_q(span: Span) -> Q:
    """「使いましたか」 was asked in the span: 90 days after the end of an attended training."""
    last = min(span.last, span.today)
    return Q(status__in=TrainingRecord.ATTENDED, ends_on__gte=span.first - ASKED_AFTER, ends_on__lte=last - ASKED_AFTER)


def used_q(span: Span) -> Q:
    return asked_q(span) & Q(used__in=USED)


def answered_q(span: Span) -> Q:
    return asked_q(span) & ~Q(used="")


# --- Today -----------------------------------------------------------------------------------


def open_q(today: date) -> Q:
    return Q(state__in=OPEN, start_on__lte=today)


def running_q(today: date) -> Q:
    return Q(state__in=RUNNING, start_on__lte=today)


def soon_q(today: date) -> Q:
    return running_q(today) & Q(due_on__gte=today, due_on__lte=today + SOON)


def overdue_q(today: date) -> Q:
    return Q(state__in=RUNNING, due_on__lt=today)


def suspended_q(today: date) -> Q:
    return Q(state=AssignmentState.SUSPENDED, start_on__lte=today)


def reflection_overdue_q(today: date) -> Q:
    """派遣・指名 without a report whose report was due before today (14 days after the end)."""
    waiting = Q(report__isnull=True, status__in=TrainingRecord.ATTENDED) & TrainingRecord.asks_reflection_q()
    return waiting & Q(ends_on__lt=today - TrainingRecord.REFLECT_WITHIN)


def unanswered_q(today: date) -> Q:
    """「使いましたか」 has been asked and nothing was answered."""
    return Q(status__in=TrainingRecord.ATTENDED, ends_on__lte=today - ASKED_AFTER, used="")


# --- The register ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    label: str
    counts: Callable[[], QuerySet[Any]]
    q: Callable[[Any], Q]
    #: Whether `q` takes a Span (this fiscal year, or a month) instead of today.
    spanned: bool = False

    @property
    def of_records(self) -> bool:
        return self.counts is records


MEASURES: dict[str, Measure] = {
    "open": Measure("学んでいる割当", assignments, open_q),
    "soon": Measure("30日以内に期限が来る割当", assignments, soon_q),
    "overdue": Measure("期限を過ぎた割当", assignments, overdue_q),
    "suspended": Measure("休止中の割当", assignments, suspended_q),
    "due": Measure("期限が来た割当", assignments, due_q, spanned=True),
    "done": Measure("期限までに完了した割当", assignments, done_by_due_q, spanned=True),
    "waived": Measure("免除した割当", assignments, waived_q, spanned=True),
    "asked": Measure("「使いましたか」を尋ねた受講", records, asked_q, spanned=True),
    "used": Measure("「使った」「一部使った」受講", records, used_q, spanned=True),
    "answered": Measure("「使いましたか」に答えた受講", records, answered_q, spanned=True),
    "reflection": Measure("研修報告の期限を過ぎた受講", records, reflection_overdue_q),
    "unanswered": Measure("「使いましたか」に答えのない受講", records, unanswered_q),
}


def rows(name: str, *, today: date | None = None, month: date | None = None) -> QuerySet[Any]:
    """The rows behind a number. A spanned measure counts `month` (its first day), or this fiscal year if it is None."""
    measure, day = MEASURES[name], today or clock.today()
    if not measure.spanned:
        return measure.counts().filter(measure.q(day))
    return measure.counts().filter(measure.q(month_span(month, day) if month else year_to_date(day)))


def in_units(rows: QuerySet[Any], units: frozenset[int] | None, on: date) -> QuerySet[Any]:
    """Rows of people whose main post on that day is in one of `units`; None selects people without a main post."""
    if units is not None:
        return with_unit(rows, on).filter(unit__in=units)
    main = held_on(on).filter(kind=Appointment.Kind.MAIN, person=OuterRef("person_id"))
    return rows.filter(~Exists(main))
