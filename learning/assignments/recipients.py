"""From what was ticked on the screen of assigning to people: groups, titles, and single uids.

The raw uids are asked for before anything is filtered, so that somebody else's person and one who never was are
answered alike: nothing happens, a trace is left, 404. Only who was there and is going is named, and left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q

from learning.access import permissions
from learning.assignments import eligible_people
from learning.assignments.eligible_people import Candidate
from learning.assignments.plan import LeftOut, OutsideUnitError
from learning.models import LearningPath
from organization import audit, clock
from organization.models import Person
from organization.policy import reader_for

#: One list that a person can still read through, and one request that the server takes.
MOST = 400
GROUPS = {"newcomers": "今年度の新任", "transferred": "今年度の転入", "everyone": "所属の全員"}


@dataclass(frozen=True)
class Chosen:
    """People of one's own with their places, and those who will be gone by the day, with the reason."""

    candidates: tuple[Candidate, ...]
    leaving: tuple[LeftOut, ...] = ()


def by_uid(*, user: Any, raw: Collection[str], on: date, path: LearningPath | None) -> Chosen:
    """The people of these uids. Raises OutsideUnitError, having left a trace, where one is not `user`'s to manage."""
    wanted = set(raw)
    if not wanted:
        return Chosen(())
    uids = {uid for uid in map(_uid, wanted) if uid is not None}
    here = eligible_people.chosen(user, on, uids)
    missing = uids - {one.person.uid for one in here}
    going = list(_going(user, missing, on)) if missing else []
    outside = len(wanted) - len(uids) + len(missing) - len(going)
    if outside:
        obj = path if path is not None else user
        audit.record(actor=user, action="assignment.refused", obj=obj, after={"outside": outside})
        raise OutsideUnitError
    return Chosen(tuple(here), tuple(LeftOut(person, _why(person, on)) for person in going))


def _uid(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None


def _going(user: Any, uids: Collection[UUID], on: date) -> Iterable[Person]:
    """Who is one's own today and not on that day, or has left one's units for good; for the office, whoever exists."""
    found = Person.objects.filter(uid__in=uids).order_by("kana", "pk")
    if permissions.is_office(user):
        return found.exclude(pk=reader_for(user).person_id or 0)
    left = Q(
        left_on__lt=on, appointments__post__unit_id__in=reader_for(user).managed_unit_ids,
        appointments__announced_on__lte=clock.today(),
    )  # fmt: skip
    today = Q(pk__in=eligible_people.people(user, clock.today()).values("pk"))
    return found.filter(left | today).exclude(pk=reader_for(user).person_id or 0).distinct()


def _why(person: Person, on: date) -> str:
    if person.has_left(on):
        return "開始の日には退職しています。"
    return "開始の日には、割り当てられる職についていません（異動などのため）。"


def of_groups(pool: Iterable[Candidate], *, groups: Collection[str], titles: Collection[str]) -> list[Candidate]:
    """Those of `pool` who are in one of the ready groups or hold a post of one of the titles."""
    return [one for one in pool if is_in(one, groups) or one.title in titles]


def is_in(one: Candidate, groups: Collection[str]) -> bool:
    return (
        "everyone" in groups
        or ("newcomers" in groups and one.is_newcomer)
        or ("transferred" in groups and one.is_transferred)
    )


def counts(pool: Collection[Candidate]) -> Mapping[str, int]:
    """How many people each ready group has."""
    return {group: sum(is_in(one, (group,)) for one in pool) for group in GROUPS}


def why(one: Candidate) -> str:
    """What the list says of a person: the place, and 新任 or 転入."""
    said = "（今年度の新任）" if one.is_newcomer else "（今年度の転入）" if one.is_transferred else ""
    return f"{one.place}{said}"
