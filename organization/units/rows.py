"""The rows from which the unit tree is built: all units and all events of all days. Two queries read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from organization.models.unit import OrgEvent, OrgUnit


@dataclass(frozen=True)
class VersionRow:
    name: str
    short: str
    kana: str
    parent: int | None
    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class UnitRow:
    uid: str
    code: str
    kind: str
    versions: tuple[VersionRow, ...]  # oldest first

    def version_on(self, day: date) -> VersionRow | None:
        """Returns the unit's version of that day. Before the first day, returns the first version. After the last
        day, the last version."""
        begun = [version for version in self.versions if version.first <= day]
        return begun[-1] if begun else (self.versions[0] if self.versions else None)

    def is_in_force(self, day: date) -> bool:
        return any(version.covers(day) for version in self.versions)


@dataclass(frozen=True)
class Succession:
    """One pair of an event: a unit before the event and a unit after it. If the event names a main successor, `main`
    is its pk."""

    on: date
    before: int
    after: int | None
    main: int | None


def read_units() -> dict[int, UnitRow]:
    """Returns every unit with its versions, by pk of the unit."""
    rows: dict[int, tuple[tuple[str, str, str], list[VersionRow]]] = {}
    columns = ("name", "short", "kana", "parent_id", "valid_from", "valid_to")
    values = OrgUnit.objects.order_by("pk", "versions__valid_from").values_list(
        "pk", "uid", "code", "kind", *(f"versions__{column}" for column in columns)
    )
    for pk, uid, code, kind, *version in values:
        versions = rows.setdefault(pk, ((str(uid), code, kind), []))[1]
        if version[0] is not None:
            versions.append(VersionRow(*version))
    return {pk: UnitRow(*unit, tuple(versions)) for pk, (unit, versions) in rows.items()}


def read_successions() -> tuple[Succession, ...]:
    """Returns the pairs of all events: each unit before an event with each unit after it. One join of both link
    tables reads all pairs."""

    def pairs() -> Iterator[Succession]:
        values = OrgEvent.objects.order_by("effective_on", "pk").values_list(
            "effective_on", "from_units", "to_units", "main_successor_id"
        )
        for on, before, after, main in values:
            if before is not None:
                yield Succession(on, before, after, main)

    return tuple(pairs())
