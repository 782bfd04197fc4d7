"""Who holds which post on a day. Managers and reviewers are derived from it, never stored.

An appointment is unknown here until the day it is announced (I8). Somebody on leave holds no post.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q

from organization import clock
from organization.models import Appointment, Duty, Person, Post
from organization.models.post import AppointmentQuerySet
from organization.tree import unit_tree


def held_on(on: date) -> AppointmentQuerySet:
    """Appointments by which a post is held on that day, as far as they are announced today."""
    return Appointment.objects.filter(held_q(on))


def held_q(on: date, prefix: str = "") -> Q:
    """The same for rows of a person that reach their appointments by `prefix` (``person__appointments__``)."""
    lasting = Q(**{f"{prefix}ends_on__isnull": True}) | Q(**{f"{prefix}ends_on__gte": on})
    known = Q(**{f"{prefix}starts_on__lte": on, f"{prefix}announced_on__lte": clock.today()})
    in_service = Q(person__left_on__isnull=True) | Q(person__left_on__gte=on)
    return known & lasting & Q(**{f"{prefix}kind__in": Appointment.HOLDING}) & in_service


def posts_held(person: Person, on: date) -> list[Post]:
    """The posts that `person` holds on that day, the main one first."""
    return [row.post for row in _held_by(person, on)]


def main_post(person: Person, on: date) -> Post | None:
    """The post of the main appointment of that day."""
    return next((row.post for row in _held_by(person, on) if row.kind == Appointment.Kind.MAIN), None)


def main_appointments(on: date) -> AppointmentQuerySet:
    """The main appointment of each person on that day: the one begun first where the directory has two."""
    held = held_on(on).filter(kind=Appointment.Kind.MAIN)
    earlier = Q(starts_on__lt=OuterRef("starts_on")) | Q(starts_on=OuterRef("starts_on"), pk__lt=OuterRef("pk"))
    return held.filter(~Exists(held.filter(earlier, person=OuterRef("person_id"))))


def main_appointments_of(people: Iterable[Person], on: date) -> dict[int, Appointment]:
    """Those of these people with their posts, by pk of the person; one query."""
    rows = main_appointments(on).filter(person__in=[person.pk for person in people])
    return {row.person_id: row for row in rows.select_related("post__unit")}


def main_posts(people: Iterable[Person], on: date) -> dict[int, Post]:
    """The posts of the main appointments of that day, by pk of the person; one query."""
    return {pk: row.post for pk, row in main_appointments_of(people, on).items()}


def _held_by(person: Person, on: date) -> list[Appointment]:
    rows = list(held_on(on).filter(person=person).select_related("post__unit").order_by("starts_on", "pk"))
    return sorted(rows, key=lambda row: row.kind != Appointment.Kind.MAIN)


def manager_of(unit_id: int, on: date) -> Person | None:
    """The holder of the unit's head post on that day; of its main successor's where the unit is gone."""
    now = unit_tree(on).successor(unit_id)
    rows = held_on(on).filter(post__unit_id=now, post__is_head=True).select_related("person")
    heads = sorted(rows.order_by("starts_on", "pk"), key=lambda row: row.kind != Appointment.Kind.MAIN)
    return heads[0].person if heads else None


def managers_of(unit_ids: Iterable[int], on: date) -> dict[int, Person]:
    """`manager_of` for many units at once, by pk of the unit; two queries. Units without a manager are left out."""
    tree = unit_tree(on)
    now = {unit_id: tree.successor(unit_id) for unit_id in unit_ids}
    rows = held_on(on).filter(post__unit_id__in=set(now.values()), post__is_head=True).select_related("person", "post")
    heads: dict[int, Person] = {}
    for row in sorted(rows.order_by("starts_on", "pk"), key=lambda row: row.kind != Appointment.Kind.MAIN):
        heads.setdefault(row.post.unit_id, row.person)
    return {unit_id: heads[unit] for unit_id, unit in now.items() if unit in heads}


def on_leave(on: date) -> AppointmentQuerySet:
    """休職 and 育休 of that day, as far as they are announced today."""
    return Appointment.objects.on(on).filter(announced_on__lte=clock.today(), kind__in=Appointment.LEAVES)


def reviewers_of(unit_id: int, on: date) -> list[Person]:
    """Who accepts or returns what the unit wants to share wider: holders of its head post and reviewer duties.

    The work of a unit that is gone falls to its main successor. The twin for one reader is
    ``Reader.review_unit_ids``; a test keeps both alike.
    """
    line = unit_tree(on).inherited(unit_id)
    reviewing = Duty.objects.on(on).filter(role=Duty.Role.REVIEWER)
    reviewing = reviewing.filter(Q(scope_id__in=line) | Q(scope__isnull=True, post__unit_id__in=line))
    duty = Q(post_id__in=reviewing.values("post_id"))
    head = Q(post__is_head=True, post__unit_id__in=line)
    holding = held_on(on).filter(duty | head)
    return list(Person.objects.filter(pk__in=holding.values("person_id")).order_by("kana", "pk"))
