"""The access policy decides who may read what. The policy has three forms, and a property test proves that the three
forms agree.

`visible_q` is the condition for SQL. `can_view` answers for one object. The search index compares the `audience_tokens`
of an item with `Reader.tokens`. The tokens of an item contain only uids and roles. Everything that changes with time is
in the `Reader`, which this module builds. This module imports no content model: it works for every row that has an
audience, an owner unit and authors.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from organization import clock
from organization.audience import Audience
from organization.models import Appointment, Duty, OrgUnit, Person, User
from organization.units.tree import UnitTree, unit_tree

#: Somebody whose permission is checked: an account, or a visitor without an account.
Viewer: TypeAlias = User | AnonymousUser
#: After an appointment ends, its holder can still read what the unit may read for this long, for the handover.
HANDOVER = timedelta(days=30)
KM = str(Duty.Role.KM)


@dataclass(frozen=True)
class Reader:
    """What one person may read on one day, according to the person's appointments and duties. Only this module
    builds it."""

    person_id: int | None = None
    person_uid: str = ""
    tokens: frozenset[str] = frozenset({"public"})
    #: The reader may open items of these units if their audience is `unit`. The set contains the units of the reader's
    #: posts, the units above them, and all predecessors.
    unit_ids: frozenset[int] = frozenset()
    #: The reader may open items of these units if their audience is `department`: the unit's department today is in
    #: `unit_ids`. Units that are gone are included.
    department_owner_ids: frozenset[int] = frozenset()
    #: The units for which this reader decides about wider audiences today, by a reviewer duty or a head post. Units
    #: that are gone are included if their main successor is in this set.
    review_unit_ids: frozenset[int] = frozenset()
    #: The reader manages the staff of these units today: the units of the reader's head posts and all units below them.
    #: Units that are gone are included if their main successor is in this set.
    managed_unit_ids: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    is_county: bool = False
    main_unit_id: int | None = None


PUBLIC = Reader()
_generations = itertools.count(1)
#: Part of the cache key of every reader. A new value makes all cached readers stale.
_generation = 0


def reader_for(user: Viewer | None, on: date | None = None) -> Reader:
    """Returns what `user` may read on that day (default: today). The result is cached on the user object, so for one
    request.

    The result is `PUBLIC` for an anonymous visitor, for an inactive account, and for a person who has left.
    """
    if not isinstance(user, User) or not user.is_active:
        return PUBLIC
    day = on or clock.today()
    readers: dict[tuple[date, int], Reader] = user.__dict__.setdefault("_readers", {})
    key = (day, _generation)
    if key not in readers:
        readers[key] = _reader_of_account(user, day)
    return readers[key]


def reader_tokens(user: Viewer) -> frozenset[str]:
    """Returns the tokens of `user` today. The search index uses them (``settings.SEARCH_READER``)."""
    return reader_for(user).tokens


def forget_readers(**kwargs: object) -> None:
    """Signal receiver: a person, post, appointment or duty has changed, so the cached readers of this process are
    stale."""
    global _generation
    _generation = next(_generations)


def _reader_of_account(user: User, day: date) -> Reader:
    person: Person | None = getattr(user, "person", None)
    if person is None:
        return _superuser() if user.is_superuser else PUBLIC
    if person.has_left(day):
        return PUBLIC
    rows = [row for row in _appointments(day, clock.today()).filter(person=person) if _gives_access(row, person)]
    reader = _reader(person, rows, _duties_of(rows, day), unit_tree(day))
    return (
        replace(reader, roles=reader.roles | {KM}, tokens=reader.tokens | {f"role:{KM}"})
        if user.is_superuser
        else reader
    )


def readers_of(people: Collection[Person], on: date) -> dict[int, Reader]:
    """Returns what each of `people` may read on that day, by pk of the person. Two queries for any number of people.

    If the day is in the future, only appointments that are already announced today count (I8). This function is used
    where somebody assigns items that other people will read. The people need no account.
    """
    appointments: dict[int, list[Appointment]] = {person.pk: [] for person in people if not person.has_left(on)}
    by_pk = {person.pk: person for person in people}
    for row in _appointments(on, clock.today()).filter(person__in=list(appointments)):
        if _gives_access(row, by_pk[row.person_id]):
            appointments[row.person_id].append(row)
    duties_by_post: dict[int, list[Duty]] = {}
    for duty in _duties_of([row for rows in appointments.values() for row in rows], on):
        duties_by_post.setdefault(duty.post_id, []).append(duty)
    tree = unit_tree(on)
    readers = dict.fromkeys((person.pk for person in people), PUBLIC)
    for pk, rows in appointments.items():
        duties = [duty for row in _held(rows, on) for duty in duties_by_post.get(row.post_id, ())]
        readers[pk] = _reader(by_pk[pk], rows, duties, tree)
    return readers


def _reader(person: Person, rows: list[Appointment], duties: Collection[Duty], tree: UnitTree) -> Reader:
    units = _units(person, rows, tree)
    tokens = {"public", f"person:{person.uid}", *(f"unit:{tree.uid(unit)}" for unit in units)}
    is_county = person.is_county and bool(rows)
    if is_county:
        tokens |= {"prefecture", "municipal"}
    municipalities = {unit for unit in units if tree.kind(unit) == OrgUnit.Kind.MUNICIPALITY}
    if municipalities:
        tokens |= {"municipal", *(f"municipality:{tree.uid(unit)}" for unit in municipalities)}
    held = _held(rows, tree.on)
    roles, reviewed = _roles_and_reviewed_units(held, duties, tree)
    if not is_county:
        roles -= {KM}
    main = next((row for row in held if row.kind == Appointment.Kind.MAIN), None)
    return Reader(
        person_id=person.pk,
        person_uid=str(person.uid),
        tokens=frozenset(tokens | {f"role:{role}" for role in roles}),
        unit_ids=frozenset(units),
        department_owner_ids=frozenset(member for unit in units for member in tree.department_members(unit)),
        review_unit_ids=frozenset(reviewed),
        managed_unit_ids=_managed_units(held, tree) if is_county else frozenset(),
        roles=frozenset(roles),
        is_county=is_county,
        main_unit_id=tree.successor(main.post.unit_id) if main else None,
    )


def _superuser() -> Reader:
    return Reader(tokens=frozenset({"public", f"role:{KM}"}), roles=frozenset({KM}))


@lru_cache(maxsize=8)
def _appointments(day: date, today: date) -> QuerySet[Appointment]:
    """Returns the appointments that are announced and have begun. Ended appointments are included until HANDOVER has
    passed.

    This queryset is never evaluated itself: each request filters it by a person. The queryset is built only once,
    because building it for every request took a third of the time.
    """
    # For a day in the future, only appointments that are already announced today count (I8).
    rows = Appointment.objects.filter(starts_on__lte=day, announced_on__lte=min(day, today))
    rows = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day - HANDOVER))
    return rows.select_related("post__unit").order_by("starts_on", "pk")


def _gives_access(row: Appointment, person: Person) -> bool:
    """Whether the appointment gives access to anything.

    For county staff, every post gives access. For municipal staff, only posts of a municipality do. For people from
    outside, no post does.
    """
    if person.employment == Person.Employment.OUTSIDE:
        return False
    return person.employment != Person.Employment.MUNICIPAL or row.post.unit.kind == OrgUnit.Kind.MUNICIPALITY


def _held(rows: Collection[Appointment], day: date) -> list[Appointment]:
    """Whether the person holds the post on that day: the appointment has not ended and is not a leave."""
    return [row for row in rows if row.kind in Appointment.HOLDING and (row.ends_on is None or row.ends_on >= day)]


def _duties_of(rows: Collection[Appointment], day: date) -> list[Duty]:
    """Returns the duties of the posts that these appointments hold on that day. If they hold no post, no query is
    made."""
    posts = {row.post_id for row in _held(rows, day)}
    return list(_duties_on(day).filter(post_id__in=posts)) if posts else []


@lru_cache(maxsize=8)
def _duties_on(day: date) -> QuerySet[Duty]:
    return Duty.objects.on(day)


def _units(person: Person, rows: list[Appointment], tree: UnitTree) -> set[int]:
    """Returns the units of the appointments, the units above them today, and all predecessors of these units."""
    units: set[int] = set()
    for row in rows:
        unit = row.post.unit_id
        units.add(unit)
        if row.ends_on is None or row.ends_on >= tree.on:
            # If the unit of the post is gone, the holder works in its main successor until the post is moved there.
            units.add(tree.successor(unit))
    if person.is_county:
        units |= {above for unit in list(units) for above in tree.ancestors(unit)}
    return units | {old for unit in units for old in tree.predecessors(unit)}


def _roles_and_reviewed_units(
    held: list[Appointment], duties: Collection[Duty], tree: UnitTree
) -> tuple[set[str], set[int]]:
    """Returns the roles of the held posts, and the units for whose wider audiences the holder decides."""
    reviewed = {row.post.unit_id for row in held if row.post.is_head}
    unit_by_post = {row.post_id: row.post.unit_id for row in held}
    reviewed |= {duty.scope_id or unit_by_post[duty.post_id] for duty in duties if duty.role == Duty.Role.REVIEWER}
    return {duty.role for duty in duties}, {old for unit in reviewed for old in tree.inherited(unit)}


def _managed_units(held: list[Appointment], tree: UnitTree) -> frozenset[int]:
    """Returns the units of the held head posts, all units below them, and the gone units that they have succeeded."""
    headed = {tree.successor(row.post.unit_id) for row in held if row.post.is_head}
    managed = headed | {below for unit in headed for below in tree.descendants(unit)}
    return frozenset(old for unit in managed for old in tree.inherited(unit))


def visible_q(reader: Reader, *, authored_pks: QuerySet[Any] | None) -> Q:
    """Returns the policy as a condition for SQL. The model needs the fields `audience` and `owner_unit_id`.

    `authored_pks` selects the pks of the rows that the reader wrote. `authored_pks` is None for a model without
    authors.
    """
    visible = Q(audience=Audience.PUBLIC)
    if KM in reader.roles:
        visible |= Q(audience__in=[code for code in Audience.values if code != Audience.SELF])
    if "prefecture" in reader.tokens:
        visible |= Q(audience__in=(Audience.PREFECTURE, Audience.MUNICIPAL))
    elif "municipal" in reader.tokens:
        visible |= Q(audience=Audience.MUNICIPAL)
    if reader.unit_ids:
        visible |= Q(audience=Audience.UNIT, owner_unit_id__in=reader.unit_ids)
    if reader.department_owner_ids:
        visible |= Q(audience=Audience.DEPARTMENT, owner_unit_id__in=reader.department_owner_ids)
    if authored_pks is not None and reader.person_id is not None:
        visible |= Q(pk__in=authored_pks)
    return visible


def can_view(reader: Reader, *, audience: str, owner_unit_id: int | None, author_ids: Collection[int]) -> bool:
    """Whether the reader may open one loaded object. `author_ids` are the pks of the people who wrote it."""
    if audience == Audience.PUBLIC or (reader.person_id is not None and reader.person_id in author_ids):
        return True
    if audience == Audience.SELF or audience not in Audience.values:
        return False
    if KM in reader.roles:
        return True
    if audience == Audience.UNIT:
        return owner_unit_id in reader.unit_ids
    if audience == Audience.DEPARTMENT:
        return owner_unit_id in reader.department_owner_ids
    if audience == Audience.MUNICIPAL:
        return bool(reader.tokens & {"municipal", "prefecture"})
    return "prefecture" in reader.tokens
