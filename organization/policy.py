"""The policy, once: who may read what, in three forms that a property test proves equal.

`visible_q` is the SQL, `can_view` the plain question, and `audience_tokens ∩ Reader.tokens` what the
search index keeps. The item's side names uids and roles; the reader's side, made here, carries time.
Knows no content model: anything with an audience, an owner unit and authors can be asked about.
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
from organization.tree import UnitTree, unit_tree

#: Whoever a permission is asked for: an account, or a visitor without one.
Viewer: TypeAlias = User | AnonymousUser
#: The units of an ended appointment stay readable for so long, for the handover.
HANDOVER = timedelta(days=30)
KM = str(Duty.Role.KM)


@dataclass(frozen=True)
class Reader:
    """What one reader's appointments and duties of a day open. Made by `reader_for` alone."""

    person_id: int | None = None
    person_uid: str = ""
    tokens: frozenset[str] = frozenset({"public"})
    #: Units whose `unit` items are open: appointed ones, those above them, and the predecessors of all these.
    unit_ids: frozenset[int] = frozenset()
    #: Units, gone ones too, whose department today is among `unit_ids`.
    department_owner_ids: frozenset[int] = frozenset()
    #: Units whose wider publishing this reader decides today (reviewer duty or head post), gone ones by main line.
    review_unit_ids: frozenset[int] = frozenset()
    #: Units whose staff this reader manages today: of head posts held, those below, gone ones by main line.
    managed_unit_ids: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    is_county: bool = False
    main_unit_id: int | None = None


PUBLIC = Reader()
_generations = itertools.count(1)
#: Part of the cache key of every reader; a new one makes all cached readers stale.
_generation = 0


def reader_for(user: Viewer | None, on: date | None = None) -> Reader:
    """What `user` may read on that day (today by default). Cached on the user object, that is for one request.

    An anonymous visitor, an inactive account and somebody who has left are the public.
    """
    if not isinstance(user, User) or not user.is_active:
        return PUBLIC
    day = on or clock.today()
    readers: dict[tuple[date, int], Reader] = user.__dict__.setdefault("_readers", {})
    key = (day, _generation)
    if key not in readers:
        readers[key] = _make(user, day)
    return readers[key]


def reader_tokens(user: Viewer) -> frozenset[str]:
    """The tokens of `user` today, for the index (``settings.SEARCH_READER``)."""
    return reader_for(user).tokens


def forget_readers(**kwargs: Any) -> None:
    """Signal receiver: a person, post, appointment or duty changed, so cached readers of this process are stale."""
    global _generation
    _generation = next(_generations)


def _make(user: User, day: date) -> Reader:
    person: Person | None = getattr(user, "person", None)
    if person is None:
        return _superuser() if user.is_superuser else PUBLIC
    if person.has_left(day):
        return PUBLIC
    rows = [row for row in _appointments(day, clock.today()).filter(person=person) if _opens(row, person)]
    reader = _reader(person, rows, _duties_of(rows, day), unit_tree(day))
    return (
        replace(reader, roles=reader.roles | {KM}, tokens=reader.tokens | {f"role:{KM}"})
        if user.is_superuser
        else reader
    )


def readers_of(people: Collection[Person], on: date) -> dict[int, Reader]:
    """What each of `people` may read on that day, by pk of the person; two queries, whatever their number.

    For a day to come, as far as appointments are announced today (I8). Used where somebody assigns what others
    will read; whether they have an account is not looked at.
    """
    rows: dict[int, list[Appointment]] = {person.pk: [] for person in people if not person.has_left(on)}
    by_pk = {person.pk: person for person in people}
    for row in _appointments(on, clock.today()).filter(person__in=list(rows)):
        if _opens(row, by_pk[row.person_id]):
            rows[row.person_id].append(row)
    duties: dict[int, list[Duty]] = {}
    for duty in _duties_of([row for readers in rows.values() for row in readers], on):
        duties.setdefault(duty.post_id, []).append(duty)
    tree = unit_tree(on)
    readers = dict.fromkeys((person.pk for person in people), PUBLIC)
    for pk, own in rows.items():
        held = [duty for row in _held(own, on) for duty in duties.get(row.post_id, ())]
        readers[pk] = _reader(by_pk[pk], own, held, tree)
    return readers


def _reader(person: Person, rows: list[Appointment], duties: Collection[Duty], tree: UnitTree) -> Reader:
    units = _units(person, rows, tree)
    tokens = {"public", f"person:{person.uid}", *(f"unit:{tree.uid(unit)}" for unit in units)}
    is_county = person.is_county and bool(rows)
    if is_county:
        tokens |= {"prefecture", "municipal"}
    towns = {unit for unit in units if tree.kind(unit) == OrgUnit.Kind.MUNICIPALITY}
    if towns:
        tokens |= {"municipal", *(f"municipality:{tree.uid(unit)}" for unit in towns)}
    holding = _held(rows, tree.on)
    roles, reviewed = _duties(holding, duties, tree)
    if not is_county:
        roles -= {KM}
    main = next((row for row in holding if row.kind == Appointment.Kind.MAIN), None)
    return Reader(
        person_id=person.pk,
        person_uid=str(person.uid),
        tokens=frozenset(tokens | {f"role:{role}" for role in roles}),
        unit_ids=frozenset(units),
        department_owner_ids=frozenset(member for unit in units for member in tree.department_members(unit)),
        review_unit_ids=frozenset(reviewed),
        managed_unit_ids=_managed(holding, tree) if is_county else frozenset(),
        roles=frozenset(roles),
        is_county=is_county,
        main_unit_id=tree.successor(main.post.unit_id) if main else None,
    )


def _superuser() -> Reader:
    return Reader(tokens=frozenset({"public", f"role:{KM}"}), roles=frozenset({KM}))


@lru_cache(maxsize=8)
def _appointments(day: date, today: date) -> QuerySet[Appointment]:
    """Appointments announced, begun, and ended no longer ago than HANDOVER, of anybody.

    Never evaluated itself: each request filters it by a person. Building the queryset took a third of the time.
    """
    # For a day to come, only what is announced by now (I8).
    rows = Appointment.objects.filter(starts_on__lte=day, announced_on__lte=min(day, today))
    rows = rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day - HANDOVER))
    return rows.select_related("post__unit").order_by("starts_on", "pk")


def _opens(row: Appointment, person: Person) -> bool:
    """County staff by any post; municipal staff by posts of a municipality; outsiders by none."""
    if person.employment == Person.Employment.OUTSIDE:
        return False
    return person.employment != Person.Employment.MUNICIPAL or row.post.unit.kind == OrgUnit.Kind.MUNICIPALITY


def _held(rows: Collection[Appointment], day: date) -> list[Appointment]:
    """Those by which a post is held that day: neither ended nor leave."""
    return [row for row in rows if row.kind in Appointment.HOLDING and (row.ends_on is None or row.ends_on >= day)]


def _duties_of(rows: Collection[Appointment], day: date) -> list[Duty]:
    """The duties of the posts that are held by these appointments that day; no query without any."""
    posts = {row.post_id for row in _held(rows, day)}
    return list(_duties_on(day).filter(post_id__in=posts)) if posts else []


@lru_cache(maxsize=8)
def _duties_on(day: date) -> QuerySet[Duty]:
    return Duty.objects.on(day)


def _units(person: Person, rows: list[Appointment], tree: UnitTree) -> set[int]:
    """Appointed units, what is above them today, and the predecessors of all these."""
    units: set[int] = set()
    for row in rows:
        unit = row.post.unit_id
        units.add(unit)
        if row.ends_on is None or row.ends_on >= tree.on:
            # The post lies in a unit that is gone: until it is moved, its holder works in the main successor.
            units.add(tree.successor(unit))
    if person.is_county:
        units |= {above for unit in list(units) for above in tree.ancestors(unit)}
    return units | {old for unit in units for old in tree.predecessors(unit)}


def _duties(holding: list[Appointment], duties: Collection[Duty], tree: UnitTree) -> tuple[set[str], set[int]]:
    """The roles of the posts held, and the units whose publishing they decide."""
    units = {row.post.unit_id for row in holding if row.post.is_head}
    posts = {row.post_id: row.post.unit_id for row in holding}
    units |= {duty.scope_id or posts[duty.post_id] for duty in duties if duty.role == Duty.Role.REVIEWER}
    return {duty.role for duty in duties}, {unit for mine in units for unit in tree.inherited(mine)}


def _managed(holding: list[Appointment], tree: UnitTree) -> frozenset[int]:
    """The units of the head posts held, all below them, and the gone ones whose main line ends in these."""
    own = {tree.successor(row.post.unit_id) for row in holding if row.post.is_head}
    below = own | {unit for mine in own for unit in tree.descendants(mine)}
    return frozenset(unit for mine in below for unit in tree.inherited(mine))


def visible_q(reader: Reader, *, authored_pks: QuerySet[Any] | None) -> Q:
    """The SQL form, for a model with `audience` and `owner_unit_id`.

    `authored_pks` selects the pks of what the reader wrote; None where rows have no authors.
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
    """The plain form, for one object at hand; `author_ids` are pks of people."""
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
