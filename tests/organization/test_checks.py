"""System checks: no demo people beside real work, a moved clock only in the demo, no overlapping versions."""

from datetime import date

import pytest
from django.core.checks import Error, run_checks

from organization import checks
from organization.models import OrgUnitVersion
from tests.factories.organization import add_version, make_unit, make_user


@pytest.fixture
def real_work(settings, monkeypatch):
    """Settings like config.settings.production. Apps cannot be unloaded, so `is_installed` denies the demo's app."""
    monkeypatch.setattr(checks.apps, "is_installed", lambda app: app != "demo")
    settings.DEMO = False
    settings.SECURE_SSL_REDIRECT = True


def ids(messages):
    assert all(isinstance(message, Error) and message.hint for message in messages)
    return [message.id for message in messages]


def test_the_demo_alone_is_right(settings):
    settings.DEMO = True
    assert checks.demo_and_production_apart(None) == []
    settings.DEMO_TODAY = date(2025, 4, 1)
    assert checks.only_the_demo_moves_the_clock(None) == []


@pytest.mark.parametrize("marker", checks.PRODUCTION_MARKERS)
def test_the_demo_together_with_production_is_refused(settings, marker):
    settings.DEMO = True
    setattr(settings, marker, 1)
    messages = checks.demo_and_production_apart(None)
    assert ids(messages) == ["organization.E001"]
    assert marker in messages[0].msg


def test_the_demo_app_without_the_demo_is_refused(settings):
    settings.DEMO = False
    assert ids(checks.demo_and_production_apart(None)) == ["organization.E001"]


def test_real_work_is_right(real_work):
    assert checks.demo_and_production_apart(None) == []
    assert checks.only_the_demo_moves_the_clock(None) == []


def test_a_moved_clock_in_real_work_is_refused(real_work, settings):
    settings.DEMO_TODAY = date(2025, 4, 1)
    assert ids(checks.only_the_demo_moves_the_clock(None)) == ["organization.E002"]


@pytest.mark.django_db
@pytest.mark.parametrize("login", checks.DEMO_LOGINS)
def test_a_demo_person_in_the_database_of_real_work_is_refused(real_work, login):
    user = make_user(login, password="manabi")
    messages = checks.no_demo_people_in_real_work(None, databases=["default"])
    assert ids(messages) == ["organization.E001"]
    assert login in messages[0].msg
    user.is_active = False
    user.save()
    assert checks.no_demo_people_in_real_work(None, databases=["default"]) == []


@pytest.mark.django_db
def test_a_real_person_of_that_name_is_welcome(real_work):
    make_user("km", password="another-password-7")
    make_user("tanaka", password="manabi")
    assert checks.no_demo_people_in_real_work(None, databases=["default"]) == []


@pytest.mark.django_db
def test_in_the_demo_they_are_at_home(settings):
    settings.DEMO = True
    make_user("km", password="manabi")
    assert checks.no_demo_people_in_real_work(None, databases=["default"]) == []


@pytest.mark.django_db
def test_overlapping_versions_are_found():
    good, bad = make_unit("good", until=date(2020, 3, 31)), make_unit("bad", until=date(2020, 4, 1))
    add_version(good, name="次", since=date(2020, 4, 1))
    OrgUnitVersion.objects.bulk_create(
        [OrgUnitVersion(unit=bad, name="重なる", kana="かさなる", valid_from=date(2020, 4, 1))]
    )
    messages = checks.versions_do_not_overlap(None, databases=["default"])
    assert ids(messages) == ["organization.E003"]
    assert messages[0].msg.endswith(": bad.")


def test_without_a_database_to_ask_nothing_is_asked():
    """`check` alone names no database; these run with migrate and with check --database default."""
    assert checks.versions_do_not_overlap(None) == []
    assert checks.no_demo_people_in_real_work(None, databases=[]) == []


@pytest.mark.django_db
def test_they_are_registered():
    add_version(make_unit("bad"), name="重なる", since=date(2010, 4, 1), until=date(2020, 3, 31))
    assert "organization.E003" in [message.id for message in run_checks(databases=["default"])]
