"""所属の学び: every number equals its rows, the number of queries is fixed, staff of other heads is hidden."""

import csv
import io
import re
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from learning.assignments import adjustments
from learning.models import (
    STANDINGS,
    Assignment,
    AssignmentState,
    Completion,
    Source,
    StepProgress,
    StepType,
    standing_q,
)
from learning.paths.titles import HIDDEN
from learning.progress import recording
from learning.progress.confirmations import waiting_for
from learning.team import matrix
from learning.team.matrix import TeamFilter
from organization import clock
from organization.models import AuditEvent
from tests.bodies import alike
from tests.errors import refused_with
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import give, make_course, make_path, make_record, read, step
from tests.factories.organization import appoint, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db
State = AssignmentState


@pytest.fixture
def stranger():
    return make_staff(make_unit("zaisei", name="財政課"), title="課長", head=True)


@pytest.fixture
def office():
    return make_staff(make_unit("jinji", name="人事課"), duties=("training",))


@pytest.fixture
def path(head):
    return make_path(head)


def shown(client, person, name="team", *args, **query):
    client.force_login(person.user)
    return client.get(reverse(name, args=args), query)


def every_standing(path, unit):
    """One person of each standing."""
    today = clock.today()
    day = timedelta(days=1)
    ways = {
        "late": {"start_on": today - 9 * day, "due_on": today - day, "state": State.IN_PROGRESS},
        "on_time": {"state": State.IN_PROGRESS},
        "not_begun": {},
        "suspended": {"state": State.SUSPENDED},
        "done": {"state": State.COMPLETED, "completed_on": today},
        "expired": {"state": State.COMPLETED, "completed_on": today, "valid_until": today - day},
        "waived": {"state": State.WAIVED},
        "cancelled": {"state": State.CANCELLED},
    }
    return {name: give(path, make_staff(unit), **values) for name, values in ways.items()}


# --- A standing and its query ----------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from(State.values), st.integers(-3, 3), st.none() | st.integers(-3, 3)),
        min_size=1,
        max_size=6,
    )
)
def test_the_standing_of_a_row_and_of_the_database_are_the_same(drawn):
    Assignment.objects.all().delete()
    unit = make_unit()
    head = make_staff(unit, head=True)
    today = clock.today()
    path = make_path(head)
    for state, due, valid in drawn:
        give(
            path,
            make_person(),
            state=state,
            start_on=today - timedelta(days=9),
            due_on=today + timedelta(days=due),
            valid_until=None if valid is None else today + timedelta(days=valid),
        )
    for row in Assignment.objects.all():
        standings = [
            name for name in STANDINGS if Assignment.objects.filter(standing_q(name, today), pk=row.pk).exists()
        ]
        assert standings == [row.standing()]


# --- Numbers and their rows ------------------------------------------------------------------


def test_every_number_is_that_of_its_rows_counted_by_hand(client, unit, head, path):
    every_standing(path, unit)
    second = make_path(head, title="住民説明会の進め方")
    renewed = make_staff(unit)
    today = clock.today()
    give(second, renewed, state=State.COMPLETED, completed_on=today, assigned_on=today - timedelta(days=400))
    give(second, renewed)  # assigned again: only this one counts
    give(second, make_staff(unit), source=Source.SELF, reason="")  # private, so it does not count
    newest: dict[tuple[int, int], Assignment] = {}
    for row in Assignment.objects.exclude(source=Source.SELF).order_by("assigned_on", "pk"):
        newest[row.person_id, row.path_id] = row
    for query in ({}, {"path": second.public_id}, {"path": path.public_id}):
        raw = Counter(row.standing() for row in newest.values() if not query or row.path.public_id == query["path"])
        page = shown(client, head, **query)
        for stat, (name, word) in zip(page.context["stats"], STANDINGS.items(), strict=True):
            assert (stat["label"], stat["value"]) == (word, raw[name])
            opened = client.get(stat["url"])
            assert opened.context["count"] == raw[name]
            assert {row.standing() for row, *_ in opened.context["rows"]} <= {name}


def test_a_cell_says_how_the_newest_assignment_stands_and_leads_to_it(client, unit, head, path):
    rows = every_standing(path, unit)
    page = shown(client, head)
    squeezed = re.sub(r">\s+<", "><", page.content.decode())
    cells = {line.person.pk: line.cells for line in page.context["lines"]}
    for name, row in rows.items():
        url = reverse("team_person", args=[row.person.uid])
        assert STANDINGS[name] in cells[row.person_id]
        assert f'<a class="kb-standing" href="{url}#a-{row.pk}"><span class="kb-badge' in squeezed
        assert f'id="a-{row.pk}"' in client.get(url).content.decode()


def test_a_name_that_looks_like_markup_is_text_in_a_cell(client, unit, head, path):
    give(path, make_staff(unit, name='<b>青木"</b>'))
    page = shown(client, head).content.decode()
    assert "：&lt;b&gt;青木&quot;&lt;/b&gt;" in page
    assert "<b>青木" not in page


def test_filters_narrow_people_numbers_and_rows_alike(client, unit, head, path):
    section = make_unit("ka", name="河川課", parent=unit)
    here, below = make_staff(unit, name="青木 一"), make_staff(section, name="石井 二")
    new = make_person(joined_on=clock.today(), name="上田 三")
    appoint(new, make_post(unit), starts=clock.today(), announced_on=clock.today())
    for person in (here, below, new):
        give(path, person)
    wanted = {
        (): {here, below, new},
        (("unit", str(section.uid)),): {below},
        (("q", "青木"),): {here},
        (("who", "newcomers"),): {new},
        (("who", "transferred"),): set(),
        (("standing", "late"),): set(),
        (("unit", str(uuid.uuid4())),): set(),
    }
    for query, people in wanted.items():
        page = shown(client, head, **dict(query))
        results = {line.person for line in page.context["lines"]}
        assert results == people, query
        rows = client.get(reverse("team_rows"), dict(query)).context["rows"]
        assert {row.person for row, *_ in rows} == people, query


def test_people_on_leave_are_marked_and_can_be_asked_for(client, unit, head):
    person = make_staff(unit)
    appoint(person, make_post(unit), kind="childcare", starts=clock.today(), announced_on=clock.today())
    assert "育休" in shown(client, head).content.decode()
    assert [line.person for line in shown(client, head, who="leave").context["lines"]] == [person]


def test_a_page_without_anything_says_what_to_do(client, head):
    assert "今日の職員がいません" in shown(client, head).content.decode()
    assert "あてはまる割当はありません" in shown(client, head, "team_rows").content.decode()


def test_odd_words_in_the_address_ask_for_nothing(client, unit, head, path):
    give(path, make_staff(unit))
    for query in ({"standing": "?"}, {"who": "x"}, {"path": "\x00"}, {"page": "abc"}, {"page": "9999"}):
        assert len(shown(client, head, **query).context["lines"]) == 1, query


def test_a_path_outside_the_managers_audience_has_no_name(client, unit, head, stranger):
    path = make_path(stranger, title="財政課だけの学習パス", audience="unit")
    person = make_staff(unit)
    give(path, person, source=Source.OFFICE)
    for name, args in (("team", ()), ("team_rows", ()), ("team_person", (person.uid,)), ("team_export", ())):
        text = shown(client, head, name, *args).getvalue().decode()
        assert "財政課だけの学習パス" not in text
        assert HIDDEN in text


# --- Who sees whom ---------------------------------------------------------------------------


def test_another_head_sees_nothing_of_it(client, unit, head, stranger, path):
    person = make_staff(unit, name="青木 一")
    give(path, person)
    for name in ("team", "team_rows", "team_export", "team_waiting"):
        assert "青木" not in shown(client, stranger, name).getvalue().decode()
    assert shown(client, stranger, "team_person", person.uid).status_code == 404
    assert list(matrix.Team(stranger.user, TeamFilter()).rows()) == []


def test_who_manages_nobody_finds_no_such_pages(client, unit, path):
    person = make_staff(unit)
    other = make_staff(unit)
    for name, args in (("team", ()), ("team_rows", ()), ("team_export", ()), ("team_person", (other.uid,))):
        assert shown(client, person, name, *args).status_code == 404


def test_the_training_office_asks_for_any_unit(client, unit, office, stranger, path):
    person, other = make_staff(unit), make_staff(stranger.appointments.get().post.unit)
    give(path, person)
    give(path, other)
    assert len(shown(client, office, "team_rows").context["rows"]) == 2
    rows = shown(client, office, "team_rows", unit=str(unit.uid)).context["rows"]
    assert [row.person for row, *_ in rows] == [person]


# --- One person ------------------------------------------------------------------------------


def test_a_members_page_shows_states_and_days_and_no_reading_or_text(client, unit, head):
    learner = make_staff(unit)
    lesson = make_lesson(head, title="読んだ記事の題")
    path = make_path(
        head, steps=[read(lesson, title="一つ目を読む"), step(), step(completion=Completion.CONFIRM, title="立つ")]
    )
    given = give(path, learner)
    uids = [each_step.uid for each_step in path.current_version().steps.all()]
    recording.complete_step(assignment=given, step_uid=uids[0], by=learner)
    recording.complete_step(assignment=given, step_uid=uids[1], by=learner, evidence="自分のための覚え書き")
    recording.complete_step(assignment=given, step_uid=uids[2], by=learner, evidence="窓口に立った")
    text = shown(client, head, "team_person", learner.uid).content.decode()
    assert "一つ目を読む" in text
    assert "確認待ち" in text
    assert "窓口に立った" in text
    assert "読んだ記事の題" not in text
    assert "自分のための覚え書き" not in text


def test_a_step_that_the_manager_may_not_read_has_no_title(client, unit, head):
    section = make_unit("zaisei2", name="財政課")
    lesson = make_lesson(make_staff(section))
    path = make_path(head, steps=[read(lesson, title="財政課だけの記事")])
    learner = make_staff(unit)
    give(path, learner)
    text = shown(client, head, "team_person", learner.uid).content.decode()
    assert "財政課だけの記事" not in text
    assert "公開範囲の外の記事を読む" in text


def test_records_show_status_and_dates_and_a_report_only_where_it_may_be_read(client, unit, head):
    learner = make_staff(unit)
    private = make_retrospective(learner, title="じぶんだけの報告", audience="self")
    shared = make_retrospective(learner, title="みんなの報告", audience="unit")
    make_record(learner, make_course("A1", title="契約の研修"), report=private)
    make_record(learner, make_course("A2", title="広報の研修"), report=shared, use_plan="ひみつの計画")
    make_record(learner, free_title="自分で行った講座", origin="self")
    text = shown(client, head, "team_person", learner.uid).content.decode()
    assert "契約の研修" in text
    assert "修了" in text
    assert "みんなの報告" in text
    for hidden in ("じぶんだけの報告", "ひみつの計画", "自分で行った講座"):
        assert hidden not in text


def test_acts_are_offered_for_what_is_open(client, unit, head, path):
    learner = make_staff(unit)
    given = give(path, learner)
    text = shown(client, head, "team_person", learner.uid).content.decode()
    for act in ("remind", "extend", "waive", "cancel"):
        assert reverse(f"assignment_{act}", args=[given.uid]) in text
    given.state, given.closed_on = State.CANCELLED, clock.today()
    given.save()
    assert (
        reverse("assignment_extend", args=[given.uid])
        not in client.get(reverse("team_person", args=[learner.uid])).content.decode()
    )


# --- Actions ---------------------------------------------------------------------------------


def act(client, person, name, given, **values):
    client.force_login(person.user)
    return client.post(reverse(f"assignment_{name}", args=[given.uid]), values)


def test_extending_keeps_the_old_day_and_the_reason(client, unit, head, path):
    given = give(path, make_staff(unit))
    later = given.due_on + timedelta(days=30)
    answer = act(client, head, "extend", given, due_on=later.isoformat(), reason="台風の対応が続いたため。")
    given.refresh_from_db()
    assert answer.status_code == 302
    assert given.due_on == later
    assert given.extensions.get().reason == "台風の対応が続いたため。"


@pytest.mark.parametrize(
    "case",
    [
        ("extend", {"due_on": "2020-01-01", "reason": "のばす"}, "新しい期限が、今の期限より前です"),
        ("extend", {"due_on": "あした", "reason": "のばす"}, "年-月-日"),
        ("extend", {"due_on": "9999-12-31", "reason": "のばす"}, "5年より先"),
        ("extend", {"due_on": "", "reason": "のばす"}, "「新しい期限」が空です"),
        ("waive", {"reason": "前の職で学んだ", "evidence": " "}, "「免除の根拠」が空です"),
        ("cancel", {"reason": ""}, "「取りやめるわけ」が空です"),
        ("remind", {"text": " "}, "「文面」が空です"),
        ("remind", {"text": "あ" * 1001}, "1000文字まで"),
    ],
)
def test_bad_input_is_answered_with_what_to_do_and_kept(client, unit, head, path, case):
    name, values, said = case
    given = give(path, make_staff(unit))
    answer = act(client, head, name, given, **values)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert all(value in text for value in values.values())
    given.refresh_from_db()
    assert given.state == State.ASSIGNED


def test_a_waiver_needs_evidence_and_says_by_whom(client, unit, head, path):
    given = give(path, make_staff(unit))
    act(client, head, "waive", given, reason="前の職で学んだ", evidence="修了証 第12号")
    given.refresh_from_db()
    assert (given.state, given.waived_by, given.waiver_evidence) == (State.WAIVED, head, "修了証 第12号")


@pytest.mark.parametrize("name", ["remind", "extend", "waive", "cancel"])
def test_nobody_does_it_to_themselves_and_is_told_whom_to_ask(client, office, path, name):
    given = give(path, office)
    answer = act(client, office, name, given, reason="いらない", evidence="ない", text="がんばれ", due_on="2099-01-01")
    assert answer.status_code == 403
    assert "所属長か研修担当に相談してください" in answer.content.decode()
    given.refresh_from_db()
    assert given.state == State.ASSIGNED


@pytest.mark.parametrize("name", ["remind", "extend", "waive", "cancel"])
def test_another_unit_is_answered_like_an_unknown_assignment(client, unit, stranger, path, name):
    given = give(path, make_staff(unit))
    private = give(make_path(stranger, title="別の学習"), make_staff(unit), source=Source.SELF, reason="")
    client.force_login(stranger.user)
    bodies = set()
    for uid in (given.uid, private.uid, uuid.uuid4()):
        answer = client.post(reverse(f"assignment_{name}", args=[uid]), {"reason": "だめ"})
        assert answer.status_code == 404
        bodies.add(alike(answer, str(uid)))  # its own address
    assert len(bodies) == 1


# --- Steps that wait -------------------------------------------------------------------------


@pytest.fixture
def submitted(unit, head):
    learner = make_staff(unit)
    path = make_path(head, steps=[step(completion=Completion.REVIEWED, title="窓口に立つ")])
    given = give(path, learner)
    return recording.complete_step(
        assignment=given, step_uid=path.current_version().steps.get().uid, by=learner, evidence="二時間立った"
    )


def decide(client, person, row, **values):
    client.force_login(person.user)
    return client.post(reverse("team_decide", args=[row.pk]), values)


def test_a_submitted_step_waits_with_what_was_done(client, head, submitted):
    text = shown(client, head, "team_waiting").content.decode()
    assert "窓口に立つ" in text
    assert "二時間立った" in text
    assert shown(client, head).context["waiting"] == 1


def test_accepting_finishes_the_step(client, head, submitted):
    decide(client, head, submitted, accept="1")
    submitted.refresh_from_db()
    assert submitted.state == StepProgress.State.DONE
    assert "確認を待つステップはありません" in shown(client, head, "team_waiting").content.decode()


def test_returning_needs_words_and_keeps_them(client, head, submitted):
    assert decide(client, head, submitted, **{"return": "1"}).status_code == 422
    answer = decide(client, head, submitted, comment="あ" * 301, **{"return": "1"})
    assert answer.status_code == 422
    assert "あ" * 301 in answer.content.decode()
    decide(client, head, submitted, comment="だれと立ったかも書いてください。", **{"return": "1"})
    submitted.refresh_from_db()
    assert submitted.state == StepProgress.State.RETURNED


def test_a_second_press_is_told_that_it_is_decided(client, head, submitted):
    decide(client, head, submitted, accept="1")
    client.force_login(head.user)
    answer = client.post(reverse("team_decide", args=[submitted.pk]), {"accept": "1"}, follow=True)
    assert "もう確認されています" in answer.content.decode()


def test_nobody_else_decides(client, stranger, submitted):
    assert decide(client, stranger, submitted, accept="1").status_code == 404
    learner = submitted.assignment.person
    assert decide(client, learner, submitted, accept="1").status_code == 404


def test_who_holds_the_asked_post_confirms_the_talk_though_no_manager(client, unit, head):
    expert = make_staff(make_unit("koho", name="広報課"))
    post = expert.appointments.get().post
    learner = make_staff(unit)
    path = make_path(head, steps=[step(StepType.ASK, post=post, completion=Completion.CONFIRM, title="話を聴く")])
    given = give(path, learner)
    row = recording.complete_step(assignment=given, step_uid=path.current_version().steps.get().uid, by=learner)
    assert "話を聴く" in shown(client, expert, "team_waiting").content.decode()
    decide(client, expert, row, accept="1")
    given.refresh_from_db()
    assert given.state == State.COMPLETED


def test_submitting_requires_sharing_private_steps(unit, head):
    learner = make_staff(unit)
    path = make_path(head, steps=[step(completion=Completion.CONFIRM)])
    begun = give(path, learner, source=Source.SELF, reason="")
    uid = path.current_version().steps.get().uid
    with refused_with("not_shared"):
        recording.complete_step(assignment=begun, step_uid=uid, by=learner, evidence="した。")
    adjustments.share(assignment=begun, by=learner, shared=True)
    row = recording.complete_step(assignment=begun, step_uid=uid, by=learner, evidence="した。")
    assert row in waiting_for(head.user)


def test_what_waits_for_whom_is_the_same_in_the_list_and_in_the_verb(unit, head, office, stranger, submitted):
    step_of = {step.uid: step for step in submitted.assignment.version.steps.all()}
    for person in (head, office, stranger, submitted.assignment.person):
        allowed = recording.may_confirm(
            assignment=submitted.assignment, step=step_of[submitted.step_uid], user=person.user
        )
        assert (submitted in waiting_for(person.user)) is allowed


# --- Files -----------------------------------------------------------------------------------


def test_the_rows_leave_as_csv_that_excel_reads_and_does_not_run(client, unit, head, path):
    give(path, make_staff(unit, name="=HYPERLINK(1)"))
    answer = shown(client, head, "team_export", format="csv")
    body = answer.getvalue()
    assert body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert rows[0][:2] == ["職員番号", "氏名"]
    assert rows[1][1] == "'=HYPERLINK(1)"
    assert AuditEvent.objects.filter(action="team.exported").exists()


def test_the_rows_leave_as_xlsx_and_are_those_of_the_number(client, unit, head, path):
    every_standing(path, unit)
    answer = shown(client, head, "team_export", format="xlsx", standing="late")
    rows = list(load_workbook(io.BytesIO(answer.getvalue())).active.iter_rows(values_only=True))
    assert [row[6] for row in rows[1:]] == [STANDINGS["late"]]


# --- For many people the numbers are cached --------------------------------------------------


@pytest.fixture
def many(monkeypatch):
    monkeypatch.setattr(matrix, "MAX_NAMED_PEOPLE", 2)


def test_of_many_people_the_numbers_cells_and_rows_are_the_same(client, unit, head, path, monkeypatch):
    every_standing(path, unit)
    few = shown(client, head)
    monkeypatch.setattr(matrix, "MAX_NAMED_PEOPLE", 2)
    for query in ({}, {"standing": "late"}, {"path": path.public_id}):
        many = shown(client, head, **query)
        assert [stat["value"] for stat in many.context["stats"]] == [stat["value"] for stat in few.context["stats"]]
    cells = {line.person.pk: line.cells for line in few.context["lines"]}
    assert {line.person.pk: line.cells for line in shown(client, head).context["lines"]} == cells
    for stat in few.context["stats"]:
        assert client.get(stat["url"]).context["count"] == stat["value"]


@pytest.mark.usefixtures("many")
def test_what_the_head_does_shows_at_once_among_many_too(client, unit, head, path):
    rows = every_standing(path, unit)
    late = {stat["label"]: stat["value"] for stat in shown(client, head).context["stats"]}[STANDINGS["late"]]
    adjustments.cancel(assignment=rows["late"], user=head.user, reason="異動したため。")
    after = {stat["label"]: stat["value"] for stat in shown(client, head).context["stats"]}
    assert (after[STANDINGS["late"]], after[STANDINGS["cancelled"]]) == (late - 1, 2)


@pytest.mark.usefixtures("many")
def test_the_numbers_that_one_head_keeps_are_not_shown_to_another(client, unit, head, path):
    every_standing(path, unit)
    shown(client, head)
    other = make_unit("betsu", name="別の課")
    stranger = make_staff(other, head=True)
    for _ in range(3):
        make_staff(other)
    assert {stat["value"] for stat in shown(client, stranger).context["stats"]} == {0}


# --- Queries ---------------------------------------------------------------------------------


def test_the_pages_ask_no_more_for_200_people_than_for_10(client, unit, head, path, django_assert_max_num_queries):
    second = make_path(head, title="住民説明会の進め方")
    for more in (10, 190):
        for _ in range(more):
            person = make_staff(unit)
            give(path, person)
            give(second, person)
        for name, args in (("team", ()), ("team_rows", ()), ("team_person", (person.uid,)), ("team_waiting", ())):
            client.force_login(head.user)
            with django_assert_max_num_queries(15):
                client.get(reverse(name, args=args))


def test_the_grid_is_turned_by_forty_people_with_the_filters_kept(client, unit, head, path):
    for _ in range(45):
        give(path, make_staff(unit))
    first = shown(client, head, path=path.public_id)
    assert len(first.context["lines"]) == 40
    second = client.get(first.context["turn"]["next_url"])
    assert len(second.context["lines"]) == 5
    assert second.context["team_filter"].path == path.public_id


def test_a_newcomer_is_no_longer_waited_for_once_something_is_given(unit, head):
    path, new = make_path(head), make_staff(unit)
    new.joined_on = clock.today()
    new.save()
    assert matrix.newcomers_count(head.user, TeamFilter()) == 1
    give(path, new, source=Source.SELF)
    assert matrix.newcomers_count(head.user, TeamFilter()) == 1, "what is private is not told"
    give(make_path(head), new, source=Source.MANAGER)
    assert matrix.newcomers_count(head.user, TeamFilter()) == 0


def test_the_page_leads_to_what_waits_and_to_the_rules(client, head):
    client.force_login(head.user)
    page = client.get(reverse("team")).content.decode()
    for name in ("team_waiting", "team_proposals", "training_rules", "paths"):
        assert f'href="{reverse(name)}"' in page
