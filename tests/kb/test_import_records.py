"""`import_records`: idempotent, dry by default, reports bad lines, imports good ones, and queues them for search."""

import gzip
import io
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from imports.batches import Observer
from imports.report import ImportRefusedError
from kb.models import IdCounter, Reference, ReferenceSource
from kb.references import loading, sources
from kb.references.loading import BATCH, ImportJob, ReferenceReport, import_references
from kb.references.sources import SourceFacts
from organization.models import AuditEvent
from search.models import PendingChange
from tests.factories.organization import make_staff, make_unit, make_user
from tests.kb.test_markdown import assert_passive

pytestmark = pytest.mark.django_db
ROW = {"id": "1", "title": "避難所の名簿", "text": "**名簿**は紙でも持つ。", "date": "2024-04-15"}


@pytest.fixture
def file(tmp_path):
    def make(*rows):
        path = tmp_path / "records.jsonl"
        path.write_text("".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in rows))
        return path

    return make


def run_command(path, *options, source="test"):
    output = io.StringIO()
    call_command("import_records", str(path), "--source", source, *options, stdout=output)
    return output.getvalue()


def import_file(path, **facts):
    return import_references(ImportJob(path=path, facts=SourceFacts(**{"name": "test", **facts}), commit=True))


def counts(report):
    return report.new, report.changed, report.unchanged, report.refused


def many(count, **values):
    return [{**ROW, "id": str(n), **values} for n in range(count)]


def test_without_commit_nothing_is_written(file):
    output = run_command(file(ROW))
    assert "新しい事例 1件" in output and "避難所の名簿" in output and "--commit" in output
    assert not Reference.objects.exists() and not ReferenceSource.objects.exists()
    assert not PendingChange.objects.exists() and not IdCounter.objects.exists()


def test_with_commit_the_row_is_stored_with_source_and_licence(file):
    run_command(file(ROW), "--commit", "--label", "となりの市", "--licence", "CC BY 4.0")
    row = Reference.objects.get()
    assert (row.source.label, row.licence_label, row.audience) == ("となりの市", "CC BY 4.0", "prefecture")
    assert (row.html, row.fiscal_year, row.language) == ("<p><strong>名簿</strong>は紙でも持つ。</p>", 2024, "ja")
    assert row.public_id.startswith("X-R")


def test_the_second_run_changes_nothing(file):
    path = file(*many(BATCH + 3))
    assert counts(import_file(path)) == (BATCH + 3, 0, 0, 0)
    before = list(Reference.objects.order_by("pk").values())
    PendingChange.objects.all().delete()
    assert counts(import_file(path)) == (0, 0, BATCH + 3, 0)
    assert list(Reference.objects.order_by("pk").values()) == before
    assert not PendingChange.objects.exists()


def test_a_changed_line_updates_its_row_and_keeps_the_public_id(file):
    import_file(file(ROW, {**ROW, "id": "2"}))
    before = dict(Reference.objects.values_list("external_id", "public_id"))
    report = import_file(file({**ROW, "text": "名簿は*二部*持つ。", "date": "2025-04-01"}, {**ROW, "id": "2"}))
    assert counts(report) == (0, 1, 1, 0)
    row = Reference.objects.get(external_id="1")
    assert (row.html, row.fiscal_year) == ("<p>名簿は<em>二部</em>持つ。</p>", 2025)
    assert dict(Reference.objects.values_list("external_id", "public_id")) == before


def test_the_same_id_in_two_sources_is_two_references(file):
    import_file(file(ROW))
    import_file(file(ROW), name="other")
    assert Reference.objects.count() == 2


def test_rows_missing_from_the_file_stay_and_are_counted(file):
    import_file(file(*many(3)))
    report = import_file(file(*many(1)))
    assert (report.absent, Reference.objects.count()) == (2, 3)
    assert "ファイルにない 2件は、そのまま" in run_command(file(*many(1)))


def test_bad_lines_are_reported_and_good_ones_imported(file):
    output = run_command(file(ROW, "{", {**ROW, "id": "3", "date": "いつか"}, {**ROW, "id": "4"}), "--commit")
    assert "2行目：JSONとして読めません" in output
    assert "3行目：date「いつか」" in output
    assert set(Reference.objects.values_list("external_id", flat=True)) == {"1", "4"}


def test_a_duplicate_id_is_refused_and_names_the_first_line(file):
    report = import_file(file(ROW, {**ROW, "id": "2"}, {**ROW, "title": "別の件名"}))
    assert [(refusal.row, refusal.reason) for refusal in report.refusals] == [
        (3, "id「1」は1行目と同じです。先の行だけを使います。")
    ]
    assert Reference.objects.get(external_id="1").title == "避難所の名簿"


def test_a_duplicate_id_is_refused_across_batches(file):
    assert import_file(file(*many(BATCH + 1), {**ROW, "id": "0"})).refused == 1


def test_the_report_keeps_a_thousand_refusals_and_the_command_prints_all(file, monkeypatch):
    monkeypatch.setattr(ReferenceReport, "MAX_REFUSALS", 2)
    path = file("{", "{", "{", ROW)
    report = import_file(path)
    assert (report.refused, len(report.refusals)) == (3, 2)
    assert "はじめの2行だけ" in report.notes[0]
    assert "3行目" in run_command(path)


@pytest.mark.parametrize(("content", "words"), [(b"", "空です"), (b"[1]", "配列"), ("﻿{}".encode("utf-16"), "UTF-16")])
def test_a_file_of_another_kind_is_refused_with_one_message(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        run_command(path, "--commit")
    assert not ReferenceSource.objects.exists()


def test_a_file_without_a_good_line_creates_no_source(file):
    assert counts(import_file(file("{", "{"))) == (0, 0, 0, 2)
    assert not ReferenceSource.objects.exists()


def test_a_cp932_file_is_imported_with_a_note(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(json.dumps(ROW, ensure_ascii=False).encode("cp932"))
    assert "CP932" in run_command(path, "--commit")
    assert Reference.objects.get().title == "避難所の名簿"


def test_a_gzip_file_is_imported(tmp_path):
    path = tmp_path / "file.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(ROW).encode()))
    assert import_file(path).new == 1


@pytest.mark.parametrize("name", ["日本語", "a b", "a" * 51, ""])
def test_the_name_of_a_source_must_be_a_slug(file, name):
    with pytest.raises(CommandError, match="出典の指定"):
        run_command(file(ROW), source=name)


def test_a_missing_licence_is_noted(file):
    assert "利用条件が空です" in run_command(file(ROW))
    assert "利用条件が空です" not in run_command(file({**ROW, "licence": "MIT"}))
    assert "利用条件が空です" not in run_command(file(ROW), "--licence", "MIT")


def test_the_licence_of_a_line_wins_over_that_of_its_source(file):
    import_file(file({**ROW, "licence": "MIT"}), licence="CC BY 4.0")
    assert Reference.objects.select_related("source").get().licence_label == "MIT"


def test_empty_source_values_keep_what_is_stored(file):
    import_file(file(ROW), label="となりの市", licence="CC BY 4.0", audience="public")
    import_file(file(ROW, {**ROW, "id": "2"}))
    source = ReferenceSource.objects.get()
    assert (source.label, source.licence, source.audience) == ("となりの市", "CC BY 4.0", "public")
    assert set(Reference.objects.values_list("audience", flat=True)) == {"public"}


def test_a_new_audience_applies_to_stored_references(file):
    import_file(file(ROW), audience="public")
    PendingChange.objects.all().delete()
    import_file(file({**ROW, "id": "2"}), audience="prefecture")
    assert set(Reference.objects.values_list("audience", flat=True)) == {"prefecture"}
    assert PendingChange.objects.filter(object_pk=Reference.objects.get(external_id="1").pk).exists()


def test_an_audience_narrowed_during_an_import_applies_to_later_rows(file):
    """The office narrows the audience of the source while an import is running."""

    def narrow(report, *_):
        sources.save_source(facts=SourceFacts(name="test", audience="unit"), by=None)

    facts = SourceFacts(name="test", audience="public")
    import_references(ImportJob(path=file(*many(BATCH + 3)), facts=facts, commit=True, observer=Observer(narrow)))
    assert set(Reference.objects.values_list("audience", flat=True)) == {"unit"}


def test_every_new_and_changed_row_is_queued_for_the_index(file):
    import_file(file(*many(3)))
    keys = {str(pk) for pk in Reference.objects.values_list("pk", flat=True)}
    assert set(PendingChange.objects.filter(source="reference").values_list("object_pk", flat=True)) == keys
    PendingChange.objects.all().delete()
    import_file(file({**ROW, "id": "1", "title": "別の件名"}))
    changed = str(Reference.objects.get(external_id="1").pk)
    assert list(PendingChange.objects.values_list("source", "object_pk")) == [("reference", changed)]


def test_a_batch_costs_few_queries_and_one_draw_of_ids(file, django_assert_max_num_queries):
    path = file(*many(BATCH))
    with django_assert_max_num_queries(60 + BATCH):  # one query a row is the signal to search; the others are per batch
        import_file(path)
    assert IdCounter.objects.get(prefix="X").last == BATCH


def test_an_unchanged_batch_costs_a_handful_of_queries(file, django_assert_max_num_queries):
    path = file(*many(BATCH))
    import_file(path)
    with django_assert_max_num_queries(15):
        import_file(path)


def test_a_failed_batch_keeps_earlier_ones_and_a_second_run_completes(file, monkeypatch):
    path = file(*many(BATCH * 2))
    first = loading._insert
    done = []

    def fails_once(*args):
        done.append(1)
        if len(done) == 2:
            raise IntegrityError("the disk is full")
        first(*args)

    monkeypatch.setattr(loading, "_insert", fails_once)
    with pytest.raises(IntegrityError):
        import_file(path)
    assert Reference.objects.count() == PendingChange.objects.count() == BATCH
    assert counts(import_file(path)) == (BATCH, 0, BATCH, 0)


def test_a_row_inserted_meanwhile_is_updated_and_not_duplicated(file, monkeypatch):
    """Two imports of the same file at once: both see no row, and both insert."""
    import_file(file(ROW))
    source = ReferenceSource.objects.get()
    public_id = Reference.objects.get().public_id
    record = loading.record_from({**ROW, "title": "別の件名"})
    loading._insert(source, [record], {"1": "<p>x</p>"})
    row = Reference.objects.get()
    assert (row.title, row.public_id) == ("別の件名", public_id)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>本文",
        "[x](javascript:alert(1))",
        '<img src=x onerror="alert(1)">本文',
        "本文<iframe src=//x>",
    ],
)
def test_imported_html_holds_no_active_content(file, text):
    import_file(file({**ROW, "text": text}))
    assert_passive(Reference.objects.get().html)


def test_a_text_too_slow_to_render_does_not_affect_others(file, monkeypatch):
    monkeypatch.setattr("kb.markdown.rendering.TIME_LIMIT_SECONDS", 0.8)
    slow, good = {**ROW, "text": "[" * 6000}, {**ROW, "id": "2", "text": "**太字**" + "あ" * 7000}
    import_file(file(slow, good))
    assert "<strong>太字</strong>" in Reference.objects.get(external_id="2").html
    assert Reference.objects.get(external_id="1").html.startswith("<p>[[[")


def test_an_import_is_audited_with_its_counts(file):
    import_file(file(ROW))
    actions = list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))
    assert actions == ["reference_source.created", "references.imported"]
    assert AuditEvent.objects.order_by("sequence").last().after == {
        "new": 1,
        "changed": 0,
        "unchanged": 0,
        "refused": 0,
    }


def test_only_the_knowledge_office_may_import(file):
    person = make_staff(make_unit())
    with pytest.raises(PermissionDenied):
        import_references(ImportJob(path=file(ROW), facts=SourceFacts("test"), by=person.user, commit=True))
    assert not Reference.objects.exists()


class TestWithdrawal:
    @pytest.fixture
    def source(self, file):
        import_file(file(*many(3)))
        Reference.objects.filter(external_id="2").update(withdrawn=True)
        PendingChange.objects.all().delete()
        return ReferenceSource.objects.get()

    @pytest.fixture
    def office(self):
        return make_user("kanri", is_superuser=True)

    def seen(self, user):
        return set(Reference.objects.visible_to(user).values_list("external_id", flat=True))

    def test_a_withdrawn_source_is_hidden_at_once_and_queued(self, source, office):
        assert sources.set_withdrawn(source=source, withdrawn=True, by=office, reason="利用条件が変わった")
        assert self.seen(office) == set()
        assert PendingChange.objects.count() == 3
        event = AuditEvent.objects.order_by("sequence").last()
        assert (event.action, event.reason) == ("reference_source.withdrawn", "利用条件が変わった")

    def test_a_restored_source_leaves_single_withdrawals(self, source, office):
        sources.set_withdrawn(source=source, withdrawn=True, by=office)
        sources.set_withdrawn(source=source, withdrawn=False, by=office)
        assert self.seen(office) == {"0", "1"}

    def test_withdrawing_twice_changes_nothing(self, source, office):
        sources.set_withdrawn(source=source, withdrawn=True, by=office)
        assert not sources.set_withdrawn(source=source, withdrawn=True, by=office)
        assert AuditEvent.objects.filter(action="reference_source.withdrawn").count() == 1

    def test_an_import_into_a_withdrawn_source_is_refused(self, source, office, file):
        sources.set_withdrawn(source=source, withdrawn=True, by=office)
        with pytest.raises(CommandError, match="取り下げています"):
            run_command(file(ROW), "--commit")

    def test_a_withdrawal_stops_a_running_import(self, office, file):
        def withdraw(*_):
            sources.set_withdrawn(source=ReferenceSource.objects.get(name="test"), withdrawn=True, by=office)

        with pytest.raises(ImportRefusedError, match="取り下げています"):
            import_references(
                ImportJob(
                    path=file(*many(BATCH + 3)),
                    facts=SourceFacts(name="test"),
                    commit=True,
                    observer=Observer(withdraw),
                )
            )
        assert Reference.objects.filter(source__name="test").count() == BATCH

    def test_an_import_does_not_restore_a_withdrawn_reference(self, source, office, file):
        import_file(file(*many(3, title="別の件名")))
        assert self.seen(office) == {"0", "1"}

    def test_only_the_knowledge_office_may_withdraw_a_source(self, source):
        with pytest.raises(PermissionDenied):
            sources.set_withdrawn(source=source, withdrawn=True, by=make_staff(make_unit()).user)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abcd"), "title": st.text(min_size=1, max_size=5), "text": st.text(max_size=20)},
        optional={"keywords": st.lists(st.text(max_size=3), max_size=2), "date": st.just("2024-04-15")},
    ),
    max_size=6,
)


@given(first=ROWS, second=ROWS)
def test_a_second_run_never_duplicates_and_never_changes_a_public_id(tmp_path_factory, first, second):
    path = tmp_path_factory.getbasetemp() / "drawn.jsonl"
    Reference.objects.all().delete()
    ids = {}
    for rows in (first, first, second, second):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        dry = import_references(ImportJob(path=path, facts=SourceFacts("drawn"))) if rows else None
        if dry is None:
            continue
        report = import_file(path, name="drawn")
        assert counts(report) == counts(dry)
        now = dict(Reference.objects.values_list("external_id", "public_id"))
        assert ids.items() <= now.items() and len(set(now.values())) == len(now)
        assert counts(import_file(path, name="drawn"))[:2] == (0, 0)
        ids = now


class TestRealFiles:
    @pytest.mark.parametrize(
        ("name", "count"), [("llis", 1270), ("municipal_bulletin", 1814), ("kodaira_gikai_md", 48)]
    )
    def test_each_sample_file_is_imported_completely(self, shared_data, name, count):
        path = shared_data / "records" / name / "records.jsonl.gz"
        assert counts(import_file(path, name=name)) == (count, 0, 0, 0)
        assert counts(import_file(path, name=name)) == (0, 0, count, 0)
        assert not Reference.objects.filter(html="").exists()

    def test_markdown_with_scripts_shows_nothing_active(self, shared_data):
        import_file(shared_data / "records" / "kodaira_gikai_md" / "records.jsonl.gz")
        for html in Reference.objects.values_list("html", flat=True):
            assert_passive(html)
            assert "&lt;figure" not in html and "addEventListener" not in html
        assert Reference.objects.filter(html__contains="<th>テーマ</th>").exists()

    def test_sections_of_lessons_have_headings(self, shared_data):
        import_file(shared_data / "records" / "llis" / "records.jsonl.gz")
        row = Reference.objects.select_related("source").get(external_id="llis-1")
        assert "Driving Event</h" in row.html and "Recommendation(s)</h" in row.html
        assert (row.language, str(row.occurred_on), row.unit_as_given) == ("en", "1991-04-09", "jsc")
        assert row.url == "https://llis.nasa.gov/lesson/1"
        assert row.licence_label == "US Government work (NASA LLIS public)"
