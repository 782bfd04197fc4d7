"""The learning data of the demo: paths, standings, and a recount without differences."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction
from wagtail.models import Collection

from demo.content import build_content
from demo.learning import course_codes, path_tables
from demo.load import load
from demo.management.commands.demo_check import path_problems
from kb.models import Item
from learning.access import permissions
from learning.assignments.assigning import plan
from learning.assignments.plan import Order
from learning.models import (
    Assignment,
    AssignmentRule,
    LearningPath,
    Message,
    Reminder,
    Source,
    StepProgress,
    SuccessorProposal,
    TrainingCourse,
    TrainingRecord,
)
from learning.progress import verification
from organization import audit, clock
from organization.fiscal import fiscal_year, fiscal_year_start
from organization.models import User

SIX = {
    "新任職員の最初の100日",
    "新任所属長",
    "災害応援に行く前に",
    "個人情報を扱う人へ",
    "住民説明会の進め方",
    "データで考える",
}
FIRST = "新任職員の最初の100日"


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The small demo, loaded once for the tests of this module and removed afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        # Wagtail's own migration makes it, and tests run without migrations.
        if not Collection.objects.exists():
            Collection.add_root(name="Root")
        load("small", lambda *_: None)
        yield
        transaction.set_rollback(True)


def user(login):
    return User.objects.get(login=login)


def standings(rows):
    return Counter(row.standing() for row in rows)


# --- Written, not combined ---------------------------------------------------------------------


def test_every_step_says_why_in_its_own_words_and_asks_for_what_is_there():
    items = build_content("small", clock.today(), [])
    assert path_problems(path_tables(), items, course_codes()) == []


def test_the_check_finds_a_why_said_twice_and_an_item_that_is_not_there():
    step = {"type": "read", "title": "読む", "why": "同じわけ", "minutes": 5, "item": "no-such"}
    problems = path_problems([{"key": "x", "group": [{"step": [step, {**step, "title": "また読む"}]}]}], [], set())
    assert any("同じ「なぜ」" in line for line in problems)
    assert any("ないものを指している" in line for line in problems)


# --- Paths, courses and records ----------------------------------------------------------------

slow = pytest.mark.slow


@slow
@pytest.mark.django_db
def test_six_paths_for_all_and_one_copied_for_its_unit(demo):
    wide = LearningPath.objects.filter(stage="active", audience="prefecture")
    assert set(wide.values_list("title", flat=True)) == SIX
    own = LearningPath.objects.get(audience="unit")
    assert own.copied_from.title == "住民説明会の進め方"


@slow
@pytest.mark.django_db
def test_a_second_version_is_in_work_and_one_path_is_renewed_each_year(demo):
    data = LearningPath.objects.get(title="データで考える")
    assert data.working_version().number == 2 and data.current_version().number == 1
    assert LearningPath.objects.get(title="個人情報を扱う人へ").current_version().valid_months == 12


@slow
@pytest.mark.django_db
def test_what_a_path_for_all_reads_can_be_read_by_all(demo):
    for path in LearningPath.objects.filter(audience="prefecture"):
        required = set(path.current_version().steps.filter(item__isnull=False).values_list("item_id", flat=True))
        seen = Item.objects.visible_to(user("shinjin")).filter(pk__in=required).values_list("pk", flat=True)
        assert required == set(seen), path.title


@slow
@pytest.mark.django_db
def test_courses_and_records_of_every_status(demo):
    assert TrainingCourse.objects.standing().count() >= 20
    assert set(TrainingRecord.objects.values_list("status", flat=True)) == set(TrainingRecord.Status.values)
    assert TrainingRecord.objects.filter(expires_on__lt=clock.today()).exists()
    own = TrainingRecord.objects.filter(person__in=permissions.staff(user("shochou")))
    assert any(row.reflection_due_on and row.reflection_due_on >= clock.today() for row in own)
    assert any(row.asks_used() for row in TrainingRecord.objects.filter(person=user("shippitsu").person))
    assert not TrainingRecord.objects.filter(free_title="", course=None).exists()


# --- Who stands where --------------------------------------------------------------------------


@slow
@pytest.mark.django_db
def test_twenty_people_who_came_this_year_wait_for_the_first_task_of_the_head(demo):
    head = user("shochou")
    began = fiscal_year_start(fiscal_year(clock.today()))
    rows = permissions.own_appointments(head).filter(starts_on__gte=began, kind="main").select_related("person")
    people = [row.person for row in rows]
    path = LearningPath.objects.get(title=FIRST)
    assert len(people) >= 20
    drawn = plan(order=Order(path=path, start_on=clock.today(), reason="最初の百日に。"), people=people)
    assert len(drawn.lines) == len(people)
    assert drawn.left_out == () == drawn.unreadable


@slow
@pytest.mark.django_db
def test_the_head_sees_a_person_in_every_standing(demo):
    by_name = standings(permissions.managed(user("shochou")))
    assert set(by_name) == {
        "late",
        "on_time",
        "not_begun",
        "suspended",
        "done",
        "expired",
        "waived",
        "cancelled",
    }


@slow
@pytest.mark.django_db
def test_steps_wait_for_the_head_and_one_was_returned(demo):
    mine = StepProgress.objects.filter(assignment__in=permissions.managed(user("shochou")))
    assert mine.filter(state="submitted").count() >= 2
    assert mine.filter(state="returned").exclude(comment="").count() == 1


@slow
@pytest.mark.django_db
def test_a_completion_may_be_renewed(demo):
    today = clock.today()
    rows = Assignment.objects.holding().filter(valid_until__isnull=False).select_related("version")
    assert any(row.renewal_opens_on() <= today for row in rows)


@slow
@pytest.mark.django_db
@pytest.mark.parametrize("login", ["shinjin", "shippitsu"])
def test_each_of_two_has_begun_one_path_shared_and_one_not(demo, login):
    begun = Assignment.objects.filter(person=user(login).person, source=Source.SELF)
    assert sorted(begun.values_list("shared", flat=True)) == [False, True]


@slow
@pytest.mark.django_db
def test_the_newcomer_has_a_step_to_do(demo):
    assignment = Assignment.objects.get(person=user("shinjin").person, path__title=FIRST)
    assert assignment.is_running and assignment.steps_done >= 3 and assignment.days_left() > 0


@slow
@pytest.mark.django_db
def test_rules_a_proposal_and_what_was_sent(demo):
    assert {rule.path.title: rule.bound_to_post for rule in AssignmentRule.objects.all()} == {
        FIRST: False,
        "新任所属長": True,
    }
    proposal = SuccessorProposal.objects.get(state="open")
    assert proposal.post.unit_id in permissions.reader_for(user("shochou")).managed_unit_ids
    late = Reminder.objects.filter(kind="manager").get().assignment
    assert late.standing() == "late" and late.reminders.count() >= 3
    assert Message.objects.filter(person=late.person, sent_at__isnull=False).count() >= 3


@slow
@pytest.mark.django_db
def test_the_rule_for_newcomers_begins_next_april_so_that_the_first_task_stays(demo):
    rule = AssignmentRule.objects.get(newcomers=True)
    assert rule.starts_on > clock.today()


@slow
@pytest.mark.django_db
def test_the_training_office_has_a_persona(demo):
    assert permissions.is_office(user("kenshu"))
    assert standings(permissions.overseen(user("kenshu")))["done"] > 20


# --- Counted again -----------------------------------------------------------------------------


@slow
@pytest.mark.django_db
def test_counting_again_finds_no_difference(demo):
    out = StringIO()
    call_command("learning_recount", stdout=out)
    assert "違いはありません" in out.getvalue()
    done = Assignment.objects.filter(state="completed")
    assert done.count() > 20
    assert list(verification.differences(done)) == []


@slow
@pytest.mark.django_db
def test_nothing_was_done_before_it_was_given_or_after_today(demo):
    for row in StepProgress.objects.filter(done_on__isnull=False, record=None).select_related("assignment"):
        assert row.assignment.assigned_on <= row.done_on <= clock.today()
    assert not Assignment.objects.filter(due_on__gt=clock.today() + timedelta(days=400)).exists()


@slow
@pytest.mark.django_db
def test_the_chain_of_audit_events_is_whole(demo):
    assert audit.verify_chain() == []
