"""Counting again from the facts: what `learning_recount` compares, and repairs only when told to.

It refuses to undo a completion (I10): closed assignments are compared by their own steps, and left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from learning.models import Assignment
from learning.paths.structure import outlines
from learning.progress.facts import facts_of
from learning.progress.recording import done_days, gather, settle, tally

BATCH = 500


@dataclass(frozen=True)
class Difference:
    """One assignment that does not say what its facts and steps say."""

    assignment_id: int
    what: str


def differences(assignments: Any = None) -> Iterator[Difference]:
    """Every difference, a batch of assignments at a time; writes nothing."""
    found = Assignment.objects.open() if assignments is None else assignments
    pks = list(found.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        rows = Assignment.objects.filter(pk__in=pks[start : start + BATCH])
        yield from _compare(list(rows.select_related("version").prefetch_related("progress")))


def _compare(rows: list[Assignment]) -> Iterator[Difference]:
    shapes = outlines({row.version_id for row in rows})
    facts = facts_of({row.person_id for row in rows})
    for row in rows:
        shape = shapes[row.version_id]
        done = done_days(row)
        for step in (step for step in shape.steps if step.is_by_fact):
            said: UUID | None = next(
                (p.step_uid for p in row.progress.all() if p.step_uid == step.uid and p.counts), None
            )
            true = next((fact for fact in facts.get(row.person_id, ()) if fact.meets(step, row)), None)
            if (said is None) != (true is None):
                yield Difference(row.pk, f"step {step.uid}: {'done' if said else 'open'}, facts say otherwise")
            if true is not None:
                done[step.uid] = true.on
            else:
                done.pop(step.uid, None)
        before = _said(row)
        settle(row, shape=shape, done=done, any_begun=bool(done) or bool(row.progress.all()))
        if _said(row) != before:
            yield Difference(row.pk, f"{before} → {_said(row)}")


def _said(row: Assignment) -> tuple[Any, ...]:
    return (str(row.state), row.steps_done, row.steps_needed, row.completed_on)


def repair(pks: list[int]) -> int:
    """Gather the facts again and tally; returns how many rows changed."""
    changed = gather(Assignment.objects.open().filter(pk__in=pks))
    rows = Assignment.objects.filter(pk__in=pks).select_related("version", "path", "person")
    return changed + sum(tally(row) for row in rows)
