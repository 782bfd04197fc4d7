"""Assignment rules: the people they match, compared with a plain definition, and the people they leave out."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.assignments import eligible_people
from learning.models import Assignment, AssignmentRule, AssignmentState, LearningPath, Source, Stage
from learning.office import dashboard
from learning.rules import matching
from organization import clock
from organization.models import Appointment, OrgUnit, Person
from organization.units.tree import unit_tree
from tests.factories.learning import give, make_path
from tests.factories.organization import appoint, make_event, make_person, make_post, make_staff, make_unit
from tests.organization.random_worlds import build, day, worlds

pytestmark = pytest.mark.django_db
TODAY = date(2026, 4, 1)
TITLES = ("主事", "課長", "係長")


@pytest.fixture(autouse=True)
def on_the_first_of_april():
    with clock.moved_to(TODAY):
        yield


@pytest.fixture
def path(head):
    return make_path(head)


def make_rule(path, **values):
    values.setdefault("newcomers", not values)
    values.setdefault("reason", "新任の全員が学びます。")
    values.setdefault("starts_on", date(2025, 4, 1))
    return AssignmentRule.objects.create(path=path, **values)


def newcomer(unit, **values):
    person = make_person(joined_on=TODAY, **values)
    appoint(person, make_post(unit), starts=TODAY)
    return person


def matched(rule, on=TODAY):
    return {person.pk for person, _ in matching.matching_people(rule, on)}


# --- Matching people -----------------------------------------------------------------------------


def plain(rule, on):
    """The definition in plain Python, one person at a time, to compare with ``rules.matching``."""
    tree, year = unit_tree(on), fiscal(on)
    allowed = None
    if rule.unit_id:
        now = tree.successor(rule.unit_id)
        allowed = {u for u in tree.units if tree.successor(u) == now or now in tree.ancestors(tree.successor(u))}
    expected = set()
    for person in Person.objects.all():
        if person.employment not in Person.COUNTY or (person.left_on and person.left_on < on):
            continue
        mains = [a for a in Appointment.objects.filter(person=person) if holds(a, on)]
        if not mains:
            continue
        main = min(mains, key=lambda a: (a.starts_on, a.pk))
        joined = person.joined_on
        criteria = [
            (rule.newcomers, joined is not None and fiscal(joined) == year),
            (rule.transferred, joined is not None and fiscal(main.starts_on) == year and fiscal(joined) < year),
            (rule.heads, main.post.is_head),
            (rule.titles, main.post.title in rule.titles),
            (rule.unit_kinds, main.post.unit.kind in rule.unit_kinds),
            (rule.years, joined is not None and year - fiscal(joined) + 1 in rule.years),
            (allowed is not None, allowed is not None and main.post.unit_id in allowed),
        ]
        if all(holds for wanted, holds in criteria if wanted):
            expected.add(person.pk)
    return expected


def fiscal(moment):
    return moment.year if moment.month >= 4 else moment.year - 1


def holds(row, on):
    if row.kind != "main" or row.starts_on > on or (row.ends_on and row.ends_on < on):
        return False
    return row.announced_on <= clock.today()


criteria = st.fixed_dictionaries(
    {
        "newcomers": st.booleans(),
        "transferred": st.booleans(),
        "heads": st.booleans(),
        "titles": st.lists(st.sampled_from(TITLES), max_size=2, unique=True),
        "unit_kinds": st.lists(st.sampled_from(OrgUnit.Kind.values[:4]), max_size=2, unique=True),
        "years": st.lists(st.integers(1, 4), max_size=2, unique=True),
    }
)


@given(
    world=worlds(),
    asked=criteria,
    of_unit=st.one_of(st.none(), st.integers(0, 6)),
    joined=st.lists(st.one_of(st.none(), st.sampled_from((-1200, -500, -60, -31, -30, 0))), min_size=4, max_size=4),
    titles=st.lists(st.sampled_from(TITLES), min_size=12, max_size=12),
)
def test_matching_agrees_with_the_plain_definition(world, asked, of_unit, joined, titles):
    with build(world) as made, clock.moved_to(made.today):
        for person, days in zip(made.people, joined, strict=False):
            joined_on = day(days) if days is not None else None
            if joined_on is None or person.left_on is None or person.left_on >= joined_on:
                Person.objects.filter(pk=person.pk).update(joined_on=joined_on)
        for row, title in zip(Appointment.objects.order_by("pk"), titles, strict=False):
            row.post.title = title
            row.post.save()
        rule = AssignmentRule(unit=made.units[of_unit % len(made.units)] if of_unit is not None else None, **asked)
        wanted = plain(rule, made.today) if any(asked.values()) else set()
        assert matched(rule, made.today) == wanted
        rule.pk = 1
        assert matching.counts([rule], made.today) == {1: len(wanted)}


def test_a_rule_without_criteria_matches_nobody(unit, path):
    newcomer(unit)
    assert matched(AssignmentRule(path=path)) == set()


def test_nobody_is_matched_before_the_appointment_is_announced(unit, path):
    person = make_person(joined_on=TODAY)
    appoint(person, make_post(unit), starts=TODAY, announced_on=TODAY + timedelta(days=1))
    assert matched(make_rule(path)) == set()


def test_who_is_new_is_not_also_transferred(unit, path):
    new, moved = newcomer(unit), make_person(joined_on=date(2020, 4, 1))
    appoint(moved, make_post(unit), starts=TODAY)
    assert matched(make_rule(path)) == {new.pk}
    assert matched(make_rule(path, transferred=True, newcomers=False)) == {moved.pk}


def test_the_year_of_joining_is_the_first(unit, path):
    first, third = newcomer(unit), make_person(joined_on=date(2024, 10, 1))
    appoint(third, make_post(unit), starts=date(2024, 10, 1))
    assert matched(make_rule(path, years=[1], newcomers=False)) == {first.pk}
    assert [why for _, why in matching.matching_people(make_rule(path, years=[3], newcomers=False), TODAY)] == ["3年目"]


def test_a_unit_stands_for_all_below_it_and_for_what_it_became(path):
    old = make_unit("old", until=TODAY - timedelta(days=1))
    new = make_unit("new")
    below = make_unit("below", parent=new)
    make_event("merge", [old], [new], TODAY, new)
    people = {newcomer(new).pk, newcomer(below).pk}
    newcomer(make_unit("elsewhere"))
    assert matched(make_rule(path, unit=old, newcomers=True)) == people


def test_rules_counted_together_match_as_many_as_each_alone(unit, path, django_assert_max_num_queries):
    newcomer(unit)
    newcomer(make_unit("zaisei"))
    moved = make_person(joined_on=date(2020, 4, 1))
    appoint(moved, make_post(unit, title="主事"), starts=TODAY)
    criteria = [{"newcomers": True}, {"newcomers": True, "unit": unit}, {"transferred": True}, {"heads": True}]
    criteria += [{"titles": ["主事"]}, {"years": [1, 7]}, {"unit_kinds": [unit.kind]}, {"newcomers": False}]
    rules = [make_rule(path, **values) for values in criteria]
    unit_tree(TODAY)
    with django_assert_max_num_queries(3):
        counts = matching.counts(rules, TODAY)
    assert {rule.pk: counts.get(rule.pk, 0) for rule in rules} == {rule.pk: len(matched(rule)) for rule in rules}


def test_a_thousand_are_matched_in_a_few_queries(unit, path, django_assert_max_num_queries):
    post = make_post(unit)
    people = Person.objects.bulk_create(
        Person(name="n", kana="n", staff_no=f"S{n}", joined_on=TODAY) for n in range(1000)
    )
    Appointment.objects.bulk_create(
        Appointment(person=person, post=post, starts_on=TODAY, announced_on=TODAY) for person in people
    )
    with django_assert_max_num_queries(5):
        assert len(matched(make_rule(path))) == 1000
    rule = make_rule(path)
    with django_assert_max_num_queries(120):
        assert matching.apply_rule(rule, TODAY).assigned == 1000


# --- Applying a rule -------------------------------------------------------------------------------


def test_a_run_assigns_with_the_rule_as_its_source(unit, path):
    person, rule = newcomer(unit), make_rule(path, bound_to_post=True, newcomers=True)
    assert matching.apply_rule(rule, TODAY).assigned == 1
    assignment = Assignment.objects.get()
    assert (assignment.person, assignment.source, assignment.rule, assignment.start_on) == (
        person,
        Source.RULE,
        rule,
        TODAY,
    )
    assert assignment.post == person.appointments.get().post
    assert person.notices.count() == 1


def test_a_second_run_assigns_nothing(unit, path):
    newcomer(unit)
    rule = make_rule(path)
    matching.apply_rule(rule, TODAY)
    assert matching.apply_rule(rule, TODAY).assigned == 0


@pytest.mark.parametrize("state", [AssignmentState.CANCELLED, AssignmentState.WAIVED])
def test_a_decision_of_a_manager_is_not_undone_the_next_night(unit, path, state):
    person, rule = newcomer(unit), make_rule(path)
    give(path, person, source=Source.RULE, rule=rule, state=state, closed_on=TODAY)
    assert matching.apply_rule(rule, TODAY + timedelta(days=1)).assigned == 0


def test_a_decision_of_an_earlier_post_does_not_bind_the_next(unit, path):
    person = make_person(joined_on=date(2020, 4, 1))
    appoint(person, make_post(unit), starts=TODAY)
    rule = make_rule(path, transferred=True)
    give(
        path,
        person,
        source=Source.RULE,
        rule=rule,
        state="waived",
        closed_on=TODAY - timedelta(days=1),
        start_on=date(2025, 5, 1),
        assigned_on=date(2025, 5, 1),
    )
    assert matching.apply_rule(rule, TODAY).assigned == 1


def test_who_gave_up_by_themselves_is_assigned(unit, path):
    person, rule = newcomer(unit), make_rule(path)
    give(path, person, source=Source.SELF, state="cancelled", closed_on=TODAY)
    assert matching.apply_rule(rule, TODAY).assigned == 1


def test_a_valid_completion_is_left_alone_until_its_renewal_opens(unit, head):
    path = make_path(head, version={"valid_months": 12, "renew_window_days": 60})
    person = make_staff(unit, title="係長")
    until = TODAY + timedelta(days=61)
    give(
        path,
        person,
        state="completed",
        completed_on=date(2025, 6, 1),
        start_on=date(2025, 5, 1),
        assigned_on=date(2025, 5, 1),
        valid_until=until,
    )
    rule = make_rule(path, titles=["係長"])
    assert matching.apply_rule(rule, TODAY).assigned == 0
    tomorrow = TODAY + timedelta(days=1)
    with clock.moved_to(tomorrow):
        assert matching.apply_rule(rule, tomorrow).assigned == 1


def test_nobody_on_leave_is_assigned(unit, path):
    person = newcomer(unit)
    appoint(person, make_post(unit), kind="childcare", starts=TODAY)
    assert matching.apply_rule(make_rule(path), TODAY).assigned == 0


def test_rules_of_another_time_or_of_a_retired_path_do_not_run(path, head):
    make_rule(path, ends_on=TODAY - timedelta(days=1), newcomers=True)
    make_rule(path, starts_on=TODAY + timedelta(days=1), newcomers=True)
    assert list(matching.in_force(TODAY)) == []
    rule = make_rule(path)
    assert list(matching.in_force(TODAY)) == [rule]
    LearningPath.objects.filter(pk=path.pk).update(stage=Stage.RETIRED)
    assert list(matching.in_force(TODAY)) == []
    assert list(dashboard.rules_on(TODAY)) == []  # the office page does not count it as running either


def test_a_path_that_cannot_be_assigned_is_said(unit, path):
    newcomer(unit)
    rule = make_rule(path)
    path.current_version().steps.all().delete()
    assert "ステップがありません" in matching.apply_rule(rule, TODAY).problem


def test_a_rule_and_the_form_of_assigning_say_the_same_of_who_is_new(unit, path, head):
    on = TODAY + timedelta(days=140)
    with clock.moved_to(on):
        for joined in (None, TODAY - timedelta(days=1), TODAY, on):
            for starts in (TODAY - timedelta(days=1), TODAY, on):
                appoint(make_person(joined_on=joined), make_post(unit), starts=starts, announced_on=starts)
        pool = eligible_people.candidates(head.user, on)
        new, moved = make_rule(path, newcomers=True), make_rule(path, transferred=True, newcomers=False)
        assert len(matched(new, on)) == 6 and len(matched(moved, on)) == 2
        assert matched(new, on) == {candidate.person.pk for candidate in pool if candidate.is_newcomer}
        assert matched(moved, on) == {candidate.person.pk for candidate in pool if candidate.is_transferred}


# --- Who has the path already --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "has"),
    [
        ({}, True),
        ({"state": "suspended"}, True),
        ({"state": "completed"}, True),
        ({"state": "completed", "valid_until": TODAY + timedelta(days=60)}, True),
        ({"state": "completed", "valid_until": TODAY + timedelta(days=20)}, False),  # its renewal is open
        ({"state": "completed", "valid_until": TODAY - timedelta(days=1)}, False),
        ({"source": "self"}, False),
        ({"source": "self", "shared": True}, False),
        ({"source": "self", "shared": True, "state": "completed"}, True),
    ],
)
def test_who_is_said_to_have_the_path_is_left_out_by_a_run(unit, head, values, has):
    person = newcomer(unit)
    path = make_path(head, version={"valid_months": 12, "renew_window_days": 30})
    give(path, person, assigned_on=TODAY - timedelta(days=400), **values)
    rule = make_rule(path)
    assert matching.people_having_path(rule, TODAY, user=office().user) == ({person.pk} if has else set())
    assert matching.apply_rule(rule, TODAY).assigned == (0 if has else 1)


def office():
    return make_staff(make_unit("jinji"), duties=("training",))


def test_what_is_learned_in_private_is_told_to_nobody(unit, head, path):
    give(path, newcomer(unit), source="self", state="completed")
    for reader in (head, office()):
        assert matching.people_having_path(make_rule(path), TODAY, user=reader.user) == set()


def test_a_head_is_not_told_of_what_was_finished_before_the_own_time(unit, head, path):
    give(path, newcomer(unit), state="completed", completed_on=TODAY - timedelta(days=30))
    assert matching.people_having_path(make_rule(path), TODAY, user=head.user) == set()
    assert len(matching.people_having_path(make_rule(path), TODAY, user=office().user)) == 1


def test_who_has_the_path_is_asked_once_for_many(unit, head, path, django_assert_num_queries):
    rule = make_rule(path)
    for _ in range(12):
        give(path, make_staff(unit))
    assert len(matching.people_having_path(rule, TODAY, user=head.user)) == 12  # from here on, the reader is cached
    with django_assert_num_queries(1):
        matching.people_having_path(rule, TODAY, user=head.user)
