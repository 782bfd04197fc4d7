"""The form of a draft: shown, saved, published once, discarded, and to whom it opens."""

import re

import pytest

from kb.models import Draft, Item, Lesson, Retrospective, Theme
from kb.models.items.states import State
from tests.bodies import alike
from tests.factories.kb import make_challenge, make_lesson, make_retrospective
from tests.factories.organization import make_department, make_municipal_staff, make_municipality, make_staff, make_unit
from tests.kb.draft_forms import FILLED, KPT, LESSON, ended_challenge, filled, new_draft, press, send

pytestmark = pytest.mark.django_db
QUERIES = 15


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課", parent=make_department("kiki", name="危機管理部"))


@pytest.fixture
def writer(client, unit):
    make_staff(unit, login="head", title="課長", head=True)
    person = make_staff(unit, login="writer", title="主任")
    client.force_login(person.user)
    return person


@pytest.fixture
def outsider():
    return make_staff(make_unit("zeimu", name="税務課"), login="outsider")


def html(response, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def body(response) -> str:
    """The page without what differs in every response: the CSRF token and the requested address."""
    return re.sub(r"/write/[0-9a-f-]{36}/", "", alike(response))


def opening(page: str) -> str:
    """The id of the control on the screen that opens first on a phone."""
    screen = page.split("kb-screen--opens")[1]
    return re.findall(r'<(?:textarea|input|select)[^>]* id="([^"]+)"|<h2[^>]* id="([^"]+)" tabindex', screen)[0]


# --- Shown ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FILLED)
def test_a_form_costs_few_queries(client, writer, key, django_assert_max_num_queries):
    for n in range(30):
        make_municipality(name=f"市町村{n}")
        Theme.objects.create(code=f"theme-{n}", label=f"分野{n}")
    draft = new_draft(writer, key)
    with django_assert_max_num_queries(QUERIES):
        page = html(client.get(draft.get_absolute_url()))
    assert "人ではなく、しくみと状況を見ます。書いた内容は評価に使いません。" in page
    assert "市町村29" in page


def test_each_screen_has_one_prompt_and_a_link_to_the_next(client, writer):
    page = html(client.get(new_draft(writer).get_absolute_url()))
    ways = re.findall(r'href="#([^"]+)" data-way="(\w+)"', page)
    onward = [anchor for anchor, way in ways if way == "next"]
    assert onward == ["id_answer-keep", "id_answer-problem", "id_answer-try", "finish"]
    assert [anchor for anchor, way in ways if way == "previous"] == ["id_subject", *onward[:-1]]
    assert page.count("data-screen") == 5
    assert "4 / 5" in page


def test_the_facts_of_a_format_have_a_screen_of_their_own(client, writer):
    page = html(client.get(new_draft(writer, "postmortem").get_absolute_url()))
    assert 'href="#facts" data-way="next"' in page
    assert page.count('<fieldset class="kb-fact-row">') == 6


def test_a_draft_opens_at_the_first_unanswered_prompt(client, writer):
    draft = new_draft(writer)
    page = html(client.get(draft.get_absolute_url()))
    assert opening(page)[0] == "id_subject"
    assert "autofocus" in page
    press(client, draft, "save", {"subject": "秋の住民説明会", "answer-keep": "読み合わせた。"}, value="stay")
    page = html(client.get(draft.get_absolute_url()))
    assert opening(page)[0] == "id_answer-problem"
    assert "autofocus" not in page


def test_the_first_screen_with_an_error_opens(client, writer):
    draft = new_draft(writer)
    page = html(press(client, draft, "publish", {**KPT, "answer-problem": ""}), 422)
    assert opening(page)[0] == "id_answer-problem"
    assert 'href="#id_answer-problem">「Problem（困った）」が空です。' in page
    assert KPT["answer-try"] in page


def test_a_folded_field_with_an_error_is_unfolded(client, writer):
    page = html(press(client, new_draft(writer), "publish", {**KPT, "occurred_on": "2999-01-01"}), 422)
    assert '<details class="kb-fold" open>' in page
    assert 'value="2999-01-01"' in page


def test_the_comment_of_the_reviewer_is_on_top(client, writer):
    draft = new_draft(writer, "lesson", **LESSON)
    Draft.objects.filter(pk=draft.pk).update(comment="場面をもう少し詳しく。")
    assert "場面をもう少し詳しく。" in html(client.get(draft.get_absolute_url()))


def test_municipal_staff_choose_among_audiences_they_can_read(client):
    person = make_municipal_staff(make_municipality(name="山里町"))
    client.force_login(person.user)
    draft = new_draft(person, "lesson")
    page = html(client.get(draft.get_absolute_url()))
    assert 'value="municipal"' in page
    assert 'value="prefecture"' not in page
    assert press(client, draft, "publish", {**LESSON, "audience": "department"}).status_code == 422


# --- Saved ------------------------------------------------------------------------------------


def test_an_incomplete_draft_is_saved_as_typed(client, writer):
    draft = new_draft(writer, "postmortem")
    typed = {"subject": " 誤送付 ", "fact-started_at": "きのうの朝", "fact-impact_n": "１２件くらい"}
    answer = press(client, draft, "save", typed, value="close")
    assert (answer.status_code, answer.url) == (302, "/my/")
    draft.refresh_from_db()
    assert {name: draft.data[name] for name in typed} == typed
    page = html(client.get(draft.get_absolute_url()))
    assert 'value="きのうの朝"' in page
    assert 'value="１２件くらい"' in page


def test_saving_can_stay_on_the_page(client, writer):
    draft = new_draft(writer)
    assert press(client, draft, "save", KPT, value="stay").url == draft.get_absolute_url()


def test_ticks_and_choices_can_be_removed(client, writer):
    for code in ("a", "b"):
        Theme.objects.create(code=code, label=code)
    draft = new_draft(writer, themes=["a", "b"], blameless_ok=True)
    press(client, draft, "save", {"subject": "説明会", "themes": ["b"]})
    draft.refresh_from_db()
    assert (draft.data["themes"], draft.data["blameless_ok"]) == (["b"], False)
    press(client, draft, "save", {"subject": "説明会"})
    draft.refresh_from_db()
    assert draft.data["themes"] == []


def test_saving_keeps_the_origin_of_a_draft(client, writer):
    draft = new_draft(writer, "training", source_record=7)
    press(client, draft, "save", {"subject": "新任研修"})
    draft.refresh_from_db()
    assert draft.data["source_record"] == 7


# --- Published --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FILLED)
def test_publishing_to_the_own_unit_is_immediate_and_says_who_reads(client, writer, key):
    draft = new_draft(writer, key)
    answer = press(client, draft, "publish", filled(key, writer))
    item = Item.objects.get()
    assert answer.url == item.get_absolute_url()
    assert item.state == State.PUBLISHED
    assert "公開しました。防災課の人が、今すぐ読めます。" in html(client.get(answer.url))
    draft.refresh_from_db()
    assert draft.item_id == item.pk


def test_what_is_typed_is_what_is_stored(client, writer):
    press(client, new_draft(writer, "postmortem"), "publish", filled("postmortem", writer))
    item = Retrospective.objects.get()
    assert item.facts["impact_n"] == 12
    assert item.facts["contributing"] == ["procedure", "tool"]
    assert item.facts["timeline"] == [{"at": "2026-01-13T09:00", "fact": "封入を始めた", "source": ""}]
    assert item.title == "通知の誤送付のふりかえり（ポストモーテム）"
    assert item.next_actions.get().what == "responseについて、分かったことを順に書いた"


def test_a_wider_audience_waits_for_the_reviewer_and_says_so(client, writer):
    answer = press(client, new_draft(writer), "publish", {**KPT, "audience": "prefecture"})
    assert Item.objects.get().state == State.SUBMITTED
    page = html(client.get(answer.url))
    assert "確認に出しました。防災課の確認が済むと「庁内全体」に公開されます。" in page


def test_a_private_item_says_so(client, writer):
    answer = press(client, new_draft(writer), "publish", {**KPT, "audience": "self"})
    assert "あなただけが読めます" in html(client.get(answer.url))


def test_publishing_twice_creates_one_item(client, writer):
    draft = new_draft(writer)
    first = send(client, draft.get_absolute_url(), {**KPT, "version": 0, "publish": "1"})
    second = send(client, draft.get_absolute_url(), {**KPT, "version": 0, "publish": "1"})
    assert first.url == second.url
    assert Item.objects.count() == 1
    assert client.get(draft.get_absolute_url()).url == first.url


def test_a_writer_without_a_post_reads_whom_to_ask(client):
    from tests.factories.organization import make_person, make_user

    person = make_person(user=make_user("new"))
    client.force_login(person.user)
    page = html(press(client, new_draft(person), "publish", KPT), 422)
    assert "所属の人事担当に知らせてください。" in page
    assert KPT["answer-keep"] in page
    assert not Item.objects.exists()


def test_a_look_back_names_an_ended_challenge_of_its_writer(client, writer, outsider):
    mine = ended_challenge(make_challenge(writer, title="予約制を試す"))
    make_challenge(writer, title="まだ続けている挑戦")
    ended_challenge(make_challenge(outsider, title="ほかの所属の挑戦", audience="self"))
    draft = new_draft(writer, "lookback")
    page = html(client.get(draft.get_absolute_url()))
    assert "予約制を試す" in page
    assert "まだ続けている挑戦" not in page
    assert "ほかの所属の挑戦" not in page
    answers = {f"answer-{key}": "書いた。" for key in ("tried", "result", "hypothesis", "surprise", "advice")}
    typed = {**answers, "challenge": mine.public_id, "audience": "unit", "blameless_ok": "on"}
    assert press(client, draft, "publish", typed).status_code == 302
    written = Retrospective.objects.get()
    assert (written.subject, written.looks_back_on) == ("予約制を試す", mine)
    mine.refresh_from_db()
    assert mine.stage == "retrospected"


# --- Access ----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["", "autosave/", "discard/", "rebase/"])
def test_a_draft_is_not_found_by_others(client, writer, outsider, part):
    draft = new_draft(writer, subject="ないしょの話")
    client.force_login(outsider.user)
    url = f"{draft.get_absolute_url()}{part}"
    missing = f"/write/00000000-0000-4000-8000-000000000000/{part}"
    for answer in (client.post(url, KPT), client.get(url) if part != "autosave/" else client.post(url)):
        assert answer.status_code == 404
        assert body(answer) == body(client.post(missing, KPT))
    draft.refresh_from_db()
    assert draft.data == {"subject": "ないしょの話"}


def test_discarding_a_draft_asks_first(client, writer):
    draft = new_draft(writer, subject="秋の住民説明会")
    assert "元に戻せません" in html(client.get(f"{draft.get_absolute_url()}discard/"))
    assert client.post(f"{draft.get_absolute_url()}discard/").url == "/my/"
    assert not Draft.objects.exists()


def test_a_submitted_draft_cannot_be_discarded(client, writer):
    draft = new_draft(writer)
    press(client, draft, "publish", KPT)
    assert client.post(f"{draft.get_absolute_url()}discard/").status_code == 404
    assert Item.objects.count() == Draft.objects.count() == 1


def test_a_draft_of_a_deleted_format_is_not_found(client, writer):
    draft = Draft.objects.create(author=writer, kind="retrospective", format="gone", data={})
    assert client.get(draft.get_absolute_url()).status_code == 404


# --- An answer becomes a lesson ---------------------------------------------------------------


def test_an_answer_becomes_a_lesson_with_its_source(client, writer):
    origin = make_retrospective(
        writer, answers=(("keep", "前日に役割を紙で配った。皆が動けた。"), ("try", "次も配る。"))
    )
    answer = origin.answers.first()
    url = f"/k/{origin.public_id}/promote/{answer.uid}/"
    begun = client.post(url)
    assert client.post(url).url == begun.url
    page = html(client.get(begun.url))
    assert "前日に役割を紙で配った。皆が動けた。" in page
    draft = Draft.objects.get()
    typed = {**draft.data, "citizen_effect": "避難が早く始まる。"}
    assert (
        press(client, draft, "publish", {k: v for k, v in typed.items() if not k.startswith("source_")}).status_code
        == 302
    )
    source = Lesson.objects.get().sources.get()
    assert (source.retrospective, source.answer_uid) == (origin, answer.uid)


def test_a_derived_lesson_starts_no_wider_than_its_source(client, writer):
    origin = make_retrospective(writer, audience="self")
    client.post(f"/k/{origin.public_id}/promote/{origin.answers.get().uid}/")
    assert Draft.objects.get().data["audience"] == "self"


def test_promotion_needs_permission_to_edit(client, writer, unit, outsider):
    origin = make_retrospective(writer, audience="prefecture")
    url = f"/k/{origin.public_id}/promote/{origin.answers.get().uid}/"
    for person in (make_staff(unit), outsider):
        client.force_login(person.user)
        assert client.post(url).status_code == 404
    client.force_login(make_staff(unit, duties=("reviewer",)).user)
    assert client.post(url).status_code == 302


@pytest.mark.parametrize("answer", ["00000000-0000-4000-8000-000000000000"])
def test_unknown_answers_are_not_found(client, writer, answer):
    origin = make_retrospective(writer)
    assert client.post(f"/k/{origin.public_id}/promote/{answer}/").status_code == 404
    lesson = make_lesson(writer)
    assert client.post(f"/k/{lesson.public_id}/promote/{answer}/").status_code == 404
    assert client.post(f"/k/R-R07-99999/promote/{answer}/").status_code == 404


def test_a_link_to_promotion_leads_to_the_retrospective(client, writer):
    origin = make_retrospective(writer)
    assert client.get(f"/k/{origin.public_id}/promote/{origin.answers.get().uid}/").url == origin.get_absolute_url()
