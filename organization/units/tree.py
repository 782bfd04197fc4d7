"""UnitTree: the units of one day, in memory, with the names and successors of all days.

Two queries read all units. Each process caches the tree together with a stamp from the database, so that a
reorganisation in another process is seen at the next call. The tree is read-only. Contradictory data (a unit above
itself, a circle of successors) lead to one of the units, never to an endless loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from uuid import UUID

from asgiref.local import Local

from organization import clock
from organization.models.unit import OrgUnit, TreeStamp
from organization.units.rows import Succession, UnitRow, VersionRow, read_successions, read_units

Kind = OrgUnit.Kind
#: Kinds that count as the department of a unit that has no department above it.
TOP_KINDS = frozenset({Kind.REGIONAL_BUREAU, Kind.COMMISSION, Kind.ENTERPRISE})


@dataclass(frozen=True)
class UnitTree:
    on: date
    units: Mapping[int, UnitRow] = field(repr=False)
    successions: tuple[Succession, ...] = field(repr=False, default=())

    # --- Names -------------------------------------------------------------------------------

    def uid(self, unit_id: int) -> str:
        """The uid as text; empty for a unit that does not exist."""
        return self.units[unit_id].uid if unit_id in self.units else ""

    def name(self, unit_id: int) -> str:
        """The unit's name on the tree's day; the last name of a unit that is gone; empty for an unknown unit."""
        return self.name_on(unit_id, self.on)

    def name_on(self, unit_id: int, day: date) -> str:
        """The unit's name on `day`; before its first day the first name, after its last day the last."""
        version = self._version(unit_id, day)
        return version.name if version else ""

    def short(self, unit_id: int) -> str:
        """The short name on the tree's day, or the name where there is none."""
        version = self._version(unit_id, self.on)
        return (version.short or version.name) if version else ""

    def all_names(self, unit_id: int) -> tuple[str, ...]:
        """Every name, short name and reading the unit ever had, newest first: old names stay searchable."""
        versions = reversed(self.versions(unit_id))
        return tuple(dict.fromkeys(word for v in versions for word in (v.name, v.short, v.kana) if word))

    def versions(self, unit_id: int) -> tuple[VersionRow, ...]:
        """The unit's versions that have begun by the tree's day, oldest first."""
        row = self.units.get(unit_id)
        return tuple(version for version in row.versions if version.first <= self.on) if row else ()

    def kind(self, unit_id: int) -> str:
        """The code of `OrgUnit.Kind`; empty for a unit that does not exist."""
        return self.units[unit_id].kind if unit_id in self.units else ""

    def is_in_force(self, unit_id: int) -> bool:
        return unit_id in self.units and self.units[unit_id].is_in_force(self.on)

    def _version(self, unit_id: int, day: date) -> VersionRow | None:
        row = self.units.get(unit_id)
        return row.version_on(day) if row else None

    # --- Up and down -------------------------------------------------------------------------

    def parent(self, unit_id: int) -> int | None:
        """The unit above on the tree's day; if that unit is gone, its main successor."""
        version = self._version(unit_id, self.on)
        return self.successor(version.parent) if version and version.parent is not None else None

    def ancestors(self, unit_id: int) -> tuple[int, ...]:
        """The units above, nearest first, without the unit itself."""
        ancestors: list[int] = []
        above = self.parent(unit_id)
        while above is not None and above != unit_id and above not in ancestors:
            ancestors.append(above)
            above = self.parent(above)
        return tuple(ancestors)

    def descendants(self, unit_id: int) -> frozenset[int]:
        """The units in force below it, without the unit itself."""
        return self._below.get(unit_id, frozenset())

    @cached_property
    def _below(self) -> dict[int, frozenset[int]]:
        below_by_unit: dict[int, set[int]] = {}
        for unit_id in self.units:
            if self.is_in_force(unit_id):
                for above in self.ancestors(unit_id):
                    below_by_unit.setdefault(above, set()).add(unit_id)
        return {unit_id: frozenset(below) for unit_id, below in below_by_unit.items()}

    def department(self, unit_id: int) -> int:
        """The department above the unit's successor on the tree's day.

        Without a department above: the bureau, commission or enterprise above it. Without that: the successor itself.
        """
        return self._departments.get(unit_id, unit_id)

    @cached_property
    def _departments(self) -> dict[int, int]:
        departments_by_unit = {}
        for unit_id in self.units:
            now = self.successor(unit_id)
            line = (now, *self.ancestors(now))
            departments = [u for u in line if self.kind(u) == Kind.DEPARTMENT]
            tops = [u for u in line if self.kind(u) in TOP_KINDS]
            departments_by_unit[unit_id] = next(iter(departments), tops[-1] if tops else now)
        return departments_by_unit

    @cached_property
    def _members(self) -> dict[int, frozenset[int]]:
        members_by_department: dict[int, set[int]] = {}
        for unit_id, department in self._departments.items():
            members_by_department.setdefault(department, set()).add(unit_id)
        return {department: frozenset(members) for department, members in members_by_department.items()}

    def department_members(self, department_id: int) -> frozenset[int]:
        """All units, gone ones included, whose department this is on the tree's day."""
        return self._members.get(department_id, frozenset())

    # --- Then and now ------------------------------------------------------------------------

    @cached_property
    def _after(self) -> dict[int, tuple[Succession, ...]]:
        """The successions of units that are gone, by pk of the unit, newest first.

        A unit that remains after a split or a transfer has no successor here: it keeps its items, and its own staff
        are still their readers.
        """
        steps_by_unit: dict[int, list[Succession]] = {}
        for step in sorted(self.successions, key=lambda s: s.on, reverse=True):
            if step.on <= self.on and step.before != step.after and not self.is_in_force(step.before):
                steps_by_unit.setdefault(step.before, []).append(step)
        return {unit_id: tuple(steps) for unit_id, steps in steps_by_unit.items()}

    def successor(self, unit_id: int) -> int:
        """The unit that carries on the work on the tree's day: the unit itself while it is in force, otherwise the end
        of the line of main successors."""
        path = [unit_id]
        while not self.is_in_force(path[-1]):
            following = self._main_successor(path[-1])
            if following is None:
                break
            if following in path:
                return min(path[path.index(following) :])  # a circle: one of its units, the same from each of them
            path.append(following)
        return path[-1]

    def _main_successor(self, unit_id: int) -> int | None:
        for step in self._after.get(unit_id, ()):
            chosen = step.main if step.main is not None else step.after
            if chosen is not None and chosen != unit_id:
                return chosen
        return None

    def successors(self, unit_id: int) -> frozenset[int]:
        """Every unit that came out of this one, after any number of events."""
        return self._reach(unit_id, self._forward)

    def predecessors(self, unit_id: int) -> frozenset[int]:
        """Every unit that this one came out of, after any number of events."""
        return self._reach(unit_id, self._backward)

    @cached_property
    def _forward(self) -> dict[int, set[int]]:
        edges: dict[int, set[int]] = {}
        for before, steps in self._after.items():
            edges[before] = {u for s in steps for u in (s.after, s.main) if u is not None and u != before}
        return edges

    @cached_property
    def _backward(self) -> dict[int, set[int]]:
        edges: dict[int, set[int]] = {}
        for before, afters in self._forward.items():
            for after in afters:
                edges.setdefault(after, set()).add(before)
        return edges

    @staticmethod
    def _reach(unit_id: int, edges: Mapping[int, set[int]]) -> frozenset[int]:
        reachable: set[int] = set()
        waiting = list(edges.get(unit_id, ()))
        while waiting:
            reached = waiting.pop()
            if reached not in reachable and reached != unit_id:
                reachable.add(reached)
                waiting.extend(edges.get(reached, ()))
        return frozenset(reachable)

    def inherited(self, unit_id: int) -> frozenset[int]:
        """The successor of this unit together with all gone units that have the same successor."""
        return self._lines.get(self.successor(unit_id), frozenset({unit_id}))

    @cached_property
    def _lines(self) -> dict[int, frozenset[int]]:
        line_by_successor: dict[int, set[int]] = {}
        for unit_id in self.units:
            line_by_successor.setdefault(self.successor(unit_id), set()).add(unit_id)
        return {unit_id: frozenset(line) for unit_id, line in line_by_successor.items()}


# --- Reading and caching ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Snapshot:
    """The rows read under one stamp, and the trees built from them so far."""

    stamp: UUID | None
    units: Mapping[int, UnitRow]
    successions: tuple[Succession, ...]
    trees: dict[date, UnitTree] = field(default_factory=dict)

    def tree(self, on: date) -> UnitTree:
        if on not in self.trees:
            if len(self.trees) >= 32:
                self.trees.clear()
            self.trees[on] = UnitTree(on, self.units, self.successions)
        return self.trees[on]


_snapshot: _Snapshot | None = None
# Built once and never evaluated itself.
_STAMP = TreeStamp.objects.filter(pk=1).values_list("value", flat=True)
#: The stamp that this request has read. Outside a request the stamp is read at every call.
_request = Local()


def unit_tree(on: date | None = None) -> UnitTree:
    """The tree of that day (today by default). Needs one small query, and two more when the units have changed."""
    global _snapshot
    current, snapshot = stamp(), _snapshot
    if snapshot is None or snapshot.stamp != current or current is None:
        # The stamp is read before the rows: a change in between leaves the rows under the old stamp, so they are stale.
        snapshot = _snapshot = _Snapshot(current, read_units(), read_successions())
    return snapshot.tree(on or clock.today())


def stamp() -> UUID | None:
    """The stamp for the caches of rarely changing data (the tree, synonyms). None means: cache nothing."""
    if hasattr(_request, "stamp"):
        return _request.stamp
    value = _STAMP.all().first()
    if hasattr(_request, "began"):
        _request.stamp = value
    return value


def begin_request(**kwargs: object) -> None:
    """Signal receiver: from now on the stamp is read once a request, so that a page shows one tree.

    Ends with `end_request` or with the first change.
    """
    end_request()
    _request.began = True


def end_request(**kwargs: object) -> None:
    """Signal receiver: forget the stamp of this request."""
    for name in ("began", "stamp"):
        if hasattr(_request, name):
            delattr(_request, name)


def touch(**kwargs: object) -> None:
    """Signal receiver: a unit, version or event was saved or deleted, or the units of an event changed."""
    end_request()  # from here on the stamp is read every time: this request's change may be rolled back
    TreeStamp.touch()
