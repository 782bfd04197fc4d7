"""The pages before the form: drafts, formats as buttons, and three questions that propose a format."""

import itertools

import pytest
from django.urls import reverse

from kb.formats.loading import formats
from kb.models import Draft, Theme
from kb.writing.choices import choices
from kb.writing.forms.questions import EVENT, PEOPLE, TIME, QuestionsForm
from tests.factories.kb import make_lesson
from tests.factories.organization import make_staff, make_unit, make_user
from tests.kb.draft_forms import new_draft

pytestmark = pytest.mark.django_db
QUERIES = 15


@pytest.fixture
def writer(client):
    person = make_staff(make_unit("bosai", name="防災課"), login="writer")
    client.force_login(person.user)
    return person


def html(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


# --- The list ---------------------------------------------------------------------------------


def test_every_format_has_a_button(client, writer, django_assert_max_num_queries):
    with django_assert_max_num_queries(QUERIES):
        page = html(client.get("/write/"))
    for key in (*formats(), "lesson", "challenge"):
        assert f'action="{reverse("write_new", args=[key])}"' in page


def test_drafts_come_first_without_untouched_ones(client, writer):
    new_draft(writer, subject="秋の住民説明会", audience="unit")
    new_draft(writer, "ywt", audience="unit", themes=[])
    page = html(client.get("/write/"))
    assert page.index("秋の住民説明会") < page.index("一つの仕事や一か月をふりかえるとき")
    assert "題名はまだありません" not in page


def test_drafts_of_others_are_not_listed(client, writer):
    new_draft(make_staff(make_unit()), subject="ほかの人の下書き")
    assert "ほかの人の下書き" not in html(client.get("/write/"))


@pytest.mark.parametrize("path", ["/write/", "/write/new/kpt/"])
def test_an_account_without_a_person_reads_why_it_cannot_write(client, path):
    client.force_login(make_user("root", is_superuser=True))
    assert "職員の登録がありません" in html(client.get(path))
    assert client.post("/write/new/kpt/").status_code == 200
    assert not Draft.objects.exists()


@pytest.mark.parametrize("path", ["/write/", "/write/questions/", "/write/new/kpt/"])
def test_a_stranger_is_asked_to_log_in(client, path):
    assert client.get(path).url.startswith("/login/")


# --- Beginning --------------------------------------------------------------------------------


def test_a_link_to_a_format_creates_no_draft(client, writer):
    assert "書きはじめる" in html(client.get("/write/new/kpt/"))
    assert not Draft.objects.exists()


@pytest.mark.parametrize("key", ["nothing", "KPT", "retrospective", "0"])
def test_unknown_formats_are_not_found(client, writer, key):
    assert client.get(f"/write/new/{key}/").status_code == 404
    assert client.post(f"/write/new/{key}/").status_code == 404


def test_a_new_draft_has_the_themes_used_last(client, writer):
    item = make_lesson(writer)
    item.themes.set([Theme.objects.create(code="bosai", label="防災")])
    item.save()
    client.post("/write/new/kpt/")
    draft = Draft.objects.get()
    assert (draft.kind, draft.format) == ("retrospective", "kpt")
    assert draft.data == {"audience": "unit", "themes": ["bosai"]}


def test_two_presses_begin_one_draft(client, writer):
    first, second = client.post("/write/new/kpt/"), client.post("/write/new/kpt/")
    assert first.url == second.url
    assert Draft.objects.count() == 1


def test_a_draft_with_text_is_not_used_again(client, writer):
    begun = new_draft(writer, subject="秋の住民説明会")
    assert client.post("/write/new/kpt/").url != begun.get_absolute_url()


# --- Three questions --------------------------------------------------------------------------

ANSWERS = [
    dict(zip(("time", "people", "event"), codes, strict=True))
    for codes in itertools.product(*[[code for code, _ in question] for question in (TIME, PEOPLE, EVENT)])
]


def proposed(**answers):
    form = QuestionsForm(answers)
    assert form.is_valid()
    return form.proposal()


@pytest.mark.parametrize("answers", ANSWERS, ids=lambda a: "-".join(a.values()))
def test_every_set_of_answers_has_a_proposal_that_suits_what_happened(answers):
    proposal = proposed(**answers)
    assert answers["event"] in proposal.choice.situations
    assert proposal.reason.endswith("からです。")
    assert proposal.other is None or answers["event"] in proposal.other.situations


@pytest.mark.parametrize(
    ("answers", "key"),
    [
        (("short", "alone", "work"), "kpt"),
        (("long", "team", "work"), "aar"),
        (("short", "alone", "first"), "ywt"),
        (("short", "alone", "trouble"), "postmortem"),
        (("long", "team", "training"), "training"),
        (("short", "team", "challenge"), "lookback"),
        (("short", "alone", "trial"), "challenge"),
        (("short", "alone", "tip"), "lesson"),
    ],
)
def test_what_is_proposed(answers, key):
    assert proposed(**dict(zip(("time", "people", "event"), answers, strict=True))).choice.key == key


def test_what_happened_weighs_more_than_the_time():
    assert proposed(time="short", people="team", event="trouble").choice.key == "postmortem"


def test_every_situation_of_a_format_is_an_answer():
    """A format with a misspelt situation would never be proposed."""
    known = {code for question in (TIME, PEOPLE, EVENT) for code, _ in question}
    for choice in choices():
        assert choice.situations
        assert set(choice.situations) <= known


def test_the_proposal_is_a_button(client, writer, django_assert_max_num_queries):
    with django_assert_max_num_queries(QUERIES):
        page = html(client.get("/write/questions/?time=short&people=alone&event=trouble"))
    assert 'action="/write/new/postmortem/"' in page
    assert "「困ったこと、誤りや障害が起きた」に合うからです。" in page


@pytest.mark.parametrize("query", ["time=short", "time=%00&people=alone&event=work", "event=nothing", "x=1"])
def test_a_missing_or_invalid_answer_is_asked_again(client, writer, query):
    page = html(client.get(f"/write/questions/?{query}"))
    assert "画面に出ている中から一つ選んで答えてください。" in page
    assert "おすすめの書き方" not in page
