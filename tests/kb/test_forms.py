"""The forms of items without their pages: screens, defaults, and errors."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict

from kb.formats.loading import Fact, Format, Section, formats
from kb.models import Draft
from kb.writing.forms import form_for, screens_of
from kb.writing.forms.fields import MomentField, WholeField
from kb.writing.forms.retrospective import RetrospectiveForm
from kb.writing.titles import default_title, first_sentence
from organization import clock
from organization.access_policy import reader_for
from tests.factories.organization import make_staff, make_unit
from tests.kb.draft_forms import KPT, POSTMORTEM, filled, new_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer():
    unit = make_unit("bosai", name="防災課")
    make_staff(unit, title="課長", head=True)
    return make_staff(unit)


def form_of(writer, key, data, draft=None):
    sent = QueryDict(mutable=True)
    for name, value in data.items():
        sent.setlist(name, value if isinstance(value, list) else [value])
    return form_for(draft or new_draft(writer, key), data=sent, reader=reader_for(writer.user))


def form_errors(writer, key, **changes):
    """The codes of the errors, by field."""
    form = form_of(writer, key, filled(key, writer, **changes))
    return {name: [error.code for error in errors] for name, errors in form.errors.as_data().items()}


# --- Defaults -----------------------------------------------------------------------------------


def test_optional_fields_get_defaults(writer):
    form = form_of(writer, "kpt", KPT)
    assert form.is_valid()
    values = form.cleaned_data
    assert values["title"] == "秋の住民説明会のふりかえり（KPT）"
    assert values["summary"] == KPT["answer-keep"]
    assert values["occurred_on"] == clock.today()
    assert values["next_action"] == "受付係が開場30分前に資料の数を確かめる"
    assert values["attribution"] == "named"


def test_typed_values_win_over_defaults(writer):
    typed = {
        "title": "説明会の受付",
        "summary": "受付のこと。",
        "next_action": "受付係が数える",
        "occurred_on": "2025-10-01",
    }
    values = form_of(writer, "kpt", {**KPT, **typed})
    assert values.is_valid()
    assert {name: str(values.cleaned_data[name]) for name in typed} == typed


@pytest.mark.parametrize("nothing", ["", "  ", "　", "\u200b"])
def test_an_invisible_title_counts_as_empty(writer, nothing):
    form = form_of(writer, "kpt", {**KPT, "title": nothing, "next_action": nothing})
    assert form.is_valid()
    assert form.cleaned_data["title"].startswith("秋の住民説明会")
    assert form.cleaned_data["next_action"].startswith("受付係")


def test_a_default_title_is_cut_before_the_format():
    assert default_title("あ" * 60, "KPT") == "あ" * 49 + "のふりかえり（KPT）"
    assert default_title("予約制", "挑戦のふりかえり") == "予約制：挑戦のふりかえり"


@pytest.mark.parametrize("subject", ["秋の説明会のふりかえり", "避難訓練の振り返り", "年末の反省会"])
def test_a_default_title_does_not_repeat_furikaeri(subject):
    assert default_title(subject, "KPT") == f"{subject}（KPT）"


@pytest.mark.parametrize(
    ("subject", "label", "title"),
    [
        ("受付の列を短くする。", "KPT", "受付の列を短くするのふりかえり（KPT）"),
        ("受付の列を短くする。", "研修報告", "受付の列を短くする：研修報告"),
        ("避難訓練の振り返り。", "KPT", "避難訓練の振り返り（KPT）"),
        ("新任の「はい。」", "KPT", "新任の「はい。」のふりかえり（KPT）"),
        ("あ" * 48 + "。いろは", "KPT", "あ" * 48 + "のふりかえり（KPT）"),
        ("。", "KPT", "。のふりかえり（KPT）"),
    ],
)
def test_a_default_title_leaves_out_the_full_stop_of_the_subject(subject, label, title):
    assert default_title(subject, label) == title


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("- 配る。次も。", "配る"), ("・配る\n集める", "配る"), ("。", "。"), ("", ""), ("\n\n配る", "配る")],
)
def test_the_first_sentence(text, sentence):
    assert first_sentence(text) == sentence


# --- Screens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*formats(), "lesson", "challenge"])
def test_each_required_prompt_has_a_screen_and_other_fields_are_on_the_last(writer, key):
    form = form_for(new_draft(writer, key), reader=reader_for(writer.user))
    prompted = [prompt.field for prompt in form.prompts]
    assert all(field.field.required for field in prompted)
    shown = {f.name for p in [*form.prompts, *form.optional] for f in p.fields} | {
        f.name for f in [*form.last, *form.folded]
    }
    shown |= {"audience", "blameless_ok"} | {name for name in form.fields if name.startswith("fact-")}
    assert set(form.fields) <= shown, "every field stands somewhere"
    required = {name for name, field in form.fields.items() if field.required}
    elsewhere = required - {field.name for field in prompted}
    assert elsewhere <= {"audience", "blameless_ok", "sponsor_post"} | {n for n in required if n.startswith("fact-")}


@pytest.mark.parametrize("key", [*formats(), "lesson", "challenge"])
def test_each_screen_links_to_its_neighbours(writer, key):
    screens = screens_of(form_for(new_draft(writer, key), reader=reader_for(writer.user)), start_over=True)
    assert [s.number for s in screens] == list(range(1, screens[0].total + 1))
    assert [s.following for s in screens[:-1]] == [s.anchor for s in screens[1:]]
    assert [s.previous for s in screens[1:]] == [s.anchor for s in screens[:-1]]
    assert [s.opens for s in screens] == [True] + [False] * (len(screens) - 1)
    assert screens[-1].kind == "last"


def test_errors_outside_the_prompts_open_the_last_screen(writer):
    form = form_of(writer, "postmortem", {**POSTMORTEM, "fact-detected_at": "2026-01-13T08:00"})
    assert not form.is_valid()
    assert [s.kind for s in screens_of(form, start_over=False) if s.opens] == ["last"]
    wrong_fact = form_of(writer, "postmortem", {**POSTMORTEM, "fact-impact_n": "たくさん"})
    assert [s.kind for s in screens_of(wrong_fact, start_over=False) if s.opens] == ["facts"]


def test_a_draft_with_more_answers_than_offered_keeps_them(writer):
    """An item that a program made may hold more answers and rows than the form offers."""
    data = {f"answer-keep-{n}": f"{n}つ目" for n in range(2, 8)}
    rows = {f"fact-timeline-{n}-fact": "起きたこと" for n in range(9)}
    assert "answer-keep-7" in form_for(new_draft(writer, **data)).fields
    assert "fact-timeline-8-fact" in form_for(new_draft(writer, "postmortem", **rows)).fields


def test_a_new_format_needs_no_code(writer):
    odd = Format(
        key="fourls",
        label="4Ls",
        description="",
        when_to_use="",
        minutes=5,
        order=1,
        sections=(
            Section("liked", "良かった", "よかったことは。", required=True),
            Section("lacked", "足りなかった", ""),
        ),
        facts=(Fact("place", "場所", "text"), Fact("size", "規模", "choice", choices=(("s", "小"), ("l", "大")))),
    )
    typed = {
        "subject": "会議",
        "answer-liked": "早く終わった。",
        "audience": "unit",
        "blameless_ok": "on",
        "fact-size": "s",
    }
    form = RetrospectiveForm(format=odd, data=typed)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["answers"] == [("liked", "早く終わった。")]
    assert form.cleaned_data["facts"] == {"size": "s"}


# --- Periods and moments --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"period_from": "2025-10-02", "period_to": "2025-10-01"}, "period_to", "date_order"),
        ({"period_to": "2025-10-02", "occurred_on": "2025-10-01"}, "occurred_on", "date_order"),
        ({"period_from": "2025-10-02", "occurred_on": "2025-10-01"}, "occurred_on", "date_order"),
        ({"period_to": "2999-01-01"}, "period_to", "future"),
        ({"occurred_on": "0001-01-01"}, "occurred_on", "year"),
        ({"occurred_on": "2025年10月1日"}, "occurred_on", "invalid"),
        ({"next_action_due": "来月"}, "next_action_due", "invalid"),
    ],
)
def test_dates_in_the_wrong_order_are_refused_at_their_field(writer, changes, field, code):
    errors = form_errors(writer, "kpt", **changes)
    assert errors == {field: [code]}


def test_today_is_not_the_future(writer):
    assert form_errors(writer, "kpt", occurred_on=clock.today().isoformat()) == {}
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    assert form_errors(writer, "kpt", occurred_on=tomorrow) == {"occurred_on": ["future"]}
    assert form_errors(writer, "kpt", next_action_due=tomorrow) == {}


def test_moments_out_of_order_are_refused_by_the_format(writer):
    errors = form_errors(writer, "postmortem", **{"fact-resolved_at": "2026-01-13T09:30"})
    assert errors == {"__all__": ["format_rule"]}


def test_a_row_must_be_complete_or_empty(writer):
    errors = form_errors(writer, "postmortem", **{"fact-timeline-3-source": "受付簿"})
    assert errors == {
        "fact-timeline-3-at": ["required"],
        "fact-timeline-3-fact": ["required"],
    }


def test_an_invalid_cell_has_one_error(writer):
    errors = form_errors(writer, "postmortem", **{"fact-timeline-1-at": "朝", "fact-timeline-1-fact": "気づいた"})
    assert list(errors) == ["fact-timeline-1-at"]
    assert len(errors["fact-timeline-1-at"]) == 1


@pytest.mark.parametrize(("typed", "number"), [("12", 12), ("１２", 12), ("1,200", 1200), (" 7 ", 7), ("", None)])
def test_numbers_as_people_type_them(typed, number):
    assert WholeField(label="件数", lowest=0, highest=10_000).clean(typed) == number


def test_a_moment_is_stored_to_the_minute_in_local_time():
    assert MomentField(label="日時", required=True).clean("2026-01-13T09:05").isoformat() == "2026-01-13T09:05:00+09:00"


# --- Challenge ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "code"), [("一つだけ", "too_few"), ("一つ\n\n　\n", "too_few"), (f"短い\n{'長' * 121}", "max_length")]
)
def test_a_premortem_needs_two_short_lines(writer, lines, code):
    assert form_errors(writer, "challenge", premortem=lines) == {"premortem": [code]}


def test_list_marks_in_a_premortem_are_left_out(writer):
    form = form_of(writer, "challenge", filled("challenge", writer, premortem="・雨が続く\n- 人が足りない\n"))
    assert form.is_valid()
    assert form.cleaned_data["premortem"] == ["雨が続く", "人が足りない"]


def test_the_sponsor_is_a_head_of_the_writers_units(writer):
    stranger = make_staff(make_unit(), head=True)
    uid = str(stranger.appointments.get().post.uid)
    assert form_errors(writer, "challenge", sponsor_post=uid) == {"sponsor_post": ["invalid_choice"]}


# --- A draft of any shape ---------------------------------------------------------------------------

ODD = [None, 0, 1.5, True, "", "文", [], ["a", 1, None], {"a": {"b": []}}, [[]], "\x00", 10**40]


@pytest.mark.parametrize("odd", ODD, ids=[f"{type(value).__name__}-{n}" for n, value in enumerate(ODD)])
@pytest.mark.parametrize("key", ["postmortem", "lookback", "lesson", "challenge"])
def test_a_draft_with_values_of_wrong_types_is_shown(client, writer, key, odd):
    if odd == "\x00" and connection.vendor == "postgresql":
        pytest.skip("PostgreSQL cannot hold NUL; the forms refuse it")
    client.force_login(writer.user)
    names = form_for(new_draft(writer, key), reader=reader_for(writer.user)).fields
    draft = new_draft(writer, key, **{**dict.fromkeys(names, odd), "nothing of ours": odd})
    assert client.get(draft.get_absolute_url()).status_code == 200
    assert client.get("/write/").status_code == 200


@pytest.mark.parametrize("data", [[], "文", 5, None])
def test_a_draft_whose_data_is_no_object_is_shown_empty(client, writer, data):
    client.force_login(writer.user)
    draft = Draft.objects.create(author=writer, kind="lesson", data={} if data is None else data)
    assert client.get(draft.get_absolute_url()).status_code == 200
