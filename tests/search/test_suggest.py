"""Suggestions: titles by letters and readings, units, and people who agreed; nothing that the reader may not see."""

import json
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from uuid import uuid4

import pytest

from organization import clock
from organization.consent import set_findable
from organization.models import AuditEvent
from search.engines import engine as configured
from search.engines.base import EngineUnavailable
from search.generations import rebuild
from search.models import PendingChange
from search.suggest import LIMIT, reading
from tests.factories.kb import make_lesson
from tests.factories.organization import (
    add_version,
    make_event,
    make_municipal_staff,
    make_municipality,
    make_staff,
    make_unit,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["embedded", "elasticsearch"])
def index(request, settings, tmp_path, db):
    """Each engine, with an empty live index of its own."""
    if request.param == "embedded":
        settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    else:
        settings.SEARCH_URL = request.getfixturevalue("elasticsearch_url")
        settings.SEARCH_PREFIX = f"test-{uuid4().hex[:10]}"
    engine = configured()
    rebuild(engine)
    PendingChange.objects.all().delete()
    yield engine
    engine.reset()


@pytest.fixture
def staff():
    return make_staff(make_unit("bosai", name="防災課", kana="ぼうさいか"), name="青木 さくら", kana="あおき さくら")


@pytest.fixture
def typed(index, client):
    """The labels suggested to a reader for a text."""

    def ask(person, text):
        client.force_login(person.user)
        answer = client.get("/search/suggest/", {"q": text})
        assert answer.status_code == 200
        echo, labels, kinds, addresses = answer.json()
        assert echo == text
        assert len(labels) == len(kinds) == len(addresses) <= LIMIT
        return labels

    return ask


@pytest.fixture
def two_titles(refresh, reference):
    reference("避難所の受付は二列にする")
    reference("KPTでの振り返りのしかた")
    refresh()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("避難", "避難所の受付は二列にする"),
        ("避", "避難所の受付は二列にする"),
        ("受付", "避難所の受付は二列にする"),
        ("ひなん", "避難所の受付は二列にする"),
        ("ひなんし", "避難所の受付は二列にする"),
        ("ヒナン", "避難所の受付は二列にする"),
        ("hinan", "避難所の受付は二列にする"),
        ("hinanj", "避難所の受付は二列にする"),  # the vowel is not typed yet
        ("ひなんj", "避難所の受付は二列にする"),  # an input method in progress
        ("避難所 受付", "避難所の受付は二列にする"),
        ("ふりか", "KPTでの振り返りのしかた"),
        ("kp", "KPTでの振り返りのしかた"),
        ("ＫＰ", "KPTでの振り返りのしかた"),
    ],
)
def test_a_title_is_suggested_by_kanji_kana_and_romaji(typed, two_titles, staff, text, title):
    assert typed(staff, text) == [title]


@pytest.mark.parametrize("text", ["", " ", "-", '"', "\x00", "ー", "々" * 500, "a" * 5_000, "acl:*", "k", "🦅"])
def test_a_text_without_words_gives_no_suggestions(typed, refresh, reference, staff, text):
    reference("避難所の受付")
    refresh()
    assert typed(staff, text) == []


def test_words_of_the_body_suggest_no_title(typed, refresh, reference, staff):
    reference("受付の列", "避難所のこと。")
    refresh()
    assert typed(staff, "避難所") == []


def test_titles_that_the_reader_may_not_open_are_not_suggested(typed, refresh):
    author = make_staff(make_unit("zeimu", name="税務課"))
    town = make_municipal_staff(make_municipality(name="見本市"))
    make_lesson(author, title="徴収の引継ぎ帳")
    refresh()
    assert typed(author, "徴収") == ["徴収の引継ぎ帳"]
    assert typed(town, "徴収") == []


def test_a_withdrawn_item_is_not_suggested_before_it_is_reindexed(typed, refresh, reference, staff):
    row = reference("避難所の受付")
    refresh()
    type(row).objects.filter(pk=row.pk).update(withdrawn=True)  # no signal: only the second gate
    assert typed(staff, "避難") == []


def test_a_unit_is_suggested_by_its_former_name(typed, staff):
    old = make_unit("joho", name="情報課", kana="じょうほうか", until=date(2023, 3, 31))
    new = make_unit("digital", name="デジタル課", kana="でじたるか", since=date(2023, 4, 1), until=date(2024, 3, 31))
    make_event("merge", [old], [new], date(2023, 4, 1), new)
    add_version(new, name="デジタル推進課", kana="でじたるすいしんか", since=date(2024, 4, 1))
    assert typed(staff, "情報") == ["情報課（今はデジタル推進課）"]
    assert "防災課" in typed(staff, "bousai")


def test_future_units_and_future_names_are_not_suggested(typed, staff):
    """A reorganisation is entered weeks in advance; until its day only the knowledge office sees it."""
    tomorrow = clock.today() + timedelta(days=1)
    make_unit(name="危機管理局", since=tomorrow)
    unit = make_unit(name="広聴課", until=clock.today())
    add_version(unit, name="県民協働課", since=tomorrow)
    assert typed(staff, "危機管理") == typed(staff, "県民協働") == []
    assert typed(staff, "広聴") == ["広聴課"]
    with clock.moved_to(tomorrow):
        assert typed(staff, "危機管理") == ["危機管理局"] and typed(staff, "広聴") == ["県民協働課"]


def test_a_person_is_suggested_only_after_agreeing(typed, staff):
    colleague = make_staff(make_unit(name="税務課"), name="渡辺 光", kana="わたなべ ひかる", title="主査")
    assert typed(staff, "渡辺") == []
    set_findable(person=colleague, findable=True)
    assert typed(staff, "渡辺") == ["渡辺 光（税務課 主査）"]
    assert typed(staff, "watana") == ["渡辺 光（税務課 主査）"]
    set_findable(person=colleague, findable=False)
    assert typed(staff, "渡辺") == []
    assert AuditEvent.objects.filter(action="person.findable").count() == 2


def test_people_are_not_suggested_to_municipalities(typed, staff):
    set_findable(person=staff, findable=True)
    assert typed(make_municipal_staff(make_municipality(name="見本市")), "青木") == []


def test_a_person_who_has_left_is_not_suggested(typed, staff):
    gone = make_staff(make_unit(name="税務課"), name="渡辺 光", kana="わたなべ ひかる")
    set_findable(person=gone, findable=True)
    gone.left_on = gone.joined_on or "2020-03-31"
    gone.save()
    assert typed(staff, "渡辺") == []


def test_only_the_person_can_agree(client, staff):
    client.force_login(staff.user)
    client.post("/my/findable/", {"findable": "1"})
    staff.refresh_from_db()
    assert staff.findable
    client.post("/my/findable/", {})
    staff.refresh_from_db()
    assert not staff.findable


def test_without_an_engine_units_are_still_suggested(typed, staff, monkeypatch):
    def gone(*_):
        raise EngineUnavailable("down")

    monkeypatch.setattr(type(configured()), "search", gone)
    assert typed(staff, "防災") == ["防災課"]


def test_without_log_in_there_are_no_suggestions(client, index, refresh, reference):
    reference("避難所の受付", audience="public")
    refresh()
    assert json.loads(client.get("/search/suggest/", {"q": "避難"}).content) == ["避難", [], [], []]


def test_suggestions_cost_few_queries(client, refresh, reference, staff, django_assert_max_num_queries):
    for number in range(12):
        reference(f"避難所の受付その{number}")
    refresh()
    client.force_login(staff.user)
    client.get("/search/suggest/", {"q": "避難"})
    with django_assert_max_num_queries(15):
        client.get("/search/suggest/", {"q": "避難"})


@pytest.mark.parametrize(
    ("typed_so_far", "kana"),
    [
        ("ひなん", "ひなん"),
        ("ヒナン", "ひなん"),
        ("hinan", "ひなん"),
        ("hinanj", "ひなん"),
        ("避難", ""),
        ("xyz", ""),
        ("kpt", ""),
    ],
)
def test_the_reading_of_kana_and_romaji(typed_so_far, kana):
    assert reading(typed_so_far) == kana


def test_the_opensearch_description(client, db):
    login = client.get("/login/").content.decode()
    assert 'rel="search" type="application/opensearchdescription+xml" href="/search/opensearch.xml"' in login
    answer = client.get("/search/opensearch.xml")
    assert answer["Content-Type"] == "application/opensearchdescription+xml"
    root = ET.fromstring(answer.content)
    addresses = [url.get("template") for url in root.findall("{*}Url")]
    assert addresses == [
        "http://testserver/search/?q={searchTerms}",
        "http://testserver/search/suggest/?q={searchTerms}",
    ]


def test_a_link_without_the_last_slash_redirects(client, staff):
    client.force_login(staff.user)
    assert client.get("/search?q=避難").headers["Location"].startswith("/search/?q=")
