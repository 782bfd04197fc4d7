"""Exports can be imported unchanged, contain no formulas, and leave out unshared own entries of people."""

import csv
import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.urls import reverse

from learning.imports import export
from learning.imports.run import ImportOptions, run
from learning.models import Assignment, Kind, TrainingCourse, TrainingRecord
from organization import clock
from tests.factories.learning import give, make_course, make_path, make_record
from tests.factories.organization import make_person, make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(make_staff(make_unit(), duties=("training",)).user)
    return client


def sent(client, kind, ext, query=""):
    response = client.get(reverse("training_export", args=[kind, ext]) + query)
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def rows(client, kind, ext="csv", query=""):
    content = sent(client, kind, ext, query)
    if ext == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
        return [[("" if cell is None else cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def filled():
    """Rows of each kind with difficult values: formulas, odd spaces, control characters, people who left."""
    person = make_person(staff_no="000123", name="髙﨑 みどり")
    gone = make_person(staff_no="200", joined_on=date(2020, 4, 1), left_on=date(2021, 3, 31))
    course = make_course(
        "S001",
        title="=SUM(A1)の研修",
        hours=Decimal("6.5"),
        valid_months=36,
        about="一行目\n'=二行目\x0b",
        retired=True,
    )
    make_course("＋2", title="'-ふしぎな'題", type="dispatch")
    make_record(
        person,
        course,
        starts_on=date(2025, 6, 10),
        ends_on=date(2025, 6, 12),
        hours=Decimal(12),
        score=80,
        certificate_no="＠5",
        expires_on=date(2028, 3, 31),
        organiser=" 信山県 ",
        obligation="named",
        import_key="jinji:1",
    )
    make_record(person, free_title="-話し方", status="planned", origin="self", shared=True)
    make_record(gone, free_title="話し方", starts_on=date(2019, 6, 10))
    path = make_path(make_staff(make_unit()), version={"valid_months": 12})
    give(path, person, state="completed", completed_on=date(2025, 6, 10), assigned_on=date(2025, 5, 1))
    give(path, gone, state="completed", completed_on=date(2026, 1, 10), valid_until=date(2027, 1, 10), import_key="x:1")


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("ext", ["csv", "xlsx"])
def test_an_export_is_taken_in_again_without_a_change(office, kind, ext, tmp_path):
    filled()
    model = {"courses": TrainingCourse, "records": TrainingRecord, "completions": Assignment}[kind]
    before = list(model.objects.order_by("pk").values())
    path = tmp_path / f"a.{ext}"
    path.write_bytes(sent(office, kind, ext))
    report = run(ImportOptions(path=path, source="back", kind=kind, commit=True))
    assert (report.new, report.changed, report.refused, report.waiting) == (0, 0, 0, 0), report
    assert report.unchanged == len(before) > 1
    assert list(model.objects.order_by("pk").values()) == before


def test_a_cell_that_was_put_right_is_the_only_change(office, tmp_path):
    filled()
    path = tmp_path / "a.csv"
    path.write_bytes(sent(office, "records", "csv").replace(",修了,".encode(), ",合格,".encode(), 1))
    report = run(ImportOptions(path=path, source="back", kind="records", commit=True))
    assert (report.new, report.changed, report.unchanged) == (0, 1, 2)
    assert TrainingRecord.objects.filter(status="passed").count() == 1


@pytest.mark.parametrize("kind", ["records", "completions"])
def test_an_exported_row_cannot_be_given_to_another_person(office, kind, tmp_path):
    filled()
    make_person(staff_no="777")
    path = tmp_path / "a.csv"
    path.write_bytes(sent(office, kind, "csv").replace(b"000123", b"777"))
    report = run(ImportOptions(path=path, source="back", kind=kind, commit=True))
    assert {refusal.reason for refusal in report.refusals} == {
        "この外部IDは、別の人の行です。書き出したときの職員番号に戻してください。"
    }


def test_an_exported_row_that_is_gone_is_refused(office, tmp_path):
    filled()
    path = tmp_path / "a.csv"
    path.write_bytes(sent(office, "records", "csv"))
    TrainingRecord.objects.all().delete()
    report = run(ImportOptions(path=path, source="back", kind="records", commit=True))
    assert report.refused == 3 and "なくなっています" in report.refusals[0].reason
    assert not TrainingRecord.objects.exists()


@pytest.mark.parametrize("ext", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", Kind.values)
def test_no_cell_begins_like_a_formula(office, kind, ext):
    filled()
    cells = [str(cell) for row in rows(office, kind, ext) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))] == []
    assert kind == "completions" or any(cell.startswith("'") for cell in cells)


def test_texts_that_no_spreadsheet_can_hold_do_not_stop_an_export(office):
    # PostgreSQL refuses NUL; SQLite stores it.
    nul = "" if connection.vendor == "postgresql" else "\x00"
    make_course("S001", title=f"題{nul}\x01名", about="あ" * 40_000)
    for ext in ("csv", "xlsx"):
        row = rows(office, "courses", ext)[1]
        assert row[1] == "題名" and len(row[7]) == export.LONGEST_CELL


def test_what_people_keep_to_themselves_does_not_leave(office):
    person = make_person()
    make_record(person, free_title="ひとりの講座", origin="self")
    give(make_path(make_staff(make_unit())), person, source="self", state="completed", completed_on=date(2025, 6, 10))
    assert len(rows(office, "records")) == len(rows(office, "completions")) == 1


def test_reflections_do_not_leave(office):
    make_record(make_person(), use_plan="ひみつの計画", used="used", used_note="ひみつのことば")
    assert "ひみつ" not in sent(office, "records", "csv").decode()


def test_one_fiscal_year_can_be_taken(office):
    person = make_person()
    for year in (2023, 2024):
        make_record(person, starts_on=date(year, 6, 10))
    assert len(rows(office, "records", query="?year=2023")) == 2
    assert len(rows(office, "records", query="?year=²²²²")) == 3


def test_a_book_that_would_be_too_large_is_not_made(office, monkeypatch):
    monkeypatch.setattr(export, "MOST_IN_A_BOOK", 1)
    filled()
    response = office.get(reverse("training_export", args=["records", "xlsx"]), follow=True)
    assert "CSVにしてください" in response.content.decode()
    assert len(rows(office, "records", "csv")) == 4


def test_an_export_asks_as_few_questions_for_many_rows_as_for_few(office, django_assert_max_num_queries):
    course = make_course()
    for n in range(30):
        make_record(make_person(), course, starts_on=date(2020, 4, 1 + n % 28))
    with django_assert_max_num_queries(10):
        assert len(rows(office, "records")) == 31


def test_the_file_is_named_by_kind_and_day(office):
    response = office.get(reverse("training_export", args=["courses", "csv"]))
    assert f'filename="courses-{clock.today():%Y%m%d}.csv"' in response["Content-Disposition"]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
