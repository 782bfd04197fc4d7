"""Every number of the office page is counted again from the rows in plain Python, for random organisations."""

import random
from datetime import date, timedelta

import pytest

from learning.models import Assignment, TrainingRecord
from learning.office import dashboard, metrics
from learning.suppression import MIN_PEOPLE
from organization import clock
from organization.models import Appointment
from organization.units.tree import unit_tree
from tests.factories.organization import make_staff, make_unit
from tests.learning.office_world import TODAY, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[1, 2, 3])
def world(request):
    with clock.moved_to(TODAY):
        make_world(random.Random(request.param), make_staff(make_unit("jinji"), duties=("training",)))
        yield dashboard.compute_figures(TODAY)


def counted():
    return [row for row in Assignment.objects.select_related("person") if row.shared or row.source != "self"]


def taken():
    return [row for row in TrainingRecord.objects.select_related("course") if row.shared or row.origin != "self"]


def department_of(person):
    """The department by the rows of the directory: the unit above the first main post of today."""
    if person.left_on and person.left_on < TODAY:
        return None
    held = [
        row
        for row in Appointment.objects.filter(person=person, kind="main").select_related("post")
        if row.starts_on <= TODAY and row.announced_on <= TODAY and (row.ends_on is None or row.ends_on >= TODAY)
    ]
    if not held:
        return None
    return unit_tree(TODAY).department(min(held, key=lambda row: (row.starts_on, row.pk)).post.unit_id)


def is_open(row):
    return row.state in ("assigned", "in_progress", "suspended") and row.start_on <= TODAY


def runs(row):
    return is_open(row) and row.state != "suspended"


def test_the_table_of_departments_is_what_the_rows_say(world):
    expected = {}
    for row in filter(is_open, counted()):
        expected.setdefault(department_of(row.person) or dashboard.NOWHERE, []).append(row)
    assert {department.unit_id for department in world.departments} == set(expected)
    for department in world.departments:
        mine = expected[department.unit_id]
        assert department.people == len({row.person_id for row in mine})
        assert department.numbers == (
            len(mine),
            sum(runs(row) and 0 <= (row.due_on - TODAY).days <= 30 for row in mine),
            sum(runs(row) and row.due_on < TODAY for row in mine),
            sum(row.state == "suspended" for row in mine),
        )
        assert department.hidden or department.people >= MIN_PEOPLE
    together = [sum(column) for column in zip(*(department.numbers for department in world.departments), strict=True)]
    assert list(world.total.numbers) == together


def due_in(row, first, last):
    return first <= row.due_on <= last and row.due_on < TODAY


def completion_by_hand(first, last):
    rows = [row for row in counted() if due_in(row, first, last)]
    due = [row for row in rows if row.state in ("assigned", "in_progress", "completed")]
    done = [row for row in due if row.state == "completed" and row.completed_on <= row.due_on]
    return len(due), len(done), sum(row.state == "waived" for row in rows)


def use_by_hand(first, last):
    records_asked = [
        row
        for row in taken()
        if row.status in ("attended", "completed", "passed")
        and first <= row.ends_on + timedelta(days=90) <= min(last, TODAY)
    ]
    used = [row for row in records_asked if row.used in ("used", "partly")]
    return len(records_asked), len(used), sum(row.used != "" for row in records_asked)


def months():
    """The last twelve months with their last days."""
    month_spans = []
    for back in range(11, -1, -1):
        year, month = divmod(TODAY.year * 12 + TODAY.month - 1 - back, 12)
        after = date(year + (month == 11), (month + 1) % 12 + 1, 1)
        month_spans.append((date(year, month + 1, 1), after - timedelta(days=1)))
    return month_spans


@pytest.mark.parametrize(("name", "by_hand"), [("completion", completion_by_hand), ("use", use_by_hand)])
def test_measures_by_month_and_year_are_what_the_rows_say(world, name, by_hand):
    line = getattr(world, name)
    assert list(line.months) == [first for first, _ in months()]
    for first, last in months():
        share = line.months[first]
        assert (share.whole, share.part, share.beside) == by_hand(first, last)
        assert share.people_few or not 0 < share.whole < MIN_PEOPLE
    assert (line.year.whole, line.year.part, line.year.beside) == by_hand(date(2026, 4, 1), TODAY)


def test_a_waived_assignment_is_neither_due_nor_done(world):
    rows = [row for row in counted() if row.state == "waived"]
    for name in ("due", "done"):
        assert not metrics.rows(name, today=TODAY).filter(pk__in=[row.pk for row in rows]).exists()


def test_what_waits_is_what_the_rows_say(world):
    written = [row for row in taken() if row.status in ("attended", "completed", "passed")]
    sent = [row for row in written if row.obligation == "named" or (row.course and row.course.type == "dispatch")]
    late = [row for row in sent if row.report_id is None and row.ends_on + timedelta(days=14) < TODAY]
    assert world.reflections == len(late) == metrics.rows("reflection", today=TODAY).count()
    silent = [row for row in written if row.used == "" and row.ends_on + timedelta(days=90) <= TODAY]
    assert world.unanswered == len(silent) == metrics.rows("unanswered", today=TODAY).count()


@pytest.mark.parametrize("name", [name for name, measure in metrics.MEASURES.items() if measure.spanned])
def test_the_rows_of_a_month_are_what_its_number_counts(world, name):
    place = {"due": 0, "done": 1, "waived": 2, "asked": 0, "used": 1, "answered": 2}[name]
    line = world.use if metrics.MEASURES[name].of_records else world.completion
    for month, share in line.months.items():
        rows = metrics.rows(name, today=TODAY, month=month).count()
        assert rows == (share.whole, share.part, share.beside)[place]


def test_departments_divide_the_rows_of_a_measure(world):
    tree = unit_tree(TODAY)
    for n, name in enumerate(dashboard.COLUMNS):
        for department in world.departments:
            units = tree.department_members(department.unit_id) if department.unit_id != dashboard.NOWHERE else None
            results = metrics.in_units(metrics.rows(name, today=TODAY), units, TODAY)
            assert results.count() == department.numbers[n]
