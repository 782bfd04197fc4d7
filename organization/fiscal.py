"""Fiscal years (April to March, Asia/Tokyo) and Japanese eras, as pure functions.

A fiscal year is an int: the calendar year in which it begins. A year in which the era changes is named by the new
era, as offices write it: all of FY2019 is 令和元年度, although its April was 平成31年.
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
    """The calendar day: of a date the date itself, of an aware datetime its day in Tokyo.

    A naive datetime is taken as Tokyo time.
    """
    if isinstance(moment, datetime):
        return (moment.astimezone(TOKYO) if moment.tzinfo else moment).date()
    return moment


def fiscal_year(moment: date | datetime) -> int:
    """The fiscal year of a date, or of the day in Tokyo of an aware datetime."""
    day = tokyo_day(moment)
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_start(fy: int) -> date:
    return date(fy, 4, 1)


def fiscal_year_end(fy: int) -> date:
    return date(fy + 1, 3, 31)


def _era_year(number: int) -> str:
    return "元" if number == 1 else str(number)


def fiscal_year_label(fy: int) -> str:
    """「令和7年度」; for years before 昭和, the year of the Gregorian calendar: 「1925年度」."""
    for _, name, _, first in ERAS:
        if fy >= first:
            return f"{name}{_era_year(fy - first + 1)}年度"
    return f"{fy}年度"


def fiscal_year_code(fy: int) -> str:
    """The year as it stands in a public id: "R07". Raises ValueError for years before 昭和, which have no code."""
    for _, _, letter, first in ERAS:
        if fy >= first:
            return f"{letter}{fy - first + 1:02d}"
    raise ValueError(f"no id for fiscal year {fy}: ids begin with 昭和")


def era_date(moment: date | datetime) -> str:
    """「令和7年4月1日」; before 昭和, with the year of the Gregorian calendar."""
    day = tokyo_day(moment)
    return f"{era_month(day)}{day.day}日"


def era_month(moment: date | datetime) -> str:
    """「令和7年4月」 in the era of that day; before 昭和, with the year of the Gregorian calendar."""
    day = tokyo_day(moment)
    for start, name, _, _ in ERAS:
        if day >= start:
            return f"{name}{_era_year(day.year - start.year + 1)}年{day.month}月"
    return f"{day.year}年{day.month}月"
