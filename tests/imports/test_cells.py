"""Cells as values: every form of a date that offices write, numbers in both widths, and refusals."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports import cells
from imports.cells import CellError
from imports.downloads import defused
from learning.models import Obligation, TrainingRecord
from organization.japanese_dates import ERAS, era_date

EVERY_DAY = [date(1950, 1, 1) + timedelta(days=n) for n in range((date(2051, 1, 1) - date(1950, 1, 1)).days)]
WIDE = str.maketrans("0123456789/.-", "０１２３４５６７８９／．－")


def short_era(day):
    start, _, letter, _ = next(era for era in ERAS if day >= era[0])
    return f"{letter}{day.year - start.year + 1}.{day.month}.{day.day}"


FORMS = {
    "2026/4/1": lambda d: f"{d.year}/{d.month}/{d.day}",
    "2026/04/01": lambda d: f"{d:%Y/%m/%d}",
    "2026-04-01": date.isoformat,
    "2026.4.1": lambda d: f"{d.year}.{d.month}.{d.day}",
    "20260401": lambda d: f"{d:%Y%m%d}",
    "20260401 as a number": lambda d: int(f"{d:%Y%m%d}"),
    "2026年4月1日": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "令和8年4月1日": era_date,
    "R8.4.1": short_era,
    "２０２６／４／１": lambda d: f"{d.year}/{d.month}/{d.day}".translate(WIDE),
    "Ｒ８．４．１": lambda d: short_era(d).translate(WIDE).replace("R", "Ｒ").replace("H", "Ｈ").replace("S", "Ｓ"),
    "Excel's serial": lambda d: (d - date(1899, 12, 30)).days,
    "Excel's serial as text": lambda d: str((d - date(1899, 12, 30)).days),
    "a date cell": lambda d: datetime.combine(d, time()),
    "a date cell's text": lambda d: f"{d.isoformat()} 00:00:00",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_day_from_1950_to_2050_is_read_in_each_form(form):
    write = FORMS[form]
    assert [day for day in EVERY_DAY if cells.day(write(day)) != day] == []


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2050, 12, 31)), st.sampled_from(sorted(FORMS)))
def test_spaces_around_a_date_change_nothing(day, form):
    written = FORMS[form](day)
    assert cells.day(f"　{written} " if isinstance(written, str) else written) == day


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("㋿元年五月".replace("五月", "5月") + "1日", date(2019, 5, 1)),
        ("令和 8年 4月 1日", date(2026, 4, 1)),
        ("2026/4/1(水)", date(2026, 4, 1)),
        ("平成35年3月31日", date(2023, 3, 31)),
        ("r8.4.1", date(2026, 4, 1)),
        (46113.5, date(2026, 4, 1)),
        ("", None),
        (None, None),
    ],
)
def test_other_forms_that_occur(written, day):
    assert cells.day(written) == day


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("令和7年2月30日", "「令和7年2月30日」という日はありません。2025年2月は28日まで"),
        ("2026/4/31", "30日までです"),
        ("2026/13/1", "月がありません"),
        ("令和元年4月30日", "令和より前"),
        ("令和0年4月30日", "元年"),
        ("26/4/1", "4桁か元号"),
        ("来年", "日付として読めません"),
        ("2026/4-1", "日付として読めません"),
        ("1800/1/1", "1800年の日付"),
        ("9999/1/1", "9999年の日付"),
        (1, "日付として読めません"),
        (True, "日付ではありません"),
        ("9" * 400, "読めません"),
    ],
)
def test_a_day_that_is_none_is_refused_with_the_reason(written, words):
    with pytest.raises(CellError, match=words):
        cells.day(written)


@given(
    st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.booleans(), st.none(), st.datetimes(), st.times())
)
def test_whatever_stands_in_a_cell_is_read_or_refused(value):
    for reader in (cells.day, cells.hours, cells.yes, cells.text, lambda v: cells.whole(v, most=100)):
        try:
            reader(value)
        except CellError as error:
            assert str(error).endswith("。")


@given(st.decimals(min_value=0, max_value=9999, places=1))
def test_hours_come_back_in_both_widths(value):
    assert cells.hours(str(value)) == cells.hours(str(value).translate(WIDE) + "時間") == value


@pytest.mark.parametrize(
    ("written", "value"), [("6時間30分", "6.5"), (6.5, "6.5"), ("１，０００", "1000"), ("6.50", "6.5"), (7, "7")]
)
def test_hours_as_people_write_them(written, value):
    assert cells.hours(written) == Decimal(value)


@pytest.mark.parametrize("written", ["-1", "半日", "6.25", "1e3", "20000", "NaN", "∞"])
def test_hours_that_are_none_are_refused(written):
    with pytest.raises(CellError):
        cells.hours(written)


@pytest.mark.parametrize(("written", "value"), [("80点", 80), ("８０", 80), (80.0, 80), ("", None)])
def test_a_score_is_a_whole_number(written, value):
    assert cells.whole(written, most=100) == value


@pytest.mark.parametrize("written", ["101", "80.5", "優"])
def test_a_score_beyond_is_refused(written):
    with pytest.raises(CellError):
        cells.whole(written, most=100)


@pytest.mark.parametrize("options", [TrainingRecord.Status, Obligation])
def test_a_choice_is_read_by_its_label_or_its_code(options):
    names = dict(options.choices)
    for code, label in names.items():
        assert cells.choice(code.upper(), names) == cells.choice(f" {label}　", names) == code
    with pytest.raises(CellError, match="のどれかに"):
        cells.choice("ほか", names)


@pytest.mark.parametrize(("written", "value"), [("○", True), ("はい", True), (1, True), ("×", False), ("", False)])
def test_yes_and_no(written, value):
    assert cells.yes(written) is value


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("あ" * 2_000_000, "2,000,000文字"),
        ("a\x00b", "制御文字"),
        ("a\x0bb", "制御文字"),
        ("a\ud800b", "制御文字"),
        ("a\ufffdb", "文字化け"),
        ("a\nb", "1行に"),
    ],
)
def test_text_that_cannot_be_kept_is_refused(written, words):
    with pytest.raises(CellError, match=words):
        cells.text(written)


@given(st.text(alphabet="'=+-@＝＋－＠a1漢", max_size=8))
def test_a_defused_cell_is_read_as_it_was(value):
    assert cells.text(defused(value)) == value


def test_a_defused_cell_is_no_formula():
    assert [defused(start + "1") for start in ("=", "＝", "'=", "a")] == ["'=1", "'＝1", "''=1", "a1"]
