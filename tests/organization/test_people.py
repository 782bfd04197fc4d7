"""People, posts and appointments: dates in order, one main post a day (I6), one person in service a staff number."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from organization.models import Appointment, Duty, Person, Post
from tests.errors import refused_with
from tests.factories.organization import SINCE, appoint, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db


def main(person, since, until=None, **other):
    return Appointment(
        person=person, post=make_post(make_unit()), starts_on=since, ends_on=until, announced_on=since, **other
    )


def test_one_leaves_after_joining():
    with refused_with("left_before_joined"):
        Person(
            name="信山 花", kana="しなやま はな", staff_no="1", joined_on=date(2020, 4, 1), left_on=date(2020, 3, 31)
        ).full_clean()


def test_the_last_day_of_work_is_still_one():
    person = make_person(left_on=date(2025, 3, 31))
    assert not person.has_left(date(2025, 3, 31))
    assert person.has_left(date(2025, 4, 1))
    assert person not in Person.objects.in_service(date(2025, 4, 1))
    assert person in Person.objects.in_service(date(2025, 3, 31))


def test_a_staff_number_is_given_again_only_after_its_holder_has_left():
    first = make_person(staff_no="12345")
    second = Person(name="後任", kana="こうにん", staff_no="12345")
    with pytest.raises(ValidationError, match="在職中の別の職員"):
        second.full_clean()
    first.left_on = date(2025, 3, 31)
    first.save()
    second.full_clean()


# --- I6 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2025, 3, 31), None),
        (date(2010, 1, 1), date(2015, 4, 1)),
        (date(2020, 1, 1), date(2020, 1, 1)),
        (date(2010, 1, 1), None),
    ],
)
def test_a_second_main_post_on_one_day_is_refused(since, until):
    person = make_person()
    appoint(person, make_post(make_unit()), ends=date(2025, 3, 31))
    with refused_with("second_main_post"):
        main(person, since, until).full_clean()


def test_the_next_main_post_begins_the_day_after():
    person = make_person()
    appoint(person, make_post(make_unit()), ends=date(2025, 3, 31))
    main(person, date(2025, 4, 1)).full_clean()


@pytest.mark.parametrize("kind", ["concurrent", "joint", "secondment", "leave", "childcare"])
def test_other_kinds_may_stand_beside_the_main_one(kind):
    person = make_person()
    appoint(person, make_post(make_unit()))
    main(person, SINCE, kind=kind).full_clean()


def test_the_rule_is_for_the_prefectures_own_staff():
    person = make_person(employment="outside")
    appoint(person, make_post(make_unit()))
    main(person, SINCE).full_clean()


def test_an_appointment_may_be_corrected_in_place():
    appointment = appoint(make_person(), make_post(make_unit()))
    appointment.ends_on = date(2025, 3, 31)
    appointment.full_clean()


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (date(2019, 3, 31), None, "before_joined"),
        (date(2025, 4, 1), None, "after_left"),
        (date(2020, 4, 1), date(2020, 3, 31), "ends_before_start"),
    ],
)
def test_an_appointment_lies_within_the_service(since, until, code):
    person = make_person(joined_on=date(2019, 4, 1), left_on=date(2025, 3, 31))
    with refused_with(code):
        main(person, since, until).full_clean()


def test_wrong_dates_are_refused_by_the_database_too():
    with pytest.raises(IntegrityError), transaction.atomic():
        appoint(make_person(), make_post(make_unit()), starts=date(2020, 4, 1), ends=date(2020, 3, 31))


# --- Posts and duties --------------------------------------------------------------------------


def test_a_unit_has_one_head_post():
    post = make_post(make_unit(), head=True)
    with pytest.raises(ValidationError, match="もう所属長の職があります"):
        Post(unit=post.unit, title="室長", is_head=True).full_clean()
    Post(unit=post.unit, title="主事").full_clean()


def test_the_knowledge_office_is_for_the_whole_prefecture():
    post = make_post(make_unit())
    with pytest.raises(ValidationError, match="範囲を空に"):
        Duty(post=post, role="km", scope=post.unit, starts_on=SINCE).full_clean()
    Duty(post=post, role="reviewer", scope=post.unit, starts_on=SINCE).full_clean()


def test_rows_say_what_they_are_in_the_admin():
    unit = make_unit(name="防災課")
    person = make_staff(unit, title="課長", name="信山 花", staff_no="100", duties=("reviewer",))
    appointment = person.appointments.get()
    assert str(person) == "信山 花（100）"
    assert str(appointment.post) == "防災課 課長"
    assert str(appointment) == "信山 花 防災課 課長（本務）"
    assert str(Duty.objects.get()) == "所属レビュアー：防災課 課長"
