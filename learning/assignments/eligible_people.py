"""Whom a path could be given: the people of a manager's units on a day, with unit and post, and the ready groups.

Who is 新任 or 転入 is ``learning.assignments.newcomers``'s to say. Nobody is known here before the day on which the appointment is
announced (I8). It refuses to say what anybody has learned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from learning.access import permissions
from learning.assignments import newcomers
from organization import clock
from organization.models import Appointment, OrgUnit, Person
from organization.models.post import AppointmentQuerySet
from organization.policy import reader_for
from organization.posts import held_on
from organization.tree import UnitTree, unit_tree

MAIN = Appointment.Kind.MAIN


@dataclass(frozen=True)
class Candidate:
    """One person on a day: by the main post where it lies in the asked units, else by another one held there."""

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
    """A day to come on which announced people begin in the own units."""

    on: date
    count: int


def appointments(user: Any, on: date, units: Collection[int] | None = None) -> AppointmentQuerySet:
    """Posts held that day by whom `user` may manage: in the own tree, for the training office anywhere."""
    rows = permissions.own_appointments(user, on)
    if permissions.is_office(user):
        rows = held_on(on).exclude(person_id=reader_for(user).person_id or 0)
    return rows if units is None else rows.filter(post__unit_id__in=units)


def people(user: Any, on: date, units: Collection[int] | None = None) -> QuerySet[Person]:
    return Person.objects.filter(pk__in=appointments(user, on, units).values("person_id"))


def candidates(user: Any, on: date, *, units: Collection[int] | None = None, q: str = "") -> list[Candidate]:
    """The people with their places, by unit and reading; one query besides the tree's."""
    rows = appointments(user, on, units).select_related("person", "post").order_by("starts_on", "pk")
    return _drawn(rows.filter(named_q(q, "person__")) if q else rows, unit_tree(on))


def chosen(user: Any, on: date, uids: Collection[Any]) -> list[Candidate]:
    """Those of `uids` whom `user` may manage that day."""
    rows = appointments(user, on).filter(person__uid__in=uids).select_related("person", "post")
    return _drawn(rows.order_by("starts_on", "pk"), unit_tree(on))


def _drawn(rows: Iterable[Appointment], tree: UnitTree) -> list[Candidate]:
    found: dict[int, Appointment] = {}
    for row in rows:
        known = found.get(row.person_id)
        if known is None or (row.kind == MAIN and known.kind != MAIN):
            found[row.person_id] = row
    made = [
        Candidate(
            row.person, row.post.title, row.post.unit_id, tree.name(tree.successor(row.post.unit_id)), row.starts_on,
            row.kind == MAIN, tree.on,
        )
        for row in found.values()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (one.unit, one.person.kana, one.person.pk))


def named_q(q: str, prefix: str = "") -> Q:
    """People whose name, reading or staff number holds the words."""
    return Q(**{f"{prefix}name__icontains": q}) | Q(**{f"{prefix}kana__icontains": q}) | Q(
        **{f"{prefix}staff_no__icontains": q}
    )  # fmt: skip


# --- Units and days ------------------------------------------------------------------------------


def units_of(user: Any) -> list[tuple[str, str]]:
    """The units to choose from, as (uid, name): the own tree; for the training office all in force. By department."""
    tree = unit_tree()
    mine: Iterable[int] = tree.units if permissions.is_office(user) else reader_for(user).managed_unit_ids
    standing = [unit for unit in mine if tree.is_in_force(unit)]
    lines = {unit: [*reversed(tree.ancestors(unit)), unit] for unit in standing}
    ordered = sorted(standing, key=lambda unit: [(tree.units[one].code, one) for one in lines[unit]])
    outside = (OrgUnit.Kind.MUNICIPALITY, OrgUnit.Kind.OUTSIDE)
    ordered.sort(key=lambda unit: tree.kind(unit) in outside)
    return [(tree.uid(unit), f"{'　' * (len(lines[unit]) - 1)}{tree.name(unit)}") for unit in ordered]


def below(uid: str) -> frozenset[int]:
    """The unit of that uid with all below it and the gone ones whose work it carries on; empty where there is none."""
    tree = unit_tree()
    unit = next((pk for pk, row in tree.units.items() if row.uid == uid), None)
    if unit is None:
        return frozenset()
    standing = {unit, *tree.descendants(unit)}
    return frozenset(one for here in standing for one in tree.inherited(here))


def arrivals(user: Any) -> list[Arrival]:
    """Days to come on which announced people who are not there today begin in the own units; nearest first."""
    today = clock.today()
    units = reader_for(user).managed_unit_ids
    if not units:
        return []
    rows = Appointment.objects.filter(
        starts_on__gt=today, announced_on__lte=today, kind=MAIN, post__unit_id__in=units
    ).exclude(person_id=reader_for(user).person_id or 0)
    found = list(rows.values_list("starts_on", "person_id"))
    here = (
        set(permissions.staff(user).filter(pk__in=[pk for _, pk in found]).values_list("pk", flat=True))
        if found
        else ()
    )
    days: dict[date, set[int]] = {}
    for on, person in found:
        if person not in here:
            days.setdefault(on, set()).add(person)
    return [Arrival(on, len(found)) for on, found in sorted(days.items())]
