"""People, units and posts for tests, in one line each. Values that a test does not set have sensible defaults.

unit = make_unit("bosai", name="防災課", parent=department)
user = make_staff(unit, title="課長", head=True, duties=("reviewer",)).user
"""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from organization.models import Appointment, Duty, OrgEvent, OrgUnit, OrgUnitVersion, Person, Post, User

#: Early enough that a row is in force on every day that a test uses.
SINCE = date(2015, 4, 1)
PASSWORD = "aoi-yama-7"
_numbers = itertools.count(1)


def make_unit(
    code: str = "", *, name: str = "", kind: str = "division", parent: OrgUnit | None = None, **version: Any
) -> OrgUnit:
    """A unit with one version. `since`, `until`, `short` and `kana` are values of the version."""
    number = next(_numbers)
    unit = OrgUnit.objects.create(code=code or f"unit-{number}", kind=kind)
    add_version(unit, name=name or f"所属{number}", parent=parent, **version)
    return unit


def add_version(
    unit: OrgUnit,
    *,
    name: str,
    parent: OrgUnit | None = None,
    since: date = SINCE,
    until: date | None = None,
    **other: Any,
) -> OrgUnitVersion:
    other.setdefault("kana", "しょぞく")
    return OrgUnitVersion.objects.create(unit=unit, name=name, parent=parent, valid_from=since, valid_to=until, **other)


def make_department(code: str = "", **other: Any) -> OrgUnit:
    return make_unit(code, kind="department", **other)


def make_municipality(code: str = "", **other: Any) -> OrgUnit:
    return make_unit(code, kind="municipality", **other)


def make_event(
    kind: str, before: list[OrgUnit], after: list[OrgUnit], on: date, main: OrgUnit | None = None
) -> OrgEvent:
    event = OrgEvent.objects.create(kind=kind, effective_on=on, main_successor=main)
    event.from_units.set(before)
    event.to_units.set(after)
    return event


def make_user(login: str = "", **other: Any) -> User:
    """An account. It can log in through the form only with `password=PASSWORD`, because hashing costs time."""
    return User.objects.create_user(login or f"login-{next(_numbers)}", **other)


def make_person(*, user: User | None = None, employment: str = "regular", **other: Any) -> Person:
    number = next(_numbers)
    other.setdefault("name", f"職員 {number}")
    other.setdefault("kana", "しょくいん")
    other.setdefault("staff_no", f"{500000 + number}")
    return Person.objects.create(user=user, employment=employment, **other)


def make_post(unit: OrgUnit, *, title: str = "主事", head: bool = False, duties: tuple[str, ...] = ()) -> Post:
    post = Post.objects.create(unit=unit, title=title, is_head=head)
    for role in duties:
        Duty.objects.create(post=post, role=role, starts_on=SINCE)
    return post


def appoint(person: Person, post: Post, *, starts: date = SINCE, ends: date | None = None, **other: Any) -> Appointment:
    """An appointment. By default it is the main one, and announced on its first day."""
    other.setdefault("announced_on", starts)
    return Appointment.objects.create(person=person, post=post, starts_on=starts, ends_on=ends, **other)


def make_staff(unit: OrgUnit, *, login: str = "", employment: str = "regular", **post: Any) -> Person:
    """A person with an account and a main post in `unit`, as most tests need a reader.

    `title`, `head` and `duties` are values of the post (see `make_post`), `name` and `staff_no` those of the person.
    """
    own = {key: post.pop(key) for key in ("name", "kana", "staff_no", "joined_on", "left_on") if key in post}
    person = make_person(user=make_user(login), employment=employment, **own)
    appoint(person, make_post(unit, **post))
    return person


def make_municipal_staff(municipality: OrgUnit, **other: Any) -> Person:
    return make_staff(municipality, employment="municipal", **other)
