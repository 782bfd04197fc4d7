"""A new item type made of the files that docs/conventions.md lists (tests/toy) works everywhere without other code."""

import pytest
from django.urls import reverse

from kb.lifecycle import publication
from kb.models import Draft
from kb.models.items.states import State
from kb.review import decisions
from search.engines import engine
from search.generations import rebuild
from tests.factories.organization import make_staff, make_unit
from tests.house import checkout
from tests.kb.admin_pages import officer
from tests.kb.draft_forms import press, send
from tests.toy.models import Memo

pytestmark = pytest.mark.django_db
TYPED = {"title": "朝礼を立って行う", "idea": "立つと**短く**終わる。", "audience": "unit"}


@pytest.fixture
def unit():
    return make_unit("bosai", name="防災課")


@pytest.fixture
def head(unit):
    return make_staff(unit, login="head", title="課長", head=True)


@pytest.fixture
def writer(client, unit, head):
    person = make_staff(unit, login="writer", title="主任")
    client.force_login(person.user)
    return person


def begin(client):
    client.post(reverse("write_new", args=["memo"]))
    return Draft.objects.get()


def publish(client, **changes):
    press(client, begin(client), "publish", {**TYPED, **changes})
    return Memo.objects.get()


def page(client, url, status=200):
    response = client.get(url, follow=True)
    assert response.status_code == status
    return response.content.decode()


def test_it_is_offered_where_writing_begins(client, writer):
    assert reverse("write_new", args=["memo"]) in page(client, "/write/")


def test_its_draft_is_autosaved(client, writer):
    draft = begin(client)
    answer = send(client, reverse("write_autosave", args=[draft.uid]), {**TYPED, "version": 0})
    assert answer.status_code == 200
    draft.refresh_from_db()
    assert (draft.kind, draft.data["idea"]) == ("memo", TYPED["idea"])


def test_it_is_published_and_read(client, writer):
    memo = publish(client)
    assert (memo.state, memo.idea, memo.public_id[0]) == (State.PUBLISHED, TYPED["idea"], "M")
    html = page(client, memo.get_absolute_url())
    assert "<strong>短く</strong>" in html and "思いつき" in html and "メモ" in html


def test_it_waits_for_its_reviewer_and_is_accepted(client, writer, head):
    memo = publish(client, audience="prefecture")
    assert memo.state == State.SUBMITTED
    client.force_login(head.user)
    assert "短く" in page(client, reverse("review_item", args=[memo.public_id]))
    assert decisions.accept(item=memo, user=head.user).state == State.PUBLISHED


def test_its_return_reopens_its_draft(client, writer, head):
    memo = publish(client, audience="prefecture")
    decisions.return_to_author(item=memo, user=head.user, comment="例がほしい。")
    draft = Draft.objects.open_of(writer).get()
    assert (draft.data["idea"], draft.comment) == (TYPED["idea"], "例がほしい。")


def test_its_history_shows_what_an_edit_changed(client, writer):
    memo = publish(client)
    client.post(memo.edit_url())
    press(client, Draft.objects.open_of(writer).get(), "publish", {**TYPED, "idea": "座っても短くできる。"})
    older, newer = memo.revisions.order_by("created_at", "pk")
    html = page(client, reverse("item_compare", args=[memo.public_id, older.pk, newer.pk]))
    assert "思いつき" in html and "座っても短くできる。" in html


def test_the_search_page_finds_it(client, writer, settings, tmp_path):
    settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    publish(client)
    rebuild(engine())
    result = client.get("/search/", {"q": "朝礼", "type": "memo"}).context["result"]
    assert [hit.card.title for hit in result.hits] == [TYPED["title"]]


def test_the_admin_lists_and_shows_it(client, writer):
    memo = publish(client)
    officer(client, "km")
    assert TYPED["title"] in page(client, reverse("memo_pages:index"))
    assert "立つと" in page(client, reverse("wagtailadmin_pages:edit", args=[memo.pk]))


def test_its_withdrawal_leaves_a_tombstone(client, writer):
    memo = publish(client)
    publication.withdraw(item=memo, user=writer.user, reason="古くなりました。")
    assert "古くなりました。" in page(client, memo.get_absolute_url(), status=410)


def test_no_other_module_names_the_type():
    """No module of kb, search or learning names the type."""
    named = [checkout.name(path) for path in checkout.python("kb", "search", "learning") if "Memo" in path.read_text()]
    assert named == []
