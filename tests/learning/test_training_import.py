"""Importing courses, records and completions: dry run, keys, bad rows beside good ones, unknown people."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from imports.report import ImportRefusedError
from learning.imports import unmatched
from learning.imports.loaders import Records
from learning.imports.run import ImportOptions, run
from learning.models import (
    Assignment,
    AssignmentState,
    TrainingCourse,
    TrainingImport,
    TrainingRecord,
    TrainingSource,
    UnmatchedRow,
)
from organization.models import AuditEvent
from tests.errors import refused_with
from tests.factories.learning import give, make_course, make_path, make_record, take
from tests.factories.organization import make_person, make_staff, make_unit

pytestmark = pytest.mark.django_db
COURSES = "科目番号,名称,実施機関,区分,受講区分,時間,有効月数,内容"
RECORDS = "職員番号,科目番号,名称,始まり,終わり,時間,状況,外部ID"
PATHS = "職員番号,学習パスの管理番号,修了日,有効期限"


@pytest.fixture
def office():
    return make_staff(make_unit(), duties=("training",)).user


@pytest.fixture
def person():
    return make_person(staff_no="100123", name="青山 みどり")


@pytest.fixture
def take_in(tmp_path):
    """Write the lines as a CSV and import it."""

    def do(*lines, kind="records", source="jinji", commit=True, encoding="utf-8", **values):
        path = tmp_path / "sent.csv"
        path.write_text("\n".join(lines), encoding=encoding)
        return run(ImportOptions(path=path, source=source, kind=kind, commit=commit, **values))

    return do


def counts(report):
    return (report.new, report.changed, report.unchanged, report.refused, report.waiting)


def reasons(report):
    return [(refusal.row, refusal.column, refusal.reason) for refusal in report.refusals]


# --- Imported rows ---------------------------------------------------------------------------


def test_a_dry_run_says_what_would_be_and_writes_nothing(take_in, person):
    report = take_in(RECORDS, "100123,,話し方,2025/6/10,,6.5,修了,", commit=False)
    assert counts(report) == (1, 0, 0, 0, 0)
    assert report.new_titles == ["話し方（令和7年6月10日）"]
    for model in (TrainingRecord, TrainingSource, UnmatchedRow, TrainingImport, AuditEvent):
        assert not model.objects.exists()


def test_records_are_written_with_all_their_columns(take_in, person):
    course = make_course("S001", obligation="all")
    header = RECORDS + ",点,修了証の番号,有効期限,主催"
    take_in(header, "100123,Ｓ００１,,令和7年6月10日,R7.6.11,12時間30分,合格,x1,８０,第5号,2028/3/31,信山県")
    row = TrainingRecord.objects.get()
    assert (row.person, row.course, row.free_title, row.obligation) == (person, course, "", "all")
    assert (row.starts_on, row.ends_on, row.fiscal_year) == (date(2025, 6, 10), date(2025, 6, 11), 2025)
    assert (str(row.hours), row.status, row.score, row.certificate_no) == ("12.5", "passed", 80, "第5号")
    assert (row.expires_on, row.organiser, row.origin) == (date(2028, 3, 31), "信山県", "import")
    assert row.import_key == "jinji:x1"


def test_the_same_file_again_changes_nothing(take_in, person):
    make_course("S001")
    lines = (RECORDS, "100123,S001,,2025/6/10,,6.5,修了,", "100123,,話し方,2025/7/1,,,受講,x2")
    assert counts(take_in(*lines)) == (2, 0, 0, 0, 0)
    assert counts(take_in(*lines)) == (0, 0, 2, 0, 0)
    assert TrainingRecord.objects.count() == 2


def test_what_differs_is_changed_and_columns_that_are_not_there_stay(take_in, person):
    take_in(RECORDS, "100123,,話し方,2025/6/10,,6.5,受講,x1")
    report = take_in("職員番号,名称,受講日,状況,外部ID", "100123,話し方,2025/6/10,修了,x1")
    row = TrainingRecord.objects.get()
    assert counts(report) == (0, 1, 0, 0, 0)
    assert (row.status, str(row.hours)) == ("completed", "6.5")


def test_two_sources_may_use_the_same_ids(take_in, person):
    for source in ("jinji", "kenshu"):
        take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,x1", source=source)
    assert TrainingRecord.objects.count() == 2


def test_a_course_is_found_by_its_name_too(take_in, person):
    course = make_course("S001", title="話し方")
    take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,")
    assert TrainingRecord.objects.get().course == course


def test_a_course_that_the_catalogue_lacks_is_taken_by_its_name(take_in, person):
    report = take_in(RECORDS, "100123,Z9,話し方,2025/6/10,,,修了,", "100123,Z9,,2025/6/11,,,修了,")
    assert TrainingRecord.objects.get().free_title == "話し方"
    assert reasons(report) == [(3, "B", "科目番号：「Z9」は目録にありません。目録に足すか、名称も入れてください。")]


def test_a_record_counts_at_once_for_the_path_of_its_person(take_in, person):
    course = make_course("S001")
    given = give(make_path(make_staff(make_unit()), steps=[take(course)]), person)
    take_in(RECORDS, "100123,S001,,2025/6/10,,,修了,")
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_gathering_is_done_by_import_not_by_row(take_in, person, monkeypatch):
    give(make_path(make_staff(make_unit()), steps=[take(make_course("S001"))]), person)
    calls = []
    monkeypatch.setattr("learning.imports.loaders.sync_facts", lambda rows: calls.append(rows))
    take_in(RECORDS, *(f"100123,S001,,2025/6/{n},,,修了,x{n}" for n in range(1, 21)))
    assert len(calls) == 1


def test_an_import_that_was_killed_before_counting_counts_when_it_is_run_again(take_in, person, monkeypatch):
    given = give(make_path(make_staff(make_unit()), steps=[take(make_course("S001"))]), person)
    lines = (RECORDS, "100123,S001,,2025/6/10,,,修了,")
    with monkeypatch.context() as killed:
        killed.setattr("learning.imports.run.count_courses", lambda *_: None)
        take_in(*lines)
    assert counts(take_in(*lines)) == (0, 0, 1, 0, 0)
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED


def test_a_batch_asks_as_few_questions_for_forty_rows_as_for_four(take_in, django_assert_max_num_queries):
    make_course("S001")
    people = [make_person() for _ in range(40)]
    lines = [f"{p.staff_no},S001,,2025/6/1,,,修了,x{p.staff_no}" for p in people]
    with django_assert_max_num_queries(32):
        take_in(RECORDS, *lines[:4])
    with django_assert_max_num_queries(32):
        take_in(RECORDS, *lines)


def test_courses_are_saved_one_by_one_so_that_search_hears_of_them(take_in):
    from django.db.models.signals import post_save

    heard = []
    receiver = lambda instance, **_: heard.append(instance.code)  # noqa: E731
    post_save.connect(receiver, sender=TrainingCourse)
    try:
        report = take_in(COURSES, 'S001,対話の場づくり,県,派遣,指名,6.5,36,"一行目\n二行目"', kind="courses")
    finally:
        post_save.disconnect(receiver, sender=TrainingCourse)
    row = TrainingCourse.objects.get()
    assert (counts(report), heard) == ((1, 0, 0, 0, 0), ["S001"])
    assert (row.type, row.obligation, row.valid_months, row.about) == ("dispatch", "named", 36, "一行目\n二行目")


def test_a_past_completion_becomes_an_assignment_and_freezes_its_version(take_in, person):
    path = make_path(make_staff(make_unit()), version={"valid_months": 12})
    report = take_in(PATHS, f"100123,{path.public_id},令和7年6月10日,", kind="completions")
    row = Assignment.objects.get()
    assert counts(report) == (1, 0, 0, 0, 0)
    assert (row.state, row.source, row.completed_on) == ("completed", "office", date(2025, 6, 10))
    assert row.valid_until == date(2026, 6, 10)
    assert row.version.frozen_at is not None
    assert counts(take_in(PATHS, f"100123,{path.public_id},2025/6/10,", kind="completions")) == (0, 0, 1, 0, 0)


def test_a_completion_leaves_the_open_assignment_and_says_so(take_in, person):
    path = make_path(make_staff(make_unit()))
    give(path, person)
    report = take_in(PATHS, f"100123,{path.public_id},2025/6/10,", kind="completions")
    assert Assignment.objects.open().count() == 1
    assert any("今も学んでいる" in note for note in report.notes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("100123,LP-R07-99999,2025/6/10,", "公開された学習パスがありません"),
        ("100123,{path},2099/6/10,", "先の日付です"),
    ],
)
def test_a_completion_that_cannot_be_is_refused(take_in, person, line, words):
    path = make_path(make_staff(make_unit()))
    report = take_in(PATHS, line.format(path=path.public_id), kind="completions")
    assert words in report.refusals[0].reason


# --- Refused rows ----------------------------------------------------------------------------


def test_bad_rows_are_named_by_row_and_column_and_lose_no_good_ones(take_in, person):
    report = take_in(
        RECORDS,
        "100123,,よい行,2025/6/10,,,修了,",
        "100123,,話し方,令和7年2月30日,,半日,優,",
        "100123,,,2025/6/10,,,修了,",
        "100123,,話し方,2025/6/10,2025/6/9,,修了,",
        ",,話し方,2025/6/10,,,修了,",
        "100123,,話し方,2099/6/10,,,修了,",
    )
    assert counts(report) == (1, 0, 0, 5, 0)
    assert [(row, column) for row, column, _ in reasons(report)] == [
        (3, "D"),
        (3, "F"),
        (3, "G"),
        (4, "B"),
        (5, "E"),
        (6, "A"),
        (7, "G"),
    ]
    assert "「令和7年2月30日」という日はありません" in reasons(report)[0][2]
    assert TrainingRecord.objects.get().free_title == "よい行"


def test_a_doubled_key_is_named_with_the_first_row(take_in, person):
    report = take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,x1", "100123,,別,2025/7/10,,,修了,x1")
    assert reasons(report) == [(3, "H", "2行目と同じものです（重複）。先の行だけを使います。")]
    assert TrainingRecord.objects.get().free_title == "話し方"


def test_a_doubled_course_is_named(take_in):
    report = take_in(COURSES, "S001,一,,,,,,", "S001,二,,,,,,", kind="courses")
    assert [(row, column) for row, column, _ in reasons(report)] == [(3, "A")]


def test_the_row_of_the_template_is_not_read(take_in, person):
    report = take_in(RECORDS, "（例）100123,S001,,2025/6/10,,,修了,")
    assert counts(report) == (0, 0, 0, 0, 0)


def test_a_missing_column_is_said_and_nothing_is_read(take_in, person):
    lines = ("番号,名称,始まり", "100123,話し方,2025/6/10")
    assert take_in(*lines, commit=False).missing == ["職員番号", "状況"]
    with pytest.raises(ImportRefusedError, match="「職員番号」「状況」"):
        take_in(*lines)


def test_a_kind_is_needed_once_and_kept(take_in, person):
    with pytest.raises(ImportRefusedError, match="はじめての取込元"):
        take_in(RECORDS, kind="")
    take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,x1")
    assert counts(take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,x1", kind="")) == (0, 0, 1, 0, 0)
    with pytest.raises(ImportRefusedError, match="「受講記録」の取込元です"):
        take_in(COURSES, kind="courses")


@pytest.mark.parametrize("name", ["人事", "a b", "x" * 41, ""])
def test_a_source_has_a_plain_code(take_in, name):
    with pytest.raises(ImportRefusedError, match="取込元"):
        take_in(RECORDS, source=name)


def test_only_the_office_imports(take_in):
    with pytest.raises(PermissionDenied):
        take_in(RECORDS, by=make_staff(make_unit(), head=True).user)


# --- Mapping ---------------------------------------------------------------------------------


def test_a_mapping_is_remembered_for_its_source(take_in, person):
    lines = ("だれ,なに,いつ,結果", "100123,話し方,2025/6/10,修了")
    data = {"だれ": "staff_no", "なに": "course_title", "いつ": "starts_on"}
    assert counts(take_in(*lines, mapping=data)) == (1, 0, 0, 0, 0)
    assert counts(take_in(*lines)) == (0, 0, 1, 0, 0)
    assert take_in(*lines, source="other", commit=False).missing


def test_a_dry_run_remembers_nothing(take_in, person):
    lines = ("だれ,名称,始まり,状況", "100123,話し方,2025/6/10,修了")
    take_in(*lines, mapping={"だれ": "staff_no"}, commit=False)
    assert not TrainingSource.objects.exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"ない": "staff_no"}, "見出し「ない」がファイルにありません"),
        ({"職員番号": "who"}, "項目「who」はありません"),
        ({"職員番号": "name", "名称": "name"}, "同じ項目に二つの列"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(take_in, asked, words):
    with pytest.raises(ImportRefusedError, match=words):
        take_in(RECORDS, mapping=asked)


def test_english_headings_and_titles_above_them_are_understood(take_in, person):
    report = take_in(
        "研修台帳（令和7年度）", "", "Employee ID,Course,Start Date,Status", "100123,話し方,2025/6/10,completed"
    )
    assert (report.header_row, counts(report)) == (3, (1, 0, 0, 0, 0))


# --- People ----------------------------------------------------------------------------------


def test_an_unknown_person_waits_in_the_list_once(take_in, person):
    lines = (RECORDS, "999,,話し方,2025/6/10,,,修了,x1")
    assert counts(take_in(*lines)) == counts(take_in(*lines)) == (0, 0, 0, 0, 1)
    row = UnmatchedRow.objects.get()
    assert (row.state, row.staff_no, row.reason) == ("open", "999", "職員番号「999」の職員がいません。")


def test_zeros_that_a_spreadsheet_ate_are_put_back(take_in):
    row = make_person(staff_no="000123")
    take_in(RECORDS, "123,,話し方,2025/6/10,,,修了,")
    assert TrainingRecord.objects.get().person == row


def test_a_number_given_again_goes_by_the_day(take_in):
    old = make_person(staff_no="200", left_on=date(2020, 3, 31))
    new = make_person(staff_no="200", joined_on=date(2021, 4, 1))
    report = take_in(RECORDS, "200,,旧,2019/6/10,,,修了,", "200,,新,2022/6/10,,,修了,", "200,,間,2020/6/10,,,修了,")
    assert {row.free_title: row.person for row in TrainingRecord.objects.all()} == {"旧": old, "新": new}
    assert counts(report) == (2, 0, 0, 0, 1)


def test_a_name_that_differs_waits(take_in, person):
    header = "職員番号,氏名,名称,始まり,状況"
    report = take_in(header, "100123,青山みどり,同じ,2025/6/10,修了", "100123,赤川 みどり,別,2025/6/11,修了")
    assert counts(report) == (1, 0, 0, 0, 1)
    assert "氏名がちがいます" in UnmatchedRow.objects.get().reason


def test_resolving_imports_the_rows_at_once_and_the_source_knows_the_number(take_in, person, office):
    course = make_course("S001")
    given = give(make_path(make_staff(make_unit()), steps=[take(course)]), person)
    lines = (RECORDS, "999,S001,,2025/6/10,,6.5,修了,x1", "999,,'=別,2025/6/11,,,受講,x2")
    take_in(*lines)
    assert unmatched.resolve(row=UnmatchedRow.objects.get(import_key="jinji:x1"), person=person, by=office) == 2
    assert {(r.title, r.person, str(r.hours)) for r in TrainingRecord.objects.all()} == {
        (course.title, person, "6.5"),
        ("=別", person, "None"),
    }
    given.refresh_from_db()
    assert given.state == AssignmentState.COMPLETED
    report = take_in(*lines, "999,,話し方,2025/7/1,,,修了,x3")
    assert counts(report) == (1, 0, 2, 0, 0)


def test_a_number_that_was_named_does_not_follow_to_its_next_holder(take_in, person, office):
    take_in(RECORDS, "999,,話し方,2019/6/10,,,修了,x1")
    person.left_on = date(2020, 3, 31)
    person.save()
    unmatched.resolve(row=UnmatchedRow.objects.get(), person=person, by=office)
    heir = make_person(staff_no="999", joined_on=date(2021, 4, 1))
    take_in(RECORDS, "999,,話し方,2022/6/10,,,修了,x2")
    assert TrainingRecord.objects.get(import_key="jinji:x2").person == heir


def test_a_person_who_has_come_into_the_directory_is_found(take_in):
    lines = (RECORDS, "999,,話し方,2025/6/10,,,修了,x1")
    take_in(*lines)
    row = make_person(staff_no="999")
    assert counts(take_in(*lines)) == (1, 0, 0, 0, 0)
    assert UnmatchedRow.objects.get().resolved_person == row


def test_a_dropped_row_is_not_asked_for_again(take_in, office):
    lines = (RECORDS, "999,,話し方,2025/6/10,,,修了,x1")
    take_in(*lines)
    with refused_with("reason_required"):
        unmatched.drop(row=UnmatchedRow.objects.get(), reason=" ", by=office)
    unmatched.drop(row=UnmatchedRow.objects.get(), reason="退職した人の古い記録。", by=office)
    report = take_in(*lines)
    assert (counts(report), report.dropped) == ((0, 0, 0, 0, 0), 1)
    with refused_with("already_decided"):
        unmatched.resolve(row=UnmatchedRow.objects.get(), person=make_person(), by=office)


def test_a_row_that_cannot_be_resolved_stays(take_in, person, office):
    make_course("S001")
    take_in(RECORDS, "999,S001,,2025/6/10,,,修了,x1")
    TrainingCourse.objects.all().delete()
    with refused_with("refused_row"):
        unmatched.resolve(row=UnmatchedRow.objects.get(), person=person, by=office)
    assert UnmatchedRow.objects.open().count() == 1


def test_others_decide_nothing(take_in, person):
    take_in(RECORDS, "999,,話し方,2025/6/10,,,修了,x1")
    head = make_staff(make_unit(), head=True).user
    with pytest.raises(PermissionDenied):
        unmatched.resolve(row=UnmatchedRow.objects.get(), person=person, by=head)


# --- Audit event, races, the command ---------------------------------------------------------


def test_an_import_leaves_one_trace_without_names(take_in, person, office):
    take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,", by=office)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.after["new"]) == ("training.imported", office.pk, 1)


def test_a_row_that_another_import_wrote_meanwhile_is_planned_again(take_in, person, monkeypatch):
    """The first plan finds no stored row, as if the other import had not yet committed."""
    begin, looks = Records.begin, []

    def early(self, lines, known):
        begin(self, lines, known)
        looks.append(1)
        if len(looks) == 1:
            self.existing = {}

    make_record(person, free_title="話し方", import_key="jinji:x1", starts_on=date(2025, 6, 10))
    monkeypatch.setattr(Records, "begin", early)
    assert counts(take_in(RECORDS, "100123,,話し方,2025/6/10,,,修了,x1")) == (0, 0, 1, 0, 0)
    assert (len(looks), TrainingRecord.objects.count()) == (2, 1)


def test_the_command_says_what_it_found_and_writes_only_when_told(tmp_path, person, capsys):
    path = tmp_path / "a.csv"
    path.write_text(f"{RECORDS}\n100123,,話し方,2025/6/10,,,修了,\n999,,話し方,2025/6/10,,,優,", "cp932")
    call_command("import_training", path, source="jinji", kind="records")
    output = capsys.readouterr().out
    for words in ("まだ何も書き込んでいません", "新しい行 1", "3行目 G列", "職員番号（staff_no）", "CP932", "--commit"):
        assert words in output
    assert not TrainingRecord.objects.exists()
    call_command("import_training", path, source="jinji", kind="records", commit=True)
    assert TrainingRecord.objects.count() == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [({"map": ["職員番号"]}, "「見出し=項目」の形"), ({"map": ["x=staff_no"]}, "ファイルにありません")],
)
def test_the_command_refuses_in_words(tmp_path, options, words):
    path = tmp_path / "a.csv"
    path.write_text(RECORDS)
    with pytest.raises(CommandError, match=words):
        call_command("import_training", path, source="jinji", kind="records", **options)
