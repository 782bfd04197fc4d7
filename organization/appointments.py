"""Functions that return who holds which post on a day. Managers and reviewers are derived from the posts. Managers and
reviewers are never stored.

An appointment counts here only from the day of its announcement (I8). Somebody on leave holds no post.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q

from organization import clock
from organization.models import Appointment, Duty, Person, Post
from organization.models.post import AppointmentQuerySet
from organization.units.tree import unit_tree


def held_on(on: date) -> AppointmentQuerySet:
    """Returns the appointments that hold a post on that day. Appointments that are not announced by today are left
    out."""
    return Appointment.objects.filter(held_q(on))


def held_q(on: date, prefix: str = "") -> Q:
    """Returns the condition of `held_on` for other models. `prefix` is the path to the appointments
    (``person__appointments__``)."""
    lasting = Q(**{f"{prefix}ends_on__isnull": True}) | Q(**{f"{prefix}ends_on__gte": on})
    announced = Q(**{f"{prefix}starts_on__lte": on, f"{prefix}announced_on__lte": clock.today()})
    in_service = Q(person__left_on__isnull=True) | Q(person__left_on__gte=on)
    return announced & lasting & Q(**{f"{prefix}kind__in": Appointment.HOLDING}) & in_service


def posts_held(person: Person, on: date) -> list[Post]:
    """Returns the posts that `person` holds on that day. The post of the main appointment is first."""
    return [row.post for row in _held_by(person, on)]


def main_post(person: Person, on: date) -> Post | None:
    """Returns the post of the person's main appointment on that day. Returns None if there is no main appointment."""
    return next((row.post for row in _held_by(person, on) if row.kind == Appointment.Kind.MAIN), None)


def main_appointments(on: date) -> AppointmentQuerySet:
    """Returns the main appointment of each person on that day. If the directory contains two, returns the earlier
    one."""
    held = held_on(on).filter(kind=Appointment.Kind.MAIN)
    earlier = Q(starts_on__lt=OuterRef("starts_on")) | Q(starts_on=OuterRef("starts_on"), pk__lt=OuterRef("pk"))
    return held.filter(~Exists(held.filter(earlier, person=OuterRef("person_id"))))


def main_appointments_of(people: Iterable[Person], on: date) -> dict[int, Appointment]:
    """Returns the main appointments of these people with their posts, by pk of the person. One query."""
    rows = main_appointments(on).filter(person__in=[person.pk for person in people])
    return {row.person_id: row for row in rows.select_related("post__unit")}


def main_posts(people: Iterable[Person], on: date) -> dict[int, Post]:
    """Returns the post of each person's main appointment on that day, by pk of the person. One query."""
    return {pk: row.post for pk, row in main_appointments_of(people, on).items()}


def _held_by(person: Person, on: date) -> list[Appointment]:
    rows = list(held_on(on).filter(person=person).select_related("post__unit").order_by("starts_on", "pk"))
    return sorted(rows, key=lambda row: row.kind != Appointment.Kind.MAIN)


def manager_of(unit_id: int, on: date) -> Person | None:
    """Returns the person who holds the unit's head post on that day. For a unit that is gone, the manager of its
    main successor."""
    successor = unit_tree(on).successor(unit_id)
    rows = held_on(on).filter(post__unit_id=successor, post__is_head=True).select_related("person")
    heads = sorted(rows.order_by("starts_on", "pk"), key=lambda row: row.kind != Appointment.Kind.MAIN)
    return heads[0].person if heads else None


def managers_of(unit_ids: Iterable[int], on: date) -> dict[int, Person]:
    """Returns the result of `manager_of` for many units, by pk of the unit. Two queries. Units without a manager are
    left out."""
    tree = unit_tree(on)
    successors = {unit_id: tree.successor(unit_id) for unit_id in unit_ids}
    rows = held_on(on).filter(post__unit_id__in=set(successors.values()), post__is_head=True)
    rows = rows.select_related("person", "post")
    heads: dict[int, Person] = {}
    for row in sorted(rows.order_by("starts_on", "pk"), key=lambda row: row.kind != Appointment.Kind.MAIN):
        heads.setdefault(row.post.unit_id, row.person)
    return {unit_id: heads[successor] for unit_id, successor in successors.items() if successor in heads}


def on_leave(on: date) -> AppointmentQuerySet:
    """Returns the leaves (休職 and 育休) of that day. Appointments that are not announced by today are left out."""
    return Appointment.objects.on(on).filter(announced_on__lte=clock.today(), kind__in=Appointment.LEAVES)


def reviewers_of(unit_id: int, on: date) -> list[Person]:
    """Returns the people who decide when the unit asks for a wider audience: the holders of its head post and of
    reviewer duties.

    For a unit that is gone, returns the reviewers of its main successor. ``Reader.review_unit_ids`` contains the same
    rule for one reader. A test proves that the function and the set agree.
    """
    units = unit_tree(on).inherited(unit_id)
    duties = Duty.objects.on(on).filter(role=Duty.Role.REVIEWER)
    duties = duties.filter(Q(scope_id__in=units) | Q(scope__isnull=True, post__unit_id__in=units))
    by_duty = Q(post_id__in=duties.values("post_id"))
    by_head_post = Q(post__is_head=True, post__unit_id__in=units)
    appointments = held_on(on).filter(by_duty | by_head_post)
    return list(Person.objects.filter(pk__in=appointments.values("person_id")).order_by("kana", "pk"))
