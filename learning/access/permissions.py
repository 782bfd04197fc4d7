"""Whose learning a user may manage: by head posts held that day, or by the training office's duty. The one answer.

A manager sees a person's assignments of the time in the own unit; what ended before, and what somebody began by
themselves, only where that person shares it. It refuses to look at readings, searches or drafts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from learning.models import Assignment, Source, TrainingRecord
from learning.models.assignment import AssignmentQuerySet
from learning.models.record import TrainingRecordQuerySet
from organization import clock
from organization.models import Person
from organization.models.post import AppointmentQuerySet, Duty
from organization.policy import reader_for
from organization.posts import held_on, held_q


def is_office(user: Any) -> bool:
    """研修担当: all paths, all assignments, all records."""
    return Duty.Role.TRAINING in reader_for(user).roles


def is_manager(user: Any) -> bool:
    return bool(reader_for(user).managed_unit_ids)


def own_appointments(user: Any, on: date | None = None) -> AppointmentQuerySet:
    """Posts held on that day inside the unit tree that `user` manages today; the manager's own are not among them."""
    reader = reader_for(user)
    held = held_on(on or clock.today()).filter(post__unit_id__in=reader.managed_unit_ids)
    return held.exclude(person_id=reader.person_id) if reader.person_id is not None else held


def staff(user: Any, on: date | None = None) -> QuerySet[Person]:
    """The people whom `user` manages on that day (today's head posts, that day's appointments)."""
    return Person.objects.filter(pk__in=_staff_ids(user, on))


def _staff_ids(user: Any, on: date | None = None) -> QuerySet[Any]:
    return own_appointments(user, on).values("person_id")


def may_manage(user: Any, person: Person, on: date | None = None) -> bool:
    """Whether `user` may assign to, extend, waive and remind this person; nobody manages themselves (I11)."""
    if reader_for(user).person_id == person.pk:
        return False
    return is_office(user) or own_appointments(user, on).filter(person=person).exists()


def _tenure(user: Any, since: Any) -> Exists:
    """That the person of a row was in the manager's unit tree, by the post held today, on the day `since`."""
    return Exists(own_appointments(user).filter(person=OuterRef("person_id"), starts_on__lte=since))


def _by_post(user: Any) -> AssignmentQuerySet:
    """Assignments that a head may see: of the own staff, in the own time, or shared; once for each post held here."""
    reader = reader_for(user)
    held = held_q(clock.today(), "person__appointments__")
    here = held & Q(person__appointments__post__unit_id__in=reader.managed_unit_ids)
    # What is open is of today, when its person is one's own: only closed rows are asked for their time.
    own_time = Q(closed_on__isnull=True) | Q(person__appointments__starts_on__lte=F("closed_on"))
    # One call, so that it is one appointment of which all this is asked.
    found = Assignment.objects.filter(here & (Q(shared=True) | (~Q(source=Source.SELF) & own_time)))
    return found.exclude(person_id=reader.person_id) if reader.person_id is not None else found


def managed(user: Any) -> AssignmentQuerySet:
    """`_by_post`, each row once."""
    asked = Exists(_by_post(user).filter(pk=OuterRef("pk")))
    return Assignment.objects.filter(asked, person_id__in=_staff_ids(user))


def overseen(user: Any) -> AssignmentQuerySet:
    """Assignments that `user` answers for: all for the training office (self-begun ones only if shared), else `managed`."""
    if is_office(user):
        return Assignment.objects.filter(Q(shared=True) | ~Q(source=Source.SELF))
    return managed(user)


def overseen_by_post(user: Any) -> AssignmentQuerySet:
    """`overseen` by one join, for whoever counts thousands or asks only whether there is any.

    A row comes once for each post that its person holds in the manager's units.
    """
    return overseen(user) if is_office(user) else _by_post(user)


def managed_records(user: Any) -> TrainingRecordQuerySet:
    """Training records that a head may see the status and dates of: the same rule as for assignments."""
    mine = TrainingRecord.objects.filter(person_id__in=_staff_ids(user))
    own_time = _tenure(user, OuterRef("ends_on"))
    found = mine.filter(Q(shared=True) | (~Q(origin=TrainingRecord.Origin.SELF) & own_time))
    return found.order_by("-ends_on", F("pk").desc())


def kept_records() -> TrainingRecordQuerySet:
    """Training records that the office keeps in the admin: all but what people entered for themselves and do not share.

    A record that bears a result stays: the office wrote it, and its person cannot mend it any more.
    """
    alone = Q(origin=TrainingRecord.Origin.SELF, shared=False, status__in=TrainingRecord.OWN_STATUSES)
    return TrainingRecord.objects.exclude(alone)
