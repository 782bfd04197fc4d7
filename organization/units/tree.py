"""UnitTree: the units of one day in memory, with the names and successors of all days.

Two queries read all units. Each process caches the tree together with a stamp from the database. If another process
reorganises units, the stamp changes, and the next call reads the units again. The tree is read-only. Wrong data (a unit
above itself, a circle of successors) never cause an endless loop: the result is one of the units.
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
#: If no unit above is a department, a unit of a kind in this set counts as the department.
TOP_KINDS = frozenset({Kind.REGIONAL_BUREAU, Kind.COMMISSION, Kind.ENTERPRISE})


@dataclass(frozen=True)
class UnitTree:
    on: date
    units: Mapping[int, UnitRow] = field(repr=False)
    successions: tuple[Succession, ...] = field(repr=False, default=())

    # --- Names -------------------------------------------------------------------------------

    def uid(self, unit_id: int) -> str:
        """Returns the uid as text. Returns an empty string for a unit that does not exist."""
        return self.units[unit_id].uid if unit_id in self.units else ""

    def name(self, unit_id: int) -> str:
        """Returns the unit's name on the tree's day. For a unit that is gone, returns its last name. For an unknown
        unit, returns an empty string."""
        return self.name_on(unit_id, self.on)

    def name_on(self, unit_id: int, day: date) -> str:
        """Returns the unit's name on `day`. Before the unit's first day, returns its first name. After its last day,
        its last name."""
        version = self._version(unit_id, day)
        return version.name if version else ""

    def short(self, unit_id: int) -> str:
        """Returns the short name on the tree's day. If there is no short name, returns the name."""
        version = self._version(unit_id, self.on)
        return (version.short or version.name) if version else ""

    def all_names(self, unit_id: int) -> tuple[str, ...]:
        """Returns every name, short name and reading that the unit ever had, newest first. So search also finds old
        names."""
        versions = reversed(self.versions(unit_id))
        return tuple(dict.fromkeys(word for v in versions for word in (v.name, v.short, v.kana) if word))

    def versions(self, unit_id: int) -> tuple[VersionRow, ...]:
        """Returns the versions of the unit that have begun by the tree's day, oldest first."""
        row = self.units.get(unit_id)
        return tuple(version for version in row.versions if version.first <= self.on) if row else ()

    def kind(self, unit_id: int) -> str:
        """Returns the code of `OrgUnit.Kind`. Returns an empty string for a unit that does not exist."""
        return self.units[unit_id].kind if unit_id in self.units else ""

    def is_in_force(self, unit_id: int) -> bool:
        return unit_id in self.units and self.units[unit_id].is_in_force(self.on)

    def _version(self, unit_id: int, day: date) -> VersionRow | None:
        row = self.units.get(unit_id)
        return row.version_on(day) if row else None

    # --- Up and down -------------------------------------------------------------------------

    def parent(self, unit_id: int) -> int | None:
        """Returns the unit above on the tree's day. If the unit above is gone, returns its main successor."""
        version = self._version(unit_id, self.on)
        return self.successor(version.parent) if version and version.parent is not None else None

    def ancestors(self, unit_id: int) -> tuple[int, ...]:
        """Returns the units above, nearest first. The unit itself is not included."""
        ancestors: list[int] = []
        above = self.parent(unit_id)
        while above is not None and above != unit_id and above not in ancestors:
            ancestors.append(above)
            above = self.parent(above)
        return tuple(ancestors)

    def descendants(self, unit_id: int) -> frozenset[int]:
        """Returns the units in force below the unit. The unit itself is not included."""
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
        """Returns the department above the unit's successor on the tree's day.

        If there is no department above, returns the bureau, commission or enterprise above. If there is none of these
        either, returns the successor itself.
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
        """Returns all units whose department on the tree's day is `department_id`. Units that are gone are included."""
        return self._members.get(department_id, frozenset())

    # --- Then and now ------------------------------------------------------------------------

    @cached_property
    def _after(self) -> dict[int, tuple[Succession, ...]]:
        """Returns the successions of the units that are gone, by pk of the unit, newest first.

        A unit that continues after a split or a transfer has no successor here. This unit keeps its items, and its own
        staff can still read the items.
        """
        steps_by_unit: dict[int, list[Succession]] = {}
        for step in sorted(self.successions, key=lambda s: s.on, reverse=True):
            if step.on <= self.on and step.before != step.after and not self.is_in_force(step.before):
                steps_by_unit.setdefault(step.before, []).append(step)
        return {unit_id: tuple(steps) for unit_id, steps in steps_by_unit.items()}

    def successor(self, unit_id: int) -> int:
        """Returns the unit that carries on the work on the tree's day.

        A unit in force carries on its own work. For a unit that is gone, returns the last unit in its line of main
        successors.
        """
        path = [unit_id]
        while not self.is_in_force(path[-1]):
            following = self._main_successor(path[-1])
            if following is None:
                break
            if following in path:
                return min(path[path.index(following) :])  # a circle: returns the same unit for each start
            path.append(following)
        return path[-1]

    def _main_successor(self, unit_id: int) -> int | None:
        for step in self._after.get(unit_id, ()):
            chosen = step.main if step.main is not None else step.after
            if chosen is not None and chosen != unit_id:
                return chosen
        return None

    def successors(self, unit_id: int) -> frozenset[int]:
        """Returns every unit that came out of this unit, directly or through several events."""
        return self._reach(unit_id, self._forward)

    def predecessors(self, unit_id: int) -> frozenset[int]:
        """Returns every unit from which this unit came, directly or through several events."""
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
        """Returns the successor of this unit, together with all gone units that have the same successor."""
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
    """The rows that were read under one stamp, and the trees that were built from these rows so far."""

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
# Built once. This queryset is never evaluated itself.
_STAMP = TreeStamp.objects.filter(pk=1).values_list("value", flat=True)
#: The stamp that this request has read. Outside a request, the stamp is read at every call.
_request = Local()


def unit_tree(on: date | None = None) -> UnitTree:
    """Returns the tree of that day (default: today). Needs one small query, and two more queries when the units have
    changed."""
    global _snapshot
    current, snapshot = stamp(), _snapshot
    if snapshot is None or snapshot.stamp != current or current is None:
        # The stamp is read before the rows. If a change comes in between, the new rows are cached under the old stamp,
        # so the next call reads them again.
        snapshot = _snapshot = _Snapshot(current, read_units(), read_successions())
    return snapshot.tree(on or clock.today())


def stamp() -> UUID | None:
    """Returns the stamp for caches of data that rarely change (the tree, synonyms). None means that nothing may be
    cached."""
    if hasattr(_request, "stamp"):
        return _request.stamp
    value = _STAMP.all().first()
    if hasattr(_request, "began"):
        _request.stamp = value
    return value


def begin_request(**kwargs: object) -> None:
    """Signal receiver for the start of a request: the stamp is read only once, so that the whole page shows one tree.

    After `end_request`, or after the first change in the request, every call reads the stamp again.
    """
    end_request()
    _request.began = True


def end_request(**kwargs: object) -> None:
    """Signal receiver: forgets the stamp of this request."""
    for name in ("began", "stamp"):
        if hasattr(_request, name):
            delattr(_request, name)


def touch(**kwargs: object) -> None:
    """Signal receiver: a unit, version or event was saved or deleted, or the units of an event changed."""
    end_request()  # from here on, read at every call: the change may be rolled back
    TreeStamp.touch()
