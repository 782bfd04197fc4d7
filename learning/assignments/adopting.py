"""What somebody began by themselves becomes assigned (decision 0029): one row goes on, and keeps what was done.

A manager who assigns a path cannot be told that a person learns it already in private, so the open row is taken over
in place of a new one. It refuses to say when it was begun: to others it starts on the day of the assignment.
"""

from __future__ import annotations

from collections.abc import Mapping

from learning.assignments.plan import Line, Order
from learning.models import OPEN, Assignment, Source
from organization import audit, clock
from organization.models import User
from organization.notices import notify_many


def take_over(*, order: Order, lines: Mapping[int, Line], by: User | None) -> dict[int, Assignment]:
    """The open self-begun rows of these people (lines by pk), as assigned ones, by pk of the person.

    In the caller's transaction, which has asked who may. A row that ends meanwhile is not among them.
    """
    if order.source == Source.SELF:
        return {}
    begun = Assignment.objects.select_for_update(of=("self",)).filter(
        path=order.path, person__in=lines, source=Source.SELF, state__in=OPEN
    )
    rows = list(begun.select_related("person"))
    said = [_change(row, order, lines[row.person_id], by) for row in rows]
    audit.record_many(actor=by, entries=said)
    told = (
        f"自分で始めていた学習パス「{order.path.title}」が、割り当てになりました。"
        "すませた所はそのままです。これからの進みは、所属長と研修担当に見えます。"
    )
    notify_many((row.person, told, f"/my/learning/{row.uid}/") for row in rows)
    return {row.person_id: row for row in rows}


def _change(row: Assignment, order: Order, line: Line, by: User | None) -> audit.AuditEntry:
    today = clock.today()
    before = {"source": row.source, "due": row.due_on}
    row.begun_on = min(row.begun_on or row.assigned_on, row.start_on)
    row.source, row.rule, row.assigned_by = order.source, order.rule, getattr(by, "person", None)
    row.post, row.reason, row.due_on = line.post, order.reason.strip(), line.due_on
    # A start to come would stop who is learning already.
    row.assigned_on, row.start_on = today, min(order.start_on, today)
    row.save(
        update_fields=[
            "begun_on", "source", "rule", "assigned_by", "post", "reason", "due_on", "assigned_on", "start_on",
        ]
    )  # fmt: skip
    after = {"source": row.source, "due": row.due_on}
    return audit.AuditEntry("assignment.taken_over", row, before=before, after=after, reason=row.reason)
