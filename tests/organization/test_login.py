"""Logging in and out, the demo's cards, and one's own password."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from tests.factories.organization import PASSWORD, make_person, make_user

pytestmark = pytest.mark.django_db
LOGIN = "/login/"


@pytest.fixture
def user():
    user = make_user("10001", password=PASSWORD)
    make_person(user=user)
    return user


def log_in(client, password=PASSWORD, **other):
    return client.post(LOGIN, {"username": "10001", "password": password, **other})


def logged_in(client):
    return "_auth_user_id" in client.session


def test_one_logs_in_and_lands_at_home(client, user):
    response = log_in(client)
    assert (response.status_code, response.url) == (302, reverse("home"))
    assert logged_in(client)


def test_a_session_ends_with_the_last_day_of_work_and_cannot_be_begun_again(client, user, settings):
    log_in(client)
    user.person.left_on = date(2025, 3, 31)
    user.person.save()
    for day, status in ((date(2025, 3, 31), 200), (date(2025, 4, 1), 302)):
        settings.DEMO_TODAY = day
        assert client.get("/search/").status_code == status
    another = Client()
    log_in(another)
    assert not logged_in(another)


@pytest.mark.parametrize("target", ["/k/L-R07-00001/", "/search/?q=台風"])
def test_one_goes_on_to_where_one_was_going(client, user, target):
    assert log_in(client, next=target).url == iri_to_uri(target)


@pytest.mark.parametrize(
    "target", ["https://example.com/", "//example.com/", "javascript:alert(1)", "/\\example.com", "http:///example.com"]
)
def test_nobody_is_sent_to_another_host(client, user, target):
    assert log_in(client, next=target).url == reverse("home")


@pytest.mark.parametrize("login", ["10001", "nobody"])
def test_a_wrong_password_is_answered_in_one_sentence_that_tells_nothing(client, user, login):
    response = client.post(LOGIN, {"username": login, "password": "wrong"})
    assert response.status_code == 200
    errors = response.context["form"].non_field_errors()
    assert errors == ["ログインIDかパスワードが違います。もう一度入れてください。"]
    assert errors[0] in response.content.decode()
    assert f'value="{login}"' in response.content.decode(), "what was typed is kept"
    assert not logged_in(client)


def test_an_inactive_account_gets_the_same_answer(client, user):
    user.is_active = False
    user.save()
    assert "ログインIDかパスワードが違います" in log_in(client).content.decode()


@pytest.mark.parametrize("missing", ["username", "password"])
def test_an_empty_field_is_asked_for(client, user, missing):
    typed = {"username": "10001", "password": PASSWORD, missing: ""}
    page = client.post(LOGIN, typed).content.decode()
    assert "を入れてください。" in page


@pytest.mark.parametrize("typed", ["%00", "%ED%A0%80", "%FF%FE", "a" * 100_000, "１０００１", "10001%00"])
def test_odd_input_is_refused_and_not_a_failure(client, user, typed):
    body = f"username={typed}&password={typed}"
    response = client.post(LOGIN, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not logged_in(client)


def test_who_is_logged_in_already_goes_home(client, user):
    client.force_login(user)
    assert client.get(LOGIN).status_code == 302


def test_one_logs_out_by_a_post_only(client, user):
    client.force_login(user)
    assert client.get("/logout/").status_code == 405
    assert logged_in(client)
    assert client.post("/logout/").url == reverse("login")
    assert not logged_in(client)


# --- The demo's cards --------------------------------------------------------------------------


def cards():
    return [
        {
            "login": "10001",
            "password": PASSWORD,
            "role": "執筆する職員",
            "can": ["書けます。"],
            "first_task": "一つ書く",
        }
    ]


@pytest.fixture
def with_cards(settings):
    settings.LOGIN_CARDS = f"{__name__}.cards"
    settings.DEMO = True


def test_a_card_logs_in_with_one_press(user, with_cards):
    client = Client(enforce_csrf_checks=True)
    page = client.get(LOGIN, {"next": "/my/"})
    body = page.content.decode()
    assert "執筆する職員" in body and "一つ書く" in body
    assert body.count("csrfmiddlewaretoken") == 2, "one for the form, one for the card"
    token = client.cookies["csrftoken"].value
    response = log_in(client, csrfmiddlewaretoken=token, next="/my/")
    assert (response.status_code, response.url) == (302, "/my/")


def test_without_its_token_a_card_is_refused(user, with_cards):
    assert log_in(Client(enforce_csrf_checks=True)).status_code == 403


@pytest.mark.parametrize(("demo", "path"), [(False, f"{__name__}.cards"), (True, "")])
def test_there_are_no_cards_outside_the_demo(client, user, settings, demo, path):
    settings.LOGIN_CARDS, settings.DEMO = path, demo
    assert client.get(LOGIN).context["cards"] == []
    assert "執筆する職員" not in client.get(LOGIN).content.decode()


# --- One's own password ------------------------------------------------------------------------


def test_one_changes_ones_own_password(client, user):
    client.force_login(user)
    assert client.get("/password/").status_code == 200
    new = {"old_password": PASSWORD, "new_password1": "kumo-ga-nagareru", "new_password2": "kumo-ga-nagareru"}
    assert client.post("/password/", new).status_code == 302
    user.refresh_from_db()
    assert user.check_password("kumo-ga-nagareru")
    assert logged_in(client)


def test_the_old_password_must_be_right(client, user):
    client.force_login(user)
    new = {"old_password": "wrong", "new_password1": "kumo-ga-nagareru", "new_password2": "kumo-ga-nagareru"}
    response = client.post("/password/", new)
    assert response.status_code == 200
    assert response.context["form"].errors["old_password"] == [
        "元のパスワードが間違っています。もう一度入力してください。"
    ]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_visitor_is_asked_to_log_in_first(client):
    assert client.get("/password/").url.startswith("/login/?next=")
