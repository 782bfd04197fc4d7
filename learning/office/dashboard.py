"""The figures of the training office's dashboard, computed in a few queries and cached (``learning.cache``).

The figures of a department, month or year with fewer than five people are hidden (I15).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from learning.cache import figure_cache
from learning.models import OPEN
from learning.office import metrics
from learning.office.metrics import Span
from learning.rules import matching
from learning.suppression import MIN_PEOPLE, groups_to_hide
from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_start
from organization.units.tree import UnitTree, unit_tree

#: The department of people without a main post today.
NOWHERE = 0
COLUMNS = ("open", "soon", "overdue", "suspended")


@dataclass(frozen=True)
class Department:
    unit_id: int
    people: int
    #: In the order of COLUMNS.
    numbers: tuple[int, ...]
    hidden: bool = False


@dataclass(frozen=True)
class Share:
    """A part of a whole, and a separate count: M13 (done ÷ due; waived), M14 (used ÷ asked; answered)."""

    whole: int = 0
    part: int = 0
    beside: int = 0
    people_few: bool = False

    @property
    def percent(self) -> float | None:
        return self._of_whole(self.part)

    @property
    def beside_percent(self) -> float | None:
        """The answer rate of M14."""
        return self._of_whole(self.beside)

    def _of_whole(self, number: int) -> float | None:
        return number * 100 / self.whole if self.whole and not self.people_few else None


@dataclass(frozen=True)
class Series:
    """The shares of a metric by month, and the share of this fiscal year to date."""

    months: Mapping[date, Share]
    year: Share


@dataclass(frozen=True)
class Figures:
    departments: tuple[Department, ...]
    total: Department
    completion: Series
    use: Series
    reflections: int
    unanswered: int
    matched: Mapping[int, int]


def figures() -> Figures:
    """The current figures, cached for at most a minute while nothing changes."""
    return figure_cache.cached("office", lambda: compute_figures(clock.today()))


def compute_figures(today: date) -> Figures:
    departments, total = department_table(today)
    waiting_counts = metrics.records().aggregate(
        reflections=Count("pk", filter=metrics.reflection_overdue_q(today)),
        unanswered=Count("pk", filter=metrics.unanswered_q(today)),
    )
    return Figures(departments, total, completion(today), use(today), **waiting_counts, matched=matched(today))


# --- By department ---------------------------------------------------------------------------


def department_of(tree: UnitTree, unit_id: int | None) -> int:
    return tree.department(unit_id) if unit_id is not None else NOWHERE


def department_table(today: date) -> tuple[tuple[Department, ...], Department]:
    """Open assignments by current department, ordered by unit code; and their total."""
    base = metrics.assignments().filter(metrics.open_q(today))
    counts = {name: Count("pk", filter=metrics.MEASURES[name].q(today)) for name in COLUMNS}
    # By person, then department, in one query: people in two units of one department are counted once.
    grouped = metrics.with_unit(base, today).values("unit", "person_id").annotate(**counts).order_by()
    tree, sums_by_department = unit_tree(today), dict[int, list[int]]()
    people: dict[int, set[int]] = {}
    for row in grouped.values_list("unit", "person_id", *COLUMNS):
        department = department_of(tree, row[0])
        sums = sums_by_department.setdefault(department, [0] * len(COLUMNS))
        for n, number in enumerate(row[2:]):
            sums[n] += number
        people.setdefault(department, set()).add(row[1])
    sizes = {department: len(members) for department, members in people.items()}
    hidden = groups_to_hide(sizes)
    departments = tuple(
        Department(department, sizes[department], tuple(sums_by_department[department]), department in hidden.groups)
        for department in sorted(
            sums_by_department, key=lambda unit: (unit == NOWHERE, tree.units[unit].code if unit in tree.units else "")
        )
    )
    sums = [sum(column) for column in zip(*sums_by_department.values(), strict=True)] or [0] * len(COLUMNS)
    return departments, Department(NOWHERE, len(set().union(*people.values())), tuple(sums), hidden.total)


def hidden_departments(today: date) -> frozenset[int]:
    return frozenset(row.unit_id for row in figures().departments if row.hidden)


# --- By month --------------------------------------------------------------------------------


def completion(today: date) -> Series:
    """M13 (学習パス完了) by month: assignments that were due, completed by their due date, and waived."""
    span = _twelve_months(today)
    rows = metrics.assignments().filter(metrics.due_q(span) | metrics.waived_q(span))
    counted = rows.values("due_on").annotate(
        whole=Count("pk", filter=metrics.due_q(span)),
        part=Count("pk", filter=metrics.done_by_due_q(span)),
        beside=Count("pk", filter=metrics.waived_q(span)),
    )
    return _series_by_month(counted.order_by().values_list("due_on", "whole", "part", "beside"), today)


def use(today: date) -> Series:
    """M14 (研修の活用) by month: trainings that were asked about, used, and answered."""
    span = _twelve_months(today)
    counted = metrics.records().filter(metrics.asked_q(span)).values("ends_on")
    counted = counted.annotate(
        whole=Count("pk"),
        part=Count("pk", filter=Q(used__in=metrics.USED)),
        beside=Count("pk", filter=~Q(used="")),
    )
    days = counted.order_by().values_list("ends_on", "whole", "part", "beside")
    return _series_by_month(((day + metrics.ASKED_AFTER, *numbers) for day, *numbers in days), today)


def _twelve_months(today: date) -> Span:
    return Span(metrics.last_months(today)[0], today, today)


def _series_by_month(days: Iterable[tuple[Any, ...]], today: date) -> Series:
    """Sum the days by month. Small months are hidden, and one more if the total of the year would reveal them."""
    sums = {month: [0, 0, 0] for month in metrics.last_months(today)}
    for day, *numbers in days:
        month = sums[day.replace(day=1)]
        for n, number in enumerate(numbers):
            month[n] += number
    begins = fiscal_year_start(fiscal_year(today))
    this_year = {month: numbers for month, numbers in sums.items() if month >= begins}
    # The separate count (waived) is in neither number, but a month with only that is a small group too.
    sizes = {month: whole or beside for month, (whole, _, beside) in sums.items()}
    hidden_this_year = groups_to_hide({month: sizes[month] for month in this_year})
    hidden = hidden_this_year.groups | {
        month for month, size in sizes.items() if month < begins and 0 < size < MIN_PEOPLE
    }
    whole, part, beside = (sum(column) for column in zip(*this_year.values(), strict=True))
    months = {month: Share(a, b, c, month in hidden) for month, (a, b, c) in sums.items()}
    return Series(months, Share(whole, part, beside, hidden_this_year.total))


# --- Rules -----------------------------------------------------------------------------------


def matched(today: date) -> dict[int, int]:
    """By pk of a rule in force: the number of people whom it matches today."""
    return matching.counts(matching.in_force(today), today)


def rules_on(today: date) -> QuerySet[Any]:
    """The rules in force, each annotated with `given`: the number of open assignments that it created."""
    rules = matching.in_force(today).annotate(given=Count("assignments", filter=Q(assignments__state__in=OPEN)))
    return rules.order_by("path__title", "pk")
