"""A self-started assignment becomes an assigned one, and is not disclosed to others before (decision 0029)."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from hypothesis import given as over
from hypothesis import strategies as st

from learning.access import permissions
from learning.assignments import adjustments, assigning
from learning.assignments.assigning import assign, enrol, plan
from learning.assignments.plan import Order
from learning.models import Assignment, AssignmentRule, AssignmentState, Message, Reminder, Source
from learning.progress import recording, verification
from learning.rules import matching
from learning.team import member_page
from organization import clock
from organization.models import AuditEvent
from tests.errors import refused_with
from tests.factories.kb import make_retrospective
from tests.factories.learning import give, make_course, make_path, make_record, step, take, write
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db
REASON = "窓口に出る前に、全員が学びます。"
AGO = timedelta(days=20)


@pytest.fixture
def path(head):
    return make_path(head, steps=[step(title="一つ目"), step(title="二つ目"), write("kpt")])


@pytest.fixture
def begun(path, me):
    """A self-started assignment that began 20 days ago, with the first step done on that day."""
    with clock.moved_to(clock.today() - AGO):
        assignment = enrol(path=path, by=me.user)
        first = assignment.version.steps.order_by("order").first()
        recording.complete_step(assignment=assignment, step_uid=first.uid, by=me, evidence="窓口に立った。")
    assignment.refresh_from_db()
    return assignment


@contextmanager
def rolled_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def order(path, **values):
    return Order(path=path, start_on=clock.today(), reason=REASON, **values)


def taken_over(path, people, by, **values):
    assignments = assign(plan=plan(order=order(path, **values), people=people), by=by.user)
    for row in assignments:
        row.refresh_from_db()
    return assignments


def test_the_open_row_goes_on_as_an_assigned_one_with_what_was_done(path, head, me, begun):
    (row,) = taken_over(path, [me], head, bound_to_post=True)
    assert row.pk == begun.pk
    assert Assignment.objects.count() == 1
    assert (row.source, row.assigned_by, row.reason) == (Source.MANAGER, head, REASON)
    assert row.due_on == clock.today() + timedelta(days=90)
    assert row.post == me.appointments.get().post
    assert (row.state, row.steps_done) == (AssignmentState.IN_PROGRESS, 1)
    assert row in permissions.managed(head.user)


def test_its_person_is_told_and_a_trace_is_left(path, head, me, begun):
    taken_over(path, [me], head)
    assert me.notices.get().text.startswith("自分で始めていた学習パス")
    event = AuditEvent.objects.get(action="assignment.taken_over")
    assert event.before["source"] == Source.SELF
    assert event.after["source"] == Source.MANAGER


@pytest.mark.parametrize("state", ["none", "assigned", "in_progress", "suspended", "completed", "cancelled"])
def test_the_manager_is_answered_alike_whatever_a_person_learns_in_private(client, path, head, unit, state):
    person = make_staff(unit, name="鈴木 一")
    client.force_login(head.user)
    data = {
        "path": path.public_id,
        "start_on": clock.today().isoformat(),
        "reason": REASON,
        "bound": "person",
        "people": [str(person.uid)],
        "listed": [str(person.uid)],
    }
    answers = {}
    for private in (False, True):
        with rolled_back():
            if private and state != "none":
                closed = {"completed_on": clock.today() - AGO} if state == "completed" else {}
                give(path, person, source="self", reason="", state=state, **closed)
            first = client.post(reverse("assign"), {**data, "preview": "1"})
            last = client.post(reverse("assign"), {**data, "save": "1"}, follow=True)
            answers[private] = [first.status_code, plain(first), last.redirect_chain, "1人に" in plain(last)]
            assert Assignment.objects.open().exclude(source=Source.SELF).filter(person=person).count() == 1
    assert answers[True] == answers[False]


def plain(answer):
    """The page without the token of its forms."""
    token = answer.context["csrf_token"]
    return answer.content.decode().replace(str(token), "")


@over(people=st.lists(st.sampled_from(["none", "assigned", "in_progress", "completed"]), min_size=1, max_size=5))
def test_the_list_does_not_depend_on_private_learning(people):
    """For random units: private rows do not change the plan, and each person has one open row after the save."""
    with rolled_back():
        unit = make_unit()
        head = make_staff(unit, head=True)
        path = make_path(head)
        staff = [make_staff(unit) for _ in people]
        before = plan(order=order(path), people=staff)
        for person, state in zip(staff, people, strict=True):
            if state != "none":
                done = {"completed_on": clock.today()} if state == "completed" else {}
                give(path, person, source="self", reason="", state=state, **done)
        after = plan(order=order(path), people=staff)
        assert (after.lines, after.left_out) == (before.lines, before.left_out)
        assignments = assign(plan=after, by=head.user)
        assert [row.person for row in assignments] == staff
        assert Assignment.objects.open().count() == len(staff)


def test_to_others_it_begins_on_the_day_of_the_assignment(client, path, head, me, begun):
    Reminder.objects.create(
        assignment=begun,
        kind="before_14",
        about=begun.due_on,
        text="もうすぐ期限です。",
        made_at=clock.now() - timedelta(days=9),
    )
    (row,) = taken_over(path, [me], head)
    (shown,) = member_page.assignments(head.user, me)
    assert (row.assigned_on, row.start_on) == (clock.today(), clock.today())
    assert (shown.steps[0].state, shown.steps[0].on, shown.steps[0].evidence) == ("done", None, "")
    assert shown.reminders == ()


def test_what_is_done_after_the_assignment_has_its_day(path, head, me, begun):
    (row,) = taken_over(path, [me], head)
    second = row.version.steps.order_by("order")[1]
    recording.complete_step(assignment=row, step_uid=second.uid, by=me, evidence="二回目に立った。")
    (shown,) = member_page.assignments(head.user, me)
    assert shown.steps[1].on == clock.today()


def test_a_retrospective_written_since_it_was_begun_stays_counted(path, head, me, begun):
    with clock.moved_to(clock.today() - timedelta(days=5)):
        make_retrospective(me, format="kpt")
    (row,) = taken_over(path, [me], head)
    assert row.steps_done == 2
    make_retrospective(me, format="ywt")  # recalculates all assignments
    row.refresh_from_db()
    assert row.steps_done == 2
    assert list(verification.differences()) == []


def test_a_course_that_was_valid_when_it_was_begun_stays_counted(head, me):
    path = make_path(head, steps=[take(make_course()), step()])
    with clock.moved_to(clock.today() - AGO):
        make_record(me, make_course("S002"), status="passed")
        course = path.current_version().steps.first().course
        make_record(me, course, status="passed", expires_on=clock.today() + timedelta(days=3))
        enrol(path=path, by=me.user)
    (row,) = taken_over(path, [me], head)
    assert row.steps_done == 1


def test_a_start_to_come_does_not_stop_who_is_learning_already(path, head, me, begun):
    start = clock.today() + timedelta(days=10)
    drawn = plan(order=Order(path=path, start_on=start, reason=REASON), people=[me])
    (row,) = assign(plan=drawn, by=head.user)
    second = row.version.steps.order_by("order")[1]
    assert recording.complete_step(assignment=row, step_uid=second.uid, by=me, evidence="二回目に立った。")


def test_who_begins_in_the_moment_of_saving_is_taken_over(path, head, me, monkeypatch):
    asked, tries = assigning.take_over, []

    def late(**values):
        tries.append(values)
        return asked(**values) if len(tries) > 1 else {}  # as if it was begun after the first look

    drawn = plan(order=order(path), people=[me])
    give(path, me, source="self", reason="")
    monkeypatch.setattr(assigning, "take_over", late)
    (row,) = assign(plan=drawn, by=head.user)
    assert (len(tries), row.source, Assignment.objects.count()) == (2, Source.MANAGER, 1)


def test_what_another_manager_assigned_meanwhile_is_refused(path, head, me):
    drawn = plan(order=order(path), people=[me])
    give(path, me)
    with refused_with("assigned_meanwhile"):
        assign(plan=drawn, by=head.user)


def test_counting_at_the_same_moment_does_not_take_the_assignment_back(path, head, me, begun):
    stale = Assignment.objects.select_related("version", "path", "person").get(pk=begun.pk)
    taken_over(path, [me], head)
    stale.steps_done = 0
    recording.recalculate(stale)
    begun.refresh_from_db()
    assert begun.source == Source.MANAGER


def test_oneself_is_told_what_one_learns_already(path, me, begun):
    with pytest.raises(ValidationError, match="もう学んでいます"):
        enrol(path=path, by=me.user)


def test_its_person_no_longer_gives_it_up_alone(path, head, me, begun):
    (row,) = taken_over(path, [me], head)
    with pytest.raises(PermissionDenied, match="自分では変えられません"):
        adjustments.cancel(assignment=row, user=me.user, reason="やめます")


def test_a_rule_takes_over_too_and_asks_nobody_to_do_again_what_is_done(path, head, unit, me, begun):
    done = make_staff(unit)
    give(path, done, source="self", reason="", state="completed", completed_on=clock.today())
    rule = AssignmentRule.objects.create(
        path=path,
        unit=unit,
        titles=[me.appointments.get().post.title, done.appointments.get().post.title],
        reason=REASON,
        starts_on=clock.today(),
    )
    assert matching.apply_rule(rule, clock.today()).assigned == 1
    begun.refresh_from_db()
    assert (begun.source, begun.rule) == (Source.RULE, rule)
    assert matching.apply_rule(rule, clock.today()).assigned == 0


def test_mails_from_before_the_assignment_stay_unread_by_the_office(client, path, head, me, begun):
    office = make_staff(make_unit("jinji", name="人事課"), duties=("training",))
    body = f"・ひみつの文\n　https://manabi.example/my/learning/{begun.uid}/\n"
    Message.objects.create(person=me, on=clock.today() - timedelta(days=3), subject="ひみつの件名", body=body)
    taken_over(path, [me], head)
    client.force_login(office.user)
    assert "ひみつ" not in client.get(reverse("training_outbox")).content.decode()
