"""The people and units of the fictional prefecture as plain data. The data depends only on size and day.

This module does not use the database, so that two runs can be compared. demo.load stores the data in the database.
"""

from __future__ import annotations

import random
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from demo.people import PERSONAS
from organization.fiscal import fiscal_year, fiscal_year_start

DATA = Path(__file__).resolve().parent / "data"
NAMESPACE = uuid.UUID("6f7c2c1e-51a0-4b0e-9d0a-3d6f0c2a7b11")
#: Each tuple is (rank, number of people with this rank in one unit of the small demo, is head, is reviewer).
RANKS = (
    ("課長", 1, True, False),
    ("課長補佐", 1, False, True),
    ("係長", 3, False, False),
    ("主査", 3, False, False),
    ("主任", 4, False, False),
    ("主事", 3, False, False),
)
HEADS = {"regional_bureau": "局長", "field_office": "所長"}
PEOPLE = {"small": 222, "full": 2000}


def uid(*parts: str) -> uuid.UUID:
    """Returns the uid for `parts`. It is the same in every run."""
    return uuid.uuid5(NAMESPACE, "/".join(parts))


@dataclass(frozen=True)
class Version:
    name: str
    short: str
    kana: str
    parent: str
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True)
class Unit:
    code: str
    kind: str
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Event:
    kind: str
    on: date
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    main: str


@dataclass(frozen=True)
class Staff:
    """One person with the post that the person holds today. `since` is the day of the appointment. `number` is the
    staff number.
    """

    number: str
    name: str
    kana: str
    unit: str
    rank: str
    seat: int
    since: date
    joined: date
    login: str = ""
    is_head: bool = False
    is_reviewer: bool = False
    employment: str = "regular"
    former_unit: str = ""


@dataclass(frozen=True)
class World:
    today: date
    units: tuple[Unit, ...]
    events: tuple[Event, ...]
    staff: tuple[Staff, ...]
    by_unit: dict[str, list[Staff]] = field(default_factory=dict, compare=False)


def build_world(size: str, today: date) -> World:
    """Returns the prefecture of `size` ("small" or "full") as it is on `today`."""
    places = tomllib.loads((DATA / "places.toml").read_text(encoding="utf-8"))
    this_year = fiscal_year(today)
    units, events = _units(places, size, this_year, fiscal_year_start(this_year - 9))
    staff = _staff(places, units, size, today)
    by_unit: dict[str, list[Staff]] = {}
    for person in staff:
        by_unit.setdefault(person.unit, []).append(person)
    return World(today, tuple(units), tuple(events), tuple(staff), by_unit)


def _units(places: dict[str, Any], size: str, this_year: int, first_day: date) -> tuple[list[Unit], list[Event]]:
    units: list[Unit] = []
    events: list[Event] = []
    units += [
        Unit(d["code"], "department", (Version(d["name"], "", d["kana"], "", first_day),))
        for d in places["department"]
        if size == "full" or not d.get("full_only")
    ]
    split = places["split"]
    split_day = fiscal_year_start(this_year - split["until"])
    units.append(Unit(split["code"], "division", (_version(split, first_day, _day_before(split_day)),)))
    targets = tuple(u["code"] for u in places["unit"] if u.get("split_from") == split["code"])
    events.append(Event("split", split_day, (split["code"],), targets, split["main_successor"]))
    for u in places["unit"]:
        start = split_day if u.get("split_from") else first_day
        if "opened" in u:
            start = fiscal_year_start(this_year - u["opened"])
        versions = [_version(u, start)]
        if old := u.get("renamed_from"):
            day = fiscal_year_start(this_year - old["until"])
            versions = [_version({**u, **old}, first_day, _day_before(day)), _version(u, day)]
            events.append(Event("rename", day, (u["code"],), (u["code"],), u["code"]))
        if merged := u.get("merged_from"):
            day = fiscal_year_start(this_year - u["since"])
            versions = [_version(u, day)]
            units += [
                Unit(
                    m["code"],
                    "division",
                    (_version({**m, "department": u["department"]}, first_day, _day_before(day)),),
                )
                for m in merged
            ]
            events.append(Event("merge", day, tuple(m["code"] for m in merged), (u["code"],), u["code"]))
        units.append(Unit(u["code"], u.get("kind", "division"), tuple(versions)))
    if size == "full":
        for n, (name, kana, department) in enumerate(_extra_units(places)):
            kind = "regional_bureau" if name.endswith("振興局") else "division"
            units.append(Unit(f"x{n:02d}", kind, (Version(name, "", kana, department, first_day),)))
    for code, name, kana in _municipalities(places, size):
        units.append(Unit(code, "municipality", (Version(name, "", kana, "", first_day),)))
    return units, events


def _version(data: dict[str, Any], start: date, end: date | None = None) -> Version:
    return Version(data["name"], data.get("short", ""), data["kana"], data.get("department", ""), start, end)


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)


def _extra_units(places: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(*pair.split("/"), e["department"]) for e in places["extra"] for pair in e["names"]]


def _municipalities(places: dict[str, Any], size: str) -> list[tuple[str, str, str]]:
    municipalities = [(m["code"], m["name"], m["kana"]) for m in places["municipality"]]
    if size == "full":
        parts = places["municipality_parts"]
        suffixes = (("市", "し"), ("町", "まち"), ("村", "むら"))
        pairs = [(a.split("/"), b.split("/")) for b in parts["second"] for a in parts["first"]]
        for n, (a, b) in enumerate(pairs[: 77 - len(municipalities)]):
            suffix = suffixes[0] if n % 5 == 0 else suffixes[1 + n % 2]
            municipalities.append((f"m{n:02d}", a[0] + b[0] + suffix[0], a[1] + b[1] + suffix[1]))
    return municipalities


def _staff(places: dict[str, Any], units: list[Unit], size: str, today: date) -> list[Staff]:
    rng = random.Random(f"staff {size}")  # noqa: S311  (the same names in every run, nothing secret)
    pairs = [(f, g) for f in places["people"]["family"] for g in places["people"]["given"]]
    rng.shuffle(pairs)
    names = iter(pairs * 2)
    staff_tables = {u["code"]: u["staff"] for u in places["unit"] if "staff" in u}
    current = [
        u
        for u in units
        if u.kind not in ("department", "municipality")
        and u.versions[-1].valid_to is None
        and u.code not in staff_tables
    ]
    towns = [u for u in units if u.kind == "municipality"]
    staff: list[Staff] = []
    in_towns = len(towns) * (3 if size == "small" else 1)
    in_tables = sum(n for rows in staff_tables.values() for _, n, _ in rows)
    seat_count = PEOPLE[size] - in_towns - in_tables
    seats = [(u, rank, head, reviewer) for u in current for rank, n, head, reviewer in RANKS for _ in range(n)]
    while len(seats) < seat_count:  # The other seats are 主事 and 主任, unit by unit.
        seats.append((current[len(seats) % len(current)], "主任" if len(seats) % 2 else "主事", False, False))
    counts: dict[tuple[str, str], int] = {}
    this_year = fiscal_year(today)
    for unit, rank, head, reviewer in seats[:seat_count]:
        title = HEADS.get(unit.kind, rank) if head else rank
        if (unit.code, rank) == ("kikaku", "課長補佐"):
            title = "主幹"
        family_name, given_name = (part.split("/") for part in next(names))
        seat = counts[unit.code, title] = counts.get((unit.code, title), 0) + 1
        years = 0 if rank == "主事" and seat == 1 else rng.randint(1, 4)
        start = max(fiscal_year_start(this_year - years), unit.versions[0].valid_from)
        joined = start if years == 0 else fiscal_year_start(this_year - years - rng.randint(0, 15))
        former = rng.choice(current).code if years and rng.random() < 0.3 else ""
        staff.append(
            Staff(
                number=f"{100001 + len(staff)}",
                name=f"{family_name[0]} {given_name[0]}",
                kana=f"{family_name[1]} {given_name[1]}",
                unit=unit.code,
                rank=title,
                seat=seat,
                since=start,
                joined=joined,
                is_head=head,
                is_reviewer=reviewer,
                former_unit=former if former != unit.code else "",
            )
        )
    for town in towns:
        for rank in ("課長", "主査", "主事") if size == "small" else ("主査",):
            family_name, given_name = (part.split("/") for part in next(names))
            staff.append(
                Staff(
                    number=f"T-{town.code}-{len(staff)}",
                    name=f"{family_name[0]} {given_name[0]}",
                    kana=f"{family_name[1]} {given_name[1]}",
                    unit=town.code,
                    rank=rank,
                    seat=1,
                    since=fiscal_year_start(this_year - 1),
                    joined=fiscal_year_start(this_year - 3),
                    is_head=rank == "課長",
                    employment="municipal",
                )
            )
    for unit in (u for u in units if u.code in staff_tables):
        staff += _staff_of_new_unit(unit, staff_tables[unit.code], names, len(staff), [u.code for u in current])
    return [_with_login(person) for person in staff]


def _staff_of_new_unit(
    unit: Unit, rows: list[list[Any]], names: Iterator[tuple[str, str]], count: int, others: list[str]
) -> list[Staff]:
    """Returns the people of a unit that was opened in this fiscal year. All of them began there on the unit's first
    day. Some came from another unit, and some are new employees.

    `rows` contains (rank, number, "new" or "transferred"). `count` is the number of people who were created before.
    """
    since = unit.versions[0].valid_from
    staff: list[Staff] = []
    rng = random.Random(f"opened {unit.code}")  # noqa: S311  (the same in every run, nothing secret)
    for rank, n, origin in rows:
        for seat in range(1, n + 1):
            family_name, given_name = (part.split("/") for part in next(names))
            joined = since if origin == "new" else fiscal_year_start(since.year - rng.randint(2, 12))
            staff.append(
                Staff(
                    number=f"{100001 + count + len(staff)}",
                    name=f"{family_name[0]} {given_name[0]}",
                    kana=f"{family_name[1]} {given_name[1]}",
                    unit=unit.code,
                    rank=rank,
                    seat=seat,
                    since=since,
                    joined=joined,
                    is_head=rank == HEADS.get(unit.kind),
                    former_unit="" if origin == "new" else rng.choice(others),
                )
            )
    return staff


def _with_login(person: Staff) -> Staff:
    for persona in PERSONAS:
        if (persona.unit, persona.rank, 1) == (person.unit, person.rank, person.seat):
            return replace(person, login=persona.login)
    return person
