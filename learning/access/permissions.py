"""Decides who may manage whose learning: heads by the posts that they hold on a day, the training office by its duty.

A manager sees the assignments of a person's time in the manager's units. Assignments that ended before that, and those
that the person began without being assigned, are visible only if the person shares them. Readings, searches and drafts
are never read here.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from learning.models import Assignment, Source, TrainingRecord
from learning.models.assignment import AssignmentQuerySet
from learning.models.record import TrainingRecordQuerySet
from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import held_on, held_q
from organization.models import Person
from organization.models.post import AppointmentQuerySet, Duty


def is_office(user: Viewer | None) -> bool:
    """Whether `user` holds the duty 研修担当: all paths, assignments and records."""
    return Duty.Role.TRAINING in reader_for(user).roles


def is_manager(user: Viewer) -> bool:
    return bool(reader_for(user).managed_unit_ids)


def own_appointments(user: Viewer, on: date | None = None) -> AppointmentQuerySet:
    """Appointments held on that day in the units that `user` manages today, without the manager's own."""
    reader = reader_for(user)
    held = held_on(on or clock.today()).filter(post__unit_id__in=reader.managed_unit_ids)
    return held.exclude(person_id=reader.person_id) if reader.person_id is not None else held


def staff(user: Viewer, on: date | None = None) -> QuerySet[Person]:
    """The people that `user` manages on that day, by today's head posts and that day's appointments."""
    return Person.objects.filter(pk__in=_staff_ids(user, on))


def _staff_ids(user: Viewer, on: date | None = None) -> QuerySet[Any]:
    return own_appointments(user, on).values("person_id")


def may_manage(user: Viewer, person: Person, on: date | None = None) -> bool:
    """Whether `user` may assign to, extend, waive and remind this person; nobody manages themselves (I11)."""
    if reader_for(user).person_id == person.pk:
        return False
    return is_office(user) or own_appointments(user, on).filter(person=person).exists()


def _tenure(user: Viewer, since: OuterRef) -> Exists:
    """A filter: the person's present post in the manager's units began on or before the day `since` of the row."""
    return Exists(own_appointments(user).filter(person=OuterRef("person_id"), starts_on__lte=since))


def _by_post(user: Viewer) -> AssignmentQuerySet:
    """Assignments that a head may see: those of the staff since they came to the head's units, and shared ones.

    A row is repeated for each post that its person holds there.
    """
    reader = reader_for(user)
    held = held_q(clock.today(), "person__appointments__")
    here = held & Q(person__appointments__post__unit_id__in=reader.managed_unit_ids)
    # The person is in the head's units today, so open assignments always qualify. Only closed ones need the comparison.
    own_time = Q(closed_on__isnull=True) | Q(person__appointments__starts_on__lte=F("closed_on"))
    # One filter() call, so that all conditions hold for the same appointment.
    assignments = Assignment.objects.filter(here & (Q(shared=True) | (~Q(source=Source.SELF) & own_time)))
    return assignments.exclude(person_id=reader.person_id) if reader.person_id is not None else assignments


def managed(user: Viewer) -> AssignmentQuerySet:
    """Assignments that a head may see, each once."""
    is_seen = Exists(_by_post(user).filter(pk=OuterRef("pk")))
    return Assignment.objects.filter(is_seen, person_id__in=_staff_ids(user))


def overseen(user: Viewer) -> AssignmentQuerySet:
    """Assignments that `user` may manage.

    For the training office these are all assignments (self-begun ones only if shared), for everybody else `managed`.
    """
    if is_office(user):
        return Assignment.objects.filter(Q(shared=True) | ~Q(source=Source.SELF))
    return managed(user)


def overseen_by_post(user: Viewer) -> AssignmentQuerySet:
    """`overseen` with one join, for counts of thousands and for EXISTS.

    A row is repeated for each post that its person holds in the manager's units.
    """
    return overseen(user) if is_office(user) else _by_post(user)


def managed_records(user: Viewer) -> TrainingRecordQuerySet:
    """Training records whose status and dates a head may see, by the same rule as assignments."""
    records = TrainingRecord.objects.filter(person_id__in=_staff_ids(user))
    own_time = _tenure(user, OuterRef("ends_on"))
    records = records.filter(Q(shared=True) | (~Q(origin=TrainingRecord.Origin.SELF) & own_time))
    return records.order_by("-ends_on", F("pk").desc())


def office_records() -> TrainingRecordQuerySet:
    """Training records that the office sees in the admin: all except unshared own entries of people (0030).

    A record with a result is included, because the office entered the result and the person cannot change it any more.
    """
    private = Q(origin=TrainingRecord.Origin.SELF, shared=False, status__in=TrainingRecord.OWN_STATUSES)
    return TrainingRecord.objects.exclude(private)
