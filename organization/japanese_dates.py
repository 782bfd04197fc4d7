"""Japanese eras: functions that write dates and months as offices do (令和7年4月1日). All functions are pure.

Dates before 昭和 are written in the Gregorian calendar.
"""

from __future__ import annotations

from datetime import date, datetime

from organization.clock import TOKYO

#: (first day, name, letter, first fiscal year) of each era, newest first.
ERAS = (
    (date(2019, 5, 1), "令和", "R", 2019),
    (date(1989, 1, 8), "平成", "H", 1989),
    (date(1926, 12, 25), "昭和", "S", 1926),
)


def tokyo_day(moment: date | datetime) -> date:
    """Returns the calendar day. For a datetime, returns its day in Tokyo. A naive datetime is taken as Tokyo time."""
    if isinstance(moment, datetime):
        return (moment.astimezone(TOKYO) if moment.tzinfo else moment).date()
    return moment


def era_year(number: int) -> str:
    """Returns the year of an era as text: "元" for the first year, a number for all later years."""
    return "元" if number == 1 else str(number)


def era_date(moment: date | datetime) -> str:
    """Returns the date in the form 「令和7年4月1日」."""
    day = tokyo_day(moment)
    return f"{era_month(day)}{day.day}日"


def era_month(moment: date | datetime) -> str:
    """Returns the month in the form 「令和7年4月」. The day of the date decides which era is used."""
    day = tokyo_day(moment)
    for start, name, _, _ in ERAS:
        if day >= start:
            return f"{name}{era_year(day.year - start.year + 1)}年{day.month}月"
    return f"{day.year}年{day.month}月"
