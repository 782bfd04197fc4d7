"""The page of one assignment for its learner: open steps, actions and their effects."""

from datetime import timedelta

import pytest
from django.urls import reverse

from kb.models import Draft, Lesson
from kb.models.items.states import State
from learning.models import Assignment, AssignmentState, Completion, Extension, StepProgress, StepType
from learning.progress import recording
from organization import clock
from organization.models import Notice
from tests.bodies import alike
from tests.factories.kb import make_lesson, make_retrospective
from tests.factories.learning import check, give, make_course, make_path, make_record, read, step, take, write
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def head(unit):
    return make_staff(unit, title="課長", head=True, name="山本 花子")


@pytest.fixture
def colleague(unit):
    return make_staff(unit)


def page_of(client, given) -> str:
    client.force_login(given.person.user)
    return client.get(address(given)).content.decode()


def address(given) -> str:
    return reverse("my_learning", args=[given.uid])


def uids(path):
    return [step.uid for step in path.current_version().steps.order_by("group__order", "order")]


def press(client, given, uid, **data):
    client.force_login(given.person.user)
    return client.post(reverse("my_learning_step", args=[given.uid, uid]), data)


def hidden_lesson(title="ひみつの教訓"):
    """A lesson that only people of another unit may read."""
    return make_lesson(make_staff(make_unit("zaisei", name="財政課")), title=title)


# --- Permissions -----------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["page", "step", "share", "cancel", "again", "write"])
def test_the_assignment_of_somebody_else_does_not_exist(client, head, me, colleague, what):
    given = give(make_path(head), colleague, source="self", state="completed", completed_on=clock.today())
    client.force_login(me.user)
    names = {"page": "my_learning", "step": "my_learning_step"}
    args = [given.uid, *([uids(given.path)[0]] if what == "step" else [])]
    url = reverse(names.get(what, f"my_learning_{what}"), args=args)
    answer = client.get(url) if what == "page" else client.post(url, {"reason": "わけ", "shared": "1"})
    assert answer.status_code == 404
    given.refresh_from_db()
    assert (given.state, given.shared) == (AssignmentState.COMPLETED, False)


def test_an_unknown_assignment_and_a_foreign_one_have_the_same_body(client, head, me, colleague):
    given = give(make_path(head), colleague)
    client.force_login(me.user)
    addresses = address(given), address(given).replace(str(given.uid)[:8], "00000000")
    bodies = [alike(client.get(url), url) for url in addresses]
    assert bodies[0] == bodies[1]


def test_a_stranger_is_asked_to_log_in(client, head, me):
    assert client.get(address(give(make_path(head), me)))["Location"].startswith(reverse("login"))


# --- The page --------------------------------------------------------------------------------


def test_the_page_says_from_whom_why_until_when_and_how_long(client, head, me):
    path = make_path(head, steps=[step(minutes=90, why="窓口で困らないように。")])
    due = clock.today() + timedelta(days=12)
    shown = page_of(client, give(path, me, assigned_by=head, reason="来月から窓口に立つためです。", due_on=due))
    for words in (
        "山本 花子さんから",
        "来月から窓口に立つためです。",
        "あと12日",
        "1時間30分",
        "窓口で困らないように。",
    ):
        assert words in shown


def test_groups_stand_in_order_with_their_rule_in_words(client, head, me):
    path = make_path(head, groups=[("any", 1, [step(title="一"), step(title="二")]), ("all", 1, [step(title="三")])])
    shown = page_of(client, give(path, me))
    assert "2つのうち1つ" in shown
    assert shown.index("第1週") < shown.index("第2週")
    assert "まだ始められません" in shown


def test_an_extension_is_shown_with_its_reason(client, head, me):
    given = give(make_path(head), me)
    Extension.objects.create(
        assignment=given,
        old_due=given.due_on - timedelta(days=9),
        new_due=given.due_on,
        reason="災害対応のため",
        by=head,
    )
    assert "災害対応のため" in page_of(client, given)


def test_what_begins_later_cannot_be_done_yet(client, head, me):
    start = clock.today() + timedelta(days=20)
    given = give(make_path(head), me, start_on=start)
    shown = page_of(client, given)
    assert f"{start.month}月{start.day}日から" in shown
    assert "やってみました" not in shown
    assert press(client, given, uids(given.path)[0], evidence="した。").status_code == 422


def test_a_suspended_assignment_says_that_its_clock_stands_still(client, head, me):
    shown = page_of(client, give(make_path(head), me, state="suspended"))
    assert "期限が止まり" in shown
    assert "過ぎています" not in shown


# --- Reading ---------------------------------------------------------------------------------


def test_a_reading_is_confirmed_and_leads_to_the_next_step(client, head, me):
    path = make_path(head, steps=[read(make_lesson(head)), step()])
    given = give(path, me)
    first, second = uids(path)
    answer = press(client, given, first)
    assert answer["Location"].endswith(f"#step-{second}")
    assert given.progress.get().state == "done"


def test_the_page_of_the_item_asks_for_the_confirmation(client, head, me):
    lesson = make_lesson(head)
    given = give(make_path(head, steps=[read(lesson), step()]), me)
    client.force_login(me.user)
    shown = client.get(lesson.get_absolute_url()).content.decode()
    assert reverse("my_learning_step", args=[given.uid, uids(given.path)[0]]) in shown
    assert "読みました" in shown


@pytest.mark.parametrize("why", ["done", "locked", "upcoming", "cancelled", "another's"])
def test_the_page_of_the_item_asks_only_for_what_is_open_and_mine(client, head, me, colleague, why):
    lesson = make_lesson(head)
    groups = [("all", 1, [read(lesson)]), ("all", 1, [step()])]
    path = make_path(head, groups=groups[::-1] if why == "locked" else groups)
    values = {
        "upcoming": {"start_on": clock.today() + timedelta(days=3)},
        "cancelled": {"state": "cancelled"},
    }.get(why, {})
    given = give(path, colleague if why == "another's" else me, **values)
    if why == "done":
        press(client, given, uids(path)[0])
    client.force_login(me.user)
    shown = client.get(lesson.get_absolute_url()).content.decode()
    assert "読みました" not in shown
    assert path.title in shown  # the paths that use it are listed nevertheless


def test_the_page_of_an_item_costs_no_more_for_its_learner(client, head, me, django_assert_max_num_queries):
    item = make_retrospective(head)
    for n in range(3):
        give(make_path(head, steps=[read(item), step()], title=f"パス{n}"), me)
    client.force_login(me.user)
    client.get(item.get_absolute_url())
    with django_assert_max_num_queries(15):
        assert client.get(item.get_absolute_url()).content.decode().count('<h2 class="kb-h3" id="asked-') == 3


def test_the_title_of_what_cannot_be_read_is_nowhere(client, head, me):
    path = make_path(head, steps=[read(hidden_lesson(), title="ひみつの教訓"), step()])
    given = give(path, me)
    first = uids(path)[0]
    shown = page_of(client, given) + client.get(reverse("my")).content.decode()
    assert "ひみつの教訓" not in shown
    assert "今は読めない記事" in shown
    assert 'name="skip"' in shown
    refused = press(client, given, first)
    assert refused.status_code == 422
    assert "ひみつの教訓" not in refused.content.decode()


def test_what_cannot_be_read_is_skipped_and_what_can_be_is_not(client, head, me):
    path = make_path(head, steps=[read(hidden_lesson()), read(make_lesson(head))])
    given = give(path, me)
    hidden, plain = uids(path)
    press(client, given, hidden, skip="1")
    assert given.progress.get().state == "skipped"
    assert press(client, given, plain, skip="1").status_code == 422
    assert page_of(client, given).count('name="skip"') == 0


def test_a_superseded_lesson_leads_to_its_successor(client, head, me):
    old = make_lesson(head, title="前の教訓")
    new = make_lesson(head, title="新しい教訓", supersedes=old)
    Lesson.objects.filter(pk=old.pk).update(state=State.SUPERSEDED)
    path = make_path(head, steps=[read(old), step()])
    given = give(path, me)
    shown = page_of(client, given)
    assert "新しい教訓" in shown
    assert "新しい記事を読みます" in shown
    assert "読みました" in client.get(new.get_absolute_url()).content.decode()
    press(client, given, uids(path)[0])
    assert given.progress.get().item_id == new.pk


# --- Writing, courses, talks, work, events ----------------------------------------------------


def test_writing_starts_one_draft_of_the_format(client, head, me):
    path = make_path(head, steps=[write("kpt"), step()])
    given = give(path, me)
    places = {press(client, given, uids(path)[0], write="1")["Location"] for _ in range(2)}
    draft = Draft.objects.get(author=me)
    assert places == {draft.get_absolute_url()}
    assert draft.format == "kpt"
    assert not StepProgress.objects.exists()
    assert "自動ですみになります" in page_of(client, given)


def test_what_was_written_for_a_step_is_linked_once_published(client, head, me):
    path = make_path(head, steps=[write("kpt"), step()])
    given = give(path, me)
    item = make_retrospective(me, title="初めての窓口のふりかえり")
    shown = page_of(client, given)
    assert item.get_absolute_url() in shown
    assert "すみ（" in shown


def test_a_course_shows_its_facts_and_my_record_or_how_to_enter_one(client, head, me):
    course = make_course(hours=6)
    path = make_path(head, steps=[take(course), step()])
    given = give(path, me)
    assert f"{reverse('record_new')}?course={course.pk}" in page_of(client, given)
    record = make_record(me, course, status="planned")
    shown = page_of(client, given)
    assert reverse("my_record", args=[record.pk]) in shown
    assert "予定" in shown


def test_the_course_of_somebody_else_is_not_my_record(client, head, me, colleague):
    course = make_course()
    make_record(colleague, course, status="planned")
    assert "まだありません" in page_of(client, give(make_path(head, steps=[take(course)]), me))


def test_a_talk_names_who_holds_the_post_today(client, head, me, unit):
    holder = make_staff(unit, title="主任", name="佐々木 一郎")
    post = holder.appointments.get().post
    given = give(make_path(head, steps=[step(StepType.ASK, post=post)]), me)
    assert "佐々木 一郎さん（防災課 主任）" in page_of(client, given)
    press(client, given, uids(given.path)[0], evidence="昔の大雨の話を聴いた。")
    assert given.progress.get().evidence == "昔の大雨の話を聴いた。"


def test_work_needs_words_and_keeps_what_was_typed_when_they_are_too_many(client, head, me):
    given = give(make_path(head), me)
    assert press(client, given, uids(given.path)[0], evidence=" ").status_code == 422
    refused = press(client, given, uids(given.path)[0], evidence="あ" * 403)
    assert refused.status_code == 422
    assert "3文字けずってください" in refused.content.decode()
    assert "あ" * 403 in refused.content.decode()
    assert not StepProgress.objects.exists()


def test_what_the_database_cannot_hold_is_refused_in_words(client, head, me):
    given = give(make_path(head), me)
    assert press(client, given, uids(given.path)[0], evidence="a\x00b").status_code == 422


def test_fields_that_are_not_the_learners_are_ignored(client, head, me):
    given = give(make_path(head, steps=[step(completion=Completion.CONFIRM), step()]), me)
    press(
        client,
        given,
        uids(given.path)[0],
        evidence="した。",
        state="done",
        done_on="2020-01-01",
        completed_on="2020-01-01",
        shared="1",
        person=head.pk,
        comment="よい",
    )
    row = given.progress.get()
    assert (row.state, row.done_on, row.comment) == ("submitted", None, "")
    given.refresh_from_db()
    assert (given.completed_on, given.shared, given.person_id) == (None, False, me.pk)


def test_an_event_shows_day_and_place_and_its_button_only_after_it(client, head, me):
    day = clock.today() + timedelta(days=5)
    given = give(make_path(head, steps=[step(StepType.EVENT, held_on=day, place="県庁講堂"), step()]), me)
    shown = page_of(client, given)
    assert "県庁講堂" in shown
    assert ">出ました<" not in shown
    with clock.moved_to(day):
        assert ">出ました<" in page_of(client, given)


# --- Checks ----------------------------------------------------------------------------------


def test_a_wrong_answer_is_explained_and_kept(client, head, me):
    given = give(make_path(head, steps=[check(), step()]), me)
    answer = press(client, given, uids(given.path)[0], **{"answer-0": "1"})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "まず所属長へ。" in shown
    assert 'value="1" checked' in shown
    assert not StepProgress.objects.exists()


def test_right_answers_do_the_step(client, head, me):
    given = give(make_path(head, steps=[check(), step()]), me)
    press(client, given, uids(given.path)[0], **{"answer-0": "0"})
    assert given.progress.get().state == "done"


@pytest.mark.parametrize("value", ["", "9", "-1", "x", "０", "9" * 400])
def test_an_answer_that_is_none_is_asked_for(client, head, me, value):
    given = give(make_path(head, steps=[check(), step()]), me)
    answer = press(client, given, uids(given.path)[0], **{"answer-0": value})
    assert answer.status_code == 422
    assert "答えを一つ選んでください。" in answer.content.decode()


# --- Waiting, returned -----------------------------------------------------------------------


def test_a_step_that_waits_says_so_and_is_not_asked_again(client, head, me):
    given = give(make_path(head, steps=[step(completion=Completion.REVIEWED), step()]), me)
    press(client, given, uids(given.path)[0], evidence="窓口に立った。")
    shown = page_of(client, given)
    assert "確認待ち" in shown
    assert "窓口に立った。" in shown
    assert "所属長が内容を見て受理すると" in shown
    assert Notice.objects.filter(person=head).exists()


def test_what_was_returned_comes_back_with_the_comment_and_the_words(client, head, me):
    given = give(make_path(head, steps=[step(completion=Completion.REVIEWED), step()]), me, assigned_by=head)
    press(client, given, uids(given.path)[0], evidence="窓口に立った。")
    recording.decide_step(progress=given.progress.get(), user=head.user, accept=False, comment="人数も書いてください。")
    shown = page_of(client, given)
    assert "人数も書いてください。" in shown
    assert "窓口に立った。</textarea>" in shown
    press(client, given, uids(given.path)[0], evidence="窓口に立ち、12人に応対した。")
    assert given.progress.get().state == "submitted"


# --- Completion ------------------------------------------------------------------------------


def test_a_finished_path_shows_its_validity_and_offers_to_write(client, head, me):
    path = make_path(head, steps=[step(StepType.ASK)], version={"valid_months": 12, "renew_window_days": 30})
    given = give(path, me)
    press(client, given, uids(path)[0])
    shown = page_of(client, given)
    assert "おつかれさまでした" in shown
    assert "まで有効です" in shown
    assert "から更新できます" in shown
    client.post(reverse("my_learning_write", args=[given.uid]))
    assert Draft.objects.get(author=me).data["subject"] == path.title


def test_in_the_renewal_window_the_path_begins_again_once(client, head, me):
    today = clock.today()
    path = make_path(head, version={"valid_months": 12, "renew_window_days": 30})
    given = give(
        path, me, state="completed", completed_on=today - timedelta(days=345), valid_until=today + timedelta(days=20)
    )
    end = page_of(client, given).split('id="done"')[1].split("</section>")[0]
    assert "同じ学習パスをもう一度始めます" in end
    # The action that 「更新する」 on the own page leads to comes first, as the only primary button.
    assert end.index("更新する（もう一度始める）") < end.index("学んだことを書く")
    assert end.count("kb-button--primary") == 1
    for _ in range(2):
        client.post(reverse("my_learning_again", args=[given.uid]))
    assert Assignment.objects.open().filter(person=me, path=path).count() == 1
    assert "更新を続ける" in page_of(client, given)


def test_what_was_renewed_since_is_not_offered_again(client, head, me):
    today = clock.today()
    path = make_path(head, version={"valid_months": 12, "renew_window_days": 30})
    old = give(
        path, me, state="completed", completed_on=today - timedelta(days=400), valid_until=today - timedelta(days=35)
    )
    give(path, me, state="completed", completed_on=today, valid_until=today + timedelta(days=365))
    shown = page_of(client, old)
    assert "更新する" not in shown
    assert "から更新できます" not in shown


def test_before_the_renewal_window_there_is_nothing_to_renew(client, head, me):
    today = clock.today()
    given = give(make_path(head), me, state="completed", completed_on=today, valid_until=today + timedelta(days=300))
    client.force_login(me.user)
    assert client.post(reverse("my_learning_again", args=[given.uid])).status_code == 404


def test_a_waived_path_names_who_waived_it_and_why(client, head, me):
    given = give(make_path(head), me, state="waived", waived_by=head, closing_reason="前の職で学んだ")
    shown = page_of(client, given)
    assert "山本 花子さん" in shown
    assert "前の職で学んだ" in shown
    assert "やってみました" not in shown


# --- Sharing, cancelling ---------------------------------------------------------------------


def test_the_learner_shares_and_takes_back(client, head, me):
    given = give(make_path(head), me, source="self")
    client.force_login(me.user)
    client.post(reverse("my_learning_share", args=[given.uid]), {"shared": "1"})
    given.refresh_from_db()
    assert given.shared
    client.post(reverse("my_learning_share", args=[given.uid]))
    given.refresh_from_db()
    assert not given.shared


def test_what_i_began_myself_i_give_up_with_a_reason(client, head, me):
    given = give(make_path(head), me, source="self")
    client.force_login(me.user)
    url = reverse("my_learning_cancel", args=[given.uid])
    assert client.post(url, {"reason": ""}).status_code == 422
    client.post(url, {"reason": "担当が変わった"})
    given.refresh_from_db()
    assert (given.state, given.closing_reason) == (AssignmentState.CANCELLED, "担当が変わった")


def test_what_was_assigned_i_cannot_give_up(client, head, me):
    given = give(make_path(head), me)
    assert "取りやめる</button>" not in page_of(client, given)
    assert client.post(reverse("my_learning_cancel", args=[given.uid]), {"reason": "いや"}).status_code == 404


# --- Queries ----------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 6])
def test_the_page_is_cheap_whatever_the_number_of_steps(client, head, me, times, django_assert_max_num_queries):
    post = head.appointments.get().post
    course = make_course()
    make_record(me, course, status="planned")
    kinds = [
        read(make_lesson(head)),
        write("kpt"),
        take(course),
        step(),
        step(StepType.ASK, post=post),
        check(),
        step(StepType.EVENT),
    ]
    given = give(make_path(head, steps=kinds * times), me, assigned_by=head)
    for uid in uids(given.path)[3:5]:
        press(client, given, uid, evidence="した。")
    page_of(client, given)
    with django_assert_max_num_queries(15):
        assert client.get(address(given)).status_code == 200
