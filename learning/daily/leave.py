"""Leave (休職・育休): while it lasts the clock of an assignment stands still; afterwards the due date lies later.

The days come from the appointments, so a late or repeated run gives the same: each day of leave from the start of the
assignment on moves the due date by one, overlapping leaves count once, and a leave that began after the due date moves
nothing. It refuses to touch a due date that was set after the return: that one was set knowing of the leave.
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
from organization.fiscal import tokyo_day
from organization.models import Appointment
from organization.models.post import AppointmentQuerySet
from organization.notices import notify_many
from organization.posts import on_leave

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Counts:
    suspended: int = 0
    resumed: int = 0
    shifted: int = 0


def keep(on: date) -> Counts:
    """Suspend who is on leave, shift what ended leaves stopped, resume who is back."""
    suspended = _suspend(on)
    shifted = _shift(on)
    return Counts(suspended, _resume(on), shifted)


def _suspend(on: date) -> int:
    away = on_leave(on)
    known = Suspension.objects.filter(assignment=OuterRef(OuterRef("pk")), leave=OuterRef("pk"))
    unsaid = Exists(away.filter(~Exists(known), person=OuterRef("person_id")))
    gone = Exists(away.filter(person=OuterRef("person_id")))
    begun = Assignment.objects.open().begun(on)
    count = 0
    for pks in batches(begun.filter(Q(unsaid) | (Q(gone) & Q(state__in=RUNNING)))):
        with transaction.atomic():
            rows = locked(pks)
            leaves = _by_person(away, rows)
            _note((row, leave) for row in rows for leave in leaves.get(row.person_id, ()))
            stopped = [row for row in rows if row.is_running]
            for row in stopped:
                row.state = AssignmentState.SUSPENDED
            Assignment.objects.bulk_update(stopped, ["state"], batch_size=100)
            said = [audit.AuditEntry("assignment.suspended", row, reason="休職・育休のため") for row in stopped]
            audit.record_many(actor=None, entries=said)
            count += len(stopped)
    return count


def _by_person(leaves: AppointmentQuerySet, rows: Iterable[Assignment]) -> dict[int, list[Appointment]]:
    found: dict[int, list[Appointment]] = {}
    for leave in leaves.filter(person__in={row.person_id for row in rows}).order_by("starts_on", "pk"):
        found.setdefault(leave.person_id, []).append(leave)
    return found


def _note(pairs: Iterable[tuple[Assignment, Appointment]]) -> None:
    """A Suspension for each assignment and leave, once."""
    rows = [Suspension(assignment=row, leave=leave) for row, leave in pairs]
    Suspension.objects.bulk_create(rows, ignore_conflicts=True)


def _shift(on: date) -> int:
    """For whoever is not on leave: the days of the leaves that are over, also of those that no run ever saw."""
    over = Appointment.objects.filter(kind__in=Appointment.LEAVES, announced_on__lte=clock.today(), ends_on__lt=on)
    reached = over.filter(person=OuterRef("person_id"), ends_on__gte=OuterRef("start_on"))
    reached = reached.filter(ends_on__gte=OuterRef("assigned_on"))
    away = Exists(on_leave(on).filter(person=OuterRef("person_id")))
    count = 0
    for pks in batches(Assignment.objects.open().begun(on).filter(~away, Exists(reached))):
        with transaction.atomic():
            rows = locked(pks, "person", "path")
            leaves = _by_person(over, rows)
            decided = _decided(rows)
            owed = {row: stopped(row, leaves.get(row.person_id, ()), decided.get(row.pk)) for row in rows}
            _apply({row: days for row, days in owed.items() if days})
            count += sum(bool(days) for days in owed.values())
    return count


def _decided(rows: Iterable[Assignment]) -> dict[int, date]:
    """By pk: the day on which the due date was last set; the Extension that `_apply` writes is one too."""
    found: dict[int, date] = {}
    for pk, made_at in Extension.objects.filter(assignment__in=rows).values_list("assignment_id", "made_at"):
        found[pk] = max(found.get(pk, date.min), tokyo_day(made_at))
    return found


def stopped(row: Assignment, leaves: Iterable[Appointment], decided: date | None) -> dict[Appointment, int]:
    """By how many days each of these ended leaves, in order of their start, moves the due date; pure.

    Leaves that follow each other without a gap are one absence: only a due date set after all of it stands.
    """
    known = [leave for leave in leaves if leave.ends_on and leave.ends_on >= max(row.start_on, row.assigned_on)]
    due, found = row.due_on, {}
    for absence in _absences(known):
        if decided is not None and decided > max(last for _, _, last in absence):
            continue
        for leave, first, last in absence:
            first = max(first, row.start_on)
            if first <= min(due, last):
                found[leave] = (last - first).days + 1
                due += timedelta(days=found[leave])
    return found


def _absences(leaves: Iterable[Appointment]) -> list[list[tuple[Appointment, date, date]]]:
    """Leaves with the days that no earlier one covers, grouped where one follows the other at once."""
    found: list[list[tuple[Appointment, date, date]]] = []
    until: date | None = None
    for leave in leaves:
        assert leave.ends_on is not None
        if until is None or leave.starts_on > until + DAY:
            found.append([])
        first = leave.starts_on if until is None else max(leave.starts_on, until + DAY)
        found[-1].append((leave, first, leave.ends_on))
        until = leave.ends_on if until is None else max(until, leave.ends_on)
    return found


def _apply(owed: dict[Assignment, dict[Appointment, int]]) -> None:
    """Move the due dates, and say so: Suspension, Extension, audit, and the person's page."""
    _note((row, leave) for row, days in owed.items() for leave in days)
    extensions = []
    for row, days in owed.items():
        old, total = row.due_on, sum(days.values())
        row.due_on = old + timedelta(days=total)
        why = f"{'・'.join(_words(leave) for leave in days)}のため、{total}日"[:300]
        extensions.append(Extension(assignment=row, old_due=old, new_due=row.due_on, reason=why, by=None))
    Assignment.objects.bulk_update(owed, ["due_on"], batch_size=100)
    Extension.objects.bulk_create(extensions)
    by_key = {(row.pk, leave.pk): count for row, days in owed.items() for leave, count in days.items()}
    changed = [
        one for one in Suspension.objects.filter(assignment__in=owed) if (one.assignment_id, one.leave_id) in by_key
    ]
    for one in changed:
        one.shifted_days = by_key[one.assignment_id, one.leave_id]
    Suspension.objects.bulk_update(changed, ["shifted_days"], batch_size=100)
    said = [
        audit.AuditEntry("assignment.extended", one.assignment, {"due": one.old_due}, {"due": one.new_due}, one.reason)
        for one in extensions
    ]
    audit.record_many(actor=None, entries=said)
    text = "「{}」の期限を、休みの日数だけ延ばしました。"
    notify_many((row.person, text.format(row.path.title), f"/my/learning/{row.uid}/") for row in owed)


def _words(leave: Appointment) -> str:
    assert leave.ends_on is not None
    first, last = leave.starts_on, leave.ends_on
    return f"{leave.get_kind_display()}（{first.month}月{first.day}日から{last.month}月{last.day}日）"


def returned(on: date) -> AssignmentQuerySet:
    """Suspended for a leave, and nobody of them is on leave any more."""
    away = Exists(on_leave(on).filter(person=OuterRef("person_id")))
    noted = Exists(Suspension.objects.filter(assignment=OuterRef("pk")))
    return Assignment.objects.filter(~away, noted, state=AssignmentState.SUSPENDED)


def _resume(on: date) -> int:
    count = 0
    for pks in batches(returned(on)):
        with transaction.atomic():
            rows = {row.pk: row for row in locked(pks, "person", "path", "version")}
            shapes = outlines(row.version_id for row in rows.values())
            back = []
            for found in Assignment.objects.filter(pk__in=rows).prefetch_related("progress"):
                row, done = rows[found.pk], done_days(found)
                row.state = AssignmentState.ASSIGNED
                if shapes[row.version_id].completed_on(done) is not None:
                    recalculate(row, shape=shapes[row.version_id])
                    continue
                apply_progress(row, shape=shapes[row.version_id], done=done, any_begun=bool(found.progress.all()))
                back.append(row)
            Assignment.objects.bulk_update(back, ["state", "steps_done", "steps_needed"], batch_size=100)
            said = [audit.AuditEntry("assignment.resumed", row, reason="復職のため") for row in back]
            audit.record_many(actor=None, entries=said)
            count += len(rows)
    return count
