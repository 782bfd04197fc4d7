"""`manage.py learning_fill`: the requested number of rows, the same each time, only in a demo, only once."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from demo.many_learners import LOGINS, STEPS
from learning.daily import job
from learning.models import Assignment, StepProgress, TrainingRecord
from organization import clock
from organization.access_policy import reader_for
from organization.appointments import held_on
from organization.models import Appointment, Person, User

pytestmark = pytest.mark.django_db
FEW = ("--people", "90", "--assignments", "300", "--steps", "500", "--records", "120", "-v", "0")


def test_it_makes_as_many_rows_as_asked_for():
    call_command("learning_fill", *FEW)
    assert Person.objects.filter(staff_no__startswith="K").count() == 90
    assert (Assignment.objects.count(), StepProgress.objects.count(), TrainingRecord.objects.count()) == (300, 500, 120)
    assert all(row.steps_done <= STEPS for row in Assignment.objects.all())


def test_those_who_log_in_are_what_they_are_called():
    call_command("learning_fill", *FEW)
    readers = {role: reader_for(User.objects.get(login=login)) for role, login in LOGINS.items()}
    assert len(readers["head_1500"].managed_unit_ids) == 4  # the department and its divisions
    assert len(readers["head_40"].managed_unit_ids) == 1 and not readers["learner"].managed_unit_ids
    assert "training" in readers["office"].roles


def test_movers_leave_go_on_leave_or_have_exactly_one_post():
    call_command("learning_fill", *FEW)
    call_command("learning_fill", "--moves", "50", "--on", "2027-04-01", "-v", "0")
    day = date(2027, 4, 1)
    held = Appointment.objects.on(day).filter(person__staff_no__startswith="K")
    assert held.filter(kind="main").count() == 87 and held.filter(kind="main", starts_on=day).count() == 47
    assert held.filter(kind="childcare").count() == 2
    assert Person.objects.filter(left_on=date(2027, 3, 31)).count() == 3
    assert held_on(date(2027, 3, 31)).filter(person__staff_no__startswith="K").count() == 90


def test_1_april_ends_bound_assignments_closes_leavers_and_runs_rules():
    call_command("learning_fill", *FEW)
    call_command("learning_fill", "--moves", "50", "--on", "2027-04-01", "-v", "0")
    with clock.moved_to(date(2027, 4, 1)):
        done = {part.name: dict(part.counts) for part in job.run_daily_job()}
    assert done["異動"]["終えた割当"] and done["異動"]["後任への提案"]
    assert done["退職"]["終えた割当"] and done["休職・育休"]["休止"]
    assert done["割当規則"]["割り当て"] == 45  # the 47 who moved, but for the two on leave


def test_it_is_for_an_empty_demo_alone(settings):
    call_command("learning_fill", *FEW)
    with pytest.raises(CommandError, match="もう入っています"):
        call_command("learning_fill", *FEW)
    settings.DEMO = False
    with pytest.raises(CommandError, match="デモにだけ"):
        call_command("learning_fill", *FEW)


def test_more_than_can_be_is_refused():
    with pytest.raises(CommandError, match="12倍まで"):
        call_command("learning_fill", "--people", "4", "--assignments", "49", "-v", "0")
