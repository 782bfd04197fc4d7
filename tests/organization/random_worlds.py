"""Random organisations for property tests: units that are renamed, merged and split, people who move.

A world is plain data drawn by hypothesis. `build` stores it in the database for one example and rolls it back.
Dates lie so close around TODAY that every boundary occurs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction
from django.test import override_settings
from hypothesis import strategies as st

from organization.models import Duty, OrgUnit, Person, User
from tests.factories.organization import (
    add_version,
    appoint,
    make_event,
    make_person,
    make_post,
    make_unit,
    make_user,
)

TODAY = date(2025, 5, 1)
SINCE = date(2015, 4, 1)
KINDS = ("department", "division", "division", "section", "regional_bureau", "municipality", "municipality")
EMPLOYMENTS = ("regular", "regular", "regular", "fiscal_year", "dispatched", "municipal", "municipal", "outside")
#: Days from TODAY: long ago, the edges of the handover, yesterday, today, tomorrow.
OFFSETS = (-900, -60, -32, -31, -30, -29, -1, 0, 1, 40)


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


offsets = st.sampled_from(OFFSETS)
#: Mostly in force, so that most people can read something; the edges come up often enough.
starts_at = st.one_of(st.just(-900), st.just(-900), offsets)
ends_at = st.one_of(st.none(), st.none(), offsets)


@dataclass(frozen=True)
class UnitPlan:
    kind: str
    parent: int | None  # of an earlier unit, so that no circle is drawn
    renamed: int | None
    moved_to: int | None
    ends: int | None
    heirs: tuple[int, ...]
    event: str
    main: int


@dataclass(frozen=True)
class JobPlan:
    unit: int
    kind: str
    starts: int
    ends: int | None
    announced: int
    head: bool
    duties: tuple[tuple[str, int | None, int, int | None], ...]  # role, scope, starts, ends


@dataclass(frozen=True)
class PersonPlan:
    employment: str
    left: int | None
    superuser: bool
    active: bool
    jobs: tuple[JobPlan, ...]


@dataclass(frozen=True)
class World:
    units: tuple[UnitPlan, ...]
    people: tuple[PersonPlan, ...]


@dataclass
class Built:
    today: date
    units: list[OrgUnit] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    users: list[User] = field(default_factory=list)


@st.composite
def units(draw: st.DrawFn, count: int) -> tuple[UnitPlan, ...]:
    earlier = [st.none() if n == 0 else st.one_of(st.none(), st.integers(0, n - 1)) for n in range(count)]
    any_unit = st.integers(0, count - 1)
    return tuple(
        UnitPlan(
            kind=draw(st.sampled_from(KINDS)),
            parent=draw(earlier[n]),
            renamed=draw(st.one_of(st.none(), st.sampled_from((-400, -30, 0)))),
            moved_to=draw(earlier[n]),
            ends=draw(st.one_of(st.none(), offsets)),
            heirs=tuple(draw(st.sets(any_unit, max_size=3))),
            event=draw(st.sampled_from(("merge", "split", "abolish", "transfer"))),
            main=draw(any_unit),
        )
        for n in range(count)
    )


@st.composite
def people(draw: st.DrawFn, unit_count: int) -> tuple[PersonPlan, ...]:
    any_unit = st.integers(0, unit_count - 1)
    duties = st.tuples(st.sampled_from(Duty.Role.values), st.one_of(st.none(), any_unit), starts_at, ends_at)
    job = st.builds(
        JobPlan,
        unit=any_unit,
        kind=st.sampled_from(("main", "main", "concurrent", "secondment", "childcare")),
        starts=starts_at,
        ends=ends_at,
        announced=starts_at,
        head=st.booleans(),
        duties=st.lists(duties, max_size=2).map(tuple),
    )
    person = st.builds(
        PersonPlan,
        employment=st.sampled_from(EMPLOYMENTS),
        left=st.one_of(st.none(), st.none(), offsets),
        superuser=st.sampled_from((False, False, False, True)),
        active=st.sampled_from((True, True, True, False)),
        jobs=st.lists(job, max_size=3).map(tuple),
    )
    return tuple(draw(st.lists(person, min_size=1, max_size=4)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    count = draw(st.integers(1, 7))
    return World(draw(units(count)), draw(people(count)))


@contextmanager
def build(world: World) -> Iterator[Built]:
    """Context with the world in the database and TODAY on the clock; everything is rolled back at the end."""
    with transaction.atomic(), override_settings(DEMO_TODAY=TODAY):
        built = Built(TODAY)
        _build_units(world, built)
        for plan in world.people:
            _build_person(plan, built)
        yield built
        transaction.set_rollback(True)


def _build_units(world: World, built: Built) -> None:
    for n, plan in enumerate(world.units):
        parent = None if plan.parent is None else built.units[plan.parent]
        last = None if plan.ends is None else day(plan.ends)
        if plan.renamed is None or (last is not None and last < day(plan.renamed)):
            built.units.append(make_unit(kind=plan.kind, name=f"所属{n}", parent=parent, since=SINCE, until=last))
            continue
        turn = day(plan.renamed)
        unit = make_unit(kind=plan.kind, name=f"所属{n}", parent=parent, since=SINCE, until=turn - timedelta(days=1))
        moved = None if plan.moved_to is None else built.units[plan.moved_to]
        add_version(unit, name=f"新所属{n}", parent=moved, since=turn, until=last)
        built.units.append(unit)
    for unit, plan in zip(built.units, world.units, strict=True):
        if plan.ends is not None and plan.heirs:
            heirs = [built.units[heir] for heir in plan.heirs]
            main = None if plan.event == "transfer" else built.units[plan.main]
            make_event(plan.event, [unit], heirs, day(plan.ends + 1), main)


def _build_person(plan: PersonPlan, built: Built) -> None:
    user = make_user(is_superuser=plan.superuser, is_active=plan.active)
    left = None if plan.left is None else day(plan.left)
    person = make_person(user=user, employment=plan.employment, left_on=left)
    for job in plan.jobs:
        unit = built.units[job.unit]
        post = make_post(unit, head=job.head and not unit.posts.filter(is_head=True).exists())
        for role, scope, starts, ends in job.duties:
            Duty.objects.create(
                post=post,
                role=role,
                scope=None if scope is None or role == "km" else built.units[scope],
                starts_on=day(starts),
                ends_on=None if ends is None or ends < starts else day(ends),
            )
        ends_on = None if job.ends is None or job.ends < job.starts else day(job.ends)
        appoint(person, post, kind=job.kind, starts=day(job.starts), ends=ends_on, announced_on=day(job.announced))
    built.people.append(person)
    built.users.append(user)
