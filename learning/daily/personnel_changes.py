"""The turn of the year, and every other day: what moves, leaves and returns do to rules and open assignments.

Each step looks at how things stand on the day, so it may be repeated, and run late: the days it writes come from the
appointments, not from when it ran. It refuses to look at what is not announced (I8). Person-bound assignments go on
untouched: what the new manager sees of them is ``learning.access.permissions``'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from django.db import transaction
from django.db.models import Max

from learning.models import Assignment, AssignmentRule, AssignmentState, Stage, SuccessorProposal
from learning.models.assignment import AssignmentQuerySet
from organization import audit
from organization.models import Appointment, Person, Post
from organization.notices import notify_many
from organization.posts import managers_of
from organization.tree import UnitTree, unit_tree

BATCH = 500
MOVED = "異動のため"
LEFT = "退職のため"
PROPOSALS = "/team/proposals/"
ASKED = "異動した職員の学習を、後任に割り当てるか決めてください。"


def batches(found: AssignmentQuerySet) -> Iterator[list[int]]:
    """The pks as they were found, a batch at a time: what a batch changes does not move the others."""
    pks = list(found.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        yield pks[start : start + BATCH]


def locked(pks: list[int], *related: str) -> list[Assignment]:
    """Those that are still open, locked: somebody may have closed one since they were found."""
    rows = (
        Assignment.objects.select_for_update(of=("self",)).select_related(*related)
        if related
        else (Assignment.objects.select_for_update())
    )
    return list(rows.open().filter(pk__in=pks).order_by("pk"))


# --- Rules of units that are gone ----------------------------------------------------------------


@transaction.atomic
def move_rules(on: date) -> int:
    """Rules of a unit that is gone go to its main successor."""
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


def end_bound(on: date) -> tuple[int, int]:
    """Post-bound assignments whose person moved away end; the head is asked about the successor. (ended, proposed)."""
    ended = 0
    made: list[SuccessorProposal] = []
    for pks in batches(Assignment.objects.without_post(on)):
        with transaction.atomic():
            rows = locked(pks, "person", "path", "post__unit")
            days = _last_days(rows, on)
            for row in rows:
                row.closing_reason = LEFT if row.person.has_left(on) else MOVED
                row.closed_on = max(days[row.pk], row.start_on)
            _close(rows)
            made += _propose(rows, on)
            gone = [row for row in rows if not row.person.has_left(on)]
            notify_many((row.person, f"「{row.path.title}」は、異動のため終わりました。", _page(row)) for row in gone)
            ended += len(rows)
    return ended, len(made)


def _propose(rows: Iterable[Assignment], on: date) -> list[SuccessorProposal]:
    """A proposal for each post that was left, once, and word of it to who decides."""
    made = SuccessorProposal.objects.bulk_create(
        SuccessorProposal(ended=row, post=row.post, path=row.path, made_on=on)
        for row in rows
        if row.post is not None and row.path.stage == Stage.ACTIVE
    )
    posts = {one.post_id: one.post for one in made}
    notify_many((person, ASKED, PROPOSALS) for person in _deciders(posts.values(), on))
    return made


def _last_days(rows: Iterable[Assignment], on: date) -> dict[int, date]:
    """By pk: the last day on which its person held its post; the day of the run where nothing is known of it."""
    found = list(rows)
    known = Appointment.objects.filter(person__in=[row.person_id for row in found], ends_on__lt=on)
    ends = known.values_list("person_id", "post_id").annotate(last=Max("ends_on"))
    days = {(person, post): last for person, post, last in ends}
    return {row.pk: min(days.get((row.person_id, row.post_id or 0), on), row.person.left_on or on) for row in found}


def _deciders(posts: Iterable[Post], on: date) -> set[Person]:
    """For each post the nearest head above it who does not hold it: nobody assigns to themselves (I11)."""
    tree = unit_tree(on)
    lines = [_line(tree, post) for post in posts]
    heads = managers_of({unit for line in lines for unit in line}, on)
    return {next(heads[unit] for unit in line if unit in heads) for line in lines if any(u in heads for u in line)}


def _line(tree: UnitTree, post: Post) -> tuple[int, ...]:
    own = tree.successor(post.unit_id)
    return tree.ancestors(own) if post.is_head else (own, *tree.ancestors(own))


# --- Leavers ---------------------------------------------------------------------------------------


def close_leavers(on: date) -> int:
    """Open assignments of people who have left end with their last day of work."""
    closed = 0
    for pks in batches(Assignment.objects.open().filter(person__left_on__lt=on)):
        with transaction.atomic():
            rows = locked(pks, "person")
            for row in rows:
                row.closing_reason, row.closed_on = LEFT, row.person.left_on
            _close(rows)
            closed += len(rows)
    return closed


def _close(rows: list[Assignment]) -> None:
    """On 1 April nearly all end on one day: an update for each day and reason."""
    alike: dict[tuple[date | None, str], list[int]] = {}
    for row in rows:
        row.state = AssignmentState.CANCELLED
        alike.setdefault((row.closed_on, row.closing_reason), []).append(row.pk)
    for (day, reason), pks in alike.items():
        found = Assignment.objects.filter(pk__in=pks)
        found.update(state=AssignmentState.CANCELLED, closed_on=day, closing_reason=reason)
    said = [
        audit.AuditEntry("assignment.cancelled", row, after={"on": row.closed_on}, reason=row.closing_reason)
        for row in rows
    ]
    audit.record_many(actor=None, entries=said)


def _page(row: Assignment) -> str:
    return f"/my/learning/{row.uid}/"
