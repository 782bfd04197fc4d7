"""Successor proposals. When the holder of a post moves, a post-bound assignment ends, and the head decides whether the
successor gets the path.

Only people who manage the post decide. The holder of the post never decides, because nobody assigns to themselves
(I11).
"""

from __future__ import annotations

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from learning.access import permissions
from learning.assignments.assigning import assign, plan
from learning.assignments.plan import Order
from learning.models import Assignment, Source, SuccessorProposal
from organization import audit, clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import held_on
from organization.models import Person, User

State = SuccessorProposal.State
REASON = "前任から引き継いだ職に必要な学習です。"


def open_for(user: Viewer) -> QuerySet[SuccessorProposal]:
    """Returns the open proposals on which this user may decide. The training office may decide on the proposals of all
    units.

    A proposal for a post that the user holds is left out.
    """
    proposals = SuccessorProposal.objects.filter(state=State.OPEN)
    reader = reader_for(user)
    if not permissions.is_office(user):
        proposals = proposals.filter(post__unit_id__in=reader.managed_unit_ids)
    if reader.person_id is not None:
        own = held_on(clock.today()).filter(post=OuterRef("post_id"), person_id=reader.person_id)
        proposals = proposals.filter(~Exists(own))
    return proposals.select_related("post__unit", "path").order_by("post__unit_id", "post_id", "pk")


def holders(proposals: list[SuccessorProposal]) -> dict[int, Person]:
    """Maps the pk of each post to its holder today. If several people hold the post, a main appointment wins. One
    query.
    """
    rows = held_on(clock.today()).filter(post__in={proposal.post_id for proposal in proposals}).select_related("person")
    by_post: dict[int, Person] = {}
    for row in sorted(rows.order_by("starts_on", "pk"), key=lambda row: row.kind != "main"):
        by_post.setdefault(row.post_id, row.person)
    return by_post


@transaction.atomic
def accept(*, proposal: SuccessorProposal, user: User, reason: str = REASON) -> Assignment:
    """Assign the path to today's holder of the post.

    Raises LookupError if this user may not decide. Raises ValidationError (no_successor, successor_left_out) if the
    path cannot be assigned.
    """
    row = _locked(proposal, user)
    person = holders([row]).get(row.post_id)
    if person is None:
        raise ValidationError("この職には、まだ後任がいません。着任してから決めてください。", code="no_successor")
    office = permissions.is_office(user) and not permissions.staff(user).filter(pk=person.pk).exists()
    order = Order(
        path=row.path,
        start_on=clock.today(),
        reason=reason.strip(),
        bound_to_post=True,
        source=Source.OFFICE if office else Source.MANAGER,
    )
    planned = plan(order=order, people=[person])
    if planned.left_out:
        raise ValidationError(
            f"{person.name}さんには割り当てられません。{planned.left_out[0].why}", code="successor_left_out"
        )
    # The assignment is bound to the post that was left. This need not be the successor's main post.
    planned = replace(planned, lines=tuple(replace(line, post=row.post) for line in planned.lines))
    assignment = assign(plan=planned, by=user)[0]
    _decide(row, State.ACCEPTED, user)
    return assignment


@transaction.atomic
def decline(*, proposal: SuccessorProposal, user: User) -> SuccessorProposal:
    """The head decides that the successor does not need the path. Raises LookupError if this user may not decide."""
    row = _locked(proposal, user)
    _decide(row, State.DECLINED, user)
    return row


def _locked(proposal: SuccessorProposal, user: User) -> SuccessorProposal:
    SuccessorProposal.objects.select_for_update().filter(pk=proposal.pk).first()
    row = open_for(user).filter(pk=proposal.pk).first()
    if row is None:
        raise LookupError(f"proposal {proposal.pk}")
    return row


def _decide(row: SuccessorProposal, state: str, user: User) -> None:
    row.state, row.decided_by = state, getattr(user, "person", None)
    row.save(update_fields=["state", "decided_by"])
    audit.record(actor=user, action=f"proposal.{state}", obj=row)
