"""Units and their dated versions: ids stay, versions neither overlap nor leave a gap (I5)."""

import uuid
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from organization.models import OrgEvent, OrgUnit, OrgUnitVersion
from tests.errors import refused_with
from tests.factories.organization import add_version, make_department, make_event, make_unit

pytestmark = pytest.mark.django_db


def version(unit, since, until=None, **other):
    return OrgUnitVersion(unit=unit, name="新しい課", kana="あたらしいか", valid_from=since, valid_to=until, **other)


def test_a_uid_is_given_once():
    unit = OrgUnit.objects.get(pk=make_unit().pk)
    unit.uid = uuid.uuid4()
    with pytest.raises(ValueError, match="never changes"):
        unit.save()


def test_a_unit_is_called_what_it_is_called_today(settings):
    unit = make_unit("kikaku", name="企画課", until=date(2024, 3, 31))
    add_version(unit, name="総合企画課", since=date(2024, 4, 1))
    settings.DEMO_TODAY = date(2024, 3, 31)
    assert str(unit) == "企画課"
    settings.DEMO_TODAY = date(2024, 4, 1)
    assert str(unit) == "総合企画課"


def test_a_unit_without_a_version_is_called_by_its_code():
    assert str(OrgUnit.objects.create(code="mada")) == "mada"
    assert str(OrgUnit(code="mada-2")) == "mada-2"


def test_the_next_version_begins_the_day_after():
    unit = make_unit(until=date(2024, 3, 31))
    version(unit, date(2024, 4, 1)).full_clean()


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (date(2024, 3, 31), None, "versions_overlap"),
        (date(2010, 1, 1), date(2030, 1, 1), "versions_overlap"),
        (date(2010, 1, 1), date(2015, 4, 1), "versions_overlap"),
        (date(2024, 4, 2), None, "versions_gap"),
        (date(2024, 4, 1), date(2024, 3, 1), "ends_before_start"),
    ],
)
def test_versions_neither_overlap_nor_leave_a_gap(since, until, code):
    unit = make_unit(since=date(2015, 4, 1), until=date(2024, 3, 31))
    with refused_with(code):
        version(unit, since, until).full_clean()


def test_a_gap_is_right_after_an_abolition():
    unit, heir = make_unit(until=date(2020, 3, 31)), make_unit()
    make_event("abolish", [unit], [heir], date(2020, 4, 1), heir)
    version(unit, date(2024, 4, 1)).full_clean()


def test_a_version_may_be_corrected_in_place():
    unit = make_unit(name="誤字課")
    only = unit.versions.get()
    only.name = "五字課"
    only.full_clean()


def test_two_open_versions_are_refused_by_the_database_too():
    unit = make_unit()
    with pytest.raises(IntegrityError), transaction.atomic():
        add_version(unit, name="もう一つ", since=date(2020, 4, 1))


def test_the_parent_must_stand_on_the_first_day():
    gone = make_department(until=date(2020, 3, 31))
    with refused_with("parent_not_in_force"):
        version(make_unit(until=date(2024, 3, 31)), date(2024, 4, 1), parent=gone).full_clean()


def test_a_unit_does_not_stand_above_itself():
    top = make_department(until=date(2024, 3, 31))
    middle = make_unit(parent=top)
    low = make_unit(parent=middle)
    for parent in (top, middle, low):
        with refused_with("parent_circle"):
            version(top, date(2024, 4, 1), parent=parent).full_clean()


@pytest.mark.parametrize("kind", ["merge", "split", "abolish"])
def test_what_ends_needs_an_heir(kind):
    with refused_with("main_successor_required"):
        OrgEvent(kind=kind, effective_on=date(2024, 4, 1)).full_clean()
    OrgEvent(kind=kind, effective_on=date(2024, 4, 1), main_successor=make_unit()).full_clean()
