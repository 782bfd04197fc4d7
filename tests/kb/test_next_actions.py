"""Next actions are plain rows that outlive the revision that wrote them: each keeps its pk and its uid."""

import datetime as dt

import pytest
from django.urls import reverse

from kb.lifecycle import publication
from kb.models import NextAction, Retrospective
from tests.factories.kb import make_retrospective
from tests.factories.organization import make_staff, make_unit
from tests.kb.admin_pages import officer

pytestmark = pytest.mark.django_db
DUE = dt.date(2026, 6, 30)


@pytest.fixture
def author():
    return make_staff(make_unit("bosai", name="防災課"))


@pytest.fixture
def retrospective(author):
    item = make_retrospective(author)
    item.set_next_actions([NextAction(what="役割を紙で配る", due_on=DUE), NextAction(what="鍵の場所を書く")])
    publication.publish(item=item)
    return item


def rows(item):
    return list(NextAction.objects.filter(retrospective=item.pk).order_by("sort_order"))


def edited(item, *, what):
    """A new revision of an item whose first action says `what`, not yet published."""
    fresh = Retrospective.objects.get(pk=item.pk)
    first, *rest = fresh.next_actions.all()
    first.what = what
    fresh.set_next_actions([first, *rest])
    return fresh.save_revision()


def test_an_edited_action_keeps_its_row(retrospective):
    before = rows(retrospective)
    edited(retrospective, what="役割を前の週に配る").publish()
    after = rows(retrospective)
    assert [(row.pk, row.uid) for row in after] == [(row.pk, row.uid) for row in before]
    assert [row.what for row in after] == ["役割を前の週に配る", "鍵の場所を書く"]


def test_an_edit_that_is_not_published_changes_no_row(retrospective):
    edited(retrospective, what="まだ公開していない")
    assert [row.what for row in rows(retrospective)] == ["役割を紙で配る", "鍵の場所を書く"]


def test_an_action_that_a_revision_leaves_out_is_deleted(retrospective):
    kept, _ = rows(retrospective)
    fresh = Retrospective.objects.get(pk=retrospective.pk)
    fresh.set_next_actions(list(fresh.next_actions.all())[:1])
    fresh.save_revision().publish()
    assert rows(retrospective) == [kept]


def test_a_revision_of_before_the_uids_names_the_same_rows(retrospective):
    before = rows(retrospective)
    revision = retrospective.latest_revision
    for action, row in zip(revision.content["next_actions"], before, strict=True):
        del action["uid"]
        action["pk"] = row.pk
    revision.save()
    revision.publish()
    assert [(row.pk, row.uid) for row in rows(retrospective)] == [(row.pk, row.uid) for row in before]


def test_the_history_shows_what_an_old_revision_said(client, author, retrospective):
    edited(retrospective, what="役割を前の週に配る").publish()
    *_, older, newer = retrospective.revisions.order_by("created_at", "pk")
    client.force_login(author.user)
    page = client.get(reverse("item_compare", args=[retrospective.public_id, older.pk, newer.pk])).content.decode()
    assert "役割を紙で配る" in page and "役割を前の週に配る" in page


def test_the_admin_edits_an_action_in_place(client, retrospective):
    first, second = rows(retrospective)
    officer(client, "km")
    address = reverse("wagtailadmin_pages:edit", args=[retrospective.pk])
    form = client.get(address).context["form"]
    data = typed(form) | {"next_actions-0-what": "役割を前の日に配る", "action-publish": "1"}
    answer = client.post(address, data)
    assert answer.status_code == 302, answer.context["form"].errors
    assert [(row.pk, row.uid, row.what) for row in rows(retrospective)] == [
        (first.pk, first.uid, "役割を前の日に配る"),
        (second.pk, second.uid, "鍵の場所を書く"),
    ]


def typed(form):
    """What a browser posts of an admin form that nobody has changed."""
    fields = [field for child in forms_of(form) for field in child]
    return {field.html_name: field.value() for field in fields if field.value() not in (None, False, [])}


def forms_of(form):
    yield form
    for formset in form.formsets.values():
        yield formset.management_form
        yield from formset.forms
