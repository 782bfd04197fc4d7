"""The stages of a challenge: supported, started, ended with any outcome, looked back on, closed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from kb.lifecycle import challenges, publication
from kb.models import Challenge, Draft, Retrospective
from kb.models.items.states import State
from organization.models import AuditEvent, Notice
from tests.errors import refused_with
from tests.factories.kb import make_challenge, make_retrospective
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db
Stage = Challenge.Stage


@pytest.fixture
def unit():
    return make_unit("madoguchi", name="窓口課")


@pytest.fixture
def author(unit):
    return make_staff(unit, title="主任")


@pytest.fixture
def sponsor(unit):
    return make_staff(unit, title="課長", head=True)


@pytest.fixture
def challenge(author, sponsor):
    return make_challenge(author, sponsor_post=sponsor.appointments.get().post)


@pytest.fixture
def ended(challenge, author, sponsor):
    return until_ended(challenge, author, sponsor, outcome="learned")


def until_ended(challenge, author, sponsor, *, outcome):
    challenges.support(challenge=challenge, by=sponsor)
    challenges.start(challenge=challenge, by=author)
    challenges.end(challenge=challenge, by=author, outcome=outcome)
    return challenge


def look_back(challenge, author, **values) -> Retrospective:
    return make_retrospective(author, format="lookback", title="挑戦のふりかえり", looks_back_on=challenge, **values)


def test_a_challenge_begins_as_an_idea(challenge):
    assert challenge.stage == Stage.IDEA


def test_only_the_holder_of_the_sponsoring_post_supports_it(challenge, author, sponsor):
    assert challenges.moves_for(challenge=challenge, person=sponsor) == ["support"]
    assert challenges.moves_for(challenge=challenge, person=author) == []
    with pytest.raises(PermissionDenied):
        challenges.support(challenge=challenge, by=author)


def test_the_author_is_told_of_the_support(challenge, author, sponsor):
    challenges.support(challenge=challenge, by=sponsor)
    assert "後押しがつきました" in Notice.objects.get(person=author).text


def test_a_challenge_does_not_start_before_it_is_supported(challenge, author):
    with pytest.raises(PermissionDenied):
        challenges.start(challenge=challenge, by=author)


def test_only_the_author_starts_it(challenge, sponsor):
    challenges.support(challenge=challenge, by=sponsor)
    with pytest.raises(PermissionDenied):
        challenges.start(challenge=challenge, by=sponsor)


def test_it_ends_with_one_of_three_outcomes(challenge, author, sponsor):
    challenges.support(challenge=challenge, by=sponsor)
    challenges.start(challenge=challenge, by=author)
    with refused_with("outcome_required"):
        challenges.end(challenge=challenge, by=author, outcome="failed")


def test_an_ended_challenge_keeps_its_outcome_and_its_day(ended):
    ended.refresh_from_db()
    assert (ended.stage, ended.outcome) == (Stage.ENDED, "learned")
    assert ended.ended_on is not None


def test_a_challenge_cannot_close_without_its_look_back(ended, sponsor):
    with refused_with("lookback_required"):
        challenges.close(challenge=ended, by=sponsor)


def test_a_look_back_that_still_waits_does_not_count(ended, author, sponsor):
    item = publication.create(
        item=Retrospective(title="挑戦のふりかえり", format="lookback", looks_back_on=ended, audience="prefecture"),
        by=author,
    )
    publication.submit(item=item, by=author)
    ended.refresh_from_db()
    assert ended.stage == Stage.ENDED
    with refused_with("lookback_required"):
        challenges.close(challenge=ended, by=sponsor)


def test_a_published_look_back_moves_the_challenge_on(ended, author):
    look_back(ended, author)
    ended.refresh_from_db()
    assert ended.stage == Stage.RETROSPECTED


def test_a_challenge_whose_look_back_was_withdrawn_does_not_close(ended, author, sponsor):
    lookback = look_back(ended, author)
    publication.withdraw(item=lookback, user=author.user, reason="書き直します。")
    ended.refresh_from_db()
    with refused_with("lookback_required"):
        challenges.close(challenge=ended, by=sponsor)


@pytest.mark.parametrize("outcome", ["succeeded", "learned", "stopped"])
def test_every_outcome_closes_alike(challenge, author, sponsor, outcome):
    until_ended(challenge, author, sponsor, outcome=outcome)
    look_back(challenge, author)
    challenge.refresh_from_db()
    challenges.close(challenge=challenge, by=sponsor)
    challenge.refresh_from_db()
    assert (challenge.stage, challenge.outcome) == (Stage.CLOSED, outcome)


def test_a_closed_challenge_offers_no_move(ended, author, sponsor):
    look_back(ended, author)
    ended.refresh_from_db()
    challenges.close(challenge=ended, by=sponsor)
    assert challenges.moves_for(challenge=ended, person=sponsor) == []
    assert challenges.moves_for(challenge=ended, person=author) == []


def test_a_withdrawn_challenge_offers_no_move(challenge, author, sponsor):
    publication.withdraw(item=challenge, user=author.user, reason="前提が変わりました。")
    assert challenge.state == State.WITHDRAWN
    assert challenges.moves_for(challenge=challenge, person=sponsor) == []


def test_every_stage_leaves_an_audit_event(ended, author, sponsor):
    look_back(ended, author)
    ended.refresh_from_db()
    challenges.close(challenge=ended, by=sponsor)
    actions = AuditEvent.objects.filter(action__startswith="challenge.").order_by("pk").values_list("action", flat=True)
    assert [a.removeprefix("challenge.") for a in actions] == ["support", "start", "end", "retrospected", "close"]


def test_an_edit_of_the_text_does_not_turn_the_stage_back(challenge, author, sponsor):
    old = challenge.latest_revision
    challenges.support(challenge=challenge, by=sponsor)
    old.publish(skip_permission_checks=True)
    challenge.refresh_from_db()
    assert challenge.stage == Stage.SUPPORTED


def test_the_look_back_begins_as_a_draft_that_knows_its_challenge(ended, author):
    draft = challenges.begin_lookback(challenge=ended, by=author)
    assert draft.format == "lookback"
    assert draft.data["challenge"] == ended.public_id
    assert draft.data["subject"] == ended.title


def test_the_look_back_is_begun_once(ended, author):
    first = challenges.begin_lookback(challenge=ended, by=author)
    assert challenges.begin_lookback(challenge=ended, by=author) == first
    assert Draft.objects.count() == 1


# --- The screens -----------------------------------------------------------------------------


def test_the_button_moves_the_challenge(client, challenge, sponsor):
    client.force_login(sponsor.user)
    response = client.post(reverse("challenge_move", args=[challenge.public_id, "support"]))
    challenge.refresh_from_db()
    assert response.status_code == 302
    assert challenge.stage == Stage.SUPPORTED


def test_a_move_that_is_not_open_to_the_reader_is_not_found(client, challenge, author):
    client.force_login(author.user)
    assert client.post(reverse("challenge_move", args=[challenge.public_id, "close"])).status_code == 404


def test_a_link_does_not_move_a_challenge(client, challenge, sponsor):
    client.force_login(sponsor.user)
    assert client.get(reverse("challenge_move", args=[challenge.public_id, "support"])).status_code == 405
    challenge.refresh_from_db()
    assert challenge.stage == Stage.IDEA


def test_the_page_shows_the_outcome_and_the_look_back(client, ended, author):
    look_back(ended, author)
    client.force_login(author.user)
    shown = client.get(ended.get_absolute_url()).content.decode()
    assert "学びあり（不成功）" in shown
    assert "挑戦のふりかえり" in shown


def test_a_look_back_that_the_reader_may_not_open_is_not_named(client, author, sponsor):
    challenge = make_challenge(author, sponsor_post=sponsor.appointments.get().post, audience="prefecture")
    until_ended(challenge, author, sponsor, outcome="stopped")
    make_retrospective(author, format="lookback", title="内輪のふりかえり", looks_back_on=challenge, audience="unit")
    client.force_login(make_staff(make_unit()).user)
    response = client.get(challenge.get_absolute_url())
    assert response.status_code == 200
    assert "内輪のふりかえり" not in response.content.decode()
