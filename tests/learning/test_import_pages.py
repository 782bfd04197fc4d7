"""The import pages of the training office: permissions, a file from check to import, mapping, waiting rows."""

import io
import re
from datetime import date, timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from imports import uploads as frame
from learning.imports.uploads import uploads
from learning.models import TrainingImport, TrainingRecord, TrainingSource, UnmatchedRow
from organization import clock
from tests.factories.learning import make_record
from tests.factories.organization import make_person, make_staff, make_unit

pytestmark = pytest.mark.django_db
State = TrainingImport.State
RECORDS = "職員番号,名称,始まり,状況"
GOOD = "100123,話し方,2025/6/10,修了"


@pytest.fixture(autouse=True)
def begun(monkeypatch, settings, tmp_path):
    """The processes that would have been started."""
    settings.VAR_DIR = tmp_path
    pks = []
    monkeypatch.setattr(uploads, "start", lambda row: pks.append(row.pk))
    return pks


@pytest.fixture
def office(client):
    client.force_login(make_staff(make_unit(), duties=("training",)).user)
    return client


@pytest.fixture
def person():
    return make_person(staff_no="100123", name="青山 みどり", kana="あおやま みどり")


def send(client, *lines, called="台帳.csv", content=None, **values):
    file = SimpleUploadedFile(called, "\n".join(lines).encode() if content is None else content)
    values = {"file": file, "source": "jinji", "kind": "records", **values}
    return client.post(reverse("training_import_new"), values, follow=True)


def checked(client, *lines):
    send(client, *lines)
    row = TrainingImport.objects.latest("pk")
    uploads.work(row.pk)
    row.refresh_from_db()
    return row


def page(client, row):
    return client.get(reverse("training_import", args=[row.pk])).content.decode()


def press(client, row, do, **values):
    return client.post(reverse("training_import", args=[row.pk]), {"do": do, **values}, follow=True)


def waiting(client):
    row = checked(client, RECORDS, "999,<b>話し方</b>,2025/6/10,修了")
    press(client, row, "import")
    uploads.work(row.pk)
    return UnmatchedRow.objects.get()


# --- Permissions -----------------------------------------------------------------------------


def addresses():
    file = TrainingImport.objects.create(source_name="jinji", kind="records", stored_as="x", called="x")
    source = TrainingSource.objects.create(name="jinji", label="人事", kind="records")
    row = UnmatchedRow.objects.create(source=source, kind="records", import_key="k", staff_no="1", reason="x")
    return [
        reverse("training_imports"),
        reverse("training_import_new"),
        reverse("training_import", args=[file.pk]),
        reverse("training_template", args=["records", "csv"]),
        reverse("training_unmatched"),
        reverse("training_unmatched_row", args=[row.pk]),
        reverse("training_export", args=["records", "csv"]),
    ]


def body(response):
    """The page without the parts that differ between requests: the token of the form, and the printed address."""
    return re.sub(r'value="\w{64}"|http://testserver[^<]*', "", response.content.decode())


@pytest.mark.parametrize("post", [{}, {"head": True}, {"duties": ("km",)}, {"duties": ("reviewer",)}])
def test_anybody_else_finds_nothing_there(client, post):
    client.force_login(make_staff(make_unit(), **post).user)
    unknown = body(client.get("/training/imports/999999/"))
    for address in addresses():
        response = client.get(address)
        assert (response.status_code, body(response)) == (404, unknown), address
        assert client.post(address, {"do": "drop"}).status_code == 404


def test_the_office_opens_every_page(office):
    for address in addresses():
        assert office.get(address).status_code == 200, address


def test_visitors_are_asked_to_log_in(client):
    assert client.get(reverse("training_imports")).status_code == 302


# --- A file ----------------------------------------------------------------------------------


def test_without_sources_it_says_what_to_do(office):
    assert "まだ取込元がありません" in office.get(reverse("training_imports")).content.decode()


def test_a_year_of_private_records_alone_is_not_offered(office, person):
    make_record(person, starts_on=date(2021, 6, 1), origin="self")
    make_record(person, starts_on=date(2022, 6, 1))
    shown = office.get(reverse("training_imports")).content.decode()
    assert "令和4年度" in shown and "令和3年度" not in shown


def test_an_upload_is_stored_under_our_name_and_read_later(office, begun, tmp_path):
    send(office, RECORDS, GOOD, called="../../etc/台帳.csv")
    row = TrainingImport.objects.get()
    assert (row.state, begun, row.called) == (State.CHECKING, [row.pk], "台帳.csv")
    assert [path.name for path in (tmp_path / "imports").iterdir()] == [row.stored_as]
    assert "確認中" in page(office, row) and "http-equiv" not in page(office, row)


def test_the_check_is_shown_and_writes_nothing(office, person):
    row = checked(
        office, RECORDS, GOOD, "100123,<i>題</i>,令和7年2月30日,修了", "100123,<script>x</script>,2025/6/11,修了"
    )
    html = page(office, row)
    assert "2行を取り込む" in html and "という日はありません" in html and "新しい取込元です" in html
    assert "&lt;script&gt;x" in html and "<script>x" not in html
    assert not TrainingRecord.objects.exists() and not TrainingSource.objects.exists()


def test_one_press_imports_and_the_file_is_thrown_away(office, person, begun, tmp_path):
    row = checked(office, RECORDS, GOOD)
    press(office, row, "import")
    assert "別の状態" in press(office, row, "import").content.decode()
    uploads.work(row.pk)
    assert "取り込みました" in page(office, row)
    assert (begun, TrainingRecord.objects.get().person) == ([row.pk, row.pk], person)
    assert list((tmp_path / "imports").iterdir()) == []
    assert "ファイルを送る" in office.get(reverse("training_imports")).content.decode()


def test_a_file_can_be_dropped_after_its_check(office, person, tmp_path):
    row = checked(office, RECORDS, GOOD)
    assert "取りやめました" in press(office, row, "drop").content.decode()
    assert list((tmp_path / "imports").iterdir()) == []


def test_what_fell_silent_can_be_started_again(office, person, begun):
    row = checked(office, RECORDS, GOOD)
    press(office, row, "import")
    TrainingImport.objects.update(heard_at=clock.now() - timedelta(minutes=5))
    assert "止まっています" in page(office, row)
    press(office, row, "again")
    uploads.work(row.pk)
    assert (len(begun), TrainingRecord.objects.count()) == (3, 1)


def test_columns_are_given_their_fields_and_remembered(office, person):
    lines = ("だれ,名称,始まり,状況", GOOD)
    row = checked(office, *lines)
    assert "列と項目を対応させてください" in page(office, row) and "行を取り込む" not in page(office, row)
    press(office, row, "map", A="staff_no", B="course_title", C="starts_on", D="status")
    uploads.work(row.pk)
    row.refresh_from_db()
    press(office, row, "import")
    uploads.work(row.pk)
    assert TrainingSource.objects.get().mapping["だれ"] == "staff_no"
    assert not checked(office, *lines).report["missing"]


def test_two_columns_cannot_be_one_field_and_the_choice_is_kept(office, person):
    row = checked(office, RECORDS, GOOD)
    response = press(office, row, "map", A="staff_no", B="staff_no", C="starts_on", D="status")
    html = response.content.decode()
    assert response.status_code == 422 and "A列と同じ項目です" in html
    assert html.count('<option value="staff_no" selected>') == 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": ""}, "「取込元コード」が空です"),
        ({"source": "人事"}, "半角の英数字"),
        ({"source": "a\x00"}, "保存できない文字"),
        ({"kind": "people"}, "選び直してください"),
        ({"file": ""}, "ファイルを選んでください"),
        ({"content": b""}, "空です（0バイト）"),
        ({"kind": "courses"}, "「受講記録」に使っています"),
    ],
)
def test_a_form_that_is_not_complete_says_what_to_do_and_keeps_what_was_typed(office, values, words):
    TrainingSource.objects.create(name="jinji", label="人事", kind="records")
    response = send(office, RECORDS, label="人事課の研修台帳", **values)
    html = response.content.decode()
    assert response.status_code == 422 and words in html and "人事課の研修台帳" in html
    assert not TrainingImport.objects.exists()


def test_a_file_that_is_too_large_is_refused(office, monkeypatch):
    monkeypatch.setattr("learning.imports.forms.MAX_BYTES", 10)
    assert "大きすぎます" in send(office, RECORDS).content.decode()


@pytest.mark.parametrize(("content", "words"), [(b"PK\x03\x04", "壊れています"), (b"\xff\xfea\x00", "UTF-16")])
def test_a_file_of_another_kind_ends_in_words(office, content, words, tmp_path):
    send(office, content=content)
    row = TrainingImport.objects.get()
    uploads.work(row.pk)
    row.refresh_from_db()
    assert row.state == State.FAILED and words in page(office, row)
    assert list((tmp_path / "imports").iterdir()) == []


def test_who_lost_the_role_meanwhile_imports_nothing(office, person):
    row = checked(office, RECORDS, GOOD)
    press(office, row, "import")
    row.sent_by.person.appointments.update(ends_on=clock.today() - timedelta(days=1))
    uploads.work(row.pk)
    row.refresh_from_db()
    assert (row.state, TrainingRecord.objects.count()) == (State.FAILED, 0)


def test_an_unforeseen_error_ends_the_import_in_words(office, monkeypatch):
    send(office, RECORDS)
    row = TrainingImport.objects.get()
    monkeypatch.setattr(uploads, "run", lambda job, by: 1 / 0)
    uploads.work(row.pk)
    assert "思わぬ誤り" in page(office, row)


def test_a_file_nobody_decided_on_is_forgotten(office, person, tmp_path):
    checked(office, RECORDS, GOOD)
    TrainingImport.objects.update(sent_at=clock.now() - frame.KEEP - timedelta(days=1))
    send(office, RECORDS, GOOD)
    assert [row.state for row in TrainingImport.objects.order_by("pk")] == [State.DROPPED, State.CHECKING]
    assert len(list((tmp_path / "imports").iterdir())) == 1


# --- Rows that wait --------------------------------------------------------------------------


def test_an_empty_list_says_so(office):
    assert "待っている行はありません" in office.get(reverse("training_unmatched")).content.decode()


def test_a_waiting_row_tells_its_day_in_its_era(office):
    row = waiting(office)
    shown = office.get(reverse("training_unmatched_row", args=[row.pk])).content.decode()
    assert "令和7年6月10日" in shown and "2025-06-10" not in shown


def test_who_bears_another_name_now_is_offered_by_number(office, person):
    row = checked(office, "職員番号,氏名,名称,始まり,状況", "100123,旧姓 みどり,話し方,2025/6/10,修了")
    press(office, row, "import")
    uploads.work(row.pk)
    shown = office.get(reverse("training_unmatched_row", args=[UnmatchedRow.objects.get().pk])).content.decode()
    assert "青山 みどり（100123）" in shown


def test_a_file_with_nothing_new_offers_nothing_to_press(office, person):
    for _ in range(2):
        row = checked(office, RECORDS, GOOD)
        shown = page(office, row)
        press(office, row, "import")
        uploads.work(row.pk)
    assert "取り込む行はありません" in shown and 'value="import"' not in shown


def test_a_file_of_waiting_rows_alone_does_not_say_that_something_was_taken_in(office):
    waiting(office)
    shown = page(office, TrainingImport.objects.get())
    assert "取り込んだ行はありません" in shown and "取り込みました" not in shown


def test_a_refused_file_leads_to_the_form_for_the_next_one(office):
    send(office, content=b"PK\x03\x04 none", called="台帳.xlsx")
    row = TrainingImport.objects.get()
    uploads.work(row.pk)
    assert f'href="{reverse("training_import_new")}"' in page(office, row)


def test_a_row_is_resolved_by_choosing_a_person(office, person):
    row = waiting(office)
    listed = office.get(reverse("training_unmatched")).content.decode()
    assert "職員番号「999」の職員がいません" in listed
    assert "待っています" in office.get(reverse("training_imports")).content.decode()
    address = reverse("training_unmatched_row", args=[row.pk])
    html = office.get(address, {"who": "青山"}).content.decode()
    assert "修了" in html and "completed" not in html
    assert "青山 みどり（100123）" in html and "&lt;b&gt;話し方" in html and "<b>話し方" not in html
    done = office.post(address, {"do": "resolve", "person": person.pk}, follow=True).content.decode()
    assert "青山 みどりさんの行として取り込みました" in done
    assert TrainingRecord.objects.get().person == person
    assert office.get(address).status_code == 404


@pytest.mark.parametrize("chosen", ["", "x", "9" * 30, "²", "0"])
def test_a_choice_that_is_none_is_refused(office, chosen):
    row = waiting(office)
    response = office.post(reverse("training_unmatched_row", args=[row.pk]), {"do": "resolve", "person": chosen})
    assert response.status_code == 422 and "一人選んでから" in response.content.decode()


def test_a_row_is_dropped_with_a_reason_only(office):
    row = waiting(office)
    address = reverse("training_unmatched_row", args=[row.pk])
    assert office.post(address, {"do": "drop", "reason": ""}).status_code == 422
    long = office.post(address, {"do": "drop", "reason": "あ" * 301})
    assert long.status_code == 422 and "あ" * 301 in long.content.decode()
    office.post(address, {"do": "drop", "reason": "ほかの県の人。"})
    row.refresh_from_db()
    assert (row.state, row.closing_reason) == ("dropped", "ほかの県の人。")


def test_people_of_one_name_are_told_apart_by_their_unit(office):
    for unit in ("道路管理課", "税務課"):
        make_staff(make_unit(name=unit), name="赤川 渚")
    address = reverse("training_unmatched_row", args=[waiting(office).pk])
    shown = office.get(address, {"who": "赤川"}).content.decode()
    assert "）道路管理課" in shown and "）税務課" in shown


def test_people_are_found_by_number_name_or_reading(office, person):
    address = reverse("training_unmatched_row", args=[waiting(office).pk])
    for words, found in (("1001", True), ("みどり", True), ("あおやま", True), ("赤川", False), ("\x00", False)):
        assert ("青山 みどり（" in office.get(address, {"who": words}).content.decode()) is found, words


@pytest.mark.parametrize("rows", [5, 200])
def test_the_pages_ask_as_few_questions_for_many_as_for_few(office, rows, django_assert_max_num_queries):
    source = TrainingSource.objects.create(name="jinji", label="人事", kind="records")
    UnmatchedRow.objects.bulk_create(
        UnmatchedRow(source=source, kind="records", import_key=f"k{n}", staff_no=str(n), reason="x")
        for n in range(rows)
    )
    file = TrainingImport.objects.create(
        source_name="jinji", kind="records", stored_as="x", called="x", state="checked"
    )
    for n in range(min(rows, 10)):
        make_record(make_person(), starts_on=date(2015 + n, 6, 1))
    row = UnmatchedRow.objects.latest("pk")
    for address in (
        reverse("training_unmatched"),
        reverse("training_unmatched_row", args=[row.pk]),
        reverse("training_import", args=[file.pk]),
        reverse("training_imports"),
    ):
        with django_assert_max_num_queries(15):
            office.get(address)


# --- Templates -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["courses", "records", "completions"])
def test_a_template_has_headings_an_example_and_an_explanation(office, kind):
    response = office.get(reverse("training_template", args=[kind, "xlsx"]))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    sheet, explained = book.worksheets
    assert "（必須）" not in str(sheet["A1"].value) and sheet["A2"].value.startswith("（例）")
    assert explained.title == "説明" and explained["A2"].value == sheet["A1"].value
    text = b"".join(office.get(reverse("training_template", args=[kind, "csv"])).streaming_content)
    assert text.startswith(b"\xef\xbb\xbf") and str(sheet["A1"].value) in text.decode()


@pytest.mark.parametrize("address", ["template/people.csv", "template/records.exe", "../export/people.xlsx"])
def test_other_kinds_and_formats_are_not_there(office, address):
    assert office.get(f"/training/imports/{address}").status_code == 404


def test_a_text_sent_as_a_book_ends_with_a_sentence_that_says_what_to_do(office):
    send(office, called="名簿.xlsx", content="職員番号,研修名\n1,あ\n".encode())
    row = TrainingImport.objects.latest("pk")
    uploads.work(row.pk)
    row.refresh_from_db()
    assert row.state == TrainingImport.State.FAILED
    assert "中身はExcelのブックではありません" in row.message
