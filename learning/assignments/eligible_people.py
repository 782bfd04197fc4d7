"""Finds the people to whom a path can be assigned. They are the people in the units of a manager on a day, with unit
and post.

新任 and 転入 are defined in ``learning.assignments.newcomers``. This module never reads appointments that are not
announced yet (I8), and never reads what anybody has learned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from learning.access import permissions
from learning.assignments import newcomers
from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import held_on
from organization.models import Appointment, OrgUnit, Person
from organization.models.post import AppointmentQuerySet
from organization.units.tree import UnitTree, unit_tree

MAIN = Appointment.Kind.MAIN


@dataclass(frozen=True)
class Candidate:
    """One person on a day, with one post. It is the main post if that is in the requested units, otherwise another post
    of the person in these units.
    """

    person: Person
    title: str
    unit_id: int
    unit: str
    since: date
    is_main: bool
    on: date

    @property
    def is_newcomer(self) -> bool:
        return newcomers.is_newcomer(self.person.joined_on, self.on)

    @property
    def is_transferred(self) -> bool:
        return self.is_main and newcomers.is_transferred(self.person.joined_on, self.since, self.on)

    @property
    def place(self) -> str:
        return f"{self.unit} {self.title}"


@dataclass(frozen=True)
class Arrival:
    """A future day on which people start in the units of the manager. Their appointments have been announced."""

    on: date
    count: int


def appointments(user: Viewer, on: date, units: Collection[int] | None = None) -> AppointmentQuerySet:
    """Returns the appointments on that day of the people whom `user` may manage.

    For the training office, returns the appointments of all people except the user.
    """
    rows = permissions.own_appointments(user, on)
    if permissions.is_office(user):
        rows = held_on(on).exclude(person_id=reader_for(user).person_id or 0)
    return rows if units is None else rows.filter(post__unit_id__in=units)


def people(user: Viewer, on: date, units: Collection[int] | None = None) -> QuerySet[Person]:
    return Person.objects.filter(pk__in=appointments(user, on, units).values("person_id"))


def candidates(user: Viewer, on: date, *, units: Collection[int] | None = None, q: str = "") -> list[Candidate]:
    """Returns the people with their units and posts, sorted by unit and kana. One query, in addition to the queries of
    the unit tree.
    """
    rows = appointments(user, on, units).select_related("person", "post").order_by("starts_on", "pk")
    return _candidates_from(rows.filter(matches_name_q(q, "person__")) if q else rows, unit_tree(on))


def candidates_by_uid(user: Viewer, on: date, uids: Collection[UUID]) -> list[Candidate]:
    """Returns the people with these uids whom `user` may manage on that day."""
    rows = appointments(user, on).filter(person__uid__in=uids).select_related("person", "post")
    return _candidates_from(rows.order_by("starts_on", "pk"), unit_tree(on))


def _candidates_from(rows: Iterable[Appointment], tree: UnitTree) -> list[Candidate]:
    by_person: dict[int, Appointment] = {}
    for row in rows:
        known = by_person.get(row.person_id)
        if known is None or (row.kind == MAIN and known.kind != MAIN):
            by_person[row.person_id] = row
    result = [
        Candidate(
            row.person,
            row.post.title,
            row.post.unit_id,
            tree.name(tree.successor(row.post.unit_id)),
            row.starts_on,
            row.kind == MAIN,
            tree.on,
        )
        for row in by_person.values()
    ]
    return sorted(result, key=lambda candidate: (candidate.unit, candidate.person.kana, candidate.person.pk))


def matches_name_q(q: str, prefix: str = "") -> Q:
    """A filter for people whose name, kana or staff number contains `q`."""
    return (
        Q(**{f"{prefix}name__icontains": q})
        | Q(**{f"{prefix}kana__icontains": q})
        | Q(**{f"{prefix}staff_no__icontains": q})
    )


# --- Units and days ------------------------------------------------------------------------------


def unit_choices(user: Viewer) -> list[tuple[str, str]]:
    """Returns the units that `user` can choose, as (uid, name), sorted by department.

    A manager can choose the managed units. The training office can choose all units in force.
    """
    tree = unit_tree()
    unit_ids: Iterable[int] = tree.units if permissions.is_office(user) else reader_for(user).managed_unit_ids
    in_force = [unit for unit in unit_ids if tree.is_in_force(unit)]
    chains = {unit: [*reversed(tree.ancestors(unit)), unit] for unit in in_force}
    ordered = sorted(in_force, key=lambda unit: [(tree.units[pk].code, pk) for pk in chains[unit]])
    last_kinds = (OrgUnit.Kind.MUNICIPALITY, OrgUnit.Kind.OUTSIDE)
    ordered.sort(key=lambda unit: tree.kind(unit) in last_kinds)
    return [(tree.uid(unit), f"{'　' * (len(chains[unit]) - 1)}{tree.name(unit)}") for unit in ordered]


def unit_ids_below(uid: str) -> frozenset[int]:
    """Returns the unit with this uid, all units below it, and the abolished predecessors of all these units. Empty for
    an unknown uid.
    """
    tree = unit_tree()
    unit = next((pk for pk, row in tree.units.items() if row.uid == uid), None)
    if unit is None:
        return frozenset()
    units = {unit, *tree.descendants(unit)}
    return frozenset(pk for member in units for pk in tree.inherited(member))


def arrivals(user: Viewer) -> list[Arrival]:
    """Returns the future days on which people start in the managed units, earliest first.

    Counts only announced appointments, and only people who are not in the managed units today.
    """
    today = clock.today()
    units = reader_for(user).managed_unit_ids
    if not units:
        return []
    rows = Appointment.objects.filter(
        starts_on__gt=today, announced_on__lte=today, kind=MAIN, post__unit_id__in=units
    ).exclude(person_id=reader_for(user).person_id or 0)
    upcoming = list(rows.values_list("starts_on", "person_id"))
    already_here = (
        set(permissions.staff(user).filter(pk__in=[pk for _, pk in upcoming]).values_list("pk", flat=True))
        if upcoming
        else ()
    )
    days: dict[date, set[int]] = {}
    for on, person in upcoming:
        if person not in already_here:
            days.setdefault(on, set()).add(person)
    return [Arrival(on, len(person_ids)) for on, person_ids in sorted(days.items())]
