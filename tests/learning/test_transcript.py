"""The transcript: completed learning by year, as page and xlsx, and the items written from it."""

from datetime import date
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from kb.models import Reaction
from learning.records import transcript
from organization import clock
from tests.factories.kb import make_retrospective
from tests.factories.learning import give, make_course, make_path, make_record, step, write
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def department():
    return make_unit("kikikanri", name="危機管理部", kind="department")


@pytest.fixture
def unit(department):
    return make_unit("bosai", name="防災課", parent=department)


@pytest.fixture
def colleague(unit):
    return make_staff(unit)


def page_of(client, person) -> str:
    client.force_login(person.user)
    return client.get(reverse("my_transcript")).content.decode()


def sheet_of(client, person):
    client.force_login(person.user)
    answer = client.get(reverse("my_transcript_xlsx"))
    assert answer["Content-Disposition"].endswith('.xlsx"')
    return [list(row) for row in load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True)]


def press(item, people):
    Reaction.objects.bulk_create(Reaction(item=item, person=person) for person in people)


def test_what_was_finished_stands_under_its_fiscal_year(client, head, me):
    give(make_path(head, title="終えたパス"), me, state="completed", completed_on=date(2026, 3, 31))
    give(make_path(head, title="免除のパス"), me, state="waived", waived_by=head, closed_on=date(2026, 4, 1))
    make_record(me, make_course(), starts_on=date(2025, 5, 1), hours=6)
    shown = page_of(client, me)
    assert shown.index("令和8年度") < shown.index("免除のパス") < shown.index("令和7年度") < shown.index("終えたパス")
    assert "研修 6時間" in shown


@pytest.mark.parametrize("status", ["planned", "applied", "cancelled", "absent", "failed"])
def test_what_was_not_finished_is_not_in_it(client, head, me, status):
    make_record(me, free_title="受けなかった講座", status=status)
    give(make_path(head, title="途中のパス"), me)
    shown = page_of(client, me)
    assert "受けなかった講座" not in shown
    assert "途中のパス" not in shown


def test_what_others_finished_is_not_in_it(client, head, me, colleague):
    make_record(colleague, free_title="ひみつの講座")
    give(make_path(head, title="ひみつのパス"), colleague, state="completed")
    assert "ひみつ" not in page_of(client, me)
    assert len(sheet_of(client, me)) == 1


def test_each_line_is_shown_to_the_manager_or_not_by_its_own_button(client, head, me):
    record = make_record(me)
    given = give(make_path(head), me, state="completed")
    shown = page_of(client, me)
    for url in (reverse("record_share", args=[record.pk]), reverse("my_learning_share", args=[given.uid])):
        assert url in shown
        assert client.post(url, {"shared": "1", "back": "transcript"})["Location"] == reverse("my_transcript")
    record.refresh_from_db()
    given.refresh_from_db()
    assert record.shared
    assert given.shared


def test_on_a_phone_each_line_says_what_its_hours_and_days_are(client, me):
    make_record(me, hours=6, expires_on=date(2028, 3, 31))
    client.force_login(me.user)
    shown = client.get(reverse("my_transcript")).content.decode()
    assert "kb-table-stacks" in shown and "6時間</td>" in shown and "令和10年3月31日まで" in shown


def test_the_empty_transcript_says_what_to_do(client, me):
    shown = page_of(client, me)
    assert "まだ記録がありません" in shown
    assert reverse("record_new") in shown


def test_the_spreadsheet_has_the_same_lines_with_real_dates(client, head, me):
    make_record(me, free_title="話し方の講座", certificate_no="第7号")
    header, row = sheet_of(client, me)
    assert tuple(header) == transcript.HEADER
    assert row[:3] == ["令和7年度", "研修", "話し方の講座"]
    assert row[4].date() == date(2025, 6, 10)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝"])
def test_a_cell_that_begins_like_a_formula_is_text(client, me, start):
    make_record(me, free_title=f"{start}1+1", organiser=f"{start}cmd", certificate_no=f"{start}2")
    _, row = sheet_of(client, me)
    assert (row[2], row[3], row[9]) == (f"'{start}1+1", f"'{start}cmd", f"'{start}2")


def test_control_codes_do_not_break_the_spreadsheet(client, me):
    make_record(me, free_title="講座\x0b一")
    assert sheet_of(client, me)[1][2] == "講座一"


# --- Items written from learning -------------------------------------------------------------


def test_what_was_written_in_a_step_or_as_a_report_is_what_came_of_it(client, head, me):
    give(make_path(head, steps=[write("kpt"), step()]), me)
    make_retrospective(me, title="窓口のふりかえり")
    make_retrospective(me, title="学びと関係のないふりかえり", format="ywt")
    record = make_record(me)
    record.report = make_retrospective(me, title="講座の報告", format="training")
    record.save()
    shown = page_of(client, me)
    assert "窓口のふりかえり" in shown
    assert "講座の報告" in shown
    assert "学びと関係のないふりかえり" not in shown


def test_under_five_people_only_that_they_are_under_five(client, head, me):
    give(make_path(head, steps=[write("kpt"), step()]), me)
    press(make_retrospective(me), [make_staff(make_unit(name="道路課")) for _ in range(4)])
    shown = page_of(client, me)
    assert "5人未満" in shown
    assert "道路課" not in shown


def test_from_five_readers_on_number_and_units_are_shown(client, head, me, department):
    give(make_path(head, steps=[write("kpt"), step()]), me)
    roads = make_unit("doro", name="道路課")
    small = make_unit("kogakari", name="小さな係", parent=department)
    press(make_retrospective(me), [*(make_staff(roads) for _ in range(5)), make_staff(small), me])
    shown = page_of(client, me)
    assert "6人（危機管理部、道路課）" in shown
    assert "小さな係" not in shown


@pytest.mark.parametrize("count", [3, 30])
def test_the_transcript_is_cheap(client, head, me, count, django_assert_max_num_queries):
    for n in range(count):
        give(make_path(head, title=f"パス{n}"), me, state="completed", completed_on=clock.today())
        make_record(me, free_title=f"講座{n}")
    page_of(client, me)
    with django_assert_max_num_queries(15):
        client.get(reverse("my_transcript"))
