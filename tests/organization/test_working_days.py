"""Working days: no weekends, no holidays, no 年末年始."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organization.working_days import is_working_day, working_days_before

days = st.dates(date(2000, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2025, 4, 1), True),
        (date(2025, 4, 5), False),  # Saturday
        (date(2025, 4, 29), False),  # 昭和の日
        (date(2025, 5, 6), False),  # 振替休日
        (date(2025, 12, 26), True),
        (date(2025, 12, 29), False),
        (date(2026, 1, 2), False),
        (date(2026, 1, 5), True),
    ],
)
def test_when_the_office_is_open(day, works):
    assert is_working_day(day) is works


def working_days_after(day, count):
    """The inverse of `working_days_before`, only for this test."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def test_five_days_over_the_turn_of_the_year():
    assert working_days_before(date(2026, 1, 9), 5) == date(2025, 12, 26)


@given(days, st.integers(1, 15))
def test_the_nth_day_before_is_a_working_day_with_n_of_them_from_it(day, count):
    start = working_days_before(day, count)
    between = [start + timedelta(days=n) for n in range((day - start).days)]
    assert is_working_day(start)
    assert sum(map(is_working_day, between)) == count


@given(days, st.integers(1, 15))
def test_backward_undoes_forward_from_a_working_day(day, count):
    start = working_days_after(day, 1)
    assert working_days_before(working_days_after(start, count), count) == start


def test_no_days_is_the_day_itself():
    assert working_days_before(date(2025, 4, 5), 0) == date(2025, 4, 5)
