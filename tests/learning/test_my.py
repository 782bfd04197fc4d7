"""「わたしの学び」: the user's own training records, reports, notices and assignments."""

from datetime import date, timedelta

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from kb.lifecycle import publication
from kb.models import Draft, Retrospective
from kb.writing import conflicts, drafts
from learning.learner.views.my_learning import WRITTEN_SHOWN
from learning.models import STANDINGS, TrainingCourse, TrainingRecord
from learning.progress import recording, reports
from organization import clock
from organization.models import Notice
from organization.notices import notify
from tests.factories.kb import make_lesson, write
from tests.factories.learning import give, make_path, read, step
from tests.factories.organization import make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague(unit):
    return make_staff(unit)


def make_record(person, title="対話の場づくり実践研修", status="completed", day=date(2025, 6, 10)) -> TrainingRecord:
    course, _ = TrainingCourse.objects.get_or_create(code=f"S-{title}"[:30], defaults={"title": title})
    return TrainingRecord.objects.create(person=person, course=course, starts_on=day, ends_on=day, status=status)


def my_page(client, person) -> str:
    client.force_login(person.user)
    return client.get(reverse("my")).content.decode()


# --- Records ---------------------------------------------------------------------------------


def test_my_records_are_listed(client, me):
    make_record(me)
    assert "対話の場づくり実践研修" in my_page(client, me)


def test_the_records_of_others_are_not_listed(client, me, colleague):
    make_record(colleague, title="ひみつの研修")
    assert "ひみつの研修" not in my_page(client, me)


@pytest.mark.parametrize(
    ("status", "offered"), [("completed", True), ("attended", True), ("planned", False), ("absent", False)]
)
def test_a_report_is_offered_for_what_was_attended(client, me, status, offered):
    record = make_record(me, status=status)
    assert (reverse("record_report", args=[record.pk]) in my_page(client, me)) is offered


def test_the_fiscal_year_of_a_record_is_that_of_its_first_day(me):
    assert make_record(me, day=date(2025, 3, 31)).fiscal_year == 2024
    assert make_record(me, title="四月の研修", day=date(2025, 4, 1)).fiscal_year == 2025


# --- The report ------------------------------------------------------------------------------


def test_a_report_begins_prefilled_from_its_record(client, me):
    record = make_record(me)
    client.force_login(me.user)
    response = client.post(reverse("record_report", args=[record.pk]))
    draft = Draft.objects.get(author=me)
    assert response["Location"] == draft.get_absolute_url()
    assert draft.format == "training"
    assert draft.data["subject"] == "対話の場づくり実践研修"
    assert draft.data["period_to"] == "2025-06-10"


def test_a_report_is_begun_once(client, me):
    record = make_record(me)
    client.force_login(me.user)
    for _ in range(2):
        client.post(reverse("record_report", args=[record.pk]))
    assert Draft.objects.filter(author=me).count() == 1


def test_the_record_of_somebody_else_is_not_found(client, me, colleague):
    record = make_record(colleague)
    client.force_login(me.user)
    assert client.post(reverse("record_report", args=[record.pk])).status_code == 404
    assert not Draft.objects.exists()


def test_a_record_that_does_not_exist_is_not_found(client, me):
    client.force_login(me.user)
    assert client.post(reverse("record_report", args=[9999])).status_code == 404


def test_a_course_that_was_not_attended_gives_no_report(client, me):
    record = make_record(me, status="planned")
    client.force_login(me.user)
    response = client.post(reverse("record_report", args=[record.pk]), follow=True)
    assert "この研修の報告は書けません。" in response.content.decode()
    assert not Draft.objects.exists()


def submitted(me, record):
    """The report of `record` after its draft was submitted and published."""
    draft = reports.begin_report(record=record, by=me)
    report = write(Retrospective(title="対話の研修の報告", format="training", occurred_on=record.ends_on), me)
    draft.item, draft.submitted_at = report, draft.created_at
    draft.save()
    return publication.publish(item=report)


def test_a_submitted_report_is_linked_to_its_record(client, me):
    record = make_record(me)
    report = submitted(me, record)
    shown = my_page(client, me)
    record.refresh_from_db()
    assert record.report == report
    assert "研修報告：対話の研修の報告" in shown


def test_a_linked_record_offers_no_second_report(client, me):
    record = make_record(me)
    submitted(me, record)
    assert reverse("record_report", args=[record.pk]) not in my_page(client, me)


def test_a_report_is_linked_once(me):
    record = make_record(me)
    report = submitted(me, record)
    publication.publish(item=report)  # edited and published again
    record.refresh_from_db()
    assert record.report_id == report.pk
    assert reports.link_report(report) is None


def test_autosave_does_not_lose_the_record_of_a_report(me):
    record = make_record(me)
    draft = reports.begin_report(record=record, by=me)
    conflicts.save_typed(draft=draft, typed={"subject": "書き直した対象"}, version=draft.version)
    draft.refresh_from_db()
    assert draft.data == {"subject": "書き直した対象", "source_record": record.pk}


# --- The rest of the page --------------------------------------------------------------------


def test_what_i_wrote_is_listed_with_what_still_waits(client, me):
    make_lesson(me, title="読まれている教訓")
    make_lesson(me, title="待っている教訓", audience="prefecture")
    shown = my_page(client, me)
    assert "読まれている教訓" in shown
    assert "待っている教訓" in shown


def test_what_is_for_myself_alone_is_not_called_public(client, me):
    make_lesson(me, title="ひとりの覚え", audience="self")
    row = my_page(client, me).split("ひとりの覚え")[0].rsplit("kb-row__top", 1)[1]
    assert "じぶんだけ" in row
    assert "公開" not in row


def test_everything_i_wrote_can_be_reached_page_by_page(client, me):
    for number in range(WRITTEN_SHOWN + 1):
        make_lesson(me, title=f"教訓その{number}。")
    assert "教訓その0。" not in my_page(client, me)
    assert "教訓その0。" in client.get("/my/?page=2").content.decode()


def test_what_a_colleague_wrote_is_not_mine(client, me, colleague):
    make_lesson(colleague, title="同僚の教訓")
    assert "同僚の教訓" not in my_page(client, me)


def test_my_open_drafts_are_listed(client, me):
    drafts.start(author=me, kind="lesson", data={"title": "書きかけの教訓"})
    assert "書きかけの教訓" in my_page(client, me)


def test_my_notices_can_be_marked_as_read(client, me, colleague):
    notify(me, text="確認をお願いします。")
    notify(colleague, text="確認をお願いします。")
    client.force_login(me.user)
    client.post(reverse("my_notices"))
    assert Notice.objects.unread_of(me).count() == 0
    assert Notice.objects.unread_of(colleague).count() == 1


def test_an_account_without_a_person_is_told_whom_to_ask(client):
    client.force_login(make_user("lonely"))
    assert "職員の登録がありません" in client.get(reverse("my")).content.decode()


def test_a_stranger_is_asked_to_log_in(client):
    assert client.get(reverse("my"))["Location"].startswith(reverse("login"))


def test_my_page_is_cheap(client, me, django_assert_max_num_queries):
    for n in range(4):
        make_record(me, title=f"研修{n}")
        make_lesson(me, title=f"教訓{n}")
        notify(me, text=f"お知らせ{n}")
    submitted(me, make_record(me))
    client.force_login(me.user)
    client.get(reverse("my"))
    with django_assert_max_num_queries(15):
        client.get(reverse("my"))


# --- The next step and my assignments --------------------------------------------------------


@pytest.fixture
def head(unit):
    return make_staff(unit, title="課長", head=True, name="山本 花子")


def test_the_next_step_says_what_why_from_whom_and_how_long_with_one_button(client, me, head):
    lesson = make_lesson(head, title="土のうの教訓")
    path = make_path(head, steps=[read(lesson, title="大雨の前に読む", why="前日に備えるため。", minutes=15)])
    give(path, me, assigned_by=head, reason="来月から当番です。", due_on=clock.today() + timedelta(days=12))
    shown = my_page(client, me).split('class="kb-next', 1)[1].split("</section>")[0]
    for words in (
        "大雨の前に読む",
        "前日に備えるため。",
        "山本 花子さんから",
        "来月から当番です。",
        "あと12日",
        "15分",
    ):
        assert words in shown
    assert f'href="{lesson.get_absolute_url()}"' in shown
    assert shown.count('class="kb-button') == 1


@pytest.mark.parametrize(("days", "words"), [(12, "あと12日"), (0, "今日まで"), (-3, "3日過ぎています")])
def test_days_left_are_told_in_words(client, me, head, days, words):
    today = clock.today()
    give(make_path(head), me, assigned_on=today - timedelta(days=30), due_on=today + timedelta(days=days))
    assert words in my_page(client, me)


def test_the_most_urgent_path_comes_first(client, me, head):
    today = clock.today()
    give(make_path(head, title="急がないパス"), me, due_on=today + timedelta(days=60))
    give(make_path(head, title="急ぐパス"), me, due_on=today + timedelta(days=2))
    shown = my_page(client, me)
    assert "急ぐパス" in shown.split('class="kb-next', 1)[1].split("</section>")[0]
    assert shown.rindex("急ぐパス") < shown.rindex("急がないパス")


def test_what_waits_for_somebody_else_gives_way_to_what_i_can_do(client, me, head):
    today = clock.today()
    first = make_path(head, title="確認待ちのパス", steps=[step(completion="confirm", title="見てもらう")])
    waiting = give(first, me, due_on=today + timedelta(days=1))
    recording.complete_step(
        assignment=waiting, step_uid=first.current_version().steps.get().uid, by=me, evidence="した。"
    )
    assert "確認を待っています" in my_page(client, me)
    give(
        make_path(head, title="進められるパス", steps=[step(title="今できること")]),
        me,
        due_on=today + timedelta(days=9),
    )
    assert "今できること" in my_page(client, me).split('class="kb-next', 1)[1].split("</section>")[0]


def test_what_begins_later_says_from_when_and_is_not_the_next_step(client, me, head):
    start = clock.today() + timedelta(days=30)
    give(make_path(head), me, start_on=start)
    shown = my_page(client, me)
    assert f"{start.month}月{start.day}日から" in shown
    assert 'class="kb-next' not in shown


def test_what_has_ended_says_how(client, me, head):
    today = clock.today()
    give(
        make_path(head, title="更新するパス", version={"renew_window_days": 60}),
        me,
        state="completed",
        completed_on=today - timedelta(days=340),
        valid_until=today + timedelta(days=25),
    )
    give(make_path(head, title="免除のパス"), me, state="waived", waived_by=head, closing_reason="前の職で学んだ")
    give(make_path(head, title="取りやめたパス"), me, state="cancelled", closing_reason="異動のため")
    give(make_path(head, title="休みのパス"), me, state="suspended")
    shown = my_page(client, me)
    for words in ("更新する<span", "あと25日", "山本 花子さんが免除しました", "取りやめたもの（1件）", "休止中"):
        assert words in shown


@pytest.mark.parametrize("standing", ["on_time", "not_begun", "late", "done"])
def test_how_my_path_stands_looks_as_it_does_to_who_assigned_it(client, me, head, standing):
    today = clock.today()
    values = {
        "on_time": {"state": "in_progress"},
        "not_begun": {},
        "late": {"start_on": today - timedelta(days=9), "due_on": today - timedelta(days=2)},
        "done": {"state": "completed", "completed_on": today},
    }[standing]
    mine = give(make_path(head), me, **values)
    assert mine.standing() == standing
    drawn = render_to_string("components/standing.html", {"code": standing, "label": STANDINGS[standing]})
    assert drawn in my_page(client, me)
    assert drawn in client.get(reverse("my_learning", args=[mine.uid])).content.decode()


def test_the_first_renewal_is_next_when_nothing_else_is_to_learn(client, me, head):
    today = clock.today()
    for title, days in (("あとのパス", 29), ("先のパス", 5)):
        give(
            make_path(head, title=title, version={"renew_window_days": 60}),
            me,
            state="completed",
            completed_on=today - timedelta(days=340),
            valid_until=today + timedelta(days=days),
        )
    shown = my_page(client, me)
    first = shown.split('class="kb-next', 1)[1].split("</section>")[0]
    assert "先のパス" in first
    assert "更新する" in first
    assert "今、学ぶものはありません" not in shown


def test_the_paths_of_others_are_not_mine(client, me, colleague, head):
    give(make_path(head, title="ひみつのパス"), colleague)
    assert "ひみつのパス" not in my_page(client, me)


def test_without_a_path_the_page_leads_to_the_catalogue(client, me):
    shown = my_page(client, me)
    assert "まだ学習パスがありません" in shown
    assert reverse("paths") in shown


@pytest.mark.parametrize("count", [3, 30])
def test_my_page_costs_the_same_for_many_assignments(client, me, head, count, django_assert_max_num_queries):
    lesson = make_lesson(head)
    for n in range(count):
        give(make_path(head, title=f"パス{n}", steps=[read(lesson), step()]), me, assigned_by=head)
        give(make_path(head, title=f"終えたパス{n}"), me, state="waived", waived_by=head)
        make_record(me, title=f"研修{n}")
        make_lesson(me, title=f"教訓{n}")
    notify(me, text="お知らせ")
    my_page(client, me)
    with django_assert_max_num_queries(15):
        client.get(reverse("my"))
