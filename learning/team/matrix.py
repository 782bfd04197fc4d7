"""People × paths of a manager's current staff: one query behind every number, cell and list.

For each person and path the newest assignment counts that the manager may see (``learning.access.permissions``). Only
states and dates are read: never what was read, searched or written.
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
from organization.models import Appointment, Person
from organization.policy import Viewer, reader_for
from organization.posts import on_leave
from organization.units.tree import unit_tree

WHO = {"newcomers": "今年度の新任", "transferred": "今年度の転入", "leave": "休職・育休"}
#: A wider table is not readable.
MAX_COLUMNS = 12
#: So many people at most are named in a query and counted at each look; for more of them, all whom the user answers
#: for are read, and what is counted is kept.
MAX_NAMED_PEOPLE = 500

#: A row of the grid: assignment, person and path by pk, and the standing.
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
    """A path as the reader may know it, with the number of its rows."""

    pk: int
    public_id: str
    title: str
    count: int


@dataclass(frozen=True)
class Summary:
    totals: dict[str, int]
    #: Every path of these people; and those that are asked for.
    paths: tuple[Column, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Place:
    """Where a person is today: unit, post, and whether on leave."""

    unit: str = ""
    title: str = ""
    leave: str = ""


def people(user: Viewer, asked: TeamFilter) -> QuerySet[Person]:
    """The current staff that matches the filter, whatever they learn."""
    today = clock.today()
    staff = eligible_people.people(user, today, asked.units())
    if asked.who == "newcomers":
        staff = staff.filter(newcomers.newcomers_q(today))
    elif asked.who == "transferred":
        staff = staff.filter(pk__in=newcomers.transferred(today))
    elif asked.who == "leave":
        staff = staff.filter(pk__in=on_leave(today).values("person_id"))
    if asked.q:
        staff = staff.filter(eligible_people.matches_name_q(asked.q))
    return staff.order_by("kana", "pk")


class Team:
    """The people who match the filter, in order, and their assignments that `user` may see. One instance per page.

    For many people only the numbers are cached (``learning.cache``); the rows are read when they are opened.
    """

    def __init__(self, user: Viewer, asked: TeamFilter) -> None:
        self._user, self._asked = user, asked
        self._everybody = list(people(user, asked).values_list("pk", flat=True))
        self._counts = self._count()
        self._titles = PathTitles(user, {path for path, _ in self._counts})
        #: None asks for every path. A number that the asker may not open is like none at all: it has no rows.
        self._path = self._titles.pk_of(asked.path) if asked.path else None

    def summary(self) -> Summary:
        """How many rows each standing and each path has, whatever path and standing is asked for."""
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
        """The people of the grid by pk: all of them, or those who have a row of the asked path and standing."""
        if self._path is None and not self._asked.standing:
            return self._everybody
        having = {row[1] for row in self._asked_rows()}
        return [pk for pk in self._everybody if pk in having]

    def rows(self) -> AssignmentQuerySet:
        """The newest visible row of each of these people and paths, of the asked path and standing."""
        return Assignment.objects.filter(pk__in=[row[0] for row in self._asked_rows()])

    def cells(self, page: Collection[int]) -> dict[tuple[int, int], MatrixRow]:
        """The rows of one page's people by person and path, whatever standing they were chosen by."""
        return self._newest if len(self._everybody) <= MAX_NAMED_PEOPLE else _newest(self._user, page)

    @cached_property
    def _newest(self) -> dict[tuple[int, int], MatrixRow]:
        return _newest(self._user, self._everybody)

    def _asked_rows(self) -> Iterator[MatrixRow]:
        standing, path = self._asked.standing, self._path
        for row in self._newest.values():
            if (not standing or row[3] == standing) and (path is None or row[2] == path):
                yield row

    def _count(self) -> Counter[tuple[int, str]]:
        """How many rows each path and standing has."""

        def count() -> Counter[tuple[int, str]]:
            return Counter(map(itemgetter(2, 3), self._newest.values()))

        if len(self._everybody) <= MAX_NAMED_PEOPLE:
            return count()
        asked, reader = self._asked, reader_for(self._user)
        return figure_cache.cached(
            (reader.person_id, permissions.is_office(self._user), asked.unit, asked.who, asked.q), count
        )


def _newest(user: Viewer, people: Collection[int]) -> dict[tuple[int, int], MatrixRow]:
    """The newest visible row of each of `people` and path; one query. For thousands cheaper than a window in SQL."""
    today = clock.today()
    standing = Case(*(When(standing_q(name, today), then=Value(name)) for name in STANDINGS), output_field=CharField())
    visible = permissions.overseen_by_post(user).order_by("assigned_on", "pk")
    if len(people) <= MAX_NAMED_PEOPLE:
        visible = visible.filter(person_id__in=people)
    chosen = set(people)
    rows = visible.values_list("pk", "person_id", "path_id", standing)
    return {(row[1], row[2]): row for row in rows if row[1] in chosen}


def places(people: Collection[Person]) -> dict[int, Place]:
    """Where these people are today, by pk; one query besides the tree's."""
    today = clock.today()
    tree = unit_tree(today)
    appointments = Appointment.objects.on(today).filter(announced_on__lte=today, person__in=[one.pk for one in people])
    result: dict[int, Place] = {}
    leaves: dict[int, str] = {}
    # The main post comes last, and stays.
    by_rank = sorted(
        appointments.select_related("post").order_by("starts_on", "pk"), key=lambda row: row.kind == "main"
    )
    for row in by_rank:
        if row.kind in Appointment.LEAVES:
            leaves[row.person_id] = row.get_kind_display()
        result[row.person_id] = Place(tree.name(tree.successor(row.post.unit_id)), row.post.title)
    return {pk: Place(place.unit, place.title, leaves.get(pk, "")) for pk, place in result.items()}


def newcomers_count(user: Viewer, asked: TeamFilter) -> int:
    """The number of 新任 and 転入 of this year without any assignment that the user may see."""
    today = clock.today()
    staff = eligible_people.people(user, today, asked.units())
    either = newcomers.newcomers_q(today) | Q(pk__in=newcomers.transferred(today))
    # Asked of each of them: newcomers are few beside what the user answers for.
    assigned = (
        permissions.overseen_by_post(user).exclude(state=AssignmentState.CANCELLED).filter(person_id=OuterRef("pk"))
    )
    return staff.filter(either).exclude(Exists(assigned)).count()
