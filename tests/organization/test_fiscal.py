"""Fiscal years and eras: the beginning of April, of an era, and of the day in Tokyo."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organization.fiscal import fiscal_year, fiscal_year_code, fiscal_year_end, fiscal_year_label, fiscal_year_start
from organization.japanese_dates import era_date

days = st.dates(date(1927, 1, 1), date(2100, 12, 31))
years = st.integers(1927, 2100)


@given(days)
def test_every_day_lies_within_its_own_fiscal_year(day):
    fy = fiscal_year(day)
    assert fiscal_year_start(fy) <= day <= fiscal_year_end(fy)


@given(years)
def test_fiscal_years_follow_each_other_without_a_gap(fy):
    assert fiscal_year_end(fy) + timedelta(days=1) == fiscal_year_start(fy + 1)
    assert fiscal_year(fiscal_year_end(fy)) == fy
    assert fiscal_year(fiscal_year_start(fy + 1)) == fy + 1


# From 1952: in the summers of 1948 to 1951 the clocks of Tokyo were ten hours ahead, not nine.
@given(st.datetimes(datetime(1952, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_a_moment_belongs_to_its_day_in_tokyo(moment):
    in_tokyo = (moment + timedelta(hours=9)).date()
    assert fiscal_year(moment) == fiscal_year(in_tokyo)
    assert era_date(moment) == era_date(in_tokyo)


@given(days)
def test_an_era_date_can_be_read_back(day):
    name, rest = era_date(day)[:2], era_date(day)[2:]
    year, rest = rest.split("年")
    month, rest = rest.split("月")
    number = 1 if year == "元" else int(year)
    assert number >= 1
    assert date({"令和": 2018, "平成": 1988, "昭和": 1925}[name] + number, int(month), int(rest[:-1])) == day


@given(years, years)
def test_codes_and_labels_are_of_one_year_only(first, other):
    assert (fiscal_year_code(first) == fiscal_year_code(other)) == (first == other)
    assert (fiscal_year_label(first) == fiscal_year_label(other)) == (first == other)


@given(years)
def test_codes_fit_the_permanent_ids(fy):
    code = fiscal_year_code(fy)
    assert len(code) == 3
    assert code[0] in "SHR"
    assert code[1:].isdigit()


@pytest.mark.parametrize(
    ("fy", "label", "code"),
    [
        (2025, "令和7年度", "R07"),
        (2020, "令和2年度", "R02"),
        (2019, "令和元年度", "R01"),
        (2018, "平成30年度", "H30"),
        (1989, "平成元年度", "H01"),
        (1988, "昭和63年度", "S63"),
    ],
)
def test_a_fiscal_year_is_written_as_offices_write_it(fy, label, code):
    assert fiscal_year_label(fy) == label
    assert fiscal_year_code(fy) == code


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2025, 4, 1), "令和7年4月1日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1920, 1, 1), "1920年1月1日"),
    ],
)
def test_a_day_is_written_in_its_era(day, written):
    assert era_date(day) == written


def test_the_last_of_march_and_the_first_of_april_lie_in_different_years():
    assert fiscal_year(date(2025, 3, 31)) == 2024
    assert fiscal_year(date(2025, 4, 1)) == 2025


def test_a_moment_before_midnight_utc_may_be_next_year_in_tokyo():
    assert fiscal_year(datetime(2025, 3, 31, 14, 59, tzinfo=UTC)) == 2024
    assert fiscal_year(datetime(2025, 3, 31, 15, 0, tzinfo=UTC)) == 2025


def test_no_id_is_given_for_a_year_that_ids_cannot_say():
    assert fiscal_year_label(1920) == "1920年度"
    with pytest.raises(ValueError, match="昭和"):
        fiscal_year_code(1920)
