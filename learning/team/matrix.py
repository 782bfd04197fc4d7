"""The matrix of people and paths for the current staff of a manager. All numbers, cells and lists come from one query.

For each person and path, the matrix shows the newest assignment that the manager may see
(``learning.access.permissions``). It uses only states and dates. It never uses what anybody has read, searched or
written.
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
#: A table with more columns than this is not readable.
MAX_COLUMNS = 12
#: Up to this number of people, the query names the people, and the numbers are counted on each request. If there are
#: more people, the query reads all assignments that the user may manage, and the numbers are cached.
MAX_NAMED_PEOPLE = 500

#: A cell of the matrix: the pk of the assignment, the pk of the person, the pk of the path, and the standing.
MatrixRow = tuple[int, int, int, str]


@dataclass(frozen=True)
class TeamFilter:
    """The filters of the page. An empty value selects everything."""

    unit: str = ""
    path: str = ""
    standing: str = ""
    who: str = ""
    q: str = ""

    def units(self) -> frozenset[int] | None:
        return eligible_people.unit_ids_below(self.unit) if self.unit else None


@dataclass(frozen=True)
class Column:
    """A path with the title that the user may see, and the number of assignments of the path."""

    pk: int
    public_id: str
    title: str
    count: int


@dataclass(frozen=True)
class Summary:
    totals: dict[str, int]
    #: `paths` has all paths of these people. `columns` has only the paths that the filter selects.
    paths: tuple[Column, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Place:
    """The unit and post of a person today, and the kind of leave, if any."""

    unit: str = ""
    title: str = ""
    leave: str = ""


def people(user: Viewer, team_filter: TeamFilter) -> QuerySet[Person]:
    """Returns the current staff that matches the filter. The filters for path and standing are ignored here."""
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
    """The people who match the filter, in order, and the assignments of these people that `user` may see. Each page
    creates one instance.

    If there are many people, only the numbers are cached (``learning.cache``). The rows are read when the user opens
    them.
    """

    def __init__(self, user: Viewer, team_filter: TeamFilter) -> None:
        self._user, self._filter = user, team_filter
        self._everybody = list(people(user, team_filter).values_list("pk", flat=True))
        self._counts = self._count()
        self._titles = PathTitles(user, {path for path, _ in self._counts})
        #: None selects every path. If the user may not open the path with this public id, no rows are selected (pk 0).
        self._path = self._titles.pk_of(team_filter.path) if team_filter.path else None

    def summary(self) -> Summary:
        """Returns the number of rows for each standing and for each path. The numbers for the standings count only the
        selected paths.
        """
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
        """Returns the pks of the people in the matrix. With a filter on path or standing, only people who have a
        matching row.
        """
        if self._path is None and not self._filter.standing:
            return self._everybody
        having = {row[1] for row in self._filtered_rows()}
        return [pk for pk in self._everybody if pk in having]

    def rows(self) -> AssignmentQuerySet:
        """Returns, for each person and path, the newest visible assignment, if it matches the selected path and
        standing.
        """
        return Assignment.objects.filter(pk__in=[row[0] for row in self._filtered_rows()])

    def cells(self, page: Collection[int]) -> dict[tuple[int, int], MatrixRow]:
        """Maps (person, path) to the cell, for the people on one page. The filter for the standing does not apply to
        cells.
        """
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
    """Maps (person, path) to the row of the newest assignment that the user may see.

    One query. For thousands of rows, this is faster than a window function in SQL.
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
    """Maps the pk of each person to the person's place today. One query, in addition to the queries of the unit tree."""
    today = clock.today()
    tree = unit_tree(today)
    appointments = Appointment.objects.on(today).filter(
        announced_on__lte=today, person__in=[person.pk for person in people]
    )
    result: dict[int, Place] = {}
    leaves: dict[int, str] = {}
    # The main post comes last, so that it overwrites the other posts of the person.
    by_rank = sorted(
        appointments.select_related("post").order_by("starts_on", "pk"), key=lambda row: row.kind == "main"
    )
    for row in by_rank:
        if row.kind in Appointment.LEAVES:
            leaves[row.person_id] = row.get_kind_display()
        result[row.person_id] = Place(tree.name(tree.successor(row.post.unit_id)), row.post.title)
    return {pk: Place(place.unit, place.title, leaves.get(pk, "")) for pk, place in result.items()}


def newcomers_count(user: Viewer, team_filter: TeamFilter) -> int:
    """Returns how many 新任 and 転入 of this year have no assignment that the user may see."""
    today = clock.today()
    staff = eligible_people.people(user, today, team_filter.units())
    either = newcomers.newcomers_q(today) | Q(pk__in=newcomers.transferred(today))
    # The subquery runs once for each newcomer. There are few newcomers, but many assignments that the user may manage.
    assigned = (
        permissions.overseen_by_post(user).exclude(state=AssignmentState.CANCELLED).filter(person_id=OuterRef("pk"))
    )
    return staff.filter(either).exclude(Exists(assigned)).count()
