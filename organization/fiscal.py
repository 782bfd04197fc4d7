"""Fiscal years (April to March, Asia/Tokyo), as pure functions.

A fiscal year is an int: the calendar year in which it begins. A year in which the era changes is named by the new
era, as offices write it: all of FY2019 is 令和元年度, although its April was 平成31年.
"""

from __future__ import annotations

from datetime import date, datetime

from organization.japanese_dates import ERAS, era_year, tokyo_day


def fiscal_year(moment: date | datetime) -> int:
    """The fiscal year of a date, or of the day in Tokyo of an aware datetime."""
    day = tokyo_day(moment)
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_start(fy: int) -> date:
    return date(fy, 4, 1)


def fiscal_year_end(fy: int) -> date:
    return date(fy + 1, 3, 31)


def fiscal_year_label(fy: int) -> str:
    """「令和7年度」; for years before 昭和, the year of the Gregorian calendar: 「1925年度」."""
    for _, name, _, first in ERAS:
        if fy >= first:
            return f"{name}{era_year(fy - first + 1)}年度"
    return f"{fy}年度"


def fiscal_year_code(fy: int) -> str:
    """The year as it stands in a public id: "R07". Raises ValueError for years before 昭和, which have no code."""
    for _, _, letter, first in ERAS:
        if fy >= first:
            return f"{letter}{fy - first + 1:02d}"
    raise ValueError(f"no id for fiscal year {fy}: ids begin with 昭和")
