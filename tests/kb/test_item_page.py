"""The page of an item, and home and units: who may read them, what they show, and how many queries they cost."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from kb.items.cards import cards
from kb.lifecycle import publication
from kb.models import Article, Challenge, Item, Lesson, LessonSource, Reaction, Scene, Stance, Theme
from kb.models.items.states import Confidentiality
from tests.bodies import alike
from tests.factories.kb import OCCURRED, lesson, make_challenge, make_lesson, make_retrospective, publish
from tests.factories.learning import make_path
from tests.factories.organization import (
    make_department,
    make_event,
    make_municipal_staff,
    make_municipality,
    make_staff,
    make_unit,
)

pytestmark = pytest.mark.django_db
QUERIES = 15


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課", parent=make_department("kiki", name="危機管理部"))


@pytest.fixture
def author(unit):
    return make_staff(unit, login="author", title="主任", name="青木 さくら")


@pytest.fixture
def member(unit):
    return make_staff(unit, login="member")


@pytest.fixture
def outsider():
    return make_staff(make_unit("zeimu", name="税務課"), login="outsider")


def text(response) -> str:
    return response.content.decode()


def body(response, public_id: str) -> str:
    """The page without what differs at every request: its address and the CSRF token."""
    return alike(response, public_id)


def classify(item: Item) -> None:
    """An item with two themes, two scenes and two stances."""
    for model, name in ((Theme, "themes"), (Scene, "scenes"), (Stance, "stances")):
        getattr(item, name).set([model.objects.create(code=f"{name}-{n}", label=f"{name}{n}") for n in range(2)])
    publication.publish(item=item)


# --- Access ----------------------------------------------------------------------------------


def test_a_member_of_the_unit_may_read_the_item(client, author, member):
    client.force_login(member.user)
    response = client.get(make_lesson(author).get_absolute_url())
    assert response.status_code == 200
    assert "夕方の雨で、道路の土のうが足りなくなった。" in text(response)


def test_an_outsider_gets_the_same_answer_as_for_an_id_that_does_not_exist(client, author, outsider):
    item = make_lesson(author)
    client.force_login(outsider.user)
    forbidden = client.get(item.get_absolute_url())
    missing = client.get(reverse("item", args=["L-R07-99999"]))
    assert forbidden.status_code == missing.status_code == 404
    assert body(forbidden, item.public_id) == body(missing, "L-R07-99999")


def test_a_stranger_is_asked_to_log_in_whether_the_item_exists_or_not(client, author):
    item = make_lesson(author)
    for public_id in (item.public_id, "L-R07-99999"):
        response = client.get(reverse("item", args=[public_id]))
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("login"))


def test_a_public_item_is_read_without_login(client, author):
    item = publish(lesson(audience="public", confidentiality=Confidentiality.ONE), author)
    assert Item.objects.visible_to(AnonymousUser()).filter(pk=item.pk).exists()
    assert client.get(item.get_absolute_url()).status_code == 200


def test_municipal_staff_read_only_what_is_shared_with_municipalities(client, author):
    client.force_login(make_municipal_staff(make_municipality(name="星守市")).user)
    shared = publish(lesson(audience="municipal"), author)
    internal = publish(lesson(audience="prefecture", title="庁内の話"), author)
    assert client.get(shared.get_absolute_url()).status_code == 200
    assert client.get(internal.get_absolute_url()).status_code == 404


def test_a_submitted_item_is_hidden_from_its_audience(client, author, outsider):
    item = make_lesson(author, audience="prefecture")
    client.force_login(outsider.user)
    assert client.get(item.get_absolute_url()).status_code == 404


def test_the_author_may_read_a_submitted_item(client, author):
    item = make_lesson(author, audience="prefecture")
    client.force_login(author.user)
    response = client.get(item.get_absolute_url())
    assert response.status_code == 200
    assert "まだ読者には見えません" in text(response)


def test_an_item_withdrawn_before_publication_leaves_no_tombstone(client, author, outsider):
    item = make_lesson(author, audience="prefecture")
    publication.withdraw(item=item, user=author.user, reason="書き直します。")
    client.force_login(outsider.user)
    assert client.get(item.get_absolute_url()).status_code == 404


def test_an_outsider_sees_no_tombstone_of_an_item_they_could_not_read(client, author, outsider):
    item = make_lesson(author)
    publication.withdraw(item=item, user=author.user, reason="古くなりました。")
    client.force_login(outsider.user)
    assert client.get(item.get_absolute_url()).status_code == 404


# --- Content ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("attribution", "named"), [("named", True), ("post_only", False), ("unit_only", False)])
def test_the_author_is_named_as_the_attribution_allows(client, author, member, attribution, named):
    item = make_lesson(author, attribution=attribution)
    client.force_login(member.user)
    assert ("青木 さくら" in text(client.get(item.get_absolute_url()))) is named


def test_a_superseded_lesson_links_to_its_successor(client, author, member):
    old = make_lesson(author)
    new = make_lesson(author, title="土のうは二日前に積む", supersedes=old)
    client.force_login(member.user)
    page = text(client.get(old.get_absolute_url()))
    assert new.get_absolute_url() in page


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_successor_that_the_reader_may_not_open_is_not_named(client, author, outsider, withdrawn):
    old = publish(lesson(audience="prefecture"), author)
    new = make_lesson(author, title="内輪の新しい教訓", audience="unit", supersedes=old)
    if withdrawn:
        publication.withdraw(item=Lesson.objects.get(pk=old.pk), user=author.user, reason="古くなりました。")
    client.force_login(outsider.user)
    response = client.get(old.get_absolute_url())
    assert response.status_code == (410 if withdrawn else 200)
    assert new.title not in text(response) and new.get_absolute_url() not in text(response)


def test_a_source_that_the_reader_may_not_open_is_not_named(client, author, outsider):
    origin = make_retrospective(author, title="内輪のふりかえり", audience="unit")
    item = publish(lesson(audience="prefecture"), author)
    LessonSource.objects.create(lesson=item, retrospective=origin)
    client.force_login(outsider.user)
    page = text(client.get(item.get_absolute_url()))
    assert "内輪のふりかえり" not in page
    assert "公開範囲の外にあるふりかえり" in page


def test_a_look_back_does_not_name_a_challenge_that_the_reader_may_not_open(client, author, outsider):
    challenge = make_challenge(author, title="内輪の挑戦", audience="unit")
    item = make_retrospective(author, format="lookback", looks_back_on=challenge, audience="prefecture")
    client.force_login(outsider.user)
    assert "内輪の挑戦" not in text(client.get(item.get_absolute_url()))


def test_a_lesson_is_listed_under_its_answer(client, author, member):
    item = make_retrospective(author)
    drawn = make_lesson(author, title="役割は紙で配る")
    LessonSource.objects.create(lesson=drawn, retrospective=item, answer_uid=item.answers.get().uid)
    client.force_login(member.user)
    assert "役割は紙で配る" in text(client.get(item.get_absolute_url()))


def test_themes_scenes_and_stances_are_on_the_page(client, author, member):
    item = make_lesson(author)
    classify(item)
    client.force_login(member.user)
    page = text(client.get(item.get_absolute_url()))
    assert all(f"{name}{n}" in page for name in ("themes", "scenes", "stances") for n in range(2))


def test_script_that_was_typed_is_shown_and_not_run(client, author, member):
    item = make_lesson(author, title="<script>alert(1)</script>", observation="<script>alert(2)</script>")
    client.force_login(member.user)
    page = text(client.get(item.get_absolute_url()))
    assert "<script>alert" not in page


# --- Actions ---------------------------------------------------------------------------------


def test_useful_is_set_and_removed_by_its_button(client, author, member):
    item = make_lesson(author)
    client.force_login(member.user)
    client.post(reverse("item_useful", args=[item.public_id]))
    assert item.reactions.count() == 1
    client.post(reverse("item_useful", args=[item.public_id]))
    assert item.reactions.count() == 0


def test_a_colleague_is_offered_no_edit(client, author, member):
    item = make_lesson(author)
    client.force_login(member.user)
    assert reverse("item_edit", args=[item.public_id]) not in text(client.get(item.get_absolute_url()))
    assert client.post(reverse("item_edit", args=[item.public_id])).status_code == 404


def test_an_author_adds_an_addendum(client, author):
    item = make_retrospective(author)
    client.force_login(author.user)
    client.post(reverse("item_addendum", args=[item.public_id]), {"text": "翌年も、同じやり方で間に合った。"})
    assert "翌年も、同じやり方で間に合った。" in text(client.get(item.get_absolute_url()))


def test_a_too_long_addendum_says_how_much_to_cut(client, author):
    item = make_retrospective(author)
    client.force_login(author.user)
    response = client.post(reverse("item_addendum", args=[item.public_id]), {"text": "あ" * 603}, follow=True)
    assert "3文字けずってください" in text(response)
    assert item.addenda.count() == 0


# --- Queries ---------------------------------------------------------------------------------


def test_the_page_of_a_lesson_is_cheap(client, author, member, django_assert_max_num_queries):
    origin = make_retrospective(author)
    item = make_lesson(author)
    LessonSource.objects.create(lesson=item, retrospective=origin)
    classify(item)
    client.force_login(member.user)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(item.get_absolute_url()).status_code == 200


def test_the_page_of_a_retrospective_is_cheap(client, author, django_assert_max_num_queries):
    challenge = make_challenge(author)
    item = make_retrospective(author, looks_back_on=challenge, answers=(("keep", "一つ目"), ("problem", "二つ目")))
    item.next_actions.create(what="役割を紙で配る", sort_order=0)
    classify(item)
    drawn = make_lesson(author)
    LessonSource.objects.create(lesson=drawn, retrospective=item, answer_uid=item.answers.first().uid)
    client.force_login(author.user)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(item.get_absolute_url()).status_code == 200


def test_the_page_of_a_challenge_is_cheap(client, unit, author, django_assert_max_num_queries):
    head = make_staff(unit, title="課長", head=True)
    item = make_challenge(author, sponsor_post=head.appointments.get().post)
    Challenge.objects.filter(pk=item.pk).update(stage="ended", outcome="learned")
    item.refresh_from_db()
    classify(item)
    make_retrospective(author, format="lookback", looks_back_on=item)
    client.force_login(head.user)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(item.get_absolute_url()).status_code == 200


def fill(author, count: int = 2) -> None:
    """Cards of items of every type."""
    for n in range(count):
        make_lesson(author, title=f"教訓{n}")
        make_retrospective(author, title=f"ふりかえり{n}")
        make_challenge(author, title=f"挑戦{n}")
    publish(Article(title="読みもの", occurred_on=OCCURRED), author)


def test_the_home_page_is_cheap_for_a_reviewer(client, unit, author, django_assert_max_num_queries):
    head = make_staff(unit, title="課長", head=True, duties=("reviewer", "km"))
    fill(author)
    make_lesson(author, audience="prefecture")
    client.force_login(head.user)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(reverse("home")).status_code == 200


def test_the_page_of_a_unit_is_cheap(client, unit, author, member, django_assert_max_num_queries):
    make_staff(unit, title="課長", head=True)
    fill(author)
    client.force_login(member.user)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(reverse("unit", args=[unit.uid])).status_code == 200


def test_the_list_of_units_is_cheap(client, member, django_assert_max_num_queries):
    for n in range(5):
        make_unit(f"more-{n}")
    client.force_login(member.user)
    with django_assert_max_num_queries(QUERIES):
        assert client.get(reverse("units")).status_code == 200


# --- Home and units --------------------------------------------------------------------------


def test_home_shows_nothing_that_the_reader_may_not_open(client, author, outsider):
    make_lesson(author, title="内輪の教訓")
    client.force_login(outsider.user)
    assert "内輪の教訓" not in text(client.get(reverse("home")))


def test_a_card_counts_who_found_the_item_useful(author, member):
    first, second = make_lesson(author), make_lesson(author)
    Reaction.objects.create(item=first, person=member)
    Reaction.objects.create(item=first, person=author)
    assert [card["helpful"] for card in cards([first, second])] == [2, 0]


@pytest.mark.parametrize("make", [make_lesson, make_challenge, make_retrospective, make_path])
def test_cards_of_a_type_cost_one_query(make, author, django_assert_num_queries):
    """Also for the badges: a column missing from the query would cost one query a row."""
    keys = [make(author, title=f"題{n}").pk for n in range(3)]
    items = list(Item.objects.filter(pk__in=keys).only("content_type"))
    with django_assert_num_queries(1):
        assert len(cards(items)) == 3


def test_cards_keep_the_order_of_the_items(author):
    items = [make_lesson(author, title="一"), make_challenge(author, title="二"), make_lesson(author, title="三")]
    assert [card["title"] for card in cards(reversed(items))] == ["三", "二", "一"]


def test_the_page_of_a_unit_also_lists_items_of_its_predecessor(client, author, member, unit):
    old = make_unit("shobo", name="消防防災課", until=date(2020, 3, 31))
    make_event("merge", [old], [unit], date(2020, 4, 1), unit)
    item = publish(lesson(title="古い課の教訓", owner_unit=old, occurred_on=date(2019, 6, 1)), author)
    client.force_login(member.user)
    page = text(client.get(reverse("unit", args=[unit.uid])))
    assert "古い課の教訓" in page
    assert item.unit_name_at_time == "消防防災課"


def test_the_page_of_an_abolished_unit_names_its_successor(client, member, unit):
    old = make_unit("shobo", name="消防防災課", until=date(2020, 3, 31))
    make_event("merge", [old], [unit], date(2020, 4, 1), unit)
    client.force_login(member.user)
    page = text(client.get(reverse("unit", args=[old.uid])))
    assert "今はない所属です" in page
    assert reverse("unit", args=[unit.uid]) in page


def test_moments_among_the_facts_are_written_with_the_era(client, author):
    item = make_retrospective(author, format="postmortem", subject="誤送信", facts={"started_at": "2026-05-25T09:10"})
    client.force_login(author.user)
    assert "令和8年5月25日 9時10分" in text(client.get(item.get_absolute_url()))


def test_private_items_are_not_among_the_new_items(client, author):
    make_lesson(author, title="ひとりの覚え", audience="self")
    client.force_login(author.user)
    assert "ひとりの覚え" not in text(client.get("/"))
