"""Two windows of one writer, and two people on one item: no text is lost, and no text is shown to others."""

from datetime import timedelta

import pytest

from kb.lifecycle import publication
from kb.models import Draft, Item
from kb.writing import conflicts, drafts
from organization import clock
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.organization import make_staff, make_unit
from tests.kb.draft_forms import KPT, filled, new_draft, press, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課")


@pytest.fixture
def writer(client, unit):
    person = make_staff(unit, login="writer")
    client.force_login(person.user)
    return person


@pytest.fixture
def head(unit):
    return make_staff(unit, login="head", title="課長", head=True)


def typed(draft, **changes):
    return {**{name: value for name, value in draft.data.items() if not name.startswith("source_")}, **changes}


def publish_edit(item, person, **changes):
    """`person` edits the item in a window of their own, and publishes."""
    from django.test import Client

    browser = Client()
    browser.force_login(person.user)
    draft = drafts.open_for_edit(item=item, by=person)
    answer = press(browser, draft, "publish", typed(draft, **changes))
    assert answer.status_code == 302, answer.context["form"].errors
    item.refresh_from_db()


def html(response, status: int) -> str:
    assert response.status_code == status
    return response.content.decode()


# --- Two windows of one writer ----------------------------------------------------------------


def autosave(client, draft, data, version):
    return send(client, f"{draft.get_absolute_url()}autosave/", {**data, "version": version})


def test_autosave_answers_with_the_time_and_the_next_version(client, writer):
    draft = new_draft(writer)
    for version in (0, 1):
        answer = autosave(client, draft, {"subject": f"説明会{version}"}, version)
        assert answer.status_code == 200
        assert answer.json()["version"] == version + 1
        assert answer.json()["saved_at"] == clock.now().strftime("%H:%M")
    draft.refresh_from_db()
    assert draft.data["subject"] == "説明会1"


def test_autosave_refuses_to_overwrite_another_window(client, writer):
    draft = new_draft(writer)
    autosave(client, draft, {"subject": "ひとつめの窓"}, 0)
    answer = autosave(client, draft, {"subject": "ふたつめの窓"}, 0)
    assert answer.status_code == 409
    assert "別の画面で保存されています" in answer.json()["message"]
    assert "ひとつめの窓" not in answer.content.decode()
    draft.refresh_from_db()
    assert draft.data["subject"] == "ひとつめの窓"


def test_the_same_text_from_an_old_window_is_accepted(client, writer):
    draft = new_draft(writer)
    autosave(client, draft, {"subject": "説明会"}, 0)
    assert autosave(client, draft, {"subject": "説明会"}, 0).status_code == 200


def test_autosave_after_publishing_says_where_to_go_on(client, writer):
    draft = new_draft(writer)
    press(client, draft, "publish", KPT)
    answer = autosave(client, draft, KPT, 1)
    assert answer.status_code == 409
    assert "「直す」" in answer.json()["message"]


@pytest.mark.parametrize("character", ["%00", "%ED%A0%80", "%FF"])
def test_autosave_refuses_text_that_cannot_be_stored(client, writer, character):
    draft = new_draft(writer)
    body = f"version=0&subject=%E8%AA%AC{character}"
    url = f"{draft.get_absolute_url()}autosave/"
    answer = client.post(url, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "消して、打ち直してください" in answer.json()["message"]
    draft.refresh_from_db()
    assert (draft.data, draft.version) == ({}, 0)


def test_autosave_always_answers_in_json(client, writer):
    draft = new_draft(writer)
    url = f"{draft.get_absolute_url()}autosave/"
    assert client.get(url).status_code == 405
    client.logout()
    answer = client.post(url, KPT)
    assert answer.status_code == 401
    assert "ログイン" in answer.json()["message"]


@pytest.mark.parametrize("button", ["save", "publish"])
def test_an_old_window_overwrites_only_at_the_second_press(client, writer, button):
    draft = new_draft(writer)
    press(client, draft, "save", {**KPT, "subject": "新しい窓"})
    old = {**KPT, "subject": "古い窓", "version": 0, button: "1"}
    page = html(send(client, draft.get_absolute_url(), old), 422)
    assert "別の画面で保存されています" in page
    assert "古い窓" in page
    assert "data-refused" in page
    draft.refresh_from_db()
    assert draft.data["subject"] == "新しい窓"
    assert not Item.objects.exists()
    assert press(client, draft, button, {**KPT, "subject": "古い窓"}).status_code == 302
    draft.refresh_from_db()
    assert draft.data["subject"] == "古い窓"


# --- Two people on one item -------------------------------------------------------------------


def test_an_edit_is_a_new_version_of_the_same_item(client, writer):
    item = make_retrospective(
        writer, answers=(("keep", "役割を紙で配った。"), ("problem", "紙がぬれた。"), ("try", "防水の紙にする。"))
    )
    uid = item.answers.get(section_key="keep").uid
    draft = drafts.open_for_edit(item=item, by=writer)
    answer = press(
        client, draft, "publish", typed(draft, **{"answer-problem": "紙が雨でぬれた。", "blameless_ok": "on"})
    )
    assert answer.url == item.get_absolute_url()
    item.refresh_from_db()
    assert item.answers.get(section_key="problem").text == "紙が雨でぬれた。"
    assert item.answers.get(section_key="keep").uid == uid
    assert item.revisions.count() == 2


def test_the_second_writer_sees_the_difference_and_loses_nothing(client, writer, head):
    item = make_lesson(writer, applies_when="雨の前")
    mine = drafts.open_for_edit(item=item, by=writer)
    publish_edit(item, head, observation="課長が直した事実。")
    answer = press(client, mine, "publish", typed(mine, observation="わたしが直した事実。", applies_when="台風の前"))
    page = html(answer, 409)
    assert "課長が直した事実。" in page
    assert "わたしが直した事実。" in page
    assert "両方が直しました。" in page
    assert "あなたが直しました。" in page
    item.refresh_from_db()
    assert item.observation == "課長が直した事実。"
    mine.refresh_from_db()
    assert mine.data["observation"] == "わたしが直した事実。"
    assert "課長" not in page.replace("課長が直した事実。", "")  # the author of the other version is not named


def test_a_rebase_keeps_the_changes_of_both(client, writer, head):
    item = make_lesson(writer, applies_when="雨の前")
    mine = drafts.open_for_edit(item=item, by=writer)
    publish_edit(item, head, citizen_effect="課長が直した効果。", title="課長が直した件名")
    text = typed(mine, observation="わたしが直した事実。", title="わたしが直した件名")
    press(client, mine, "publish", text)
    answer = client.post(f"{mine.get_absolute_url()}rebase/", {"newest": item.latest_revision_id})
    assert answer.url == mine.get_absolute_url()
    mine.refresh_from_db()
    assert mine.data["observation"] == "わたしが直した事実。"
    assert mine.data["citizen_effect"] == "課長が直した効果。"
    assert mine.data["title"] == "わたしが直した件名"
    assert press(client, mine, "publish", typed(mine)).status_code == 302
    item.refresh_from_db()
    assert (item.observation, item.citizen_effect) == ("わたしが直した事実。", "課長が直した効果。")
    assert item.revisions.count() == 3


def test_a_rebase_is_refused_after_yet_another_version(client, writer, head):
    item = make_lesson(writer, applies_when="雨の前")
    mine = drafts.open_for_edit(item=item, by=writer)
    publish_edit(item, head, observation="二番目の版。")
    newest_pk = item.latest_revision_id
    publish_edit(item, head, observation="三番目の版。")
    page = html(client.post(f"{mine.get_absolute_url()}rebase/", {"newest": newest_pk}), 409)
    assert "三番目の版。" in page


def test_the_form_warns_of_a_newer_version(client, writer, head):
    item = make_lesson(writer, applies_when="雨の前")
    mine = drafts.open_for_edit(item=item, by=writer)
    assert "公開されている記録を直しています。" in html(client.get(mine.get_absolute_url()), 200)
    publish_edit(item, head, observation="課長が直した事実。")
    assert "新しい版を出しました" in html(client.get(mine.get_absolute_url()), 200)
    assert "課長が直した事実。" in html(client.get(f"{mine.get_absolute_url()}rebase/"), 200)


def closed_to_head(writer, head):
    """A draft of `head` of an item that its author has since closed to everybody else, and edited."""
    item = make_lesson(writer, audience="unit", applies_when="雨の前")
    draft = drafts.open_for_edit(item=item, by=head)
    publication.change_audience(item=item, user=writer.user, audience="self")
    publish_edit(item, writer, title="じぶんだけの題", observation="じぶんだけのひみつ。")
    return draft


@pytest.mark.parametrize("path", ["", "rebase/"])
def test_a_draft_shows_nothing_of_an_item_that_was_closed(client, writer, head, path):
    draft = closed_to_head(writer, head)
    client.force_login(head.user)
    page = html(client.get(f"{draft.get_absolute_url()}{path}", follow=True), 200)
    assert "じぶんだけ" not in page.replace("じぶんだけ</", "")
    assert "元の記録は、今のあなたには開けないか、直せません" in page
    assert "ちがいを見る" not in page


def test_a_rebase_copies_nothing_of_an_item_that_was_closed(client, writer, head):
    draft = closed_to_head(writer, head)
    typed_before = dict(draft.data)
    client.force_login(head.user)
    client.post(f"{draft.get_absolute_url()}rebase/", {"newest": draft.item.specific.latest_revision_id})
    draft.refresh_from_db()
    assert draft.data == typed_before


def test_a_publication_of_a_closed_item_shows_nothing_of_it(client, writer, head):
    draft = closed_to_head(writer, head)
    client.force_login(head.user)
    page = html(press(client, draft, "publish", typed(draft, observation="わたしの文。")), 422)
    assert "わたしの文。" in page
    assert "じぶんだけの題" not in page and "じぶんだけのひみつ" not in page


def test_a_rebase_does_not_restore_removed_answers(writer, head):
    item = make_retrospective(
        writer, answers=(("keep", "一つ目。"), ("keep", "二つ目。"), ("problem", "困った。"), ("try", "試す。"))
    )
    mine = drafts.open_for_edit(item=item, by=writer)
    publish_edit(item, head, **{"answer-keep-2": "", "blameless_ok": "on"})
    rebased = conflicts.rebase(draft=mine)
    assert rebased.data["answer-keep"] == "一つ目。"
    assert rebased.data["answer-keep-2"] == ""


def test_a_rebase_without_base_revision_keeps_what_was_typed(writer, head):
    """Old revisions may be deleted. Then nobody can tell who changed what, and the draft wins."""
    item = make_lesson(writer, applies_when="雨の前")
    mine = drafts.open_for_edit(item=item, by=writer)
    publish_edit(item, head, observation="課長が直した事実。")
    Draft.objects.filter(pk=mine.pk).update(base_revision=None, data={**mine.data, "observation": "わたしの文。"})
    assert conflicts.rebase(draft=mine).data["observation"] == "わたしの文。"


# --- Limits of an edit ------------------------------------------------------------------------


def test_an_edit_changes_neither_audience_nor_state(client, writer):
    item = make_lesson(writer, applies_when="雨の前")
    draft = drafts.open_for_edit(item=item, by=writer)
    page = html(client.get(draft.get_absolute_url()), 200)
    assert 'name="audience"' not in page
    forbidden = {"audience": "public", "state": "withdrawn", "live": "", "owner_unit": "1", "public_id": "L-R01-00001"}
    press(client, draft, "publish", typed(draft, **forbidden))
    before = (item.audience, item.state, item.owner_unit_id, item.public_id)
    item.refresh_from_db()
    assert (item.audience, item.state, item.owner_unit_id, item.public_id) == before
    assert item.live


def test_an_editor_cannot_reveal_the_author(client, writer, head):
    item = make_lesson(writer, applies_when="雨の前", attribution="unit_only")
    client.force_login(head.user)
    draft = drafts.open_for_edit(item=item, by=head)
    assert 'name="attribution"' not in html(client.get(draft.get_absolute_url()), 200)
    assert press(client, draft, "publish", typed(draft, attribution="named", observation="直した。")).status_code == 302
    item.refresh_from_db()
    assert (item.attribution, item.observation) == ("unit_only", "直した。")


def test_a_draft_is_refused_without_permission_to_edit(client, writer, head):
    item = make_lesson(writer, applies_when="雨の前")
    draft = drafts.open_for_edit(item=item, by=head)
    head.appointments.update(ends_on=clock.today() - timedelta(days=1))
    client.force_login(head.user)
    page = html(press(client, draft, "publish", typed(draft, observation="直した。")), 422)
    assert "直せるのは、書いた人と所管所属の担当です" in page
    assert "直した。" in page
    item.refresh_from_db()
    assert item.observation != "直した。"


def test_a_draft_of_a_withdrawn_item_is_refused(client, writer):
    item = make_lesson(writer, applies_when="雨の前")
    draft = drafts.open_for_edit(item=item, by=writer)
    publication.withdraw(item=item, user=writer.user, reason="同じものがある。")
    page = html(press(client, draft, "publish", typed(draft)), 422)
    assert "取り下げられたので、直せません" in page
    item.refresh_from_db()
    assert not item.live


def test_a_returned_item_goes_back_to_the_reviewer(client, writer, head):
    from kb.review import decisions

    item = make_lesson(writer, audience="prefecture", applies_when="雨の前")
    decisions.return_to_author(item=item, user=head.user, comment="場面を詳しく。")
    draft = Draft.objects.get(item_id=item.pk)
    assert "場面を詳しく。" in html(client.get(draft.get_absolute_url()), 200)
    answer = press(client, draft, "publish", typed(draft, applies_when="台風が近づく二日前から"))
    assert answer.status_code == 302
    item.refresh_from_db()
    assert (item.state, item.applies_when) == ("submitted", "台風が近づく二日前から")


def test_an_edit_without_changes_keeps_every_value(client, writer):
    """Editing and publishing without a change only increases the version number."""
    make_staff(writer.appointments.get().post.unit, title="課長", head=True)
    for key in ("kpt", "postmortem", "lesson", "challenge"):
        press(client, new_draft(writer, key), "publish", filled(key, writer))
        item = Item.objects.latest("pk").specific
        before = item.as_typed()
        draft = drafts.open_for_edit(item=item, by=writer)
        again = {name: value for name, value in typed(draft).items() if value not in (False, None)}
        assert press(client, draft, "publish", again).status_code == 302, key
        assert Item.objects.get(pk=item.pk).specific.as_typed() == before
