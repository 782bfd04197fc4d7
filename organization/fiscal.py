"""Fiscal years (April to March, Asia/Tokyo). All functions are pure.

A fiscal year is an int: the calendar year in which the fiscal year begins. If the era changes during a fiscal year, the
whole year is named after the new era, as offices do: all of FY2019 is 令和元年度, although its April was in 平成31年.
"""

from __future__ import annotations

from datetime import date, datetime

from organization.japanese_dates import ERAS, era_year, tokyo_day


def fiscal_year(moment: date | datetime) -> int:
    """Returns the fiscal year of a date. For an aware datetime, its day in Tokyo counts."""
    day = tokyo_day(moment)
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_start(fy: int) -> date:
    return date(fy, 4, 1)


def fiscal_year_end(fy: int) -> date:
    return date(fy + 1, 3, 31)


def fiscal_year_label(fy: int) -> str:
    """Returns for example 「令和7年度」. Years before 昭和 are written in the Gregorian calendar: 「1925年度」."""
    for _, name, _, first in ERAS:
        if fy >= first:
            return f"{name}{era_year(fy - first + 1)}年度"
    return f"{fy}年度"


def fiscal_year_code(fy: int) -> str:
    """Returns the year in the form that public ids use: "R07". Years before 昭和 have no such form and raise
    ValueError."""
    for _, _, letter, first in ERAS:
        if fy >= first:
            return f"{letter}{fy - first + 1:02d}"
    raise ValueError(f"no id for fiscal year {fy}: ids begin with 昭和")
