"""The daily job: moves, leavers, leave, reorganisation; a repeated or late run gives the same result."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.access import permissions
from learning.daily import job, leave, personnel_changes
from learning.models import Assignment, AssignmentRule, AssignmentState, Extension, SuccessorProposal, Suspension
from organization import audit, clock
from organization.models import Appointment, AuditEvent, Notice
from tests.factories.learning import give, make_path
from tests.factories.organization import appoint, make_event, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db
TODAY = date(2026, 4, 1)
YESTERDAY = date(2026, 3, 31)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def on_the_first_of_april():
    with clock.moved_to(TODAY):
        yield


@pytest.fixture
def path(head):
    return make_path(head)


def began(**values):
    """An assignment of 1 March that is due 100 days later."""
    return {"assigned_on": date(2026, 3, 1), "start_on": date(2026, 3, 1), "due_on": date(2026, 6, 9), **values}


def move(person, unit, on=TODAY):
    """Move the person from their post to another one on that day. Returns the former post."""
    row = Appointment.objects.get(person=person, ends_on__isnull=True)
    row.ends_on = on - DAY
    row.save()
    appoint(person, make_post(unit), starts=on)
    return row.post


def everything():
    """All rows that the daily job may write."""
    names = (
        "learning.Assignment",
        "learning.AssignmentRule",
        "learning.SuccessorProposal",
        "learning.Suspension",
        "learning.Extension",
        "learning.StepProgress",
        "learning.Message",
        "learning.Reminder",
        "organization.Notice",
        "organization.AuditEvent",
        "organization.AuditHead",
    )
    return {name: list(apps.get_model(name).objects.order_by("pk").values()) for name in names}


# --- Moves -----------------------------------------------------------------------------------------


def test_a_post_bound_assignment_ends_with_the_move_and_the_head_is_asked(unit, head, path):
    person = make_staff(unit)
    given_one = give(path, person, post=person.appointments.get().post, **began())
    post = move(person, make_unit())
    assert personnel_changes.end_post_bound(TODAY) == (1, 1)
    given_one.refresh_from_db()
    assert (given_one.state, given_one.closing_reason) == (AssignmentState.CANCELLED, personnel_changes.MOVED_REASON)
    assert given_one.closed_on == YESTERDAY
    proposal = SuccessorProposal.objects.get()
    assert (proposal.post, proposal.path, proposal.ended) == (post, path, given_one)
    assert head.notices.get().url == personnel_changes.PROPOSALS_URL
    assert "異動" in person.notices.get().text
    assert AuditEvent.objects.filter(action="assignment.cancelled", object_id=str(given_one.pk)).exists()
    assert audit.verify_chain() == []


def test_a_person_bound_assignment_goes_on(unit, path):
    person = make_staff(unit)
    remaining = give(path, person, **began())
    move(person, make_unit())
    assert personnel_changes.end_post_bound(TODAY) == (0, 0)
    remaining.refresh_from_db()
    assert remaining.is_open


def test_the_new_manager_does_not_see_what_ended_with_the_old_post(unit, path):
    other = make_unit()
    new_head, person = make_staff(other, head=True), make_staff(unit)
    give(path, person, post=person.appointments.get().post, **began())
    move(person, other)
    personnel_changes.end_post_bound(TODAY)
    assert not permissions.managed(new_head.user).exists()


def test_a_move_that_is_not_announced_ends_nothing(unit, path):
    person = make_staff(unit)
    post = person.appointments.get().post
    give(path, person, post=post, **began())
    appoint(person, make_post(make_unit()), starts=TODAY, kind="concurrent", announced_on=TODAY + DAY)
    assert personnel_changes.end_post_bound(TODAY) == (0, 0)


def test_an_assignment_that_has_not_begun_waits_for_its_post(unit, path):
    person, post = make_staff(unit), make_post(unit)
    appoint(person, post, starts=TODAY + DAY, kind="concurrent", announced_on=YESTERDAY)
    give(path, person, post=post, assigned_on=YESTERDAY, start_on=TODAY + DAY)
    assert personnel_changes.end_post_bound(TODAY) == (0, 0)


def test_who_is_on_leave_keeps_the_post(unit, path):
    person = make_staff(unit)
    row = person.appointments.get()
    row.ends_on = YESTERDAY
    row.save()
    appoint(person, row.post, kind="childcare", starts=TODAY)
    give(path, person, post=row.post, **began())
    assert personnel_changes.end_post_bound(TODAY) == (0, 0)


def test_the_head_above_is_asked_about_a_heads_post(path):
    department = make_unit(kind="department")
    above, below = make_staff(department, head=True), make_unit(parent=department)
    person = make_staff(below, head=True)
    give(path, person, post=person.appointments.get().post, **began())
    post = move(person, make_unit())
    new = make_person()
    appoint(new, post, starts=TODAY)
    personnel_changes.end_post_bound(TODAY)
    assert above.notices.filter(url=personnel_changes.PROPOSALS_URL).exists()
    assert not new.notices.exists()


def test_the_head_is_told_once_of_many(unit, head, path):
    for _ in range(3):
        person = make_staff(unit)
        give(path, person, post=person.appointments.get().post, **began())
        move(person, make_unit())
    personnel_changes.end_post_bound(TODAY)
    assert head.notices.count() == 1
    assert SuccessorProposal.objects.count() == 3


# --- Leavers and reorganisation ----------------------------------------------------------------------


def test_leavers_are_closed_with_their_last_day(unit, path):
    person = make_staff(unit, left_on=YESTERDAY)
    row = give(path, person, **began())
    assert personnel_changes.close_leavers(TODAY) == 1
    row.refresh_from_db()
    assert (row.state, row.closed_on, row.closing_reason) == (
        AssignmentState.CANCELLED,
        YESTERDAY,
        personnel_changes.LEFT_REASON,
    )


def test_the_last_day_of_work_closes_nothing(unit, path):
    give(path, make_staff(unit, left_on=TODAY), **began())
    assert personnel_changes.close_leavers(TODAY) == 0


def test_a_rule_follows_its_unit_into_the_main_successor(path):
    old, new = make_unit("old", until=YESTERDAY), make_unit("new", since=TODAY)
    make_event("merge", [old], [new], TODAY, new)
    rule = AssignmentRule.objects.create(path=path, unit=old, newcomers=True, reason="r", starts_on=YESTERDAY)
    person = make_person(joined_on=TODAY)
    appoint(person, make_post(new), starts=TODAY)
    job.run_daily_job()
    rule.refresh_from_db()
    assert rule.unit == new
    assert AuditEvent.objects.filter(action="rule.moved").count() == 1
    assert Assignment.objects.get().person == person


# --- Leave -----------------------------------------------------------------------------------------


def on_leave(person, starts, ends=None, kind="childcare", **other):
    return appoint(person, make_post(make_unit()), kind=kind, starts=starts, ends=ends, **other)


def test_leave_suspends_and_the_return_resumes_with_a_later_due_date(unit, path):
    person = make_staff(unit)
    row = give(path, person, state="in_progress", **began())
    on_leave(person, TODAY, date(2026, 4, 30))
    assert leave.apply_leave(TODAY) == leave.LeaveCounts(suspended=1)
    row.refresh_from_db()
    assert (row.state, row.due_on) == (AssignmentState.SUSPENDED, date(2026, 6, 9))
    back = date(2026, 5, 1)
    with clock.moved_to(back):
        assert leave.apply_leave(back) == leave.LeaveCounts(resumed=1, shifted=1)
    row.refresh_from_db()
    assert (row.state, row.due_on) == (AssignmentState.ASSIGNED, date(2026, 6, 9) + 30 * DAY)
    assert Suspension.objects.get().shifted_days == 30
    assert "30日" in Extension.objects.get().reason


def test_leave_that_is_not_announced_suspends_nothing(unit, path):
    person = make_staff(unit)
    give(path, person, **began())
    on_leave(person, TODAY, announced_on=TODAY + DAY)
    assert leave.apply_leave(TODAY) == leave.LeaveCounts()


def test_what_is_suspended_without_a_leave_is_left(unit, path):
    give(path, make_staff(unit), state="suspended", **began())
    assert leave.apply_leave(TODAY) == leave.LeaveCounts()


def test_a_due_date_set_after_the_return_stands(unit, path):
    person = make_staff(unit)
    row = give(path, person, **began(due_on=date(2026, 3, 10)))
    on_leave(person, date(2026, 3, 15), YESTERDAY)
    leave.apply_leave(TODAY)
    row.refresh_from_db()
    assert row.due_on == date(2026, 3, 10)  # it was late before the leave began
    Extension.objects.create(assignment=row, old_due=row.due_on, new_due=date(2026, 5, 1), reason="r")
    Assignment.objects.update(due_on=date(2026, 5, 1))
    leave.apply_leave(TODAY)
    row.refresh_from_db()
    assert row.due_on == date(2026, 5, 1)


def test_a_leave_of_before_the_assignment_moves_nothing(unit, path):
    person = make_staff(unit)
    on_leave(person, date(2026, 2, 1), date(2026, 2, 27))
    row = give(path, person, **began())
    leave.apply_leave(TODAY)
    row.refresh_from_db()
    assert row.due_on == date(2026, 6, 9)


BEGAN = date(2026, 3, 1)
spans = st.lists(st.tuples(st.integers(-20, 80), st.integers(0, 40)), max_size=4)


def days_of_leave(due, leaves):
    """The definition in plain Python: until the due date, each day of leave adds one day."""
    away = {day for first, last in leaves for n in range((last - first).days + 1) if (day := first + n * DAY) >= BEGAN}
    shift = 0
    for day in sorted(away):
        shift += day <= due + shift * DAY
    return shift


@settings(max_examples=40)
@given(spans=spans, due=st.integers(0, 90), nights=st.sets(st.integers(0, 130), max_size=6))
def test_the_shift_is_the_days_of_leave_however_often_and_late_it_runs(spans, due, nights):
    """Overlapping leaves count once; runs on some nights, or only on the last one, give the same."""
    from django.db import transaction

    leaves = [(BEGAN + first * DAY, BEGAN + (first + length) * DAY) for first, length in spans]
    leaves = [(first, last) for first, last in leaves if last >= BEGAN]
    due_on, end = BEGAN + due * DAY, BEGAN + 130 * DAY
    with transaction.atomic():
        unit = make_unit()
        path = make_path(make_staff(unit, head=True))
        person = make_staff(unit)
        row = give(path, person, assigned_on=BEGAN, start_on=BEGAN, due_on=due_on)
        for first, last in leaves:
            on_leave(person, first, last)
        for night in sorted({BEGAN + n * DAY for n in nights} | {end}):
            with clock.moved_to(night):
                leave.apply_leave(night)
        row.refresh_from_db()
        assert (row.due_on - due_on).days == days_of_leave(due_on, leaves)
        assert row.state == AssignmentState.ASSIGNED
        transaction.set_rollback(True)


# --- The whole run -----------------------------------------------------------------------------------


@pytest.fixture
def year(unit, head, path):
    """One person of each kind (moved, left, on leave, back from leave, new), and a merged unit."""
    moved, left, away, back = (make_staff(unit) for _ in range(4))
    for person in (moved, left):
        give(path, person, post=person.appointments.get().post, **began())
    for person in (away, back):
        give(path, person, **began())
    move(moved, make_unit())
    left.left_on = YESTERDAY
    left.save()
    on_leave(away, date(2026, 3, 20))
    on_leave(back, date(2026, 3, 10), YESTERDAY)
    old = make_unit("old", until=YESTERDAY)
    make_event("merge", [old], [unit], TODAY, unit)
    AssignmentRule.objects.create(path=path, unit=old, newcomers=True, reason="r", starts_on=BEGAN, bound_to_post=True)
    for _ in range(3):
        person = make_person(joined_on=TODAY)
        appoint(person, make_post(unit), starts=TODAY)


def test_twice_is_once(year):
    job.run_daily_job()
    first = everything()
    job.run_daily_job()
    assert everything() == first


def states():
    columns = ("person_id", "state", "due_on", "closed_on", "closing_reason")
    return set(Assignment.objects.exclude(source="rule").values_list(*columns))


def test_a_day_late_is_the_same_as_in_time(year):
    from django.db import transaction

    expected = []
    for days in ([0], [1], [0, 1]):
        with transaction.atomic():
            for n in days:
                with clock.moved_to(TODAY + n * DAY):
                    job.run_daily_job()
            expected.append(
                (states(), SuccessorProposal.objects.count(), Assignment.objects.filter(source="rule").count())
            )
            transaction.set_rollback(True)
    assert expected[0] == expected[1] == expected[2]
    assert expected[0][1:] == (2, 3)


def test_a_dry_run_writes_nothing_and_says_what_would_be(year):
    before, out = everything(), StringIO()
    call_command("run_due", "--dry-run", stdout=out)
    assert everything() == before
    assert "終えた割当 2件、後任への提案 2件" in out.getvalue()
    assert "割り当て 3件" in out.getvalue()
    assert "何も書いていません" in out.getvalue()


def test_a_day_to_come_may_only_be_tried(year):
    with clock.moved_to(YESTERDAY):
        with pytest.raises(CommandError, match="--dry-run"):
            call_command("run_due", "--on", "2026-04-01", stdout=StringIO())
        out = StringIO()
        call_command("run_due", "--on", "2026-04-01", "--dry-run", stdout=out)
    assert "令和8年4月1日" in out.getvalue()
    assert "割り当て 3件" in out.getvalue()


def test_a_past_day_is_run_as_that_day(year):
    with clock.moved_to(TODAY + DAY):
        call_command("run_due", "--on", "2026-04-01", stdout=StringIO())
    assert set(Assignment.objects.filter(source="rule").values_list("start_on", flat=True)) == {TODAY}


def test_two_runs_do_not_meet(year):
    with job._single_run():
        out = StringIO()
        call_command("run_due", stdout=out)
    assert "今回は何もしません" in out.getvalue()
    assert not SuccessorProposal.objects.exists()


def test_two_hundred_moves_take_no_more_queries_than_twenty(unit, path, django_assert_max_num_queries):
    other = make_unit()
    for _ in range(200):
        person = make_staff(unit)
        give(path, person, post=person.appointments.get().post, **began())
        move(person, other)
    with django_assert_max_num_queries(40):
        assert personnel_changes.end_post_bound(TODAY) == (200, 200)
    assert Notice.objects.count() == 201
