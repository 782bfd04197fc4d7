"""Who may read what: one test for each case of the policy."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from kb.models import Reference
from organization.access_policy import PUBLIC, can_view, reader_for, reader_tokens, visible_q
from organization.audience import audience_tokens
from organization.models import Duty
from organization.units.tree import unit_tree
from tests.factories.kb import reference_source
from tests.factories.organization import (
    SINCE,
    appoint,
    make_department,
    make_event,
    make_municipal_staff,
    make_municipality,
    make_person,
    make_post,
    make_staff,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
DAY = date(2025, 4, 1)
EVE = DAY - timedelta(days=1)
WIDTHS = ("self", "unit", "department", "prefecture", "municipal", "public")


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = DAY


def opens(user, unit, author=None):
    """The audiences under which `user` may open an item of `unit`. Asserts that all three forms agree."""
    reader = reader_for(user)
    ids, uids = ([author.pk], [str(author.uid)]) if author else ([], [])
    rows = {
        width: Reference.objects.update_or_create(
            public_id=f"X-R07-{n:05d}",
            defaults={
                "source": reference_source(),
                "external_id": n,
                "title": width,
                "audience": width,
                "owner_unit": unit,
            },
        )[0].pk
        for n, width in enumerate(WIDTHS)
    }
    authored = Reference.objects.filter(pk__in=rows.values() if reader.person_id in ids else ()).values("pk")
    by_sql = Reference.objects.filter(visible_q(reader, authored_pks=authored)).values_list("pk", flat=True)
    by_question = [w for w in WIDTHS if can_view(reader, audience=w, owner_unit_id=unit.pk, author_ids=ids)]
    by_tokens = [
        w for w in WIDTHS if reader.tokens & audience_tokens(audience=w, owner_unit_id=unit.pk, author_uids=uids)
    ]
    assert by_question == by_tokens == [w for w in WIDTHS if rows[w] in set(by_sql)]
    return by_question


@pytest.fixture
def office():
    """A department with two divisions."""
    department = make_department()
    return department, make_unit(parent=department), make_unit(parent=department)


def test_one_reads_what_is_for_ones_own_unit(office):
    _, mine, _ = office
    assert opens(make_staff(mine).user, mine) == ["unit", "department", "prefecture", "municipal", "public"]


def test_one_reads_what_the_neighbour_shares_with_the_department(office):
    _, mine, neighbour = office
    assert opens(make_staff(mine).user, neighbour) == ["department", "prefecture", "municipal", "public"]


def test_one_reads_what_the_unit_above_writes_for_its_own(office):
    department, mine, _ = office
    assert "unit" in opens(make_staff(mine).user, department)


def test_the_unit_above_does_not_read_what_is_for_the_unit_below(office):
    department, division, _ = office
    assert "unit" not in opens(make_staff(department).user, division)


def test_another_department_reads_from_prefecture_on(office):
    _, mine, _ = office
    stranger = make_unit(parent=make_department())
    assert opens(make_staff(mine).user, stranger) == ["prefecture", "municipal", "public"]


def test_authors_read_what_they_wrote_wherever_they_are(office):
    _, mine, _ = office
    author = make_staff(make_unit())
    assert opens(author.user, mine, author=author) == list(WIDTHS)


def test_the_knowledge_office_reads_everything_but_what_is_private(office):
    _, mine, _ = office
    km = make_staff(make_unit(), duties=("km",))
    assert opens(km.user, mine) == ["unit", "department", "prefecture", "municipal", "public"]


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_a_visitor_reads_what_is_public(user, office):
    assert opens(user, office[1]) == ["public"]


def test_an_inactive_account_is_a_visitor(office):
    person = make_staff(office[1])
    person.user.is_active = False
    assert reader_for(person.user) == PUBLIC


def test_whoever_has_left_is_a_visitor_from_the_next_day(office, settings):
    person = make_staff(office[1], left_on=EVE)
    assert reader_for(person.user) == PUBLIC
    settings.DEMO_TODAY = EVE
    assert "unit" in opens(person.user, office[1])


def test_a_superuser_without_a_person_reads_as_the_knowledge_office(office):
    assert opens(make_user(is_superuser=True), office[1]) == ["unit", "department", "prefecture", "municipal", "public"]


def test_a_person_without_a_post_reads_what_is_public_and_their_own():
    person = make_person(user=make_user())
    assert reader_tokens(person.user) == {"public", f"person:{person.uid}"}


def test_outsiders_read_what_is_public_even_with_a_post():
    unit = make_unit()
    assert opens(make_staff(unit, employment="outside", duties=("km",)).user, unit) == ["public"]


# --- Municipalities ----------------------------------------------------------------------------


def test_a_municipality_reads_its_own_and_what_is_for_municipalities(office):
    mine, theirs = make_municipality(), make_municipality()
    user = make_municipal_staff(mine).user
    assert opens(user, mine) == ["unit", "department", "municipal", "public"]
    assert opens(user, theirs) == ["municipal", "public"]
    assert opens(user, office[1]) == ["municipal", "public"]
    assert f"municipality:{mine.uid}" in reader_tokens(user)


def test_a_municipality_below_a_bureau_does_not_read_the_bureaus_own():
    bureau = make_unit(kind="regional_bureau")
    town = make_municipality(parent=bureau)
    assert opens(make_municipal_staff(town).user, bureau) == ["municipal", "public"]


def test_a_municipal_login_gets_nothing_from_a_post_in_the_prefecture(office):
    person = make_staff(office[1], employment="municipal", duties=("km",))
    assert opens(person.user, office[1]) == ["public"]


def test_a_municipal_post_gives_no_role_of_the_knowledge_office():
    town, other = make_municipality(), make_municipality()
    person = make_municipal_staff(town, duties=("km", "contact"))
    assert reader_for(person.user).roles == {"contact"}
    assert opens(person.user, other) == ["municipal", "public"]


def test_municipal_staff_dispatched_to_the_prefecture_read_as_its_staff(office):
    assert "unit" in opens(make_staff(office[1], employment="dispatched").user, office[1])


def test_a_merged_municipality_keeps_reading_what_was_its_own():
    old, new = make_municipality(until=EVE), make_municipality()
    make_event("merge", [old], [new], DAY, new)
    assert opens(make_municipal_staff(new).user, old) == ["unit", "department", "municipal", "public"]


# --- Time --------------------------------------------------------------------------------------


def moved(unit, settings):
    """A person who moved from `unit` to another unit on DAY."""
    person = make_person(user=make_user())
    appoint(person, make_post(unit), ends=EVE)
    appoint(person, make_post(make_unit()), starts=DAY, announced_on=date(2025, 3, 24))
    return person


def test_after_a_move_the_old_unit_stays_open_for_thirty_days_of_handover(office, settings):
    _, mine, _ = office
    person = moved(mine, settings)
    settings.DEMO_TODAY = EVE + timedelta(days=30)
    assert "unit" in opens(person.user, mine)
    settings.DEMO_TODAY = EVE + timedelta(days=31)
    assert opens(person.user, mine) == ["prefecture", "municipal", "public"]


def test_handover_gives_no_duties_and_no_main_unit(office, settings):
    _, mine, _ = office
    person = make_person(user=make_user())
    appoint(person, make_post(mine, head=True, duties=("reviewer", "km")), ends=EVE)
    reader = reader_for(person.user)
    assert "unit" in opens(person.user, mine)
    assert (reader.roles, reader.review_unit_ids, reader.main_unit_id) == (frozenset(), frozenset(), None)


def test_a_new_post_opens_nothing_before_its_day_or_its_announcement(office, settings):
    _, mine, _ = office
    person = make_person(user=make_user())
    appoint(person, make_post(mine), starts=DAY, announced_on=DAY + timedelta(days=2))
    for day in (EVE, DAY, DAY + timedelta(days=1)):
        settings.DEMO_TODAY = day
        assert opens(person.user, mine) == ["public"]
    settings.DEMO_TODAY = DAY + timedelta(days=2)
    assert "unit" in opens(person.user, mine)


def test_after_a_merge_the_successors_staff_read_what_was_the_old_units(office):
    department, mine, _ = office
    old = make_unit(parent=department, until=EVE)
    make_event("merge", [old], [mine], DAY, mine)
    assert "unit" in opens(make_staff(mine).user, old)


def test_after_a_split_both_read_what_was_the_old_units_and_not_each_others():
    old = make_unit(until=EVE)
    first, second = make_unit(since=DAY), make_unit(since=DAY)
    make_event("split", [old], [first, second], DAY, first)
    reader = make_staff(second).user
    assert "unit" in opens(reader, old)
    assert "unit" not in opens(reader, first)


def test_in_a_merged_unit_somebody_of_the_old_one_in_handover_does_not_read_on():
    """The person left the unit before it was merged, so the items of the new unit stay closed."""
    old, new = make_unit(until=EVE), make_unit(since=DAY)
    make_event("merge", [old], [new], DAY, new)
    person = make_person(user=make_user())
    appoint(person, make_post(old), ends=EVE)
    assert "unit" in opens(person.user, old)
    assert "unit" not in opens(person.user, new)


def test_a_post_left_behind_in_a_unit_that_is_gone_works_in_its_main_successor():
    old, new = make_unit(until=EVE), make_unit(since=DAY)
    make_event("merge", [old], [new], DAY, new)
    person = make_staff(old)
    assert "unit" in opens(person.user, new)
    assert reader_for(person.user).main_unit_id == new.pk


def test_the_department_of_an_item_is_the_department_of_today(office, settings):
    """When a unit moves to another department, its items for the department move too."""
    department, mine, _ = office
    version = mine.versions.get()
    version.valid_to = EVE
    version.save()
    other = make_department()
    mine.versions.create(name="移った課", kana="うつったか", parent=other, valid_from=DAY)
    former, now = make_staff(department).user, make_staff(other).user
    assert ("department" in opens(former, mine), "department" in opens(now, mine)) == (False, True)
    settings.DEMO_TODAY = EVE
    assert ("department" in opens(former, mine), "department" in opens(now, mine)) == (True, False)


# --- Duties ------------------------------------------------------------------------------------


def test_roles_are_of_the_posts_held_today(settings):
    person = make_staff(make_unit(), duties=("training",))
    Duty.objects.create(post=person.appointments.get().post, role="auditor", starts_on=SINCE, ends_on=EVE)
    assert reader_for(person.user).roles == {"training"}
    assert "role:training" in reader_tokens(person.user)
    settings.DEMO_TODAY = EVE
    assert reader_for(person.user).roles == {"training", "auditor"}


def test_the_head_reviews_their_own_unit(office):
    _, mine, neighbour = office
    assert reader_for(make_staff(mine, head=True).user).review_unit_ids == {mine.pk}
    reviewer = make_staff(neighbour)
    Duty.objects.create(post=reviewer.appointments.get().post, role="reviewer", scope=mine, starts_on=SINCE)
    assert reader_for(reviewer.user).review_unit_ids == {mine.pk}


# --- Odd rows and cost -------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["", "team", "PUBLIC", "partner"])
def test_an_audience_that_nobody_knows_opens_to_its_author_alone(audience):
    author, km = make_staff(make_unit()), make_staff(make_unit(), duties=("km",))
    seen = [
        can_view(reader_for(person.user), audience=audience, owner_unit_id=None, author_ids=[author.pk])
        for person in (author, km)
    ]
    assert seen == [True, False]


def test_a_reader_costs_four_queries_and_then_none(django_assert_max_num_queries, django_assert_num_queries):
    department = make_department()
    person = make_staff(make_unit(parent=department), head=True, duties=("reviewer", "km"))
    appoint(person, make_post(make_unit(parent=department)), kind="concurrent")
    unit_tree()
    user = type(person.user).objects.get(pk=person.user.pk)
    with django_assert_max_num_queries(4):
        reader_for(user)
    with django_assert_num_queries(0):
        reader_for(user)


def test_a_user_object_that_lives_on_sees_the_new_post():
    person = make_person(user=make_user())
    assert not reader_for(person.user).is_county
    appoint(person, make_post(make_unit()))
    assert reader_for(person.user).is_county
