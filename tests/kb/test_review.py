"""Review: an audience wider than the unit is accepted or returned, and never by the author."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from kb.lifecycle import publication, review_queue
from kb.models import Draft, Item
from kb.models.items.states import State
from kb.review import decisions
from organization import clock
from organization.models import Notice
from organization.working_days import working_days_before
from tests.errors import refused_with
from tests.factories.kb import lesson, make_lesson, publish
from tests.factories.organization import make_department, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課", parent=make_department("kiki", name="危機管理部"))


@pytest.fixture
def author(unit):
    return make_staff(unit, login="author", title="主任")


@pytest.fixture
def reviewer(unit):
    return make_staff(unit, login="reviewer", title="課長補佐", duties=("reviewer",))


@pytest.fixture
def outsider():
    return make_staff(make_unit("zeimu", name="税務課"), login="outsider")


def seen_by(person, item) -> bool:
    return Item.objects.visible_to(person.user).filter(pk=item.pk).exists()


# --- Review ----------------------------------------------------------------------------------


def test_an_accepted_item_gets_the_audience_its_author_requested(author, reviewer, outsider):
    item = make_lesson(author, audience="prefecture")
    decisions.accept(item=item, user=reviewer.user)
    item.refresh_from_db()
    assert item.state == State.PUBLISHED
    assert seen_by(outsider, item)


def test_the_author_is_told_that_the_item_was_accepted(author, reviewer):
    decisions.accept(item=make_lesson(author, audience="prefecture"), user=reviewer.user)
    assert "受理され" in Notice.objects.get(person=author).text


def test_nobody_accepts_their_own_item(reviewer):
    item = make_lesson(reviewer, audience="prefecture")
    with pytest.raises(PermissionDenied):
        decisions.accept(item=item, user=reviewer.user)


def test_the_reviewer_of_another_unit_does_not_decide(author):
    other = make_staff(make_unit(), duties=("reviewer",))
    with pytest.raises(PermissionDenied):
        decisions.accept(item=make_lesson(author, audience="prefecture"), user=other.user)


def test_the_head_of_the_unit_may_accept_without_a_duty(unit, author):
    head = make_staff(unit, title="課長", head=True)
    item = make_lesson(author, audience="prefecture")
    decisions.accept(item=item, user=head.user)
    item.refresh_from_db()
    assert item.state == State.PUBLISHED


def test_the_knowledge_office_waits_five_working_days_for_the_unit(author):
    office = make_staff(make_unit(), duties=("km",))
    item = make_lesson(author, audience="prefecture")
    assert not review_queue.may_review(item=item, user=office.user)


def test_after_five_working_days_of_silence_the_knowledge_office_may_decide(author):
    office = make_staff(make_unit(), duties=("km",))
    item = make_lesson(author, audience="prefecture")
    long_ago = clock.now() - (clock.today() - working_days_before(clock.today(), 5))
    Item.objects.filter(pk=item.pk).update(submitted_at=long_ago)
    assert review_queue.may_review(item=item, user=office.user)


def test_a_return_without_a_comment_is_refused(author, reviewer):
    item = make_lesson(author, audience="prefecture")
    with refused_with("comment_required"):
        decisions.return_to_author(item=item, user=reviewer.user, comment="  ")
    item.refresh_from_db()
    assert item.state == State.SUBMITTED


def test_a_return_reopens_the_draft_with_the_comment(author, reviewer):
    item = make_lesson(author, audience="prefecture")
    decisions.return_to_author(item=item, user=reviewer.user, comment="日付を足してください。")
    item.refresh_from_db()
    draft = Draft.objects.open_of(author).get()
    assert item.state == State.RETURNED
    assert draft.item_id == item.pk
    assert draft.comment == "日付を足してください。"
    assert draft.data["title"] == item.title


def test_a_returned_item_can_be_submitted_again(author, reviewer):
    item = make_lesson(author, audience="prefecture")
    decisions.return_to_author(item=item, user=reviewer.user, comment="日付を足してください。")
    item.refresh_from_db()
    publication.submit(item=item, by=author)
    assert item.state == State.SUBMITTED


# --- Widening and narrowing ------------------------------------------------------------------


def test_widening_an_audience_waits_for_the_reviewer(author, reviewer, outsider):
    item = make_lesson(author, audience="unit")
    publication.change_audience(item=item, user=author.user, audience="prefecture")
    item.refresh_from_db()
    assert (item.audience, item.requested_audience) == ("unit", "prefecture")
    assert review_queue.may_review(item=item, user=reviewer.user)
    assert not seen_by(outsider, item)


def test_an_accepted_widening_opens_the_item_to_new_readers(author, reviewer, outsider):
    item = make_lesson(author, audience="unit")
    publication.change_audience(item=item, user=author.user, audience="prefecture")
    decisions.accept(item=item, user=reviewer.user)
    item.refresh_from_db()
    assert (item.audience, item.requested_audience) == ("prefecture", "")
    assert seen_by(outsider, item)


def test_a_refused_widening_leaves_the_item_published_as_it_was(author, reviewer):
    item = make_lesson(author, audience="unit")
    publication.change_audience(item=item, user=author.user, audience="prefecture")
    decisions.return_to_author(item=item, user=reviewer.user, comment="所属名を消してからにしましょう。")
    item.refresh_from_db()
    assert (item.state, item.audience, item.requested_audience) == (State.PUBLISHED, "unit", "")


def test_narrowing_an_audience_applies_at_once(author, outsider):
    item = publish(lesson(audience="prefecture"), author)
    publication.change_audience(item=item, user=author.user, audience="unit")
    assert not seen_by(outsider, item)


def test_an_item_cannot_be_made_public(author):
    item = make_lesson(author)
    with refused_with("invalid_audience"):
        publication.change_audience(item=item, user=author.user, audience="public")


def test_a_colleague_may_not_change_the_audience(unit, author):
    colleague = make_staff(unit)
    with pytest.raises(PermissionDenied):
        publication.change_audience(item=make_lesson(author), user=colleague.user, audience="self")


# --- The screens -----------------------------------------------------------------------------


def test_the_list_of_the_reviewer_shows_what_waits(client, author, reviewer):
    make_lesson(author, audience="prefecture", title="橋の点検は潮を見て")
    client.force_login(reviewer.user)
    assert "橋の点検は潮を見て" in client.get(reverse("review")).content.decode()


def test_the_page_asks_again_for_a_missing_comment(client, author, reviewer):
    item = make_lesson(author, audience="prefecture")
    client.force_login(reviewer.user)
    response = client.post(reverse("review_item", args=[item.public_id]), {"return": "1", "comment": ""})
    assert response.status_code == 422
    assert "差戻しのわけ" in response.content.decode()


def test_the_author_does_not_find_their_own_item_on_the_list(client, reviewer):
    item = make_lesson(reviewer, audience="prefecture")
    client.force_login(reviewer.user)
    assert client.get(reverse("review_item", args=[item.public_id])).status_code == 404
