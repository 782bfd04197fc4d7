"""新任 and 転入 on a day, defined once: for one person in Python, for many in SQL; a test keeps both alike.

新任 joined in the fiscal year of that day. 転入 came to their main post in it, and joined before it. It refuses to
guess: of whom the day of joining is not known, neither is said.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from organization.fiscal import fiscal_year, fiscal_year_end, fiscal_year_start
from organization.models import Appointment, Person
from organization.models.post import AppointmentQuerySet
from organization.posts import held_on


def is_new(joined: date | None, on: date) -> bool:
    return joined is not None and fiscal_year(joined) == fiscal_year(on)


def is_transferred(joined: date | None, since: date, on: date) -> bool:
    """`since` is the day on which the main appointment began."""
    return joined is not None and fiscal_year(joined) < fiscal_year(on) == fiscal_year(since)


def joined_q(year: int, person: str = "") -> Q:
    """Joined in that fiscal year; `person` leads to the person, as in "person__"."""
    return Q(**{f"{person}joined_on__range": (fiscal_year_start(year), fiscal_year_end(year))})


def new_q(on: date, person: str = "") -> Q:
    return joined_q(fiscal_year(on), person)


def transferred_q(on: date) -> Q:
    """For main appointments (`mains`)."""
    year = fiscal_year(on)
    first = fiscal_year_start(year)
    return Q(starts_on__range=(first, fiscal_year_end(year)), person__joined_on__lt=first)


def transferred(on: date) -> QuerySet[Person]:
    return Person.objects.filter(pk__in=mains(on).filter(transferred_q(on)).values("person_id"))


def mains(on: date) -> AppointmentQuerySet:
    """The main appointment of each person: the one begun first where the directory has two (as in assigning)."""
    found = held_on(on).filter(kind=Appointment.Kind.MAIN)
    earlier = Q(starts_on__lt=OuterRef("starts_on")) | Q(starts_on=OuterRef("starts_on"), pk__lt=OuterRef("pk"))
    return found.filter(~Exists(found.filter(earlier, person=OuterRef("person_id"))))
