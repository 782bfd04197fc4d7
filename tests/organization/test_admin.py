"""The admin's group 「組織」: columns, filters, audited changes, rows in use that cannot be deleted, and hidden 内示."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from organization import audit
from organization.models import Appointment, AuditEvent, OrgUnit, OrgUnitVersion, Person
from tests.factories.organization import (
    add_version,
    appoint,
    make_department,
    make_event,
    make_person,
    make_post,
    make_staff,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
TODAY = date(2025, 4, 1)
MODELS = ("person", "orgunit", "orgunitversion", "orgevent", "post", "appointment", "duty")


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def administrator(client):
    client.force_login(make_user("kanri", is_superuser=True))
    return client


@pytest.fixture
def office(client):
    """A member of the knowledge office: permissions by the group, not a superuser."""
    group = Group.objects.create(name="office")
    codes = [f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in MODELS]
    group.permissions.set(Permission.objects.filter(codename__in=["access_admin", *codes]))
    person = make_staff(make_unit(), duties=("km",))
    person.user.groups.add(group)
    client.force_login(person.user)
    return client


def rows():
    """A small prefecture with every kind of row."""
    department = make_department(name="危機管理部")
    unit, gone = make_unit("bosai", name="防災課", parent=department), make_unit(name="消防課", until=date(2020, 3, 31))
    make_event("merge", [gone], [unit], date(2020, 4, 1), unit)
    return make_staff(unit, title="課長", head=True, name="信山 花", duties=("reviewer",))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("person", ["信山 花", "防災課 課長", "常勤", "ログインID"]),
        ("orgunit", ["防災課", "危機管理部", "課室", "今の後継"]),
        ("orgunitversion", ["防災課", "この日から", "上位の所属"]),
        ("orgevent", ["統合", "消防課", "主たる後継の所属"]),
        ("post", ["課長", "防災課", "所属長の職"]),
        ("appointment", ["信山 花", "本務", "公表日"]),
        ("duty", ["所属レビュアー", "防災課 課長"]),
    ],
)
def test_a_listing_shows_what_its_rows_are(administrator, model, words):
    rows()
    page = administrator.get(reverse(f"{model}:index")).content.decode()
    assert [word for word in words if word not in page] == []


@pytest.mark.parametrize("model", MODELS)
def test_a_listing_costs_the_same_for_many_rows(administrator, model, django_assert_max_num_queries):
    for _ in range(12):
        unit = make_unit(parent=make_department())
        make_event("transfer", [unit], [make_unit()], date(2020, 4, 1), unit)
        make_staff(unit, duties=("contact",))
    url = reverse(f"{model}:index")
    administrator.get(url)
    with django_assert_max_num_queries(25):
        administrator.get(url)


@pytest.mark.parametrize("model", MODELS)
def test_forms_open_in_japanese(administrator, model):
    person = rows()
    for url in (reverse(f"{model}:add"), reverse("person:edit", args=[person.pk])):
        assert administrator.get(url).status_code == 200


@pytest.mark.parametrize(
    ("url", "expected", "missing"),
    [
        ("orgunit:index?standing=true", "防災課", "消防課"),
        ("orgunit:index?standing=false", "消防課", "危機管理部"),
        ("orgunit:index?kind=department", "危機管理部", "bosai"),
        ("orgunit:index?q=消防", "消防課", "危機管理部"),
        ("person:index?in_service=true", "信山 花", "退職 太郎"),
        ("person:index?in_service=false", "退職 太郎", "信山 花"),
        ("person:index?q=信山", "信山 花", "退職 太郎"),
        ("appointment:index?now=true", "信山 花", "退職 太郎"),
        ("appointment:index?now=false", "退職 太郎", "信山 花"),
        ("duty:index?role=reviewer", "所属レビュアー", "福祉課"),
    ],
)
def test_listings_are_filtered_and_searched(administrator, url, expected, missing):
    rows()
    left = make_person(name="退職 太郎", left_on=date(2024, 3, 31))
    appoint(left, make_post(make_unit(name="福祉課"), duties=("contact",)), ends=date(2024, 3, 31))
    name, query = url.split("?")
    page = administrator.get(f"{reverse(name)}results/?{query}").content.decode()
    assert expected in page
    assert missing not in page


# --- Changes -----------------------------------------------------------------------------------


def test_what_is_added_changed_and_deleted_is_written_down(administrator):
    administrator.post(reverse("orgunit:add"), {"code": "shinka", "kind": "division"})
    unit = OrgUnit.objects.get(code="shinka")
    administrator.post(reverse("orgunit:edit", args=[unit.pk]), {"code": "shinka", "kind": "section"})
    administrator.post(reverse("orgunit:delete", args=[unit.pk]))
    assert not OrgUnit.objects.filter(pk=unit.pk).exists()
    events = AuditEvent.objects.order_by("sequence").values_list("actor__login", "action", "before", "after")
    assert list(events) == [
        ("kanri", "orgunit.added", None, {"code": "shinka", "kind": "division"}),
        ("kanri", "orgunit.changed", {"kind": "division"}, {"kind": "section"}),
        ("kanri", "orgunit.deleted", {"code": "shinka", "kind": "section"}, None),
    ]
    assert audit.verify_chain() == []


def test_an_event_with_its_units_is_written_down(administrator):
    first, second = make_unit(until=date(2025, 3, 31)), make_unit()
    typed = {
        "kind": "merge",
        "effective_on": "2025-04-01",
        "from_units": [first.pk],
        "to_units": [second.pk],
        "main_successor": second.pk,
    }
    response = administrator.post(reverse("orgevent:add"), typed)
    assert response.status_code == 302
    assert AuditEvent.objects.get().after["from_units"] == [first.pk]


def test_events_are_listed_by_the_names_of_their_day(administrator):
    unit = make_unit(name="情報課", until=date(2023, 3, 31))
    add_version(unit, name="デジタル課", since=date(2023, 4, 1), until=date(2025, 3, 31))
    add_version(unit, name="未来課", since=date(2025, 4, 1))
    make_event("rename", [unit], [unit], date(2023, 4, 1), unit)
    page = administrator.get(reverse("orgevent:index_results")).content.decode()
    assert "情報課" in page
    assert "デジタル課" in page
    assert reverse("orgevent:edit", args=[unit.events_from.get().pk]) in page


def test_a_refused_form_says_why_and_writes_nothing(administrator):
    unit = make_unit(name="防災課")
    typed = {
        "unit": unit.pk,
        "name": "新防災課",
        "kana": "しんぼうさいか",
        "short": "",
        "parent": "",
        "valid_from": "2025-04-01",
    }
    response = administrator.post(reverse("orgunitversion:add"), typed)
    assert "重なります" in response.content.decode()
    assert (OrgUnitVersion.objects.filter(unit=unit).count(), AuditEvent.objects.count()) == (1, 0)


def test_a_second_main_post_is_refused_in_the_form(administrator):
    person = make_staff(make_unit())
    typed = {
        "person": person.pk,
        "post": make_post(make_unit()).pk,
        "kind": "main",
        "starts_on": "2025-04-01",
        "ends_on": "",
        "announced_on": "2025-03-24",
    }
    response = administrator.post(reverse("appointment:add"), typed)
    assert "本務が" in response.content.decode()
    assert person.appointments.count() == 1


def test_what_is_used_is_not_deleted(administrator):
    person = rows()
    response = administrator.post(reverse("person:delete", args=[person.pk]), follow=True)
    assert Person.objects.filter(pk=person.pk).exists()
    assert AuditEvent.objects.count() == 0
    assert response.status_code in (200, 403)


# --- Who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_ordinary_staff_have_no_admin(client, model):
    client.force_login(make_staff(make_unit(), head=True, duties=("reviewer",)).user)
    assert client.get(reverse(f"{model}:index")).status_code in (302, 403)


def test_an_appointment_is_hidden_until_it_is_announced(office):
    secret = appoint(make_person(name="内示 次郎"), make_post(make_unit()), announced_on=TODAY + timedelta(days=1))
    known = appoint(make_person(name="発令 三郎"), make_post(make_unit()))
    page = office.get(reverse("appointment:index")).content.decode()
    assert "発令 三郎" in page
    assert "内示 次郎" not in page
    for view in ("edit", "delete", "history", "usage"):
        assert office.get(reverse(f"appointment:{view}", args=[known.pk])).status_code == 200, view
        assert office.get(reverse(f"appointment:{view}", args=[secret.pk])).status_code == 404, view
    assert office.post(reverse("appointment:delete", args=[secret.pk])).status_code == 404
    assert Appointment.objects.filter(pk=secret.pk).exists()


def test_the_personnel_office_sees_it(administrator):
    appoint(make_person(name="内示 次郎"), make_post(make_unit()), announced_on=TODAY + timedelta(days=1))
    assert "内示 次郎" in administrator.get(reverse("appointment:index")).content.decode()


# --- Choosers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chooser", "word", "expected"),
    [
        ("person_chooser", "信山", "信山 花"),
        ("unit_chooser", "防災", "防災課"),
        ("post_chooser", "防災 課長", "防災課 課長"),
        ("user_chooser", "kanri", "kanri"),
    ],
)
def test_a_chooser_finds_by_words(administrator, chooser, word, expected):
    rows()
    make_department(name="総務部")
    page = administrator.get(reverse(f"{chooser}:choose_results"), {"q": word}).content.decode()
    assert expected in page
    assert "総務部" not in page


# --- Bad input ---------------------------------------------------------------------------------


def version(of, **values):
    typed = {"unit": of.pk, "name": "新防災課", "kana": "しんぼうさいか", "short": "", "parent": "", "valid_to": ""}
    return {**typed, "valid_from": "2025-04-01", **values}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": ""}, "必須です"),
        ({"name": "あ" * 100_000}, "60"),
        ({"valid_from": "来月"}, "日付を正しく入力してください"),
        ({"valid_from": "2025-04-01", "valid_to": "2025-03-31"}, "前です"),
        ({"unit": "999999"}, "選択"),
    ],
)
def test_a_refused_version_says_what_to_do_and_keeps_what_was_typed(administrator, values, message):
    unit = make_unit(name="防災課", until=date(2025, 3, 31))
    before = OrgUnitVersion.objects.count()
    page = administrator.post(reverse("orgunitversion:add"), version(unit, **values)).content.decode()
    assert message in page
    assert "しんぼうさいか" in page
    assert (OrgUnitVersion.objects.count(), AuditEvent.objects.count()) == (before, 0)
