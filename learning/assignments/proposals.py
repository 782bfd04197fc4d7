"""Proposals for successors: a post-bound assignment ended with its holder's move; the head says whether it goes on.

Refuses who does not answer for the post, and the post's own holder (nobody assigns to themselves, I11).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from learning.access import permissions
from learning.assignments.assigning import assign, plan
from learning.assignments.plan import Order
from learning.models import Assignment, Source, SuccessorProposal
from organization import audit, clock
from organization.models import Person
from organization.policy import reader_for
from organization.posts import held_on

State = SuccessorProposal.State
REASON = "前任から引き継いだ職に必要な学習です。"


def open_for(user: Any) -> QuerySet[SuccessorProposal]:
    """What waits for this head's decision (for the training office: everything), but for the own posts."""
    found = SuccessorProposal.objects.filter(state=State.OPEN)
    reader = reader_for(user)
    if not permissions.is_office(user):
        found = found.filter(post__unit_id__in=reader.managed_unit_ids)
    if reader.person_id is not None:
        own = held_on(clock.today()).filter(post=OuterRef("post_id"), person_id=reader.person_id)
        found = found.filter(~Exists(own))
    return found.select_related("post__unit", "path").order_by("post__unit_id", "post_id", "pk")


def holders(proposals: list[SuccessorProposal]) -> dict[int, Person]:
    """By pk of the post: who holds it today, the main appointment first; one query."""
    rows = held_on(clock.today()).filter(post__in={one.post_id for one in proposals}).select_related("person")
    found: dict[int, Person] = {}
    for row in sorted(rows.order_by("starts_on", "pk"), key=lambda row: row.kind != "main"):
        found.setdefault(row.post_id, row.person)
    return found


@transaction.atomic
def accept(*, proposal: SuccessorProposal, user: Any, reason: str = REASON) -> Assignment:
    """Assign the path to the post's holder of today. Raises LookupError where it is not this user's to decide,
    ValidationError where it cannot be."""
    row = _locked(proposal, user)
    person = holders([row]).get(row.post_id)
    if person is None:
        raise ValidationError("この職には、まだ後任がいません。着任してから決めてください。")
    office = permissions.is_office(user) and not permissions.staff(user).filter(pk=person.pk).exists()
    order = Order(
        path=row.path, start_on=clock.today(), reason=reason.strip(), bound_to_post=True,
        source=Source.OFFICE if office else Source.MANAGER,
    )  # fmt: skip
    drawn = plan(order=order, people=[person])
    if drawn.left_out:
        raise ValidationError(f"{person.name}さんには割り当てられません。{drawn.left_out[0].why}")
    # To the post that was left, which need not be the successor's main one.
    drawn = replace(drawn, lines=tuple(replace(line, post=row.post) for line in drawn.lines))
    made = assign(plan=drawn, by=user)[0]
    _decide(row, State.ACCEPTED, user)
    return made


@transaction.atomic
def decline(*, proposal: SuccessorProposal, user: Any) -> SuccessorProposal:
    """The successor does not need it. Raises LookupError where it is not this user's to decide."""
    row = _locked(proposal, user)
    _decide(row, State.DECLINED, user)
    return row


def _locked(proposal: SuccessorProposal, user: Any) -> SuccessorProposal:
    SuccessorProposal.objects.select_for_update().filter(pk=proposal.pk).first()
    row = open_for(user).filter(pk=proposal.pk).first()
    if row is None:
        raise LookupError(f"proposal {proposal.pk}")
    return row


def _decide(row: SuccessorProposal, state: str, user: Any) -> None:
    row.state, row.decided_by = state, getattr(user, "person", None)
    row.save(update_fields=["state", "decided_by"])
    audit.record(actor=user, action=f"proposal.{state}", obj=row)
