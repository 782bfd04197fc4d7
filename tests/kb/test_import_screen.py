"""The admin's pages for references: access, upload, check and import of a file, withdrawal of a source."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from imports import uploads as frame
from kb.admin.groups import ensure_groups
from kb.models import Reference, ReferenceImport, ReferenceSource
from kb.references.uploads import uploads
from organization import clock
from organization.models import AuditEvent
from tests.factories.kb import reference_source
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db
ROW = {"id": "1", "title": "避難所の名簿", "text": "名簿は紙でも持つ。"}
State = ReferenceImport.State


@pytest.fixture(autouse=True)
def begun(monkeypatch, settings, tmp_path):
    """The pks of the jobs whose process would have been started."""
    settings.VAR_DIR = tmp_path
    pks = []
    monkeypatch.setattr(uploads, "start", lambda row: pks.append(row.pk))
    return pks


def staff(*duties):
    person = make_staff(make_unit(), duties=duties)
    person.user.groups.add(ensure_groups())
    return person.user


@pytest.fixture
def office(client):
    client.force_login(staff("km"))
    return client


def jsonl(*rows):
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows).encode()


def send(client, content=None, *, called="事例.jsonl", **values):
    file = SimpleUploadedFile(called, jsonl(ROW) if content is None else content)
    return client.post(reverse("reference_import_new"), {"file": file, "name": "test", **values}, follow=True)


def press(client, row, do):
    return client.post(reverse("reference_import", args=[row.pk]), {"do": do}, follow=True)


def checked(client, *rows):
    send(client, jsonl(*rows) if rows else None)
    row = ReferenceImport.objects.latest("pk")
    uploads.work(row.pk)
    row.refresh_from_db()
    return row


PAGES = ["reference_sources", "reference_import_new", "reference_import", "reference_withdrawal"]


@pytest.mark.parametrize("name", PAGES)
def test_other_users_of_the_admin_get_its_refusal(client, name):
    source = reference_source()
    row = ReferenceImport.objects.create(source_name="test", stored_as="x", called="x")
    pks = {"reference_import": [row.pk], "reference_withdrawal": [source.pk]}
    client.force_login(staff("training"))  # may enter the admin, but not these pages
    for method in (client.get, client.post):
        response = method(reverse(name, args=pks.get(name, [])), {"do": "withdraw"})
        assert (response.status_code, response.url) == (302, reverse("wagtailadmin_home"))
    source.refresh_from_db()
    assert not source.withdrawn


def test_the_menu_shows_the_import_to_the_knowledge_office_only(client):
    words = "外部の事例の取込み"
    client.force_login(staff("training"))
    assert words not in client.get(reverse("wagtailadmin_home")).content.decode()
    client.force_login(staff("km"))
    assert words.encode("unicode_escape").decode() in client.get(reverse("wagtailadmin_home")).content.decode()


def test_the_empty_list_of_sources_says_what_to_do(office):
    assert "まだ出典がありません" in office.get(reverse("reference_sources")).content.decode()


def test_an_upload_is_stored_under_a_generated_name_and_checked_later(office, begun, tmp_path):
    response = send(office, called="../../etc/名簿.jsonl", label="となりの市", licence="CC BY 4.0", audience="public")
    row = ReferenceImport.objects.get()
    assert response.redirect_chain[-1][0] == reverse("reference_import", args=[row.pk])
    assert (row.state, begun, row.called) == (State.CHECKING, [row.pk], "名簿.jsonl")
    assert [path.name for path in (tmp_path / "imports").iterdir()] == [row.stored_as]
    assert not Reference.objects.exists()
    assert "確認中" in response.content.decode()


def test_the_check_is_shown_and_writes_nothing(office):
    row = checked(office, ROW, "{", {**ROW, "id": "3", "title": "<script>alert(1)</script>"})
    page = office.get(reverse("reference_import", args=[row.pk])).content.decode()
    assert row.state == State.CHECKED
    assert "2件を取り込む" in page and "JSONとして読めません" in page and "新しい出典です" in page
    assert "&lt;script&gt;alert(1)" in page and "<script>alert(1)" not in page
    assert not Reference.objects.exists() and not ReferenceSource.objects.exists()


def test_a_file_without_a_good_line_is_not_called_ready(office):
    row = checked(office, "番号,題名", "{")
    page = office.get(reverse("reference_import", args=[row.pk])).content.decode()
    assert "取り込める行がありません。下の理由を見て" in page and "1件を1行のJSONにしてください" in page
    assert "「取り込む」を押してください" not in page and 'value="import"' not in page


def test_the_import_button_imports_and_deletes_the_file(office, begun, tmp_path):
    row = checked(office)
    press(office, row, "import")
    assert begun == [row.pk, row.pk]
    uploads.work(row.pk)
    page = office.get(reverse("reference_import", args=[row.pk])).content.decode()
    assert "取り込みました" in page
    assert Reference.objects.get().title == "避難所の名簿"
    assert list((tmp_path / "imports").iterdir()) == []
    assert AuditEvent.objects.order_by("sequence").last().actor_id == row.sent_by_id


def test_a_file_without_changes_offers_no_import(office):
    press(office, checked(office), "import")
    uploads.work(ReferenceImport.objects.get().pk)
    row = checked(office, ROW)
    page = office.get(reverse("reference_import", args=[row.pk])).content.decode()
    assert row.report["unchanged"] == 1 and "取り込むものはありません" in page
    assert 'value="import"' not in page and 'value="drop"' in page


def test_a_button_counts_only_what_is_new_or_changed(office):
    press(office, checked(office), "import")
    uploads.work(ReferenceImport.objects.get().pk)
    row = checked(office, ROW, {**ROW, "id": "2"})
    assert ">1件を取り込む<" in office.get(reverse("reference_import", args=[row.pk])).content.decode()


def test_a_file_that_changes_only_the_source_has_its_own_button(office):
    press(office, checked(office), "import")
    uploads.work(ReferenceImport.objects.get().pk)
    send(office, licence="CC BY 4.0")
    row = ReferenceImport.objects.latest("pk")
    uploads.work(row.pk)
    assert "出典の内容だけを変える" in office.get(reverse("reference_import", args=[row.pk])).content.decode()
    press(office, row, "import")
    uploads.work(row.pk)
    assert ReferenceSource.objects.get().licence == "CC BY 4.0"


def test_the_list_says_that_imports_by_command_are_not_in_it(office, tmp_path):
    (tmp_path / "one.jsonl").write_bytes(jsonl(ROW))
    call_command("import_records", tmp_path / "one.jsonl", source="test", commit=True, verbosity=0)
    page = office.get(reverse("reference_sources")).content.decode()
    assert "この画面からの最近の取込み" in page and "コマンドで取り込んだものは、ここには並びません" in page
    assert "最後に変わった日時" in page


def test_pressing_twice_starts_one_import(office, begun):
    row = checked(office)
    press(office, row, "import")
    assert "別の状態" in press(office, row, "import").content.decode()
    assert begun == [row.pk, row.pk]


def test_a_file_can_be_dropped_after_its_check(office, tmp_path):
    row = checked(office)
    press(office, row, "drop")
    row.refresh_from_db()
    assert row.state == State.DROPPED
    assert list((tmp_path / "imports").iterdir()) == []


def test_a_stuck_job_can_be_started_again(office, begun):
    row = checked(office)
    press(office, row, "import")
    assert "別の状態" in press(office, row, "again").content.decode()
    ReferenceImport.objects.update(heard_at=clock.now() - timedelta(minutes=5))
    assert "止まっています" in office.get(reverse("reference_import", args=[row.pk])).content.decode()
    press(office, row, "again")
    uploads.work(row.pk)
    assert begun == [row.pk] * 3
    assert Reference.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "空です"), (b"PK\x03\x04", "ZIP"), (b"[{}]", "配列"), (b"\xff\xfe{\x00", "UTF-16")]
)
def test_a_file_of_another_kind_is_refused_at_once(office, content, words, tmp_path):
    assert words in send(office, content).content.decode()
    assert not ReferenceImport.objects.exists()
    assert list((tmp_path / "imports").iterdir()) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": ""}, "「出典コード」が空です"),
        ({"name": "日本語"}, "半角の英数字"),
        ({"audience": "self"}, "選び直してください"),
        ({"label": "あ" * 101}, "100文字まで"),
        ({"file": ""}, "ファイルを選んでください"),
    ],
)
def test_an_incomplete_form_says_what_to_do(office, values, words):
    assert words in send(office, **values).content.decode()
    assert not ReferenceImport.objects.exists()


def test_a_file_that_is_too_large_is_refused(office, monkeypatch):
    monkeypatch.setattr("kb.references.forms.MAX_UPLOAD_BYTES", 10)
    assert "大きすぎます" in send(office).content.decode()


def test_a_file_for_a_withdrawn_source_is_refused(office):
    reference_source(withdrawn=True)
    assert "取り下げています" in send(office).content.decode()
    assert not ReferenceImport.objects.exists()


def test_a_source_withdrawn_meanwhile_ends_the_import_with_a_message(office):
    row = checked(office)
    press(office, row, "import")
    reference_source(withdrawn=True)
    uploads.work(row.pk)
    assert "取り下げています" in office.get(reverse("reference_import", args=[row.pk])).content.decode()


def test_a_sender_without_the_role_imports_nothing(office):
    row = checked(office)
    press(office, row, "import")
    row.sent_by.person.appointments.update(ends_on=clock.today() - timedelta(days=1))
    uploads.work(row.pk)
    row.refresh_from_db()
    assert (row.state, Reference.objects.count()) == (State.FAILED, 0)


def test_an_unexpected_error_ends_the_job_as_failed(office, monkeypatch):
    row = checked(office)
    press(office, row, "import")
    monkeypatch.setattr(uploads, "run", lambda job, by: 1 / 0)
    uploads.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message) == (State.FAILED, "思わぬ誤りで止まりました。サーバーの記録を見てください。")


def test_undecided_files_are_deleted_after_two_weeks(office, tmp_path):
    row = checked(office)
    ReferenceImport.objects.update(sent_at=clock.now() - timedelta(days=15))
    send(office)
    row.refresh_from_db()
    assert row.state == State.DROPPED
    assert not (tmp_path / "imports" / row.stored_as).exists()


def test_a_source_is_withdrawn_and_restored_after_a_question(office):
    row = checked(office)
    press(office, row, "import")
    uploads.work(row.pk)
    source = ReferenceSource.objects.get()
    address = Reference.objects.get().get_absolute_url()
    question = reverse("reference_withdrawal", args=[source.pk])
    assert "すべて取り下げますか" in office.get(question).content.decode()
    assert (
        "1件を取り下げました"
        in office.post(question, {"do": "withdraw", "reason": "古い"}, follow=True).content.decode()
    )
    assert office.get(address).status_code == 404
    assert "戻しますか" in office.get(question).content.decode()
    office.post(question, {"do": "restore"})
    assert office.get(address).status_code == 200
    actions = AuditEvent.objects.order_by("sequence").values_list("action", flat=True)
    assert list(actions)[-2:] == ["reference_source.withdrawn", "reference_source.restored"]


def test_the_list_of_sources_costs_a_constant_number_of_queries(office, django_assert_max_num_queries):
    for n in range(12):
        reference_source(f"source-{n}")
    with django_assert_max_num_queries(25):
        office.get(reverse("reference_sources"))


def test_the_page_of_a_reference_shows_its_source(office):
    row = checked(
        office,
        {
            **ROW,
            "url": "https://example.jp/1",
            "date": "2024-04-15",
            "unit": "となりの市 防災課",
            "language": "en",
            "keywords": ["名簿"],
            "licence": "CC BY 4.0",
            "sections": {"lesson": "Paper too."},
        },
    )
    press(office, row, "import")
    uploads.work(row.pk)
    page = office.get(Reference.objects.get().get_absolute_url()).content.decode()
    words = [
        "外部の事例",
        "CC BY 4.0",
        'href="https://example.jp/1"',
        "となりの市 防災課",
        "令和6年4月15日",
        "英語",
        "名簿",
    ]
    words += ["Lesson(s) Learned</h", 'lang="en"']
    assert [word for word in words if word not in page] == []


def test_the_import_process_uses_the_settings_of_the_server(office, monkeypatch, settings):
    started = []

    class Process:
        def __init__(self, command, **_):
            started.append(command)

        def wait(self):
            return 0

    monkeypatch.setattr(frame.subprocess, "Popen", Process)
    settings.SETTINGS_MODULE = "config.settings.production"
    frame.start_process("import_uploaded", 7)
    assert started[0][1:] == [
        str(settings.BASE_DIR / "manage.py"),
        "import_uploaded",
        "7",
        "--settings=config.settings.production",
    ]


class TestSingleTexts:
    """The admin's form for a single reference."""

    @pytest.fixture
    def rows(self):
        source = reference_source(licence="CC BY 4.0")
        return [
            Reference.objects.create(source=source, external_id=str(n), title=f"件名{n}", text="本文")
            for n in range(12)
        ]

    def test_the_listing_shows_source_and_licence_in_few_queries(self, office, rows, django_assert_max_num_queries):
        with django_assert_max_num_queries(30):
            page = office.get(reverse("reference:index")).content.decode()
        assert page.count("CC BY 4.0") == len(rows)

    def test_a_corrected_text_is_rendered_again(self, office, rows):
        row = rows[0]
        values = {"title": "直した件名", "text": "**直した**", "source": row.source_id, "external_id": "0"}
        office.post(reverse("reference:edit", args=[row.pk]), {**values, "audience": "prefecture", "keywords": "[]"})
        row.refresh_from_db()
        assert (row.title, row.html) == ("直した件名", "<p><strong>直した</strong></p>")

    def test_an_address_outside_the_web_is_refused(self, office, rows):
        values = {"title": "件名", "text": "本文", "source": rows[0].source_id, "external_id": "0", "keywords": "[]"}
        address = reverse("reference:edit", args=[rows[0].pk])
        office.post(address, {**values, "audience": "prefecture", "url": "ftp://example.jp/"})
        rows[0].refresh_from_db()
        assert rows[0].url == ""
