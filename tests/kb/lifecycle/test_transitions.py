"""The tables of kb.lifecycle.transitions: complete, acted on by the verbs, and what the docs say."""

import pytest
from django.core.exceptions import PermissionDenied

from kb.lifecycle import challenges, publication
from kb.lifecycle.transitions import CHALLENGE, ITEM, LIFECYCLES, PERMISSIONS, Actor, Recipient
from kb.models import Challenge
from kb.models.items.states import State
from kb.reading.views.item import keeper_links
from organization.models import AuditEvent, Notice
from tests.errors import refused_with
from tests.factories.kb import lesson, make_challenge, make_lesson, write
from tests.factories.organization import make_staff, make_unit
from tests.house.checkout import ROOT

DOC = ROOT / "docs/reference/lifecycle.md"
WHO = {
    Actor.AUTHOR: "its author",
    Actor.KEEPER: "who may edit it (`kb.items.permissions.may_edit`)",
    Actor.REVIEWER: "its reviewer (`kb.lifecycle.review_queue.may_review`)",
    Actor.SPONSOR: "who holds the sponsoring post",
    Actor.OFFICE: "the knowledge office, in the admin",
    Actor.PROGRAM: "follows by itself",
}
RECIPIENTS = {
    Recipient.AUTHORS: "its authors",
    Recipient.REVIEWERS: "its reviewers",
    Recipient.OTHER_REVIEWERS: "its reviewers",
}


@pytest.fixture
def author(db):
    return make_staff(make_unit("bosai", name="防災課"), title="主任")


def lines(lifecycle):
    """The table as docs/reference/lifecycle.md shows it."""
    yield "| verb | button | from | to | who | condition | notice to | audit action |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in lifecycle.transitions:
        recipient = RECIPIENTS[row.notice.to] if row.notice else ""
        action = f"`{row.action}`" if row.action else ""
        cells = [f"`{row.verb}`", row.label, " ".join(row.sources) or "(new)", row.target or "(stays)", WHO[row.actor]]
        yield "| " + " | ".join([*cells, row.condition, recipient, action]) + " |"


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: lifecycle.field)
def test_the_docs_show_the_table(lifecycle):
    table = "\n".join(lines(lifecycle))
    assert table in DOC.read_text("utf-8"), f"docs/reference/lifecycle.md should hold:\n{table}"


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: lifecycle.field)
def test_every_value_is_reached_and_exists(lifecycle):
    values = {code for code, _ in lifecycle.model._meta.get_field(lifecycle.field).choices}
    named = {value for row in lifecycle.transitions for value in (*row.sources, row.target) if value is not None}
    first = lifecycle.model._meta.get_field(lifecycle.field).default
    reached = {row.target for row in lifecycle.transitions} | {first}
    assert named <= values and values <= reached


def test_every_actor_has_a_permission():
    assert set(PERMISSIONS) == set(Actor)


def stand(item, lifecycle, value):
    """The item as if it had come to this value of the field."""
    setattr(item, lifecycle.field, value)
    return item


@pytest.mark.parametrize("state", [State.RETURNED, State.PUBLISHED, State.SUPERSEDED, State.WITHDRAWN])
@pytest.mark.parametrize("verb", ["submit", "change_audience", "withdraw"])
def test_a_verb_refuses_the_states_that_its_row_does_not_name(author, verb, state):
    item = stand(write(lesson(), author), ITEM, state)
    if ITEM.find(verb, item) is not None:
        return
    calls = {
        "submit": lambda: publication.submit(item=item, by=author),
        "change_audience": lambda: publication.change_audience(item=item, user=author.user, audience="self"),
        "withdraw": lambda: publication.withdraw(item=item, user=author.user, reason="古い。"),
    }
    with refused_with(f"cannot_{verb}"):
        calls[verb]()


@pytest.mark.parametrize("stage", Challenge.Stage.values)
@pytest.mark.parametrize("verb", ["support", "start", "close"])
def test_a_challenge_moves_as_its_table_says(author, verb, stage):
    sponsor = make_staff(make_unit("shigen", name="資源課"), head=True)
    challenge = make_challenge(author, sponsor_post=sponsor.appointments.get().post)
    stand(challenge, CHALLENGE, stage)
    row = CHALLENGE.find(verb, challenge)
    by = {Actor.AUTHOR: author, Actor.SPONSOR: sponsor}[next(r.actor for r in CHALLENGE.transitions if r.verb == verb)]
    if row is None:
        with pytest.raises(PermissionDenied):
            challenges._move(challenge, by, verb)
        return
    challenges._move(challenge, by, verb)
    challenge.refresh_from_db()
    assert challenge.stage == row.target
    assert AuditEvent.objects.order_by("-sequence").first().action == row.action
    assert Notice.objects.filter(person=author).exists() == bool(row.notice)


def test_the_buttons_of_a_page_are_rows_of_the_table(author):
    item = make_lesson(author)
    labels = [link["label"] for link in keeper_links(item)]
    assert labels == [row.label for row in ITEM.transitions if row.actor == Actor.KEEPER and row.label]


def test_a_waiting_item_offers_no_change_of_audience(author):
    item = make_lesson(author, audience="prefecture")
    assert [link["verb"] for link in keeper_links(item)] == ["edit", "withdraw"]
