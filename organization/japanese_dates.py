"""Japanese eras: dates and months as offices write them (令和7年4月1日). Pure functions.

Before 昭和 they give the year of the Gregorian calendar.
"""

from __future__ import annotations

from datetime import date, datetime

from organization.clock import TOKYO

#: (first day, name, letter, first fiscal year), newest first.
ERAS = (
    (date(2019, 5, 1), "令和", "R", 2019),
    (date(1989, 1, 8), "平成", "H", 1989),
    (date(1926, 12, 25), "昭和", "S", 1926),
)


def tokyo_day(moment: date | datetime) -> date:
    """The calendar day: a date itself, or the day in Tokyo of a datetime. A naive datetime is taken as Tokyo time."""
    if isinstance(moment, datetime):
        return (moment.astimezone(TOKYO) if moment.tzinfo else moment).date()
    return moment


def era_year(number: int) -> str:
    """The year of an era: "元" for the first, otherwise the number."""
    return "元" if number == 1 else str(number)


def era_date(moment: date | datetime) -> str:
    """「令和7年4月1日」."""
    day = tokyo_day(moment)
    return f"{era_month(day)}{day.day}日"


def era_month(moment: date | datetime) -> str:
    """「令和7年4月」, in the era of that day."""
    day = tokyo_day(moment)
    for start, name, _, _ in ERAS:
        if day >= start:
            return f"{name}{era_year(day.year - start.year + 1)}年{day.month}月"
    return f"{day.year}年{day.month}月"
