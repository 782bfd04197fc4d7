"""Invalid and hostile input in every form: a Japanese message says what to do, the typed text is kept, and nothing
else is written.
"""

import json
import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.utils.html import escape

from kb.models import Answer, Draft, Item, LessonSource, NextAction, Theme
from kb.text_cleaning import LineField
from kb.writing.forms import form_for
from organization.access_policy import reader_for
from organization.models import AuditEvent, Notice
from tests.factories.kb import make_lesson
from tests.factories.organization import make_staff, make_unit
from tests.kb.draft_forms import FILLED, filled, new_draft, press, send

pytestmark = pytest.mark.django_db

COUNTED = (Item, Answer, NextAction, LessonSource, Draft, AuditEvent, Notice)
#: How every error message ends: it says what to do.
ENDS = ("ください。", "けずってください。")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
LONG = "あ" * 100_000


@pytest.fixture
def writer(client):
    unit = make_unit("bosai", name="防災課")
    make_staff(unit, title="課長", head=True)
    Theme.objects.create(code="bosai", label="防災")
    person = make_staff(unit, login="writer")
    client.force_login(person.user)
    return person


def counts():
    return [model.objects.count() for model in COUNTED]


def sentences(page: str) -> list[str]:
    summary = page.split('class="kb-error-summary__list"')[1].split("</ul>")[0]
    return [re.sub(r"<[^>]+>", "", line) for line in re.findall(r"<li>(.*?)</li>", summary, re.S)]


def first_text(key: str) -> str:
    return next(
        name for name in FILLED[key] if name.startswith("answer-") or name == "observation" or name == "hypothesis"
    )


def is_kept(page: str, draft: Draft, name: str, value) -> bool:
    """Whether the typed value is in the form of the answer, and in the draft if it can be stored."""
    draft.refresh_from_db()
    if isinstance(value, list):
        return draft.data.get(name) == value
    text = unicodedata.normalize("NFC", str(value).replace("\r\n", "\n"))
    return escape(text) in unicodedata.normalize("NFC", page) or draft.data.get(name) == text


class ActiveContent(HTMLParser):
    """Collects what a browser would execute."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag, attrs):
        runs = [
            f"{n}={v}" for n, v in attrs if n.startswith("on") or (v or "").strip().lower().startswith("javascript:")
        ]
        self.parts += runs + ([tag] if tag in ("script", "iframe", "object", "embed", "style", "base") else [])


def active_content(page: str) -> list[str]:
    parser = ActiveContent()
    parser.feed(page)
    return parser.parts


# --- One invalid field at a time --------------------------------------------------------------------

EVERY = list(FILLED)
WORDS = ("themes", "scenes", "stances", "municipalities")
CASES = [
    *[(key, "title", "題" * 61) for key in EVERY],
    *[(key, "title", "一行目\n二行目") for key in EVERY],
    *[(key, "title", LONG) for key in EVERY],
    *[(key, first_text(key), "") for key in EVERY],
    *[(key, first_text(key), " \u3000\u200b") for key in EVERY],
    *[(key, first_text(key), LONG) for key in EVERY],
    *[(key, "summary", "か\u3099" * 201) for key in EVERY],
    *[
        (key, "occurred_on", value)
        for key in EVERY
        for value in ("2999-01-01", "2026-02-30", "きのう", "0001-01-01", "1e9")
    ],
    *[(key, "audience", value) for key in EVERY for value in ("", "public", "everyone", "0", "unit\n")],
    *[(key, "attribution", "sealed") for key in EVERY],
    *[(key, name, [value]) for key in EVERY for name in WORDS for value in ("none", "1", "' OR 1=1", "い")],
    *[(key, "keywords", "、".join(f"語{n}" for n in range(11))) for key in EVERY],
    ("kpt", "subject", ""),
    ("kpt", "blameless_ok", ""),
    ("kpt", "outcome", "brilliant"),
    ("kpt", "participants_n", "0"),
    ("kpt", "participants_n", "201"),
    ("kpt", "participants_n", "9" * 5000),
    ("kpt", "participants_n", "三人"),
    ("kpt", "next_action", "行" * 121),
    ("kpt", "next_action_due", "そのうち"),
    ("kpt", "answer-share", "言" * 401),
    ("kpt", "answer-keep-3", "言" * 401),
    ("postmortem", "fact-started_at", "2999-01-01T00:00"),
    ("postmortem", "fact-started_at", "2026-01-13T25:00"),
    ("postmortem", "fact-detected_at", ""),
    ("postmortem", "fact-detected_by", "dog"),
    ("postmortem", "fact-impact_n", "-1"),
    ("postmortem", "fact-impact_n", "十二"),
    ("postmortem", "fact-impact_who", ""),
    ("postmortem", "fact-impact_who", "人" * 1001),
    ("postmortem", "fact-contributing", []),
    ("postmortem", "fact-contributing", ["person", "nobody"]),
    ("postmortem", "fact-timeline-0-at", ""),
    ("postmortem", "fact-timeline-5-at", "2026-01-13T09:00"),
    ("lesson", "kind", "near_miss"),
    ("lesson", "causes", ["fate"]),
    ("lesson", "observation", "見" * 801),
    ("lesson", "external", "出" * 201),
    ("challenge", "sponsor_post", ""),
    ("challenge", "sponsor_post", UNKNOWN),
    ("challenge", "sponsor_post", "1"),
    ("challenge", "sponsor_post", "課長"),
    ("challenge", "premortem", "一つだけ"),
    ("challenge", "budget_yen", "-5"),
    ("challenge", "budget_yen", "99999999999"),
    ("challenge", "budget_yen", "五千円"),
]


@pytest.mark.parametrize(("key", "name", "value"), CASES, ids=[f"{k}-{n}-{str(v)[:12]!r}" for k, n, v in CASES])
def test_an_invalid_field_gets_a_message_that_says_what_to_do(client, writer, key, name, value):
    draft = new_draft(writer, key)
    before = counts()
    data = filled(key, writer, **{name: value})
    answer = press(client, draft, "publish", data)
    page = answer.content.decode()
    assert answer.status_code == 422
    messages = sentences(page)
    assert messages
    assert all(line.endswith(ENDS) and re.search("[ぁ-ん]", line) for line in messages), messages
    assert "入力した内容は、そのまま残っています。" in page
    assert is_kept(page, draft, name, value)
    # The other fields are kept too.
    assert all(is_kept(page, draft, other, typed) for other, typed in data.items() if other != name)
    assert counts() == before


@pytest.mark.parametrize("key", EVERY)
def test_an_empty_form_asks_for_each_required_field(client, writer, key):
    draft = new_draft(writer, key)
    before = counts()
    page = press(client, draft, "publish", {}).content.decode()
    required = [field for field in form_for(draft, reader=reader_for(writer.user)).fields.values() if field.required]
    assert len(sentences(page)) == len(required)
    assert counts() == before


# --- NUL, lone surrogates, invalid UTF-8 ------------------------------------------------------------

BROKEN = {
    "nul": b"%00",
    "lone high surrogate": b"%ED%A0%80",
    "lone low surrogate": b"%ED%BF%BF",
    "not UTF-8": b"%83%65",
}


@pytest.mark.parametrize("button", ["publish", "save"])
@pytest.mark.parametrize("bytes_", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("key", EVERY)
def test_text_that_cannot_be_stored_is_refused_and_not_replaced(client, writer, key, bytes_, button):
    """A replacement character would change the text silently. A browser sends valid UTF-8 only."""
    draft = new_draft(writer, key)
    before = counts()
    name = first_text(key)
    data = {**filled(key, writer), "version": 0, button: "1"}
    text = data.pop(name)
    body = urlencode({**data, name: text}, doseq=True).encode() + bytes_
    answer = client.post(draft.get_absolute_url(), body, content_type="application/x-www-form-urlencoded")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "消して、打ち直してください。" in sentences(page)[0]
    assert escape(text) in page
    assert counts() == before
    draft.refresh_from_db()
    assert draft.data == {}


@pytest.mark.parametrize("name", ["themes", "audience", "occurred_on", "version", "blameless_ok", "participants_n"])
def test_nul_in_a_choice_or_number_is_refused(client, writer, name):
    draft = new_draft(writer)
    data = filled("kpt", writer, **{"version": 0, name: "\x00"})
    answer = send(client, draft.get_absolute_url(), {**data, "publish": "1"})
    assert answer.status_code == (302 if name == "blameless_ok" else 422)


# --- What is stored: the NFC of what was typed --------------------------------------------------------


def test_decomposed_kana_are_composed_and_other_characters_stay(client, writer):
    typed = "がぎぐ ｶﾞｷﾞ 髙﨑 𠮷野家 👨‍👩‍👧 ①Ⅲ～−\u3000\t終"
    draft = new_draft(writer, "lesson")
    decomposed = unicodedata.normalize("NFD", typed)
    assert decomposed != typed
    press(client, draft, "publish", filled("lesson", writer, observation=decomposed))
    assert Item.objects.get().specific.observation == typed


@pytest.fixture
def naughty(shared_data):
    return [s for s in json.loads((shared_data / "torture" / "blns.json").read_text("utf-8")) if s.strip()]


def text_fields(draft, writer):
    form = form_for(draft, reader=reader_for(writer.user))
    return {name: field for name, field in form.fields.items() if isinstance(field, LineField)}


@pytest.mark.parametrize("key", EVERY)
def test_the_naughty_strings_go_through_every_field(client, writer, naughty, key):
    """Each string is saved in every text field and shown again: changed to NFC only, and without active content."""
    draft = new_draft(writer, key)
    fields = list(text_fields(draft, writer))
    for start in range(0, len(naughty), len(fields)):
        typed = dict(zip(fields, naughty[start : start + len(fields)], strict=False))
        answer = press(client, draft, "save", typed, value="stay")
        assert answer.status_code == 302
        draft.refresh_from_db()
        assert {name: draft.data[name] for name in typed} == {
            name: unicodedata.normalize("NFC", re.sub("\r\n?", "\n", text)) for name, text in typed.items()
        }
        page = client.get(draft.get_absolute_url()).content.decode()
        for text in typed.values():
            if "<" in text:
                assert text not in page
            assert escape(unicodedata.normalize("NFC", text)) in page


def test_the_naughty_strings_are_published_and_rendered(client, writer, naughty):
    """All strings, in the long fields of lessons. The page of each lesson answers and contains no script."""
    fields = {"observation": 800, "recommendation": 400, "context": 600, "discussion": 800, "conclusion": 400}
    waiting = [text for text in naughty if len(text) <= 400]
    while waiting:
        typed = {}
        for name, limit in fields.items():
            taken = []
            while waiting and sum(map(len, taken)) + 2 * len(taken) + len(waiting[0]) <= limit and len(taken) < 12:
                taken.append(waiting.pop(0))
            typed[name] = "\n\n".join(taken) or "なし"
        answer = press(client, new_draft(writer, "lesson"), "publish", filled("lesson", writer, **typed))
        assert answer.status_code == 302
        item = Item.objects.latest("pk").specific
        for name, text in typed.items():
            assert getattr(item, name) == unicodedata.normalize("NFC", re.sub("\r\n?", "\n", text))
        page = client.get(answer.url)
        assert page.status_code == 200
        assert active_content(page.content.decode().split('<main id="main"')[1]) == []


def test_naughty_titles(client, writer, naughty):
    titles = [text for text in naughty if len(text) <= 60 and "\n" not in text and "\r" not in text][::20]
    for title in titles:
        draft = new_draft(writer, "lesson")
        answer = press(client, draft, "publish", filled("lesson", writer, title=title))
        if answer.status_code == 422:
            assert "「件名」が空です。" in sentences(answer.content.decode())[0]
            continue
        assert Item.objects.latest("pk").title == unicodedata.normalize("NFC", title)
        assert client.get(answer.url).status_code == 200


# --- Undeclared fields ----------------------------------------------------------------------------------

EXTRA = {
    "owner": "1",
    "owner_unit": "1",
    "live": "0",
    "state": "withdrawn",
    "public_id": "L-R01-00001",
    "slug": "x",
    "is_superuser": "1",
    "author": "1",
    "submitted_at": "2020-01-01",
    "item": "1",
    "maturity": "learned",
    "stage": "closed",
    "registered_on": "2001-01-01",
    "fiscal_year": "1999",
    "confidentiality": "1",
    "rendered": "<b>",
    "review_due": "2099-01-01",
    "requested_audience": "public",
    "source_retrospective": "R-R07-00001",
    "source_answer": UNKNOWN,
    "source_record": "1",
    "kind_": "x",
    "format": "aar",
    "base_revision": "1",
    "outcome_": "x",
}


@pytest.mark.parametrize("key", EVERY)
def test_extra_fields_are_ignored(client, writer, key):
    draft = new_draft(writer, key)
    answer = press(client, draft, "publish", {**EXTRA, **filled(key, writer)})
    assert answer.status_code == 302
    item = Item.objects.get().specific
    assert item.live
    assert (item.state, item.audience, item.confidentiality) == ("published", "unit", "2")
    assert item.public_id != EXTRA["public_id"]
    assert item.owner.login == "service"
    assert item.fiscal_year != 1999
    assert getattr(item, "maturity", "observed") == "observed"
    assert getattr(item, "stage", "idea") == "idea"
    assert not item.requested_audience
    draft.refresh_from_db()
    assert not set(EXTRA) & set(draft.data)
    writer.user.refresh_from_db()
    assert not writer.user.is_superuser


def test_a_lesson_cannot_claim_a_source_by_form_fields(client, writer):
    """The source of a lesson is set when its draft begins, never by the form."""
    other = make_lesson(make_staff(make_unit()), audience="self")
    typed = filled("lesson", writer, source_retrospective=other.public_id, source_answer="x")
    press(client, new_draft(writer, "lesson"), "publish", typed)
    source = LessonSource.objects.latest("pk")
    assert (source.retrospective, source.external) == (None, "夏の避難訓練")


# --- The other addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["", "-1", "1e3", "９" * 400, "\x00", "null", "0x0", "99999999999999999999"])
def test_an_invalid_version_keeps_what_was_typed(client, writer, version):
    draft = new_draft(writer, subject="先に保存した文")
    answer = send(client, draft.get_absolute_url(), {**filled("kpt", writer), "version": version, "publish": "1"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "もう一度押してください。" in sentences(page)[0]
    assert FILLED["kpt"]["answer-keep"] in page
    assert not Item.objects.exists()


@pytest.mark.parametrize("newest", ["", "0", "abc", "\x00", "9" * 50])
def test_an_invalid_base_revision_shows_the_difference_again(client, writer, newest):
    from kb.lifecycle import publication
    from kb.writing import drafts

    item = make_lesson(writer, applies_when="雨の前")
    draft = drafts.open_for_edit(item=item, by=writer)
    item.observation = "新しい版。"
    publication.publish(item=item)
    before = counts()
    answer = client.post(f"{draft.get_absolute_url()}rebase/", {"newest": newest})
    assert answer.status_code == 409
    assert "新しい版。" in answer.content.decode()
    assert counts() == before


@pytest.mark.parametrize("path", ["/write/abc/", f"/write/{UNKNOWN}/", f"/write/{UNKNOWN}/discard/", "/write/new/%00/"])
def test_unknown_addresses_are_not_found(client, writer, path):
    assert client.get(path).status_code == 404
    assert client.post(path, {}).status_code == 404


def test_a_form_without_csrf_token_is_refused(writer):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(writer.user)
    draft = new_draft(writer)
    for path in ("", "autosave/", "discard/", "rebase/"):
        assert browser.post(f"{draft.get_absolute_url()}{path}", {}).status_code == 403
    assert browser.post("/write/new/kpt/").status_code == 403
    assert Draft.objects.count() == 1
