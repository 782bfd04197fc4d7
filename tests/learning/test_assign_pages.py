"""The two screens that assign a path: one save, no input is lost, people of other units are unknown."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.urls import reverse

from learning.assignments import eligible_people, newcomers, recipients
from learning.assignments.assigning import assign
from learning.models import Assignment, AssignmentState, Source, Stage
from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_start
from organization.models import AuditEvent
from tests.bodies import alike
from tests.factories.kb import make_lesson
from tests.factories.learning import give, make_path, read
from tests.factories.organization import appoint, make_person, make_post, make_staff, make_unit

pytestmark = pytest.mark.django_db
REASON = "着任して最初の三か月に、全員が学びます。"


@pytest.fixture
def office():
    return make_staff(make_unit("jinji", name="人事課"), duties=("training",))


@pytest.fixture
def path(head):
    return make_path(head)


def newcomer(unit, **values):
    person = make_person(joined_on=clock.today(), **values)
    appoint(person, make_post(unit), starts=clock.today(), announced_on=clock.today())
    return person


def sent(path, people=(), /, **values):
    data = {
        "path": path.public_id,
        "start_on": clock.today().isoformat(),
        "reason": REASON,
        "bound": "person",
        "people": [str(person.uid) for person in people],
    }
    return {**data, **values}


def preview(client, user, path, people=(), /, **values):
    client.force_login(user)
    return client.post(reverse("assign"), sent(path, people, preview="1", **values))


def save(client, user, path, people=(), /, **values):
    client.force_login(user)
    listed = values.pop("listed", [str(person.uid) for person in people])
    return client.post(reverse("assign"), sent(path, people, save="1", listed=listed, **values))


def hidden(html):
    """The values that the form of the second screen submits if it is not changed."""
    expected: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="(?:hidden|date)" name="([^"]+)" value="([^"]*)"', html):
        if name != "csrfmiddlewaretoken":
            expected.setdefault(name, []).append(value)
    return expected


# --- The first screen ------------------------------------------------------------------------


def test_twenty_newcomers_are_assigned_from_the_link_of_the_team_page(client, unit, head, path):
    for _ in range(20):
        newcomer(unit)
    make_staff(unit)  # neither 新任 nor 転入
    client.force_login(head.user)
    assert "今年度の新任・転入20人に割り当てる" in client.get(reverse("team")).content.decode()
    first = client.get(reverse("assign"), {"newcomers": "1", "transferred": "1"})
    form = first.context["form"]
    assert form.initial["groups"] == ["newcomers", "transferred"]
    assert form.initial["reason"]
    groups = ["newcomers", "transferred"]
    second = preview(client, head.user, path, groups=groups)
    assert second.context["rows"][0].why.endswith("（今年度の新任）")
    done = client.post(reverse("assign"), {**hidden(second.content.decode()), "reason": REASON, "save": "1"})
    assert done["Location"] == reverse("team")
    assert Assignment.objects.count() == 20


def test_who_manages_nobody_finds_no_such_page(client, unit):
    client.force_login(make_staff(unit).user)
    assert client.get(reverse("assign")).status_code == 404


def test_only_active_paths_that_the_manager_may_read_are_offered(client, head, path):
    make_path(head, title="作成中の学習パス", stage=Stage.DRAFT)
    other = make_staff(make_unit("zaisei", name="財政課"), head=True)
    make_path(other, title="財政課だけの学習パス", audience="unit")
    client.force_login(head.user)
    page = client.get(reverse("assign")).content.decode()
    assert path.title in page
    assert "作成中の学習パス" not in page
    assert "財政課だけの学習パス" not in page


def test_a_path_that_is_not_offered_is_refused_with_a_sentence(client, unit, head, path):
    draft = make_path(head, title="作成中の学習パス", stage=Stage.DRAFT)
    answer = preview(client, head.user, draft, [make_staff(unit)])
    assert answer.status_code == 422
    assert "「学習パス」は、画面に出ている中から選び直してください。" in answer.content.decode()


def test_a_path_in_the_address_is_chosen_already(client, head, path):
    client.force_login(head.user)
    page = client.get(reverse("assign"), {"path": path.public_id})
    assert f'value="{path.public_id}" selected' in page.content.decode()


def test_an_error_keeps_what_was_typed(client, unit, head, path):
    person = make_staff(unit)
    answer = preview(client, head.user, path, [person], reason="", due_on="2099-99-99", groups=["transferred"])
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "「理由」が空です" in page
    assert "2099-99-99" in page
    assert f'value="{person.uid}" checked' in page
    assert 'value="transferred"' in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"start_on": "2020-01-01"}, "開始が過ぎた日です"),
        ({"start_on": "きょう"}, "年-月-日"),
        ({"start_on": "9999-12-31"}, "開始が1年より先です"),
        ({"due_on": "2020-01-01"}, "期限が開始より前です"),
        ({"due_on": "9999-12-31"}, "期限が5年より先です"),
        ({"reason": "あ" * 301}, "300文字まで"),
        ({"reason": "だめ\x00です"}, "保存できない文字"),
        ({"path": "LP-R07-99999"}, "選び直してください"),
        ({"path": ""}, "「学習パス」が空です"),
        ({"groups": ["friends"]}, "選び直してください"),
    ],
)
def test_bad_input_is_answered_with_what_to_do(client, head, path, values, said):
    answer = preview(client, head.user, path, [make_staff(path.owner_unit)], **values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Assignment.objects.exists()


def test_choosing_nobody_is_said(client, head, path):
    assert "だれに割り当てるかを" in preview(client, head.user, path).content.decode()


def test_narrowing_the_list_keeps_who_was_ticked(client, unit, head, path):
    ticked, other = make_staff(unit, name="佐々木 一"), make_staff(unit, name="高橋 二")
    client.force_login(head.user)
    page = client.post(reverse("assign"), sent(path, [ticked], narrow="1", q="高橋")).content.decode()
    assert f'value="{ticked.uid}" checked' in page
    assert other.name in page


def test_the_first_screen_asks_no_more_questions_for_200_people_than_for_10(
    client, unit, head, path, django_assert_max_num_queries
):
    client.force_login(head.user)
    for more in (10, 190):
        for _ in range(more):
            make_staff(unit)
        with django_assert_max_num_queries(15):
            client.get(reverse("assign"))


def test_the_second_screen_asks_no_more_questions_for_100_people_than_for_10(
    client, unit, head, path, django_assert_max_num_queries
):
    client.force_login(head.user)
    for more in (10, 90):
        for _ in range(more):
            make_staff(unit)
        with django_assert_max_num_queries(30):
            client.post(reverse("assign"), sent(path, groups=["everyone"], preview="1"))


# --- Groups ----------------------------------------------------------------------------------


def test_the_groups_hold_whom_they_name(unit, head):
    today = clock.today()
    begun = fiscal_year_start(fiscal_year(today))
    new = newcomer(unit)
    moved = make_person(joined_on=begun - timedelta(days=400))
    appoint(moved, make_post(unit), starts=begun, announced_on=begun)
    old = make_staff(unit, title="主任")
    pool = eligible_people.candidates(head.user, today)
    groups = {
        name: {candidate.person for candidate in recipients.in_groups(pool, groups=[name], titles=())}
        for name in recipients.GROUPS
    }
    assert groups == {"newcomers": {new}, "transferred": {moved}, "everyone": {new, moved, old}}
    assert {candidate.person for candidate in recipients.in_groups(pool, groups=(), titles=["主任"])} == {old}


def test_the_groups_of_the_form_and_of_the_database_are_the_same(unit, head):
    begun = fiscal_year_start(fiscal_year(clock.today()))
    for joined in (None, begun - timedelta(days=1), begun, clock.today()):
        for starts in (begun - timedelta(days=1), begun, clock.today()):
            person = make_person(joined_on=joined)
            appoint(person, make_post(unit), starts=starts, announced_on=starts)
    pool = eligible_people.candidates(head.user, clock.today())
    here = eligible_people.people(head.user, clock.today())
    assert {candidate.person for candidate in pool if candidate.is_newcomer} == set(
        here.filter(newcomers.newcomers_q(clock.today()))
    )
    moved = newcomers.transferred(clock.today())
    assert {candidate.person for candidate in pool if candidate.is_transferred} == set(
        here.filter(pk__in=moved.values("pk"))
    )


def test_arrivals_are_listed_from_the_day_of_their_announcement_never_earlier(client, unit, head, path):
    start = clock.today() + timedelta(days=20)
    coming = make_person(joined_on=start)
    row = appoint(coming, make_post(unit), starts=start, announced_on=clock.today() + timedelta(days=1))
    client.force_login(head.user)
    assert eligible_people.arrivals(head.user) == []
    assert coming.name not in client.get(reverse("assign"), {"start": start.isoformat()}).content.decode()
    row.announced_on = clock.today()
    row.save()
    assert [(day.on, day.count) for day in eligible_people.arrivals(head.user)] == [(start, 1)]
    assert coming.name in client.get(reverse("assign"), {"start": start.isoformat()}).content.decode()


def test_announced_people_are_assigned_for_the_day_they_come(client, unit, head, path):
    start = clock.today() + timedelta(days=20)
    coming = make_person(joined_on=start)
    appoint(coming, make_post(unit), starts=start, announced_on=clock.today())
    save(client, head.user, path, [coming], start_on=start.isoformat())
    assert Assignment.objects.get().start_on == start


# --- The second screen -----------------------------------------------------------------------


def test_the_list_says_who_why_and_until_when_and_saves_nothing(client, unit, head, path):
    person, learning = make_staff(unit), make_staff(unit)
    give(path, learning)
    answer = preview(client, head.user, path, [person, learning])
    page = answer.content.decode()
    assert [row.candidate.person for row in answer.context["rows"]] == [person]
    assert "防災課 主事" in page
    assert (clock.today() + timedelta(days=90)).isoformat() in page
    assert "もう学んでいます" in page
    assert Assignment.objects.count() == 1


def test_unreadable_steps_are_listed_without_titles_closed_to_the_assigner(client, unit, head):
    elsewhere = make_unit("ka", name="河川課", parent=unit)
    lesson = make_lesson(make_staff(elsewhere))  # readable only in that section
    path = make_path(head, steps=[read(lesson, title="土のうの積み方を読む")])
    person = make_staff(unit)
    page = preview(client, head.user, path, [person]).content.decode()
    assert "「公開範囲の外の記事を読む」を読めない人が1人います" in page
    assert "土のうの積み方" not in page
    assert person.name in page


def test_single_people_are_left_out_and_get_another_due_day(client, unit, head, path):
    one, two, three = (make_staff(unit) for _ in range(3))
    later = clock.today() + timedelta(days=200)
    save(client, head.user, path, [one, two, three], leave=[str(one.uid)], **{f"due-{two.uid}": later.isoformat()})
    assert {row.person: row.due_on for row in Assignment.objects.all()} == {
        two: later,
        three: clock.today() + timedelta(days=90),
    }


@pytest.mark.parametrize(("typed", "said"), [("2020-01-01", "期限が開始より前です"), ("来週", "年-月-日")])
def test_a_wrong_due_day_of_one_person_is_kept_and_named(client, head, path, typed, said):
    person = make_staff(path.owner_unit)
    answer = save(client, head.user, path, [person], **{f"due-{person.uid}": typed})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert f'value="{typed}"' in answer.content.decode()
    assert not Assignment.objects.exists()


def test_going_back_shows_what_was_typed(client, unit, head, path):
    person = make_staff(unit)
    client.force_login(head.user)
    page = client.post(reverse("assign"), sent(path, [person], edit="1")).content.decode()
    assert REASON in page
    assert f'value="{person.uid}" checked' in page
    assert "直していただきたい所" not in page


def test_pressing_save_twice_assigns_once(client, unit, head, path):
    person = make_staff(unit)
    save(client, head.user, path, [person])
    again = save(client, head.user, path, [person])
    assert again.status_code == 302
    assert Assignment.objects.count() == 1


def test_people_assigned_meanwhile_are_shown_before_anything_is_saved(client, unit, head, path):
    one, two = make_staff(unit), make_staff(unit)
    give(path, one)
    answer = save(client, head.user, path, [one, two])
    assert answer.status_code == 422
    assert "割り当てられない人が出ました" in answer.content.decode()
    assert Assignment.objects.count() == 1


def test_two_managers_at_the_same_moment_make_one_assignment(client, unit, head, path, monkeypatch):
    person = make_staff(unit)
    real = assign

    def slower(*, plan, by, due):
        give(path, person)
        return real(plan=plan, by=by, due=due)

    monkeypatch.setattr("learning.assignments.assigning.assign", slower)
    answer = save(client, head.user, path, [person])
    assert answer.status_code == 422
    assert "ほかの人が、今同じ学習パスを割り当てました" in answer.content.decode()
    assert Assignment.objects.count() == 1


def test_a_valid_completion_leaves_its_holder_out(client, unit, head, path):
    holder = make_staff(unit)
    give(path, holder, state=AssignmentState.COMPLETED, completed_on=clock.today())
    page = preview(client, head.user, path, [holder]).content.decode()
    assert "修了が有効です" in page
    assert "割り当てる人がいません" in page


def test_an_empty_path_is_refused_with_a_sentence(client, unit, head):
    answer = preview(client, head.user, make_path(head, steps=[]), [make_staff(unit)])
    assert answer.status_code == 422
    assert "すませるステップがありません" in answer.content.decode()


def test_bound_to_the_post_where_that_was_chosen(client, unit, head, path):
    person = make_staff(unit)
    save(client, head.user, path, [person], bound="post")
    assert Assignment.objects.get().post == person.appointments.get().post


# --- People of other units -------------------------------------------------------------------


def test_one_foreign_person_among_twenty_is_answered_like_an_unknown_one(client, unit, head, path):
    mine = [make_staff(unit) for _ in range(19)]
    foreign = make_staff(make_unit("zaisei", name="財政課"))
    bodies = []
    for odd in (str(foreign.uid), str(uuid.uuid4()), "だれか"):
        listed = [*(str(person.uid) for person in mine), odd]
        answer = save(client, head.user, path, mine, listed=listed)
        assert answer.status_code == 404
        bodies.append(alike(answer))
    assert bodies[0] == bodies[1] == bodies[2]
    assert not Assignment.objects.exists()
    assert AuditEvent.objects.filter(action="assignment.refused", object_id=str(path.pk)).count() == 3


@pytest.mark.parametrize("button", ["preview", "narrow", "edit"])
def test_a_foreign_person_ends_every_other_button_too(client, head, path, button):
    foreign = make_staff(make_unit("zaisei", name="財政課"))
    client.force_login(head.user)
    assert client.post(reverse("assign"), sent(path, [foreign], **{button: "1"})).status_code == 404


def test_nobody_assigns_to_themselves(client, head, path):
    assert preview(client, head.user, path, [head]).status_code == 404


def test_a_leaver_on_an_old_list_is_named_and_left_out(client, unit, head, path):
    leaver, stays = make_staff(unit), make_staff(unit)
    leaver.left_on = clock.today() - timedelta(days=1)
    leaver.save()
    answer = preview(client, head.user, path, [leaver, stays])
    assert [row.candidate.person for row in answer.context["rows"]] == [stays]
    assert "退職しています" in answer.content.decode()


def test_who_is_elsewhere_by_the_start_is_left_out_with_the_reason(client, unit, head, path):
    going = make_staff(unit)
    start = clock.today() + timedelta(days=30)
    row = going.appointments.get()
    row.ends_on = start - timedelta(days=1)
    row.save()
    answer = preview(client, head.user, path, [going], start_on=start.isoformat())
    assert answer.status_code == 200
    assert "異動などのため" in answer.content.decode()


def test_the_training_office_finds_anybody_by_unit_or_number(client, office, unit, path):
    person = make_staff(unit, staff_no="778899")
    client.force_login(office.user)
    empty = client.get(reverse("assign")).content.decode()
    assert person.name not in empty
    assert "所属を選ぶか" in empty
    html = client.post(reverse("assign"), sent(path, narrow="1", q="778899")).content.decode()
    assert person.name in html
    save(client, office.user, path, [person])
    assert Assignment.objects.get().source == Source.OFFICE


def test_the_training_office_chooses_a_unit_before_a_group(client, office, unit, path):
    person = make_staff(unit)
    answer = preview(client, office.user, path, groups=["everyone"])
    assert "所属を選んでから" in answer.content.decode()
    chosen = preview(client, office.user, path, groups=["everyone"], unit=str(unit.uid))
    assert person in [row.candidate.person for row in chosen.context["rows"]]


def test_a_unit_that_is_not_ones_own_narrows_nothing(client, head, unit, path):
    other = make_unit("zaisei", name="財政課")
    answer = preview(client, head.user, path, [make_staff(unit)], unit=str(other.uid))
    assert answer.status_code == 422
    assert "選び直してください" in answer.content.decode()


def test_a_day_that_no_calendar_has_does_not_break_the_page(client, head, path):
    client.force_login(head.user)
    for day in ("2027-02-30", "0000-00-00", "9999-12-31", str(date.min)):
        assert client.get(reverse("assign"), {"start": day}).status_code == 200


def test_the_second_screen_stays_within_its_queries(client, unit, head, django_assert_max_num_queries):
    path = make_path(head, steps=[read(make_lesson(head))])
    people = [make_staff(unit) for _ in range(20)]
    client.force_login(head.user)
    with django_assert_max_num_queries(17):
        answer = client.post(reverse("assign"), sent(path, people, preview="1"))
    assert answer.status_code == 200
