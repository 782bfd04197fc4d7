"""The only definition of 新任 and 転入. Lists, rules and pages use it.

新任 are people who joined in the same fiscal year as the given day. 転入 are people who joined before this fiscal year
and began their main post within it. People without `joined_on` are neither 新任 nor 転入.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from organization.appointments import main_appointments
from organization.fiscal import fiscal_year, fiscal_year_end, fiscal_year_start


def joined_in(year: int, prefix: str = "") -> Q:
    return Q(**{f"{prefix}joined_on__range": (fiscal_year_start(year), fiscal_year_end(year))})


def newcomers_q(on: date, prefix: str = "") -> Q:
    return joined_in(fiscal_year(on), prefix)


def transferred_q(on: date) -> Q:
    """A filter that selects 転入. It applies to main appointments (`appointments.main_appointments`)."""
    year = fiscal_year(on)
    first = fiscal_year_start(year)
    return Q(starts_on__range=(first, fiscal_year_end(year)), person__joined_on__lt=first)


def transferred(on: date) -> QuerySet[Any]:
    """Returns the pks of the people who are 転入 on that day."""
    return main_appointments(on).filter(transferred_q(on)).values("person_id")


def is_newcomer(joined_on: date | None, on: date) -> bool:
    return joined_on is not None and fiscal_year(joined_on) == fiscal_year(on)


def is_transferred(joined_on: date | None, since: date, on: date) -> bool:
    year = fiscal_year(on)
    return joined_on is not None and fiscal_year(joined_on) < year and fiscal_year(since) == year
