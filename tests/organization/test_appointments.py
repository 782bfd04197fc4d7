"""Who holds which post on a day, and the managers and reviewers derived from it."""

from datetime import date, timedelta

import pytest
from hypothesis import given

from organization import appointments
from organization.access_policy import reader_for
from organization.appointments import main_post, manager_of, posts_held, reviewers_of
from organization.models import Duty
from tests.factories.organization import SINCE, appoint, make_event, make_person, make_post, make_staff, make_unit
from tests.organization.random_worlds import build, worlds

pytestmark = pytest.mark.django_db
DAY = date(2025, 4, 1)
EVE = DAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = DAY


def test_the_main_post_comes_first():
    person, side, own = make_person(), make_post(make_unit()), make_post(make_unit())
    appoint(person, side, kind="concurrent")
    appoint(person, own, starts=date(2020, 4, 1))
    assert posts_held(person, DAY) == [own, side]
    assert main_post(person, DAY) == own
    assert main_post(person, date(2019, 4, 1)) is None


def test_the_manager_is_whoever_holds_the_head_post_that_day():
    unit = make_unit()
    head = make_post(unit, title="課長", head=True)
    before, after = make_person(), make_person()
    appoint(before, head, ends=EVE)
    appoint(after, head, starts=DAY)
    assert manager_of(unit.pk, EVE) == before
    assert manager_of(unit.pk, DAY) == after


def test_a_unit_without_a_head_has_no_manager():
    unit = make_unit()
    make_staff(unit)
    assert manager_of(unit.pk, DAY) is None


def test_the_manager_of_a_unit_that_is_gone_is_its_successors():
    old, new = make_unit(until=EVE), make_unit()
    make_event("merge", [old], [new], DAY, new)
    head = make_staff(new, head=True)
    assert manager_of(old.pk, DAY) == head


def test_nobody_hears_of_an_appointment_before_it_is_announced(settings):
    unit = make_unit()
    head = make_post(unit, head=True)
    appoint(make_person(), head, starts=DAY, announced_on=date(2025, 3, 24))
    settings.DEMO_TODAY = date(2025, 3, 23)
    assert manager_of(unit.pk, DAY) is None
    settings.DEMO_TODAY = date(2025, 3, 24)
    assert manager_of(unit.pk, DAY) is not None


@pytest.mark.parametrize("kind", ["leave", "childcare"])
def test_somebody_on_leave_holds_no_post(kind):
    unit = make_unit()
    person = make_person()
    appoint(person, make_post(unit, head=True), kind=kind)
    assert manager_of(unit.pk, DAY) is None
    assert posts_held(person, DAY) == []


def test_who_has_left_holds_no_post():
    unit = make_unit()
    make_staff(unit, head=True, left_on=EVE)
    assert manager_of(unit.pk, DAY) is None
    assert manager_of(unit.pk, EVE) is not None


def test_reviewers_are_the_head_and_those_with_the_duty():
    unit, other = make_unit(), make_unit()
    head = make_staff(unit, head=True, kana="あ")
    deputy = make_staff(unit, duties=("reviewer",), kana="い")
    lent = make_staff(other, kana="う")
    Duty.objects.create(post=lent.appointments.get().post, role="reviewer", scope=unit, starts_on=SINCE)
    make_staff(unit, duties=("contact",))
    make_staff(other, head=True)
    assert reviewers_of(unit.pk, DAY) == [head, deputy, lent]


def test_a_duty_ends_with_its_last_day():
    unit = make_unit()
    post = make_staff(unit).appointments.get().post
    Duty.objects.create(post=post, role="reviewer", starts_on=SINCE, ends_on=EVE)
    assert len(reviewers_of(unit.pk, EVE)) == 1
    assert reviewers_of(unit.pk, DAY) == []


def test_the_queue_of_a_split_unit_falls_to_its_main_successor_alone():
    old, main, other = make_unit(until=EVE), make_unit(since=DAY), make_unit(since=DAY)
    make_event("split", [old], [main, other], DAY, main)
    heir, neighbour = make_staff(main, head=True), make_staff(other, head=True)
    assert reviewers_of(old.pk, DAY) == [heir]
    assert old.pk in reader_for(heir.user).review_unit_ids
    assert old.pk not in reader_for(neighbour.user).review_unit_ids


@given(worlds())
def test_reviewers_of_a_unit_and_units_of_a_reviewer_are_one_relation(world):
    with build(world) as built:
        readers = {
            user.pk: (person, reader_for(user))
            for user, person in zip(built.users, built.people, strict=True)
            if user.is_active and person.is_county
        }
        for unit in built.units:
            reviewers = set(reviewers_of(unit.pk, built.today))
            for person, reader in readers.values():
                assert (person in reviewers) == (unit.pk in reader.review_unit_ids)


def test_of_two_main_posts_every_question_picks_the_one_begun_first():
    """The form refuses a second main post, but imported directory data may contain one."""
    person = make_person()
    first, second = make_post(make_unit()), make_post(make_unit())
    appoint(person, second, starts=DAY - timedelta(days=10))
    appoint(person, first, starts=DAY - timedelta(days=20))
    assert appointments.main_post(person, DAY) == first
    assert appointments.main_posts([person], DAY) == {person.pk: first}
    assert [row.post for row in appointments.main_appointments(DAY)] == [first]
