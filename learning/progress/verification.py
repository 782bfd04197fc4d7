"""Compares stored progress with the facts (command `learning_recount`), and repairs it on request.

A completion is never undone (I10): closed assignments are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from learning.models import Assignment
from learning.models.assignment import AssignmentQuerySet
from learning.paths.structure import outlines
from learning.progress.facts import facts_of
from learning.progress.recording import apply_progress, done_days, recalculate, sync_facts

BATCH = 500


@dataclass(frozen=True)
class Difference:
    """One assignment whose stored progress differs from its facts and steps."""

    assignment_id: int
    text: str


def differences(assignments: AssignmentQuerySet | None = None) -> Iterator[Difference]:
    """Yield the differences of these assignments (None: all open ones), loaded in batches. Writes nothing."""
    rows = Assignment.objects.open() if assignments is None else assignments
    pks = list(rows.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(pks), BATCH):
        batch = Assignment.objects.filter(pk__in=pks[start : start + BATCH])
        yield from _compare(list(batch.select_related("version").prefetch_related("progress")))


def _compare(rows: list[Assignment]) -> Iterator[Difference]:
    shapes = outlines({row.version_id for row in rows})
    facts = facts_of({row.person_id for row in rows})
    for row in rows:
        shape = shapes[row.version_id]
        done = done_days(row)
        for step in (step for step in shape.steps if step.is_by_fact):
            stored: UUID | None = next(
                (p.step_uid for p in row.progress.all() if p.step_uid == step.uid and p.counts), None
            )
            fact = next((fact for fact in facts.get(row.person_id, ()) if fact.meets(step, row)), None)
            if (stored is None) != (fact is None):
                yield Difference(row.pk, f"step {step.uid}: {'done' if stored else 'open'}, facts say otherwise")
            if fact is not None:
                done[step.uid] = fact.on
            else:
                done.pop(step.uid, None)
        before = _derived(row)
        apply_progress(row, shape=shape, done=done, any_begun=bool(done) or bool(row.progress.all()))
        if _derived(row) != before:
            yield Difference(row.pk, f"{before} → {_derived(row)}")


def _derived(row: Assignment) -> tuple[object, ...]:
    return (str(row.state), row.steps_done, row.steps_needed, row.completed_on)


def repair(pks: list[int]) -> int:
    """Sync the assignments `pks` with the facts and recalculate them. Returns the number of changed rows."""
    changed = sync_facts(Assignment.objects.open().filter(pk__in=pks))
    rows = Assignment.objects.filter(pk__in=pks).select_related("version", "path", "person")
    return changed + sum(recalculate(row) for row in rows)
