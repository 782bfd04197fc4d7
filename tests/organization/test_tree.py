"""The tree of a day: names, parents and successors, and no stale tree after a change."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import given

from organization.models import OrgEvent, OrgUnit, OrgUnitVersion
from organization.units import tree as module
from organization.units.tree import unit_tree
from tests.factories.organization import (
    add_version,
    make_department,
    make_event,
    make_municipality,
    make_unit,
)
from tests.organization.random_worlds import build, worlds

pytestmark = pytest.mark.django_db
DAY = date(2024, 4, 1)
EVE = DAY - timedelta(days=1)


# --- Names -----------------------------------------------------------------------------------


def test_names_then_and_now():
    unit = make_unit(name="男女共同参画課", short="男女課", kana="だんじょきょうどうさんかくか", until=EVE)
    add_version(unit, name="人権・共生課", kana="じんけん・きょうせいか", since=DAY)
    tree = unit_tree(DAY)
    assert tree.name(unit.pk) == "人権・共生課"
    assert tree.name_on(unit.pk, EVE) == "男女共同参画課"
    assert tree.name_on(unit.pk, date(1990, 1, 1)) == "男女共同参画課"
    assert tree.all_names(unit.pk) == (
        "人権・共生課",
        "じんけん・きょうせいか",
        "男女共同参画課",
        "男女課",
        "だんじょきょうどうさんかくか",
    )
    assert (tree.short(unit.pk), unit_tree(EVE).short(unit.pk)) == ("人権・共生課", "男女課")


def test_a_unit_that_is_gone_keeps_its_last_name():
    unit = make_unit(name="国体準備室", until=EVE)
    assert unit_tree(DAY).name(unit.pk) == "国体準備室"
    assert not unit_tree(DAY).is_in_force(unit.pk)
    assert unit_tree(EVE).is_in_force(unit.pk)


def test_a_unit_that_does_not_exist_is_nothing_at_all():
    tree = unit_tree()
    assert (tree.uid(0), tree.name(0), tree.kind(0), tree.all_names(0)) == ("", "", "", ())
    assert (tree.parent(0), tree.ancestors(0), tree.successor(0), tree.department(0)) == (None, (), 0, 0)


# --- Up and down -----------------------------------------------------------------------------


def test_ancestors_descendants_and_department():
    department = make_department()
    division = make_unit(parent=department)
    section = make_unit(kind="section", parent=division)
    tree = unit_tree()
    assert tree.ancestors(section.pk) == (division.pk, department.pk)
    assert tree.descendants(department.pk) == {division.pk, section.pk}
    assert tree.department(section.pk) == department.pk
    assert tree.department_members(department.pk) == {department.pk, division.pk, section.pk}


def test_without_a_department_the_bureau_stands_for_it_else_the_unit_itself():
    bureau = make_unit(kind="regional_bureau")
    office = make_unit(parent=bureau)
    town = make_municipality()
    tree = unit_tree()
    assert tree.department(office.pk) == bureau.pk
    assert tree.department(town.pk) == town.pk


def test_a_bureau_under_a_department_belongs_to_it():
    department = make_department()
    bureau = make_unit(kind="regional_bureau", parent=department)
    office = make_unit(parent=bureau)
    assert unit_tree().department(office.pk) == department.pk


def test_units_below_a_merged_department_hang_from_its_successor():
    old, new = make_department(until=EVE), make_department()
    division = make_unit(parent=old)
    make_event("merge", [old], [new], DAY, new)
    assert unit_tree(EVE).department(division.pk) == old.pk
    assert unit_tree(DAY).department(division.pk) == new.pk
    assert unit_tree(DAY).parent(division.pk) == new.pk


def test_a_unit_above_itself_ends_somewhere():
    first = make_unit()
    second = make_unit(parent=first)
    OrgUnitVersion.objects.filter(unit=first).update(parent=second)
    tree = unit_tree()
    assert tree.ancestors(first.pk) == (second.pk,)
    assert tree.department(first.pk) in (first.pk, second.pk)


# --- Then and now ----------------------------------------------------------------------------


@pytest.fixture
def split():
    """協働課 is split into 対話課 (main) and 広報課, which is later merged into 総務課."""
    old = make_unit("kyodo", until=EVE)
    dialogue, relations = make_unit("taiwa", since=DAY), make_unit("koho", since=DAY, until=date(2025, 3, 31))
    affairs = make_unit("somu")
    make_event("split", [old], [dialogue, relations], DAY, dialogue)
    make_event("merge", [relations], [affairs], date(2025, 4, 1), affairs)
    return old, dialogue, relations, affairs


def test_work_follows_the_main_line_and_readers_every_line(split):
    old, dialogue, relations, affairs = split
    tree = unit_tree(date(2025, 4, 1))
    assert tree.successor(old.pk) == dialogue.pk
    assert tree.successor(relations.pk) == affairs.pk
    assert tree.successors(old.pk) == {dialogue.pk, relations.pk, affairs.pk}
    assert tree.predecessors(affairs.pk) == {old.pk, relations.pk}
    assert tree.inherited(dialogue.pk) == {dialogue.pk, old.pk}
    assert tree.inherited(affairs.pk) == {affairs.pk, relations.pk}


def test_before_the_event_nothing_has_happened(split):
    old, dialogue, _, _ = split
    tree = unit_tree(EVE)
    assert tree.successor(old.pk) == old.pk
    assert tree.predecessors(dialogue.pk) == frozenset()
    assert tree.successors(old.pk) == frozenset()


def test_a_unit_that_goes_on_hands_nothing_over():
    """After a split that leaves the old unit in force, only its own staff read its items, not the new unit."""
    stays, new = make_unit(), make_unit(since=DAY)
    make_event("split", [stays], [stays, new], DAY, stays)
    tree = unit_tree(DAY)
    assert tree.predecessors(new.pk) == frozenset()
    assert tree.successor(stays.pk) == stays.pk


def test_a_unit_abolished_without_an_heir_is_its_own_end():
    gone = make_unit(until=EVE)
    assert unit_tree(DAY).successor(gone.pk) == gone.pk


def test_successors_in_a_circle_end_somewhere():
    first, second = make_unit(until=EVE), make_unit(until=EVE)
    make_event("merge", [first], [second], DAY, second)
    make_event("merge", [second], [first], DAY, first)
    assert unit_tree(DAY).successor(first.pk) in (first.pk, second.pk)
    assert unit_tree(DAY).predecessors(first.pk) == {second.pk}


@given(worlds())
def test_the_tree_agrees_with_itself(world):
    """In any tree, ancestors match descendants, predecessors match successors, and every chain ends in force."""
    with build(world) as made:
        tree = unit_tree(made.today)
        for unit in tree.units:
            assert unit not in tree.ancestors(unit)
            assert all(unit in tree.descendants(above) for above in tree.ancestors(unit) if tree.is_in_force(unit))
            assert all(unit in tree.predecessors(after) for after in tree.successors(unit))
            assert all(unit in tree.successors(before) for before in tree.predecessors(unit))
            assert tree.successor(unit) in tree.successors(unit) | {unit}
            assert tree.successor(tree.successor(unit)) == tree.successor(unit)
            assert unit in tree.inherited(unit)
            assert unit in tree.department_members(tree.department(unit))
            if tree.is_in_force(unit):
                assert tree.successor(unit) == unit
                assert tree.successors(unit) == frozenset()


# --- Kept in memory, never out of date ---------------------------------------------------------


def test_it_is_read_in_three_queries_and_then_costs_one(django_assert_num_queries):
    make_event("rename", [make_unit()], [make_unit()], DAY)
    with django_assert_num_queries(3):
        unit_tree()
    with django_assert_num_queries(1):
        unit_tree()
    with django_assert_num_queries(1):
        unit_tree(EVE)


def test_within_a_request_it_is_looked_at_once(django_assert_num_queries):
    unit = make_unit(name="一課")
    unit_tree()
    module.begin_request()
    try:
        with django_assert_num_queries(1):
            for _ in range(5):
                assert unit_tree().name(unit.pk) == "一課"
        unit.versions.update(name="二課")
        module.touch()
        assert unit_tree().name(unit.pk) == "二課"
    finally:
        module.end_request()


def rename_by_save(unit):
    version = unit.versions.get()
    version.name = "新課"
    version.save()


def rename_in_bulk(unit):
    version = unit.versions.get()
    version.name = "新課"
    OrgUnitVersion.objects.bulk_update([version], ["name"])


def replace_in_bulk(unit):
    OrgUnitVersion.objects.all().delete()
    OrgUnitVersion.objects.bulk_create(
        [OrgUnitVersion(unit=unit, name="新課", kana="しんか", valid_from=date(2020, 4, 1))]
    )


@pytest.mark.parametrize(
    "change",
    [
        rename_by_save,
        rename_in_bulk,
        replace_in_bulk,
        lambda unit: OrgUnitVersion.objects.filter(unit=unit).update(name="新課"),
        lambda unit: unit.versions.update(name="新課"),
    ],
)
def test_any_way_of_changing_a_version_is_seen(change):
    unit = make_unit(name="旧課")
    assert unit_tree().name(unit.pk) == "旧課"
    change(unit)
    assert unit_tree().name(unit.pk) == "新課"


def test_a_change_of_an_event_or_a_unit_is_seen():
    old, new, town = make_unit(until=EVE), make_unit(), make_unit(kind="outside")
    event = OrgEvent.objects.create(kind="merge", effective_on=DAY)
    assert unit_tree(DAY).successor(old.pk) == old.pk
    event.from_units.add(old)
    event.to_units.add(new)
    assert unit_tree(DAY).successor(old.pk) == new.pk
    event.delete()
    assert unit_tree(DAY).successor(old.pk) == old.pk
    OrgUnit.objects.filter(pk=town.pk).update(kind="municipality")
    assert unit_tree().kind(town.pk) == "municipality"


def test_a_change_that_is_rolled_back_is_forgotten():
    unit = make_unit(name="旧課")
    with transaction.atomic():
        unit.versions.update(name="新課")
        module.touch()
        assert unit_tree().name(unit.pk) == "新課"
        transaction.set_rollback(True)
    assert unit_tree().name(unit.pk) == "旧課"
