"""Applies personnel changes (transfers, departures, abolished units) to rules and open assignments.

Each function reads the state of the given day, so it may be repeated or run late. The stored dates come from the
appointments, not from the time of the run. Unannounced appointments are never read (I8). An assignment that is bound to
a person continues. ``learning.access.permissions`` decides what the new manager sees of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from django.db import transaction
from django.db.models import Max

from learning.models import Assignment, AssignmentRule, AssignmentState, Stage, SuccessorProposal
from learning.models.assignment import AssignmentQuerySet
from organization import audit
from organization.appointments import managers_of
from organization.models import Appointment, Person, Post
from organization.notices import notify_many
from organization.units.tree import UnitTree, unit_tree

BATCH = 500
MOVED_REASON = "異動のため"
LEFT_REASON = "退職のため"
PROPOSALS_URL = "/team/proposals/"
PROPOSAL_NOTICE = "異動した職員の学習を、後任に割り当てるか決めてください。"


def batches(assignments: AssignmentQuerySet) -> Iterator[list[int]]:
    """Yields the pks in batches. All pks are read once at the start, so the changes of one batch do not affect the next
    batch.
    """
    pks = list(assignments.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        yield pks[start : start + BATCH]


def locked(pks: list[int], *related: str) -> list[Assignment]:
    """Locks the rows and returns those that are still open. A row may have been closed after its pk was read."""
    rows = (
        Assignment.objects.select_for_update(of=("self",)).select_related(*related)
        if related
        else (Assignment.objects.select_for_update())
    )
    return list(rows.open().filter(pk__in=pks).order_by("pk"))


# --- Rules of units that are gone ----------------------------------------------------------------


@transaction.atomic
def move_rules(on: date) -> int:
    """Move the rules of abolished units to the main successors. Returns the number of moved rules."""
    tree = unit_tree(on)
    moved = 0
    for rule in (
        AssignmentRule.objects.select_for_update(of=("self",)).filter(unit__isnull=False).select_related("path")
    ):
        assert rule.unit_id is not None
        after = tree.successor(rule.unit_id)
        if after == rule.unit_id or not tree.is_in_force(after):
            continue
        before, rule.unit_id = rule.unit_id, after
        rule.save(update_fields=["unit"])
        audit.record(
            actor=None,
            action="rule.moved",
            obj=rule,
            reason="組織改正のため",
            before={"unit": tree.uid(before)},
            after={"unit": tree.uid(after)},
        )
        moved += 1
    return moved


# --- Moves -----------------------------------------------------------------------------------------


def end_post_bound(on: date) -> tuple[int, int]:
    """End post-bound assignments whose person has moved, and propose them for the successor. Returns (number ended,
    number proposed).
    """
    ended = 0
    proposals: list[SuccessorProposal] = []
    for pks in batches(Assignment.objects.without_post(on)):
        with transaction.atomic():
            rows = locked(pks, "person", "path", "post__unit")
            days = _last_days(rows, on)
            for row in rows:
                row.closing_reason = LEFT_REASON if row.person.has_left(on) else MOVED_REASON
                row.closed_on = max(days[row.pk], row.start_on)
            _close(rows)
            proposals += _propose(rows, on)
            transferred = [row for row in rows if not row.person.has_left(on)]
            notify_many(
                (row.person, f"「{row.path.title}」は、異動のため終わりました。", _assignment_url(row))
                for row in transferred
            )
            ended += len(rows)
    return ended, len(proposals)


def _propose(rows: Iterable[Assignment], on: date) -> list[SuccessorProposal]:
    """Create a proposal for each ended assignment whose path is active, and notify the heads who decide."""
    proposals = SuccessorProposal.objects.bulk_create(
        SuccessorProposal(ended=row, post=row.post, path=row.path, made_on=on)
        for row in rows
        if row.post is not None and row.path.stage == Stage.ACTIVE
    )
    posts = {proposal.post_id: proposal.post for proposal in proposals}
    notify_many((person, PROPOSAL_NOTICE, PROPOSALS_URL) for person in _deciders(posts.values(), on))
    return proposals


def _last_days(rows: Iterable[Assignment], on: date) -> dict[int, date]:
    """Maps the pk of each assignment to the last day on which its person held the post.

    If the appointment is unknown, the last day is the day of the run. The last day is never later than the person's
    last day of work.
    """
    assignments = list(rows)
    known = Appointment.objects.filter(person__in=[row.person_id for row in assignments], ends_on__lt=on)
    ends = known.values_list("person_id", "post_id").annotate(last=Max("ends_on"))
    days = {(person, post): last for person, post, last in ends}
    return {
        row.pk: min(days.get((row.person_id, row.post_id or 0), on), row.person.left_on or on) for row in assignments
    }


def _deciders(posts: Iterable[Post], on: date) -> set[Person]:
    """Returns, for all posts, the heads who decide. For each post, this is the nearest head who does not hold the post,
    because nobody assigns to themselves (I11).
    """
    tree = unit_tree(on)
    lines = [_units_upwards(tree, post) for post in posts]
    heads = managers_of({unit for line in lines for unit in line}, on)
    return {next(heads[unit] for unit in line if unit in heads) for line in lines if any(u in heads for u in line)}


def _units_upwards(tree: UnitTree, post: Post) -> tuple[int, ...]:
    own = tree.successor(post.unit_id)
    return tree.ancestors(own) if post.is_head else (own, *tree.ancestors(own))


# --- Leavers ---------------------------------------------------------------------------------------


def close_leavers(on: date) -> int:
    """End the open assignments of people who have left. The end date is the person's last day of work. Returns the
    number of ended assignments.
    """
    closed = 0
    for pks in batches(Assignment.objects.open().filter(person__left_on__lt=on)):
        with transaction.atomic():
            rows = locked(pks, "person")
            for row in rows:
                row.closing_reason, row.closed_on = LEFT_REASON, row.person.left_on
            _close(rows)
            closed += len(rows)
    return closed


def _close(rows: list[Assignment]) -> None:
    """Close the rows with one update for each day and reason. On 1 April, nearly all rows end on the same day."""
    alike: dict[tuple[date | None, str], list[int]] = {}
    for row in rows:
        row.state = AssignmentState.CANCELLED
        alike.setdefault((row.closed_on, row.closing_reason), []).append(row.pk)
    for (day, reason), pks in alike.items():
        rows_of_day = Assignment.objects.filter(pk__in=pks)
        rows_of_day.update(state=AssignmentState.CANCELLED, closed_on=day, closing_reason=reason)
    entries = [
        audit.AuditEntry("assignment.cancelled", row, after={"on": row.closed_on}, reason=row.closing_reason)
        for row in rows
    ]
    audit.record_many(actor=None, entries=entries)


def _assignment_url(row: Assignment) -> str:
    return f"/my/learning/{row.uid}/"
