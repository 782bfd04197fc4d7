"""Successor proposals: the head assigns the path to today's holder of the post, or declines."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from learning.assignments import proposals
from learning.models import Assignment, SuccessorProposal
from organization import clock
from organization.models import AuditEvent
from tests.errors import refused_with
from tests.factories.learning import give, make_path
from tests.factories.organization import appoint, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(head):
    return make_path(head)


def proposed(path, unit, *, successor=True, **post):
    post = make_post(unit, **post)
    ended = give(path, make_person(), post=post, state="cancelled")
    if successor:
        appoint(make_person(name="後任 太郎"), post)
    return SuccessorProposal.objects.create(ended=ended, post=post, path=path, made_on=clock.today())


def test_the_successor_gets_the_path_bound_to_the_post(unit, head, path):
    proposal = proposed(path, unit)
    assignment = proposals.accept(proposal=proposal, user=head.user)
    assert (assignment.person.name, assignment.post, assignment.reason) == (
        "後任 太郎",
        proposal.post,
        proposals.REASON,
    )
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("accepted", head)
    assert AuditEvent.objects.filter(action="proposal.accepted").exists()


def test_a_post_held_beside_another_is_the_one_it_is_bound_to(unit, head, path):
    proposal = proposed(path, unit, successor=False)
    person = make_staff(unit)
    appoint(person, proposal.post, kind="concurrent")
    assert proposals.accept(proposal=proposal, user=head.user).post == proposal.post


def test_without_a_successor_it_waits(unit, head, path):
    proposal = proposed(path, unit, successor=False)
    with refused_with("no_successor"):
        proposals.accept(proposal=proposal, user=head.user)
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_who_learns_the_path_already_is_not_given_it_twice(unit, head, path):
    proposal = proposed(path, unit)
    give(path, proposal.post.appointments.get().person)
    with pytest.raises(ValidationError, match="もう学んで"):
        proposals.accept(proposal=proposal, user=head.user)


def test_a_declined_one_is_not_asked_again(unit, head, path):
    proposal = proposed(path, unit)
    proposals.decline(proposal=proposal, user=head.user)
    assert not proposals.open_for(head.user).exists()
    with pytest.raises(LookupError):
        proposals.accept(proposal=proposal, user=head.user)


def test_another_units_head_sees_and_decides_nothing(unit, path):
    other, one = make_staff(make_unit(), head=True), proposed(path, unit)
    assert not proposals.open_for(other.user).exists()
    with pytest.raises(LookupError):
        proposals.accept(proposal=one, user=other.user)


def test_the_own_post_is_the_head_aboves_to_decide(path):
    department = make_unit(kind="department")
    above, below = make_staff(department, head=True), make_unit(parent=department)
    new = make_staff(make_unit())
    proposal = proposed(path, below, successor=False, head=True)
    new.appointments.update(ends_on=clock.today() - timedelta(days=1))
    appoint(new, proposal.post, starts=clock.today())
    assert not proposals.open_for(new.user).exists()
    assert proposals.accept(proposal=proposal, user=above.user).person == new


# --- The page --------------------------------------------------------------------------------------------


def test_the_page_names_path_post_and_successor_but_not_who_was_there(client, unit, head, path):
    proposal = proposed(path, unit, title="危機管理主査")
    client.force_login(head.user)
    page = client.get("/team/proposals/").content.decode()
    for word in (path.title, "危機管理主査", "後任 太郎", proposals.REASON):
        assert word in page
    assert proposal.ended.person.name not in page


def test_the_head_accepts_with_own_words(client, unit, head, path):
    proposal = proposed(path, unit)
    client.force_login(head.user)
    answer = client.post(
        f"/team/proposals/{proposal.pk}/", {"accept": "1", "reason": "防災の担当になったため。"}, follow=True
    )
    assert "後任 太郎さんに割り当てました" in answer.content.decode()
    assert Assignment.objects.get(state="assigned").reason == "防災の担当になったため。"


def test_an_empty_reason_is_refused_and_the_page_says_so(client, unit, head, path):
    proposal = proposed(path, unit)
    client.force_login(head.user)
    answer = client.post(f"/team/proposals/{proposal.pk}/", {"accept": "1", "reason": " "})
    assert answer.status_code == 422
    assert "割り当てる理由を書いてください" in answer.content.decode()


def test_the_head_declines(client, unit, head, path):
    proposal = proposed(path, unit)
    client.force_login(head.user)
    assert (
        "見送りました" in client.post(f"/team/proposals/{proposal.pk}/", {"decline": "1"}, follow=True).content.decode()
    )


def test_anothers_proposal_and_a_number_that_does_not_exist_look_alike(client, unit, path):
    proposal = proposed(path, unit)
    client.force_login(make_staff(make_unit(), head=True).user)
    theirs, none = (client.post(f"/team/proposals/{pk}/", {"accept": "1"}) for pk in (proposal.pk, 999_999))
    assert theirs.status_code == none.status_code == 404
    client.force_login(make_staff(unit).user)
    assert client.get("/team/proposals/").status_code == 404


def test_an_empty_list_says_what_will_come(client, head):
    client.force_login(head.user)
    assert "決めるものはありません" in client.get("/team/proposals/").content.decode()


def test_forty_proposals_ask_as_little_as_ten(client, unit, head, path, django_assert_max_num_queries):
    client.force_login(head.user)
    for _ in range(4):
        for _ in range(10):
            proposed(path, unit)
        with django_assert_max_num_queries(15):
            client.get("/team/proposals/")
