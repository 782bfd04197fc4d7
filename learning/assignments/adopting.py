"""Turns a self-started assignment into an assigned one (decision 0029). The row stays the same and keeps its progress.

A manager who assigns a path must not learn that a person already studies the path in private. So the open row is taken
over, and no second row is added. Other people never see when the learner began. To them, the assignment begins on the
day on which it was assigned.
"""

from __future__ import annotations

from collections.abc import Mapping

from learning.assignments.plan import Order, PlannedAssignment
from learning.models import OPEN, Assignment, Source
from organization import audit, clock
from organization.models import User
from organization.notices import notify_many


def take_over(*, order: Order, lines: Mapping[int, PlannedAssignment], by: User | None) -> dict[int, Assignment]:
    """Takes over the open self-started rows of these people. The keys of `lines` and of the result are the pks of the
    people.

    Runs in the transaction of the caller, who has already checked permission. A row that has ended in the meantime is
    left out.
    """
    if order.source == Source.SELF:
        return {}
    self_started = Assignment.objects.select_for_update(of=("self",)).filter(
        path=order.path, person__in=lines, source=Source.SELF, state__in=OPEN
    )
    rows = list(self_started.select_related("person"))
    entries = [_adopt(row, order, lines[row.person_id], by) for row in rows]
    audit.record_many(actor=by, entries=entries)
    message = (
        f"自分で始めていた学習パス「{order.path.title}」が、割り当てになりました。"
        "すませた所はそのままです。これからの進みは、所属長と研修担当に見えます。"
    )
    notify_many((row.person, message, f"/my/learning/{row.uid}/") for row in rows)
    return {row.person_id: row for row in rows}


def _adopt(row: Assignment, order: Order, planned: PlannedAssignment, by: User | None) -> audit.AuditEntry:
    today = clock.today()
    before = {"source": row.source, "due": row.due_on}
    row.begun_on = min(row.begun_on or row.assigned_on, row.start_on)
    row.source, row.rule, row.assigned_by = order.source, order.rule, getattr(by, "person", None)
    row.post, row.reason, row.due_on = planned.post, order.reason.strip(), planned.due_on
    # If the start were in the future, a person who is already learning could not continue.
    row.assigned_on, row.start_on = today, min(order.start_on, today)
    row.save(
        update_fields=[
            "begun_on",
            "source",
            "rule",
            "assigned_by",
            "post",
            "reason",
            "due_on",
            "assigned_on",
            "start_on",
        ]
    )
    after = {"source": row.source, "due": row.due_on}
    return audit.AuditEntry("assignment.taken_over", row, before=before, after=after, reason=row.reason)
