"""Assigning a path: the plan, then one save; only own staff; one open assignment of a path for each person."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from learning.access import permissions
from learning.assignments.assigning import assign, enrol, plan
from learning.assignments.plan import Order, OutsideUnitError
from learning.models import Assignment, AssignmentState, Source, Stage
from organization import clock
from organization.models import AuditEvent
from tests.errors import refused_with
from tests.factories.kb import make_lesson
from tests.factories.learning import give, make_course, make_path, make_record, read, step, take
from tests.factories.organization import appoint, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db
REASON = "着任して最初の三か月に、全員が学びます。"


@pytest.fixture
def path(head):
    return make_path(head)


def order(path, **values):
    return Order(
        path=path, start_on=values.pop("start_on", clock.today()), reason=values.pop("reason", REASON), **values
    )


def test_twenty_people_are_assigned_in_one_save(unit, head, path):
    people = [make_staff(unit) for _ in range(20)]
    assignments = assign(plan=plan(order=order(path), people=people), by=head.user)
    assert len(assignments) == Assignment.objects.count() == 20
    assert {row.due_on for row in assignments} == {clock.today() + timedelta(days=90)}
    assert all(person.notices.exists() for person in people)


def test_the_list_asks_no_more_questions_for_forty_than_for_ten(unit, path, django_assert_max_num_queries):
    people = [make_staff(unit) for _ in range(40)]
    for some in (people[:10], people):
        with django_assert_max_num_queries(15):
            plan(order=order(path), people=some)


def test_saving_asks_no_more_for_forty_people_but_for_their_notices(unit, head, path, django_assert_max_num_queries):
    people = [make_staff(unit) for _ in range(40)]
    drawn = plan(order=order(path), people=people)
    with django_assert_max_num_queries(25 + 2 * 40):
        assign(plan=drawn, by=head.user)


def test_the_first_assignment_freezes_the_version(unit, head, path):
    assert path.current_version().frozen_at is None
    assign(plan=plan(order=order(path), people=[make_staff(unit)]), by=head.user)
    assert path.current_version().frozen_at is not None


def test_who_is_left_out_is_named_with_the_reason(unit, path):
    leaver = make_staff(unit)
    leaver.left_on = clock.today() - timedelta(days=1)
    leaver.save()
    learning, holder, postless = make_staff(unit), make_staff(unit), make_person()
    give(path, learning)
    give(path, holder, state=AssignmentState.COMPLETED, completed_on=clock.today())
    drawn = plan(order=order(path), people=[leaver, learning, holder, postless])
    reasons = {left_out.person: left_out.why for left_out in drawn.left_out}
    assert drawn.lines == ()
    assert "退職" in reasons[leaver]
    assert "もう学んで" in reasons[learning]
    assert "修了が有効" in reasons[holder]
    assert "本務の職がありません" in reasons[postless]


def test_a_holder_whose_renewal_is_open_is_on_the_list(unit, head):
    path = make_path(head, version={"valid_months": 12, "renew_window_days": 60})
    holder = make_staff(unit)
    until = clock.today() + timedelta(days=30)
    give(path, holder, state=AssignmentState.COMPLETED, completed_on=clock.today(), valid_until=until)
    drawn = plan(order=order(path), people=[holder])
    assert [line.person for line in drawn.lines] == [holder]


def test_one_person_of_another_unit_refuses_the_whole_and_leaves_a_trace(unit, head, path):
    mine, other = make_staff(unit), make_staff(make_unit("zaisei", name="財政課"))
    drawn = plan(order=order(path), people=[mine, other])
    with pytest.raises(OutsideUnitError):
        assign(plan=drawn, by=head.user)
    assert not Assignment.objects.exists()
    assert AuditEvent.objects.filter(action="assignment.refused").exists()


def test_who_is_no_manager_assigns_nothing(unit, path):
    with pytest.raises(PermissionDenied):
        assign(plan=plan(order=order(path), people=[make_staff(unit)]), by=make_staff(unit).user)


def test_the_training_office_assigns_to_any_unit(unit, path):
    office = make_staff(make_unit("jinji", name="人事課"), duties=("training",))
    assignments = assign(plan=plan(order=order(path, source=Source.OFFICE), people=[make_staff(unit)]), by=office.user)
    assert assignments[0].source == Source.OFFICE


def test_a_manager_gives_a_reason(unit, head, path):
    with refused_with("reason_required"):
        assign(plan=plan(order=order(path, reason=" "), people=[make_staff(unit)]), by=head.user)


def test_a_due_date_before_the_start_is_refused(unit, path):
    with refused_with("due_before_start"):
        plan(order=order(path, due_on=clock.today() - timedelta(days=1)), people=[make_staff(unit)])


def test_single_people_get_another_due_date(unit, head, path):
    one, two = make_staff(unit), make_staff(unit)
    later = clock.today() + timedelta(days=200)
    assign(plan=plan(order=order(path), people=[one, two]), by=head.user, due={two.pk: later})
    assert Assignment.objects.get(person=two).due_on == later
    assert Assignment.objects.get(person=one).due_on != later


def test_the_same_path_twice_is_refused_by_the_list_and_by_the_database(unit, head, path):
    person = make_staff(unit)
    drawn = plan(order=order(path), people=[person])
    assign(plan=drawn, by=head.user)
    assert plan(order=order(path), people=[person]).lines == ()
    with refused_with("assigned_meanwhile"):
        assign(plan=drawn, by=head.user)  # as if two managers had opened the list at the same time
    assert Assignment.objects.count() == 1


def test_an_announced_newcomer_is_assigned_from_the_day_of_the_appointment(unit, head, path):
    coming = make_person()
    start = clock.today() + timedelta(days=10)
    appoint(coming, make_post(unit), starts=start, announced_on=clock.today())
    assignments = assign(plan=plan(order=order(path, start_on=start), people=[coming]), by=head.user)
    assert assignments[0].start_on == start


def test_nothing_is_known_of_an_appointment_before_it_is_announced(unit, head, path):
    coming = make_person()
    start = clock.today() + timedelta(days=10)
    appoint(coming, make_post(unit), starts=start, announced_on=clock.today() + timedelta(days=1))
    assert coming not in permissions.staff(head.user, start)
    assert plan(order=order(path, start_on=start), people=[coming]).lines == ()


def test_days_count_from_the_appointment_where_the_version_says_so(unit, head):
    path = make_path(head, version={"due_kind": "appointed", "due_days": 100})
    person = make_person()
    since = clock.today() - timedelta(days=20)
    appoint(person, make_post(unit), starts=since, announced_on=since)
    assert plan(order=order(path), people=[person]).lines[0].due_on == since + timedelta(days=100)


def test_a_course_that_is_still_valid_counts_at_once(unit, head):
    course = make_course()
    path = make_path(head, steps=[take(course), step()])
    person = make_staff(unit)
    make_record(person, course, status="passed")
    assignment = assign(plan=plan(order=order(path), people=[person]), by=head.user)[0]
    assignment.refresh_from_db()
    assert assignment.steps_done == 1


def test_a_reading_that_somebody_on_the_list_could_not_open_is_named_before(unit, head):
    lesson = make_lesson(head)  # readable only in the unit of the head
    path = make_path(head, steps=[read(lesson)])
    inside, outside = make_staff(unit), make_staff(make_unit("zaisei", name="財政課"))
    shut = plan(order=order(path), people=[inside, outside]).unreadable
    assert [(found.item_id, people) for found, people in shut] == [(lesson.pk, (outside,))]


def test_a_path_that_is_not_active_cannot_be_assigned(unit, head):
    path = make_path(head, stage=Stage.RETIRED)
    with refused_with("path_not_active"):
        plan(order=order(path), people=[make_staff(unit)])


def test_an_empty_path_cannot_be_assigned(unit, head):
    path = make_path(head, steps=[])
    with refused_with("path_without_steps"):
        plan(order=order(path), people=[make_staff(unit)])


def test_a_self_begun_path_is_private_until_it_is_shared(unit, head, path):
    person = make_staff(unit)
    begun = enrol(path=path, by=person.user)
    assert begun.source == Source.SELF
    assert begun not in permissions.managed(head.user)
    Assignment.objects.update(shared=True)
    assert begun in permissions.managed(head.user)


def test_a_path_outside_ones_audience_cannot_be_begun(head):
    path = make_path(head, audience="unit")
    stranger = make_staff(make_unit("zaisei", name="財政課"))
    with pytest.raises(ValidationError, match="公開範囲"):
        enrol(path=path, by=stranger.user)


def test_a_new_manager_sees_open_assignments_and_nothing_that_ended_before(unit, head, path):
    person = make_staff(unit)
    today = clock.today()
    done = give(path, person, state=AssignmentState.COMPLETED, completed_on=today - timedelta(days=40))
    going = give(make_path(head, title="住民説明会の進め方"), person)
    there = make_unit("zaisei", name="財政課")
    new_head = make_staff(there, title="課長", head=True)
    old = person.appointments.get()
    old.ends_on = today - timedelta(days=1)
    old.save()
    appoint(person, make_post(there), starts=today, announced_on=today)
    assert set(permissions.managed(new_head.user)) == {going}
    assert set(permissions.managed(head.user)) == set()
    Assignment.objects.filter(pk=done.pk).update(shared=True)
    assert set(permissions.managed(new_head.user)) == {going, done}


def test_an_active_version_edited_into_a_broken_one_is_not_assigned(unit, head):
    path = make_path(head, steps=[step(), step("check", quiz=[])])
    with refused_with("path_has_faults"):
        plan(order=order(path), people=[make_staff(unit)])


def test_what_goes_from_a_frozen_version_does_not_stop_it(unit, head):
    course = make_course()
    path = make_path(head, steps=[step(), take(course)])
    assign(plan=plan(order=order(path), people=[make_staff(unit)]), by=head.user)
    course.retired = True
    course.save()
    assert len(plan(order=order(path), people=[make_staff(unit)]).lines) == 1
