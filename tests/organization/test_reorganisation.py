"""組織改正: the rows that each function writes, and its refusals. Ids and old names stay."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from organization import audit, reorganisation
from organization.models import AuditEvent, OrgEvent, OrgUnit, OrgUnitVersion
from organization.reorganisation import Naming
from organization.units.tree import unit_tree
from tests.errors import refused_with
from tests.factories.organization import make_department, make_staff, make_unit, make_user

pytestmark = pytest.mark.django_db
DAY = date(2025, 4, 1)
EVE = DAY - timedelta(days=1)


@pytest.fixture
def actor():
    return make_staff(make_unit(), duties=("km",)).user


def naming(name, **other):
    return Naming(name=name, kana="よみ", **other)


def new_unit(code):
    return OrgUnit.objects.create(code=code)


def test_a_renamed_unit_stays_itself(actor):
    department = make_department()
    unit = make_unit("danjo", name="男女共同参画課")
    event = reorganisation.rename(unit=unit, to=naming("人権・共生課", parent=department), on=DAY, actor=actor)
    tree = unit_tree(DAY)
    assert (tree.name(unit.pk), tree.parent(unit.pk)) == ("人権・共生課", department.pk)
    assert unit_tree(EVE).name(unit.pk) == "男女共同参画課"
    assert unit.versions.get(valid_to__isnull=False).valid_to == EVE
    assert (event.kind, list(event.to_units.all())) == ("rename", [unit])
    assert (tree.successor(unit.pk), tree.predecessors(unit.pk)) == (unit.pk, frozenset())


def test_merged_units_end_and_one_carries_on(actor):
    first, second = make_unit(), make_unit()
    reorganisation.merge(units=[first, second], into=second, to=naming("統合課"), on=DAY, actor=actor)
    tree = unit_tree(DAY)
    assert not tree.is_in_force(first.pk)
    assert (tree.name(second.pk), tree.successor(first.pk)) == ("統合課", second.pk)
    assert tree.predecessors(second.pk) == {first.pk}


def test_units_merge_into_a_new_one(actor):
    first, second, new = make_unit(), make_unit(), new_unit("new")
    reorganisation.merge(units=[first, second], into=new, to=naming("新課"), on=DAY, actor=actor)
    tree = unit_tree(DAY)
    assert tree.predecessors(new.pk) == {first.pk, second.pk}
    assert [tree.is_in_force(unit.pk) for unit in (first, second, new)] == [False, False, True]


def test_a_unit_may_be_merged_into_another_that_keeps_its_name(actor):
    first, second = make_unit(), make_unit(name="総務課")
    reorganisation.merge(units=[first], into=second, on=DAY, actor=actor)
    assert unit_tree(DAY).successor(first.pk) == second.pk
    assert second.versions.count() == 1


def test_a_split_has_a_main_successor(actor):
    old, first, second = make_unit(), new_unit("one"), new_unit("two")
    reorganisation.split(
        unit=old, into=[(first, naming("一課")), (second, naming("二課"))], main_successor=second, on=DAY, actor=actor
    )
    tree = unit_tree(DAY)
    assert tree.successor(old.pk) == second.pk
    assert tree.successors(old.pk) == {first.pk, second.pk}


def test_the_old_unit_may_go_on_after_a_split(actor):
    old, new = make_unit(name="大課"), new_unit("new")
    reorganisation.split(
        unit=old, into=[(old, naming("小課")), (new, naming("新課"))], main_successor=old, on=DAY, actor=actor
    )
    assert unit_tree(DAY).name(old.pk) == "小課"
    assert unit_tree(DAY).predecessors(new.pk) == frozenset()


def test_an_abolished_unit_leaves_its_work_to_another(actor):
    unit, heir = make_unit(), make_unit()
    reorganisation.abolish(unit=unit, main_successor=heir, on=DAY, actor=actor)
    assert unit_tree(DAY).successor(unit.pk) == heir.pk
    assert unit_tree(EVE).is_in_force(unit.pk)


def test_units_below_a_department_that_ends_go_to_its_successor(actor):
    old, new = make_department(), make_department()
    division = make_unit(parent=old)
    reorganisation.abolish(unit=old, main_successor=new, on=DAY, actor=actor)
    assert unit_tree(DAY).department(division.pk) == new.pk


def test_each_verb_is_written_down(actor):
    unit, heir = make_unit(name="課"), make_unit("heir")
    reorganisation.rename(unit=unit, to=naming("新課"), on=DAY, actor=actor)
    reorganisation.abolish(unit=unit, main_successor=heir, on=date(2026, 4, 1), actor=actor)
    events = list(AuditEvent.objects.order_by("sequence").values_list("action", "before__name", "after__name"))
    assert events == [("unit.renamed", "課", "新課"), ("unit.abolished", "新課", None)]
    assert audit.verify_chain() == []


# --- What is refused ---------------------------------------------------------------------------


def snapshot():
    versions = OrgUnitVersion.objects.order_by("pk").values_list("pk", "name", "valid_to")
    return list(versions), OrgEvent.objects.count(), AuditEvent.objects.count()


def refused(code, verb, **arguments):
    before = snapshot()
    with refused_with(code):
        verb(**arguments)
    assert snapshot() == before, "a refused change must leave nothing behind"


def test_what_would_leave_work_without_an_heir_is_refused(actor):
    unit, gone = make_unit(), make_unit(until=EVE)
    first, second = (new_unit("one"), naming("一課")), (new_unit("two"), naming("二課"))
    common = {"on": DAY, "actor": actor}
    refused("successor_not_in_force", reorganisation.abolish, unit=unit, main_successor=unit, **common)
    refused("successor_not_in_force", reorganisation.abolish, unit=unit, main_successor=gone, **common)
    refused("too_few_units", reorganisation.merge, units=[unit], into=unit, **common)
    refused("target_not_in_force", reorganisation.merge, units=[unit], into=gone, **common)
    refused("too_few_units", reorganisation.split, unit=unit, into=[first], main_successor=first[0], **common)
    refused(
        "successor_not_a_target", reorganisation.split, unit=unit, into=[first, second], main_successor=unit, **common
    )
    stays = (unit, naming("元の課"))
    refused(
        "successor_must_be_the_unit",
        reorganisation.split,
        unit=unit,
        into=[stays, first],
        main_successor=first[0],
        **common,
    )
    standing = (make_unit(), naming("別の課"))
    refused(
        "target_in_force", reorganisation.split, unit=unit, into=[first, standing], main_successor=first[0], **common
    )


def test_a_day_on_which_the_unit_does_not_stand_is_refused(actor):
    unit = make_unit(since=DAY)
    refused("no_open_version", reorganisation.rename, unit=unit, to=naming("新課"), on=DAY, actor=actor)
    gone = make_unit(until=EVE)
    refused("no_open_version", reorganisation.rename, unit=gone, to=naming("新課"), on=DAY, actor=actor)


def test_a_parent_that_does_not_stand_is_refused_and_nothing_is_closed(actor):
    unit, gone = make_unit(), make_department(until=EVE)
    to = naming("新課", parent=gone)
    refused("parent_not_in_force", reorganisation.rename, unit=unit, to=to, on=DAY, actor=actor)


def test_only_the_knowledge_office_and_administrators_may():
    unit = make_unit()
    for actor in (make_user(), make_staff(make_unit(), head=True).user):
        with pytest.raises(PermissionDenied, match="KM推進と管理者"):
            reorganisation.rename(unit=unit, to=naming("新課"), on=DAY, actor=actor)
    reorganisation.rename(unit=unit, to=naming("新課"), on=DAY, actor=make_user(is_superuser=True))
