"""The history of an item: the difference between two versions, field by field, without names of people."""

import pytest
from django.urls import reverse

from kb.items.revisions import DiffLine, changes, diff_lines, texts_of
from kb.lifecycle import publication
from kb.models import Lesson, Retrospective
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課")


@pytest.fixture
def author(unit):
    return make_staff(unit, name="青木 さくら")


@pytest.fixture
def edited(author):
    """A lesson with two versions. The second has another title and one more sentence."""
    item = make_lesson(author, title="はじめの題", observation="一行目\n二行目")
    item.title, item.observation = "あとの題", "一行目\n二行目を直した"
    publication.publish(item=item)
    return item


def versions(item) -> list[int]:
    return list(item.revisions.order_by("created_at", "pk").values_list("pk", flat=True))


def test_a_changed_line_is_a_removal_and_an_addition():
    assert diff_lines("一\n二", "一\n三") == (
        DiffLine("same", "一"),
        DiffLine("removed", "二"),
        DiffLine("added", "三"),
    )


def test_equal_texts_differ_in_nothing():
    assert changes({"title": "同じ"}, {"title": "同じ"}, model=Lesson) == []


def test_only_the_fields_that_differ_are_shown_with_their_japanese_names():
    differences = changes({"title": "前", "summary": "同じ"}, {"title": "後", "summary": "同じ"}, model=Lesson)
    assert [(change.name, change.label) for change in differences] == [("title", "件名")]


def test_an_answer_is_labelled_as_in_its_format():
    assert Retrospective.field_label("answer-keep", "kpt") == Retrospective.field_label("answer-keep-1", "kpt")
    assert Retrospective.field_label("answer-keep", "kpt") != "答え"


def test_an_answer_of_a_deleted_format_still_has_a_label():
    assert Retrospective.field_label("answer-keep", "gone") == "答え"


def test_the_audience_is_not_part_of_the_content(author):
    assert "audience" not in texts_of(make_lesson(author))


def test_two_revisions_are_compared_as_they_were(edited):
    older, newer = edited.revisions.order_by("created_at", "pk")
    differences = changes(texts_of(older.as_object()), texts_of(newer.as_object()), model=Lesson)
    assert {change.name for change in differences} == {"title", "observation"}


def test_answers_of_a_retrospective_are_compared(author):
    item = make_retrospective(author, answers=(("keep", "前日に配った。"),))
    answer = item.answers.get()
    answer.text = "三日前に配った。"
    item.answers.set([answer])
    publication.publish(item=item)
    older, newer = item.revisions.order_by("created_at", "pk")
    differences = changes(texts_of(older.as_object()), texts_of(newer.as_object()), model=Retrospective, format="kpt")
    assert [line.text for line in differences[0].lines] == ["前日に配った。", "三日前に配った。"]


def test_the_html_of_an_answer_follows_its_changed_text(author):
    item = make_retrospective(author, answers=(("keep", "前日に配った。"),))
    answer = item.answers.get()
    answer.text = "三日前に配った。"
    item.answers.set([answer])
    publication.publish(item=item)
    item = Retrospective.objects.get(pk=item.pk)
    assert "三日前に配った。" in item.answers.get().html


def test_an_answer_keeps_its_uid_through_publishing(author):
    item = make_retrospective(author)
    uid = item.answers.get().uid
    publication.publish(item=item)
    assert Retrospective.objects.get(pk=item.pk).answers.get().uid == uid


# --- The screens -----------------------------------------------------------------------------


def test_the_history_lists_every_version(client, edited, author):
    client.force_login(author.user)
    page = client.get(reverse("item_history", args=[edited.public_id])).content.decode()
    assert "2版" in page
    assert "はじめの版" in page


def test_the_difference_of_two_versions_is_visible(client, edited, author):
    client.force_login(author.user)
    page = client.get(reverse("item_compare", args=[edited.public_id, *versions(edited)])).content.decode()
    assert "はじめの題" in page
    assert "あとの題" in page


def test_no_version_names_a_person(client, edited, unit):
    reader = make_staff(unit, name="別所 みのる")
    client.force_login(reader.user)
    for address in (
        reverse("item_history", args=[edited.public_id]),
        reverse("item_compare", args=[edited.public_id, *versions(edited)]),
    ):
        assert "青木 さくら" not in client.get(address).content.decode()


def test_the_history_of_an_unreadable_item_is_not_found(client, edited):
    client.force_login(make_staff(make_unit()).user)
    assert client.get(reverse("item_history", args=[edited.public_id])).status_code == 404
    assert client.get(reverse("item_compare", args=[edited.public_id, *versions(edited)])).status_code == 404


def test_versions_of_another_item_are_not_shown(client, edited, author):
    other = make_lesson(author)
    client.force_login(author.user)
    address = reverse("item_compare", args=[edited.public_id, versions(other)[0], versions(edited)[0]])
    assert client.get(address).status_code == 404


def test_the_history_of_a_withdrawn_item_is_closed(client, edited, author):
    publication.withdraw(item=edited, user=author.user, reason="古くなりました。")
    client.force_login(author.user)
    assert client.get(reverse("item_history", args=[edited.public_id])).status_code == 404


def test_the_history_is_cheap(client, edited, author, django_assert_max_num_queries):
    client.force_login(author.user)
    with django_assert_max_num_queries(15):
        client.get(reverse("item_history", args=[edited.public_id]))
