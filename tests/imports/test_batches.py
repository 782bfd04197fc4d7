"""Batches of an import: refused rows counted, duplicates refused, progress reported through long runs of bad rows."""

from dataclasses import dataclass

from imports.batches import REPORT_EVERY, Batches, Observer
from imports.report import Refusal, Report


@dataclass
class Row:
    number: int
    key: str


def batches(rows, *, size=2, observer=None):
    report = Report()
    batched = Batches(
        rows=rows,
        key=lambda row: row.key,
        number=lambda row: row.number,
        duplicate=lambda row, first: Refusal(row.number, "A", f"as {first}"),
        report=report,
        size=size,
        observer=observer or Observer(),
    )
    return [[key for key, _ in batch] for batch in batched], report


def test_good_rows_come_in_batches_with_their_keys():
    keys, report = batches([Row(1, "a"), Row(2, "b"), Row(3, "c")])
    assert keys == [["a", "b"], ["c"]] and report.refused == 0


def test_a_row_that_is_no_data_is_neither_passed_on_nor_refused():
    keys, report = batches([None, Row(2, "a")])
    assert keys == [["a"]] and report.refused == 0


def test_a_key_counts_once_in_the_whole_file():
    keys, report = batches([Row(1, "a"), Row(2, "b"), Row(3, "c"), Row(9, "a")])
    assert keys == [["a", "b"], ["c"]]
    assert report.refusals == [Refusal(9, "A", "as 1")]


def test_every_refusal_is_told_and_counts_as_one_row():
    observed = []
    refusals = [Refusal(1, "A", "x"), Refusal(1, "B", "y")]
    _, report = batches([refusals], observer=Observer(refusal=observed.append))
    assert observed == refusals and report.refused == 1


def test_a_long_run_of_refused_rows_still_yields_batches():
    keys, report = batches([[Refusal(n, "", "x")] for n in range(REPORT_EVERY + 1)])
    assert keys == [[], []] and report.refused == REPORT_EVERY + 1


def test_a_report_keeps_so_many_refusals_and_titles():
    report = Report()
    for n in range(Report.MAX_REFUSALS + 1):
        report.refuse([Refusal(n, "", "x")])
    report.add(new=list("abcdefg"), changed=[], unchanged=3, title=str.upper)
    report.add(new=["h"], changed=["i"], unchanged=0, title=str.upper)
    assert (report.refused, len(report.refusals)) == (Report.MAX_REFUSALS + 1, Report.MAX_REFUSALS)
    assert (report.new, report.new_titles, report.changed_titles) == (8, list("ABCDE"), ["I"])
    assert report.accepted == 12
