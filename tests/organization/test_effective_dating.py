"""A 組織改正 that was entered in advance: on its day, its signal is sent once."""

from datetime import date, timedelta

import pytest
from django.db.models.signals import post_save

from organization.models import OrgUnitVersion
from organization.units.effective_dating import take_effect
from tests.factories.organization import add_version, make_unit

DAY = date(2026, 4, 1)
BEFORE = DAY - timedelta(days=1)


@pytest.fixture
def heard(db):
    """The versions whose signal is sent from here on."""
    sent = []

    def hear(instance, **_):
        sent.append(instance)

    post_save.connect(hear, sender=OrgUnitVersion)
    yield sent
    post_save.disconnect(hear, sender=OrgUnitVersion)


@pytest.fixture
def moving(db):
    """防災課, under 総務部 until the day before and under 危機管理部 from the day, entered in advance."""
    old, new = (make_unit(name=name, kind="department") for name in ("総務部", "危機管理部"))
    unit = make_unit(name="防災課", parent=old, until=BEFORE)
    add_version(unit, name="防災課", parent=new, since=DAY)
    return unit


def test_versions_that_end_or_begin_are_announced_once_on_the_day(moving, heard):
    take_effect(on=BEFORE)
    heard.clear()
    assert take_effect(on=DAY) == 2
    assert set(heard) == set(moving.versions.all())
    heard.clear()
    assert take_effect(on=DAY) == take_effect(on=DAY + timedelta(days=1)) == 0 and not heard


def test_days_that_were_missed_are_made_up_for(moving, heard):
    take_effect(on=BEFORE - timedelta(days=3))
    heard.clear()
    assert take_effect(on=DAY + timedelta(days=5)) == 2 and len(heard) == 2


def test_a_day_before_the_last_one_does_nothing(moving, heard):
    take_effect(on=DAY)
    heard.clear()
    assert take_effect(on=BEFORE) == 0 and not heard
