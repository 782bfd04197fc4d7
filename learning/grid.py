"""People × paths of a manager's staff today: one queryset behind every number, every cell and every row it opens.

What counts is the newest assignment of a person and path that the manager may see (``learning.managing``). It knows
states and dates only: never what was read, searched or written.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from learning import arrived, candidates, managing
from learning.models import STANDINGS, Assignment, AssignmentState, LearningPath, standing_q
from learning.models.assignment import AssignmentQuerySet
from organization import clock
from organization.models import Appointment, Person
from organization.posts import on_leave
from organization.tree import unit_tree

WHO = {"newcomers": "今年度の新任", "transferred": "今年度の転入", "leave": "休職・育休"}
#: More columns than this are no longer read across.
WIDEST = 12
HIDDEN = "公開範囲の外の学習パス"


@dataclass(frozen=True)
class Asked:
    """What the page is narrowed to; empty means all."""

    unit: str = ""
    path: str = ""
    standing: str = ""
    who: str = ""
    q: str = ""

    def units(self) -> frozenset[int] | None:
        return candidates.below(self.unit) if self.unit else None


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


def people(user: Any, asked: Asked) -> QuerySet[Person]:
    """The staff of today that is asked for, whatever they learn."""
    today = clock.today()
    found = candidates.people(user, today, asked.units())
    if asked.who == "newcomers":
        found = found.filter(arrived.newcomers_q(today))
    elif asked.who == "transferred":
        found = found.filter(pk__in=arrived.transferred(today).values("pk"))
    elif asked.who == "leave":
        found = found.filter(pk__in=on_leave(today).values("person_id"))
    if asked.q:
        found = found.filter(candidates.named_q(asked.q))
    return found.order_by("kana", "pk")


def rows(user: Any, asked: Asked, *, of: Collection[int] | None = None) -> AssignmentQuerySet:
    """The newest visible assignment of each of these people and paths, of the asked path and standing.

    `of` are the people of one page, by pk, already asked for.
    """
    chosen: Any = people(user, asked).order_by().values("pk") if of is None else of
    seen = managing.overseen(user).filter(person__in=chosen)
    if asked.path:
        # A number that the asker may not open is like none at all.
        named = LearningPath.objects if managing.is_office(user) else LearningPath.objects.visible_to(user)
        seen = seen.filter(path__in=named.filter(public_id=asked.path).order_by().values("pk"))
    newest = [F("assigned_on").desc(), F("pk").desc()]
    ranked = seen.annotate(rank=Window(RowNumber(), partition_by=[F("person_id"), F("path_id")], order_by=newest))
    found = Assignment.objects.filter(pk__in=ranked.filter(rank=1).values("pk"))
    return found.filter(standing_q(asked.standing, clock.today())) if asked.standing else found


def summary(user: Any, asked: Asked) -> Summary:
    """How many rows each standing and each path has, whatever standing is asked for; two queries."""
    today = clock.today()
    counts = {name: Count("pk", filter=standing_q(name, today)) for name in STANDINGS}
    found = rows(user, replace(asked, path="", standing="")).values("path_id").annotate(n=Count("pk"), **counts)
    by_path: list[dict[str, Any]] = list(found.order_by("-n", "path_id"))  # type: ignore[arg-type]  # keys by name
    titles = Titles(user, [row["path_id"] for row in by_path])
    columns = [Column(row["path_id"], *titles.named(row["path_id"]), row["n"]) for row in by_path]
    chosen = {one.pk for one in columns if not asked.path or one.public_id == asked.path}
    totals = {name: sum(row[name] for row in by_path if row["path_id"] in chosen) for name in STANDINGS}
    return Summary(totals, tuple(columns), tuple(one for one in columns if one.pk in chosen))


def listed(user: Any, asked: Asked) -> QuerySet[Person]:
    """The people of the grid: all of them, or those who have a row of the asked path and standing."""
    found = people(user, asked)
    if asked.path or asked.standing:
        found = found.filter(pk__in=rows(user, asked).values("person_id"))
    return found


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


class Titles:
    """What paths are called for this reader: one outside the reader's audience has no name here (I16). One query."""

    def __init__(self, user: Any, paths: Collection[int]) -> None:
        readable = LearningPath.objects if managing.is_office(user) else LearningPath.objects.visible_to(user)
        rows = readable.filter(pk__in=set(paths)).values_list("pk", "public_id", "title")
        self._known = {pk: (public_id, title) for pk, public_id, title in rows}

    def named(self, path_id: int) -> tuple[str, str]:
        """Its public id and title; no id where it may not be opened."""
        return self._known.get(path_id, ("", HIDDEN))

    def of(self, path_id: int) -> str:
        return self.named(path_id)[1]


def newcomers_count(user: Any, asked: Asked) -> int:
    """今年度の新任・転入 among these people to whom nothing has been given yet, as far as the asker may see."""
    today = clock.today()
    here = candidates.people(user, today, asked.units())
    either = arrived.newcomers_q(today) | Q(pk__in=arrived.transferred(today).values("pk"))
    given = managing.overseen(user).exclude(state=AssignmentState.CANCELLED)
    return here.filter(either).exclude(pk__in=given.values("person_id")).count()
