"""Finds the people for the groups, titles and uids that the user has ticked on the assignment form.

The submitted uids are checked before anything is filtered. So a person of another unit and an unknown uid get the same
answer: a 404, and nothing but an audit event is written. If a person leaves before the start, the page names the person
and does not assign the path to the person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q

from learning.access import permissions
from learning.assignments import eligible_people
from learning.assignments.eligible_people import Candidate
from learning.assignments.plan import LeftOut, OutsideUnitError
from learning.models import LearningPath
from organization import audit, clock
from organization.access_policy import reader_for
from organization.models import Person, User

#: One assignment can have at most this many people. Nobody could check a longer list, and the request would be too large.
MAX_PEOPLE = 400
GROUPS = {"newcomers": "今年度の新任", "transferred": "今年度の転入", "everyone": "所属の全員"}


@dataclass(frozen=True)
class SelectedPeople:
    """The people whom the user has selected. `candidates` are managed by the user on the start day. `leaving` are
    people who will have left by then, with the reason.
    """

    candidates: tuple[Candidate, ...]
    leaving: tuple[LeftOut, ...] = ()


def select_by_uid(*, user: User, raw: Collection[str], on: date, path: LearningPath | None) -> SelectedPeople:
    """Returns the people with these uids. Raises OutsideUnitError and writes an audit event if `user` does not manage
    one of them.
    """
    requested = set(raw)
    if not requested:
        return SelectedPeople(())
    uids = {uid for uid in map(_uid, requested) if uid is not None}
    candidates = eligible_people.candidates_by_uid(user, on, uids)
    missing = uids - {candidate.person.uid for candidate in candidates}
    leaving = list(_leaving(user, missing, on)) if missing else []
    outside = len(requested) - len(uids) + len(missing) - len(leaving)
    if outside:
        obj = path if path is not None else user
        audit.record(actor=user, action="assignment.refused", obj=obj, after={"outside": outside})
        raise OutsideUnitError
    return SelectedPeople(tuple(candidates), tuple(LeftOut(person, _leaving_reason(person, on)) for person in leaving))


def _uid(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None


def _leaving(user: User, uids: Collection[UUID], on: date) -> Iterable[Person]:
    """Returns the people whom the user manages today but not on `on` (transfer or departure), and former people of the
    user's units.

    For the training office, returns all existing people with these uids except the user.
    """
    people = Person.objects.filter(uid__in=uids).order_by("kana", "pk")
    if permissions.is_office(user):
        return people.exclude(pk=reader_for(user).person_id or 0)
    former = Q(
        left_on__lt=on,
        appointments__post__unit_id__in=reader_for(user).managed_unit_ids,
        appointments__announced_on__lte=clock.today(),
    )
    current = Q(pk__in=eligible_people.people(user, clock.today()).values("pk"))
    return people.filter(former | current).exclude(pk=reader_for(user).person_id or 0).distinct()


def _leaving_reason(person: Person, on: date) -> str:
    if person.has_left(on):
        return "開始の日には退職しています。"
    return "開始の日には、割り当てられる職についていません（異動などのため）。"


def in_groups(pool: Iterable[Candidate], *, groups: Collection[str], titles: Collection[str]) -> list[Candidate]:
    """Returns the candidates who are in one of the groups, or who hold a post with one of the titles."""
    return [candidate for candidate in pool if is_in_group(candidate, groups) or candidate.title in titles]


def is_in_group(candidate: Candidate, groups: Collection[str]) -> bool:
    return (
        "everyone" in groups
        or ("newcomers" in groups and candidate.is_newcomer)
        or ("transferred" in groups and candidate.is_transferred)
    )


def counts(pool: Collection[Candidate]) -> Mapping[str, int]:
    """Maps each group to its number of people."""
    return {group: sum(is_in_group(candidate, (group,)) for candidate in pool) for group in GROUPS}


def describe(candidate: Candidate) -> str:
    """Returns the reason that the list shows for a person: unit and post, and 新任 or 転入."""
    label = "（今年度の新任）" if candidate.is_newcomer else "（今年度の転入）" if candidate.is_transferred else ""
    return f"{candidate.place}{label}"
