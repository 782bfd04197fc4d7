"""Accounts: the service account, reissued logins, and the end of an account with the last day of work."""

import uuid
from datetime import date, timedelta

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import PermissionDenied, ValidationError

from organization import accounts, audit, clock
from organization.backends import PersonBackend
from organization.models import AuditEvent, User
from tests.errors import refused_with
from tests.factories.organization import PASSWORD, make_person, make_staff, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_user(is_superuser=True)


def test_the_service_account_is_one_and_nobody_can_log_in_with_it():
    user = accounts.service_account()
    assert accounts.service_account().pk == user.pk
    assert User.objects.filter(login="service").count() == 1
    assert not user.is_active
    assert not user.has_usable_password()


def test_the_service_account_costs_nothing_once_it_was_found(django_assert_num_queries):
    accounts.service_account()
    accounts.service_account()
    with django_assert_num_queries(0):
        accounts.service_account()


def test_a_user_is_named_by_login():
    user = get_user_model().objects.create_user("10001", password=PASSWORD)
    assert (user.get_username(), str(user), User.USERNAME_FIELD) == ("10001", "10001", "login")
    assert authenticate(username="10001", password=PASSWORD) == user
    with pytest.raises(ValueError, match="needs a login"):
        User.objects.create_user("")


def test_without_a_password_nobody_logs_in():
    make_user("10001")
    assert authenticate(username="10001", password="") is None


def test_a_superuser_may_everything():
    user = User.objects.create_superuser("kanri-2", PASSWORD)
    assert user.is_superuser and user.is_staff and user.has_perm("organization.add_orgevent")


def test_the_family_name_stands_first():
    assert make_user(last_name="信山", first_name="花").get_full_name() == "信山 花"


@pytest.mark.parametrize("login", ["a b", "名前、二つ", "<b>", ""])
def test_a_login_is_one_plain_word(login):
    with pytest.raises(ValidationError):
        User(login=login, password="x").full_clean()


def test_a_uid_never_changes():
    user = User.objects.get(pk=make_user().pk)
    user.uid = uuid.uuid4()
    with pytest.raises(ValueError, match="never changes"):
        user.save()


# --- A login that is given again -------------------------------------------------------------


def test_the_old_holder_keeps_everything_but_the_login(office):
    old = make_user("12345", password=PASSWORD)
    accounts.reissue_login(login="12345", actor=office)
    new = make_user("12345")
    old.refresh_from_db()
    assert (old.login, old.is_active, old.has_usable_password()) == ("12345#1", False, False)
    assert new.uid != old.uid
    accounts.reissue_login(login="12345", actor=office)
    new.refresh_from_db()
    assert new.login == "12345#2"


def test_it_is_written_down(office):
    accounts.reissue_login(login=make_user("12345").login, actor=office)
    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == ("user.reissued", {"login": "12345"}, {"login": "12345#1"})
    assert audit.verify_chain() == []


@pytest.mark.parametrize("login", ["nobody", "service"])
def test_what_is_nobodys_or_the_systems_is_not_given_again(office, login):
    accounts.service_account()
    with refused_with("unknown_login"):
        accounts.reissue_login(login=login, actor=office)


def test_only_who_manages_accounts_may(office):
    make_user("12345")
    with pytest.raises(PermissionDenied):
        accounts.reissue_login(login="12345", actor=make_user())


# --- Sessions end with the work ----------------------------------------------------------------


def test_an_account_ends_with_the_last_day_of_work(settings):
    person = make_person(user=make_user(password=PASSWORD), left_on=date(2025, 3, 31))
    backend = PersonBackend()
    settings.DEMO_TODAY = date(2025, 3, 31)
    assert backend.get_user(person.user_id) == person.user
    settings.DEMO_TODAY = date(2025, 4, 1)
    assert backend.get_user(person.user_id) is None
    assert not backend.user_can_authenticate(person.user)


def test_the_person_comes_with_the_account_in_one_query(django_assert_num_queries):
    with_person, without = make_person(user=make_user()).user, make_user()
    for user in (with_person, without):
        with django_assert_num_queries(1):
            account = PersonBackend().get_user(user.pk)
            assert (getattr(account, "person", None) is None) == (user is without)
    assert PersonBackend().get_user(0) is None


def test_the_session_of_a_leaver_ends_with_the_last_day(client):
    """With the product's own settings, because the backend works only if they name it."""
    person = make_staff(make_unit("bosai", name="防災課"))
    client.force_login(person.user)
    assert client.get("/my/").status_code == 200
    person.left_on = clock.today() - timedelta(days=1)
    person.save()
    assert client.get("/my/").status_code == 302
