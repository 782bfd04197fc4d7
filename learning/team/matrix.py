"""The matrix of people and paths of a manager's current staff. All numbers, cells and lists come from one query.

For each person and path it shows the newest assignment that the manager may see (``learning.access.permissions``). Only
states and dates are used, never what was read, searched or written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from learning.access import permissions
from learning.assignments import eligible_people, newcomers
from learning.cache import figure_cache
from learning.models import STANDINGS, Assignment, AssignmentState, standing_q
from learning.models.assignment import AssignmentQuerySet
from learning.paths.titles import PathTitles
from organization import clock
from organization.access_policy import Viewer, reader_for
from organization.appointments import on_leave
from organization.models import Appointment, Person
from organization.units.tree import unit_tree

PEOPLE_GROUPS = {"newcomers": "今年度の新任", "transferred": "今年度の転入", "leave": "休職・育休"}
#: A table with more columns is not readable.
MAX_COLUMNS = 12
#: Up to this number, the query lists the people, and the numbers are counted on each request. For more people, all
#: assignments that the user may manage are read, and the numbers are cached.
MAX_NAMED_PEOPLE = 500

#: A cell of the matrix: the pks of assignment, person and path, and the standing.
MatrixRow = tuple[int, int, int, str]


@dataclass(frozen=True)
class TeamFilter:
    """The filters of the page; empty means all."""

    unit: str = ""
    path: str = ""
    standing: str = ""
    who: str = ""
    q: str = ""

    def units(self) -> frozenset[int] | None:
        return eligible_people.unit_ids_below(self.unit) if self.unit else None


@dataclass(frozen=True)
class Column:
    """A path with the title that the user may see, and the number of its assignments."""

    pk: int
    public_id: str
    title: str
    count: int


@dataclass(frozen=True)
class Summary:
    totals: dict[str, int]
    #: All paths of these people, and the paths that the filter selects.
    paths: tuple[Column, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Place:
    """The unit and post of a person today, and the kind of leave, if any."""

    unit: str = ""
    title: str = ""
    leave: str = ""


def people(user: Viewer, team_filter: TeamFilter) -> QuerySet[Person]:
    """The current staff that matches the filter, without regard to path and standing."""
    today = clock.today()
    staff = eligible_people.people(user, today, team_filter.units())
    if team_filter.who == "newcomers":
        staff = staff.filter(newcomers.newcomers_q(today))
    elif team_filter.who == "transferred":
        staff = staff.filter(pk__in=newcomers.transferred(today))
    elif team_filter.who == "leave":
        staff = staff.filter(pk__in=on_leave(today).values("person_id"))
    if team_filter.q:
        staff = staff.filter(eligible_people.matches_name_q(team_filter.q))
    return staff.order_by("kana", "pk")


class Team:
    """The people who match the filter, in order, and their assignments that `user` may see. One instance per page.

    For many people only the numbers are cached (``learning.cache``); the rows are read when they are opened.
    """

    def __init__(self, user: Viewer, team_filter: TeamFilter) -> None:
        self._user, self._filter = user, team_filter
        self._everybody = list(people(user, team_filter).values_list("pk", flat=True))
        self._counts = self._count()
        self._titles = PathTitles(user, {path for path, _ in self._counts})
        #: None selects every path. The public id of a path that the user may not open selects no rows (pk 0).
        self._path = self._titles.pk_of(team_filter.path) if team_filter.path else None

    def summary(self) -> Summary:
        """The number of rows of each standing (for the selected paths) and of each path."""
        sizes: Counter[int] = Counter()
        for (path, _), number in self._counts.items():
            sizes[path] += number
        columns = tuple(
            Column(path, *self._titles.named(path), number)
            for path, number in sorted(sizes.items(), key=lambda column: (-column[1], column[0]))
        )
        chosen = tuple(column for column in columns if self._path is None or column.pk == self._path)
        totals = {name: sum(self._counts[column.pk, name] for column in chosen) for name in STANDINGS}
        return Summary(totals, columns, chosen)

    def people(self) -> list[int]:
        """The pks of the people in the matrix: all, or those who have a row with the selected path and standing."""
        if self._path is None and not self._filter.standing:
            return self._everybody
        having = {row[1] for row in self._filtered_rows()}
        return [pk for pk in self._everybody if pk in having]

    def rows(self) -> AssignmentQuerySet:
        """The newest visible assignment of each person and path that has the selected path and standing."""
        return Assignment.objects.filter(pk__in=[row[0] for row in self._filtered_rows()])

    def cells(self, page: Collection[int]) -> dict[tuple[int, int], MatrixRow]:
        """Maps (person, path) to the cell, for the people on one page. The selected standing does not matter here."""
        return self._newest if len(self._everybody) <= MAX_NAMED_PEOPLE else _newest(self._user, page)

    @cached_property
    def _newest(self) -> dict[tuple[int, int], MatrixRow]:
        return _newest(self._user, self._everybody)

    def _filtered_rows(self) -> Iterator[MatrixRow]:
        standing, path = self._filter.standing, self._path
        for row in self._newest.values():
            if (not standing or row[3] == standing) and (path is None or row[2] == path):
                yield row

    def _count(self) -> Counter[tuple[int, str]]:
        """Maps (path, standing) to the number of rows."""

        def count() -> Counter[tuple[int, str]]:
            return Counter(map(itemgetter(2, 3), self._newest.values()))

        if len(self._everybody) <= MAX_NAMED_PEOPLE:
            return count()
        team_filter, reader = self._filter, reader_for(self._user)
        return figure_cache.cached(
            (reader.person_id, permissions.is_office(self._user), team_filter.unit, team_filter.who, team_filter.q),
            count,
        )


def _newest(user: Viewer, people: Collection[int]) -> dict[tuple[int, int], MatrixRow]:
    """Maps (person, path) to the newest visible row.

    One query. For thousands of rows this is faster than an SQL window.
    """
    today = clock.today()
    standing = Case(*(When(standing_q(name, today), then=Value(name)) for name in STANDINGS), output_field=CharField())
    visible = permissions.overseen_by_post(user).order_by("assigned_on", "pk")
    if len(people) <= MAX_NAMED_PEOPLE:
        visible = visible.filter(person_id__in=people)
    chosen = set(people)
    rows = visible.values_list("pk", "person_id", "path_id", standing)
    return {(row[1], row[2]): row for row in rows if row[1] in chosen}


def places(people: Collection[Person]) -> dict[int, Place]:
    """Maps the pk of each person to their place today. One query, apart from those of the unit tree."""
    today = clock.today()
    tree = unit_tree(today)
    appointments = Appointment.objects.on(today).filter(
        announced_on__lte=today, person__in=[person.pk for person in people]
    )
    result: dict[int, Place] = {}
    leaves: dict[int, str] = {}
    # The main post comes last, so that it overwrites the others.
    by_rank = sorted(
        appointments.select_related("post").order_by("starts_on", "pk"), key=lambda row: row.kind == "main"
    )
    for row in by_rank:
        if row.kind in Appointment.LEAVES:
            leaves[row.person_id] = row.get_kind_display()
        result[row.person_id] = Place(tree.name(tree.successor(row.post.unit_id)), row.post.title)
    return {pk: Place(place.unit, place.title, leaves.get(pk, "")) for pk, place in result.items()}


def newcomers_count(user: Viewer, team_filter: TeamFilter) -> int:
    """The number of 新任 and 転入 of this year without any assignment that the user may see."""
    today = clock.today()
    staff = eligible_people.people(user, today, team_filter.units())
    either = newcomers.newcomers_q(today) | Q(pk__in=newcomers.transferred(today))
    # A subquery for each newcomer: there are few of them, compared with the assignments that the user may manage.
    assigned = (
        permissions.overseen_by_post(user).exclude(state=AssignmentState.CANCELLED).filter(person_id=OuterRef("pk"))
    )
    return staff.filter(either).exclude(Exists(assigned)).count()
