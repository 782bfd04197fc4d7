"""Leave (休職・育休). Assignments are suspended during a leave. When the leave ends, the due date is moved to a later
day.

The days are calculated from the appointments, so a late or repeated run gives the same result. Each day of leave after
the start of the assignment moves the due date by one day. If two leaves overlap, the shared days count once. A leave
that began after the due date moves nothing. A due date that was set after the return is never changed, because the
person who set it knew of the leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from learning.daily.personnel_changes import batches, locked
from learning.models import RUNNING, Assignment, AssignmentState, Extension, Suspension
from learning.models.assignment import AssignmentQuerySet
from learning.paths.structure import outlines
from learning.progress.recording import apply_progress, done_days, recalculate
from organization import audit, clock
from organization.appointments import on_leave
from organization.japanese_dates import tokyo_day
from organization.models import Appointment
from organization.models.post import AppointmentQuerySet
from organization.notices import notify_many

DAY = timedelta(days=1)


@dataclass(frozen=True)
class LeaveCounts:
    suspended: int = 0
    resumed: int = 0
    shifted: int = 0


def apply_leave(on: date) -> LeaveCounts:
    """Suspend the assignments of people on leave, extend due dates after leaves that have ended, and resume the
    assignments of people who are back.
    """
    suspended = _suspend(on)
    shifted = _shift(on)
    return LeaveCounts(suspended, _resume(on), shifted)


def _suspend(on: date) -> int:
    away = on_leave(on)
    known = Suspension.objects.filter(assignment=OuterRef(OuterRef("pk")), leave=OuterRef("pk"))
    not_recorded = Exists(away.filter(~Exists(known), person=OuterRef("person_id")))
    gone = Exists(away.filter(person=OuterRef("person_id")))
    started = Assignment.objects.open().begun(on)
    count = 0
    for pks in batches(started.filter(Q(not_recorded) | (Q(gone) & Q(state__in=RUNNING)))):
        with transaction.atomic():
            rows = locked(pks)
            leaves = _by_person(away, rows)
            _record_suspensions((row, leave) for row in rows for leave in leaves.get(row.person_id, ()))
            suspended = [row for row in rows if row.is_running]
            for row in suspended:
                row.state = AssignmentState.SUSPENDED
            Assignment.objects.bulk_update(suspended, ["state"], batch_size=100)
            entries = [audit.AuditEntry("assignment.suspended", row, reason="休職・育休のため") for row in suspended]
            audit.record_many(actor=None, entries=entries)
            count += len(suspended)
    return count


def _by_person(leaves: AppointmentQuerySet, rows: Iterable[Assignment]) -> dict[int, list[Appointment]]:
    by_person: dict[int, list[Appointment]] = {}
    for leave in leaves.filter(person__in={row.person_id for row in rows}).order_by("starts_on", "pk"):
        by_person.setdefault(leave.person_id, []).append(leave)
    return by_person


def _record_suspensions(pairs: Iterable[tuple[Assignment, Appointment]]) -> None:
    """Create one Suspension for each pair of assignment and leave. A pair that already has a Suspension is skipped."""
    rows = [Suspension(assignment=row, leave=leave) for row, leave in pairs]
    Suspension.objects.bulk_create(rows, ignore_conflicts=True)


def _shift(on: date) -> int:
    """Extend the due dates of people who are back from leave. This includes leaves that no earlier run has processed."""
    over = Appointment.objects.filter(kind__in=Appointment.LEAVES, announced_on__lte=clock.today(), ends_on__lt=on)
    reached = over.filter(person=OuterRef("person_id"), ends_on__gte=OuterRef("start_on"))
    reached = reached.filter(ends_on__gte=OuterRef("assigned_on"))
    away = Exists(on_leave(on).filter(person=OuterRef("person_id")))
    count = 0
    for pks in batches(Assignment.objects.open().begun(on).filter(~away, Exists(reached))):
        with transaction.atomic():
            rows = locked(pks, "person", "path")
            leaves = _by_person(over, rows)
            set_on = _due_date_set_on(rows)
            owed = {row: days_to_add(row, leaves.get(row.person_id, ()), set_on.get(row.pk)) for row in rows}
            _extend_due_dates({row: days for row, days in owed.items() if days})
            count += sum(bool(days) for days in owed.values())
    return count


def _due_date_set_on(rows: Iterable[Assignment]) -> dict[int, date]:
    """Maps the pk of each assignment to the day on which its due date was last extended. Extensions by
    `_extend_due_dates` count too.
    """
    latest: dict[int, date] = {}
    for pk, made_at in Extension.objects.filter(assignment__in=rows).values_list("assignment_id", "made_at"):
        latest[pk] = max(latest.get(pk, date.min), tokyo_day(made_at))
    return latest


def days_to_add(row: Assignment, leaves: Iterable[Appointment], due_date_set_on: date | None) -> dict[Appointment, int]:
    """Maps each leave to the number of days by which it moves the due date. `leaves` have ended and are sorted by their
    start.

    If there is no gap between two leaves, they count as one absence. A due date that was set after an absence is not
    moved for that absence. A due date that was set between two leaves of one absence is moved.
    """
    known = [leave for leave in leaves if leave.ends_on and leave.ends_on >= max(row.start_on, row.assigned_on)]
    due, days_by_leave = row.due_on, {}
    for absence in _grouped_absences(known):
        if due_date_set_on is not None and due_date_set_on > max(last for _, _, last in absence):
            continue
        for leave, first, last in absence:
            first = max(first, row.start_on)
            if first <= min(due, last):
                days_by_leave[leave] = (last - first).days + 1
                due += timedelta(days=days_by_leave[leave])
    return days_by_leave


def _grouped_absences(leaves: Iterable[Appointment]) -> list[list[tuple[Appointment, date, date]]]:
    """Returns groups of (leave, first day, last day). Leaves without a gap between them are in one group.

    The first day is moved to a later day if an earlier leave covers the beginning of the leave.
    """
    absences: list[list[tuple[Appointment, date, date]]] = []
    until: date | None = None
    for leave in leaves:
        assert leave.ends_on is not None
        if until is None or leave.starts_on > until + DAY:
            absences.append([])
        first = leave.starts_on if until is None else max(leave.starts_on, until + DAY)
        absences[-1].append((leave, first, leave.ends_on))
        until = leave.ends_on if until is None else max(until, leave.ends_on)
    return absences


def _extend_due_dates(owed: dict[Assignment, dict[Appointment, int]]) -> None:
    """Move the due dates, and store the change: Suspension, Extension, audit events, and notices to the learners."""
    _record_suspensions((row, leave) for row, days in owed.items() for leave in days)
    extensions = []
    for row, days in owed.items():
        old, total = row.due_on, sum(days.values())
        row.due_on = old + timedelta(days=total)
        why = f"{'・'.join(_leave_text(leave) for leave in days)}のため、{total}日"[:300]
        extensions.append(Extension(assignment=row, old_due=old, new_due=row.due_on, reason=why, by=None))
    Assignment.objects.bulk_update(owed, ["due_on"], batch_size=100)
    Extension.objects.bulk_create(extensions)
    by_key = {(row.pk, leave.pk): count for row, days in owed.items() for leave, count in days.items()}
    changed = [
        suspension
        for suspension in Suspension.objects.filter(assignment__in=owed)
        if (suspension.assignment_id, suspension.leave_id) in by_key
    ]
    for suspension in changed:
        suspension.shifted_days = by_key[suspension.assignment_id, suspension.leave_id]
    Suspension.objects.bulk_update(changed, ["shifted_days"], batch_size=100)
    entries = [
        audit.AuditEntry(
            "assignment.extended",
            suspension.assignment,
            {"due": suspension.old_due},
            {"due": suspension.new_due},
            suspension.reason,
        )
        for suspension in extensions
    ]
    audit.record_many(actor=None, entries=entries)
    text = "「{}」の期限を、休みの日数だけ延ばしました。"
    notify_many((row.person, text.format(row.path.title), f"/my/learning/{row.uid}/") for row in owed)


def _leave_text(leave: Appointment) -> str:
    assert leave.ends_on is not None
    first, last = leave.starts_on, leave.ends_on
    return f"{leave.get_kind_display()}（{first.month}月{first.day}日から{last.month}月{last.day}日）"


def returned(on: date) -> AssignmentQuerySet:
    """Returns the suspended assignments of people who are not on leave any more. Only assignments that were suspended
    for a leave count.
    """
    away = Exists(on_leave(on).filter(person=OuterRef("person_id")))
    noted = Exists(Suspension.objects.filter(assignment=OuterRef("pk")))
    return Assignment.objects.filter(~away, noted, state=AssignmentState.SUSPENDED)


def _resume(on: date) -> int:
    count = 0
    for pks in batches(returned(on)):
        with transaction.atomic():
            rows = {row.pk: row for row in locked(pks, "person", "path", "version")}
            shapes = outlines(row.version_id for row in rows.values())
            resumed = []
            for assignment in Assignment.objects.filter(pk__in=rows).prefetch_related("progress"):
                row, done = rows[assignment.pk], done_days(assignment)
                row.state = AssignmentState.ASSIGNED
                if shapes[row.version_id].completed_on(done) is not None:
                    recalculate(row, shape=shapes[row.version_id])
                    continue
                apply_progress(row, shape=shapes[row.version_id], done=done, any_begun=bool(assignment.progress.all()))
                resumed.append(row)
            Assignment.objects.bulk_update(resumed, ["state", "steps_done", "steps_needed"], batch_size=100)
            entries = [audit.AuditEntry("assignment.resumed", row, reason="復職のため") for row in resumed]
            audit.record_many(actor=None, entries=entries)
            count += len(rows)
    return count
