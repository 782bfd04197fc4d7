"""People × paths of a manager's staff today: one reading behind every number, every cell and every row it opens.

What counts is the newest assignment of a person and path that the manager may see (``learning.access.permissions``). It knows
states and dates only: never what was read, searched or written.
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
from organization.tree import unit_tree

WHO = {"newcomers": "今年度の新任", "transferred": "今年度の転入", "leave": "休職・育休"}
#: More columns than this are no longer read across.
WIDEST = 12
#: So many people at most are named in a query and counted at each look; for more of them, all whom the user answers
#: for are read, and what is counted is kept.
FEW = 500

#: A row of the grid: assignment, person and path by pk, and the standing.
Newest = tuple[int, int, int, str]


@dataclass(frozen=True)
class Asked:
    """What the page is narrowed to; empty means all."""

    unit: str = ""
    path: str = ""
    standing: str = ""
    who: str = ""
    q: str = ""

    def units(self) -> frozenset[int] | None:
        return eligible_people.unit_ids_below(self.unit) if self.unit else None


@dataclass(frozen=True)
class Column:
    """A path as the reader may know it, with how many rows it has."""

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


def people(user: Viewer, asked: Asked) -> QuerySet[Person]:
    """The staff of today that is asked for, whatever they learn."""
    today = clock.today()
    found = eligible_people.people(user, today, asked.units())
    if asked.who == "newcomers":
        found = found.filter(newcomers.newcomers_q(today))
    elif asked.who == "transferred":
        found = found.filter(pk__in=newcomers.transferred(today))
    elif asked.who == "leave":
        found = found.filter(pk__in=on_leave(today).values("person_id"))
    if asked.q:
        found = found.filter(eligible_people.matches_name_q(asked.q))
    return found.order_by("kana", "pk")


class Team:
    """The people whom `asked` names, in order, and what of theirs `user` may see. Made once a page.

    Of many people only the numbers are kept (``learning.cache``); their rows are read where they are opened.
    """

    def __init__(self, user: Viewer, asked: Asked) -> None:
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
            for path, number in sorted(sizes.items(), key=lambda one: (-one[1], one[0]))
        )
        chosen = tuple(one for one in columns if self._path is None or one.pk == self._path)
        totals = {name: sum(self._counts[one.pk, name] for one in chosen) for name in STANDINGS}
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

    def cells(self, page: Collection[int]) -> dict[tuple[int, int], Newest]:
        """The rows of one page's people by person and path, whatever standing they were chosen by."""
        return self._newest if len(self._everybody) <= FEW else _newest(self._user, page)

    @cached_property
    def _newest(self) -> dict[tuple[int, int], Newest]:
        return _newest(self._user, self._everybody)

    def _asked_rows(self) -> Iterator[Newest]:
        standing, path = self._asked.standing, self._path
        for row in self._newest.values():
            if (not standing or row[3] == standing) and (path is None or row[2] == path):
                yield row

    def _count(self) -> Counter[tuple[int, str]]:
        """How many rows each path and standing has."""

        def made() -> Counter[tuple[int, str]]:
            return Counter(map(itemgetter(2, 3), self._newest.values()))

        if len(self._everybody) <= FEW:
            return made()
        asked, reader = self._asked, reader_for(self._user)
        return figure_cache.cached(
            (reader.person_id, permissions.is_office(self._user), asked.unit, asked.who, asked.q), made
        )


def _newest(user: Viewer, people: Collection[int]) -> dict[tuple[int, int], Newest]:
    """The newest visible row of each of `people` and path; one query. For thousands cheaper than a window in SQL."""
    today = clock.today()
    standing = Case(*(When(standing_q(name, today), then=Value(name)) for name in STANDINGS), output_field=CharField())
    seen = permissions.overseen_by_post(user).order_by("assigned_on", "pk")
    if len(people) <= FEW:
        seen = seen.filter(person_id__in=people)
    chosen = set(people)
    rows = seen.values_list("pk", "person_id", "path_id", standing)
    return {(row[1], row[2]): row for row in rows if row[1] in chosen}


def places(found: Collection[Person]) -> dict[int, Place]:
    """Where these people are today, by pk; one query besides the tree's."""
    today = clock.today()
    tree = unit_tree(today)
    known = Appointment.objects.on(today).filter(announced_on__lte=today, person__in=[one.pk for one in found])
    made: dict[int, Place] = {}
    leaves: dict[int, str] = {}
    # The main post comes last, and stays.
    by_rank = sorted(known.select_related("post").order_by("starts_on", "pk"), key=lambda row: row.kind == "main")
    for row in by_rank:
        if row.kind in Appointment.LEAVES:
            leaves[row.person_id] = row.get_kind_display()
        made[row.person_id] = Place(tree.name(tree.successor(row.post.unit_id)), row.post.title)
    return {pk: Place(place.unit, place.title, leaves.get(pk, "")) for pk, place in made.items()}


def newcomers_count(user: Viewer, asked: Asked) -> int:
    """今年度の新任・転入 among these people to whom nothing has been given yet, as far as the asker may see."""
    today = clock.today()
    here = eligible_people.people(user, today, asked.units())
    either = newcomers.newcomers_q(today) | Q(pk__in=newcomers.transferred(today))
    # Asked of each of them: newcomers are few beside what the user answers for.
    given = permissions.overseen_by_post(user).exclude(state=AssignmentState.CANCELLED).filter(person_id=OuterRef("pk"))
    return here.filter(either).exclude(Exists(given)).count()
