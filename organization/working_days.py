"""Working days of a prefectural office. Weekends, national holidays and 12/29–1/3 (年末年始) are not working days."""

from __future__ import annotations

from datetime import date, timedelta

import jpholiday


def is_working_day(day: date) -> bool:
    if day.weekday() >= 5 or (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
        return False
    return not jpholiday.is_holiday(day)


def working_days_before(day: date, count: int) -> date:
    """Returns the day that is `count` working days before `day`. If `count` is 0, returns `day` itself."""
    left = count
    while left > 0:
        day -= timedelta(days=1)
        left -= is_working_day(day)
    return day
