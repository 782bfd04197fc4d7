"""Reminders: when and to whom; each once; one mail for each person and day; only in office hours."""

from datetime import date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from learning.access import permissions
from learning.daily import job
from learning.models import Assignment, LearningPath, Message, Reminder, Stage
from learning.notifications import collecting, reminders
from organization import clock
from organization.clock import TOKYO
from organization.models import Notice
from organization.working_days import is_working_day
from tests.factories.learning import give, make_course, make_path, make_record
from tests.factories.organization import appoint, make_post, make_staff, make_unit
from tests.organization.random_worlds import build, worlds

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 6, 1)
DAY = timedelta(days=1)


@pytest.fixture
def at(monkeypatch):
    """Move the clock to a day and an hour."""

    def moved(day, hour=9, minute=0):
        moment = datetime.combine(day, time(hour, minute), TOKYO)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return day

    moved(MONDAY)
    return moved


@pytest.fixture
def unit(at):
    return make_unit("bosai", name="防災課")


@pytest.fixture
def path(unit):
    return make_path(make_staff(make_unit(), title="課長"))


def running(path, person, due, **values):
    return give(
        path, person, **{"assigned_on": date(2026, 3, 2), "start_on": date(2026, 3, 2), "due_on": due, **values}
    )


def kinds(row):
    return sorted(row.reminders.values_list("kind", flat=True))


def write(at, day, hour=9):
    return reminders.write_reminders(at(day, hour))


# --- When --------------------------------------------------------------------------------------------


def test_each_day_of_reminding_comes_once(at, path, me):
    due = date(2026, 6, 19)
    row = running(path, me, due)
    expected = {}
    for day in (MONDAY + n * DAY for n in range(40)):
        for hour in (9, 10):
            write(at, day, hour)
        expected |= {kind: day for kind in kinds(row) if kind not in expected}
    assert expected == {"before_14": date(2026, 6, 5), "before_3": date(2026, 6, 16), "after_1": date(2026, 6, 22)}
    assert Message.objects.count() == 3


def test_a_late_run_still_says_what_is_due_and_not_what_is_past(at, path, me):
    row = running(path, me, date(2026, 6, 19))
    write(at, date(2026, 6, 18))
    assert kinds(row) == ["before_3"]


def test_a_new_due_date_is_reminded_of_anew(at, path, me):
    row = running(path, me, date(2026, 6, 3))
    write(at, MONDAY)
    Assignment.objects.update(due_on=date(2026, 6, 10))
    write(at, date(2026, 6, 8))
    assert [reminder.about for reminder in row.reminders.order_by("pk")] == [date(2026, 6, 3), date(2026, 6, 10)]


def test_what_was_given_within_the_time_is_not_reminded_of_at_once(at, path, me):
    running(path, me, MONDAY + 10 * DAY, assigned_on=MONDAY, start_on=MONDAY)
    assert write(at, MONDAY) == 0


@pytest.mark.parametrize(("day", "hour", "sent"), [(1, 6, 0), (1, 7, 1), (1, 19, 1), (1, 20, 0), (6, 9, 0), (7, 9, 0)])
def test_only_on_working_days_from_seven_to_twenty(day, hour, sent):
    """6 and 7 June 2026 are a weekend."""
    assert reminders.may_send(datetime(2026, 6, day, hour, 30, tzinfo=TOKYO)) == bool(sent)


def test_outside_these_hours_nothing_is_written(at, path, me):
    running(path, me, date(2026, 6, 3))
    assert write(at, MONDAY, 6) == write(at, MONDAY, 21) == 0


@pytest.mark.parametrize("closed", [date(2026, 5, 4), date(2026, 9, 22), date(2026, 12, 29), date(2027, 1, 1)])
def test_not_on_holidays_nor_over_the_new_year(at, path, me, closed):
    """22 September 2026 is a holiday because it lies between two holidays."""
    running(path, me, closed - DAY)
    assert write(at, closed) == 0
    following = next(closed + n * DAY for n in range(1, 10) if is_working_day(closed + n * DAY))
    assert write(at, following) == 1


def test_before_the_new_year_holidays_the_three_days_come_earlier():
    assert collecting.opens_on(date(2027, 1, 3), 3) == date(2026, 12, 28)
    assert collecting.opens_on(date(2026, 6, 19), 3) == date(2026, 6, 16)


# --- To whom -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["completed", "waived", "cancelled", "suspended"])
def test_what_is_over_or_stands_still_is_not_reminded_of(at, path, me, state):
    running(path, me, date(2026, 6, 3), state=state)
    assert write(at, MONDAY) == 0


def test_what_has_not_begun_is_not_reminded_of(at, path, me):
    running(path, me, MONDAY + 3 * DAY, start_on=MONDAY + DAY)
    assert write(at, MONDAY) == 0


def test_leavers_people_on_leave_and_moved_ones_hear_nothing(at, path, unit):
    left, away, moved = (make_staff(unit) for _ in range(3))
    post = moved.appointments.get().post
    for person, bound in ((left, None), (away, None), (moved, post)):
        running(path, person, date(2026, 6, 3), post=bound)
    left.left_on = MONDAY - DAY
    left.save()
    appoint(away, make_post(unit), kind="leave", starts=MONDAY)
    moved.appointments.update(ends_on=MONDAY - DAY)
    appoint(moved, make_post(make_unit()), starts=MONDAY)
    assert write(at, MONDAY) == 0


# --- One a day -----------------------------------------------------------------------------------------


def test_everything_for_one_person_is_one_mail_and_one_notice(at, path, me):
    other = make_path(make_staff(make_unit()), title="データで考える")
    running(path, me, date(2026, 6, 3))
    running(other, me, date(2026, 5, 20))
    make_record(me, starts_on=date(2026, 3, 2))
    assert write(at, MONDAY) == 1
    message = Message.objects.get()
    assert message.subject == "学習のお知らせ（3件）"
    assert all(word in message.body for word in ("データで考える", "新任職員の最初の100日", "使いましたか"))
    assert Notice.objects.filter(person=me).count() == 1
    assert Reminder.objects.count() == 3


def test_the_subject_of_one_line_is_its_first_sentence_and_the_body_has_it_all(at, me):
    make_record(me, starts_on=date(2026, 3, 2), free_title="聴く。話す。")
    assert write(at, MONDAY) == 1
    message = Message.objects.get()
    assert message.subject == "研修「聴く。話す。」から90日がたちました。"
    assert "次の研修の役に立ちます。" in message.body


def test_who_has_a_mail_of_today_is_told_the_next_day(at, path, me):
    Message.objects.create(person=me, on=MONDAY, subject="所属長から", body="いかがですか。")
    row = running(path, me, date(2026, 6, 3))
    assert write(at, MONDAY) == 0
    assert kinds(row) == []
    assert write(at, MONDAY + DAY) == 1
    assert kinds(row) == ["before_3"]


def test_the_whole_run_twice_makes_one_mail(at, path, me):
    running(path, me, date(2026, 6, 3))
    job.run_daily_job()
    before = list(Message.objects.values()), list(Notice.objects.values())
    job.run_daily_job()
    assert (list(Message.objects.values()), list(Notice.objects.values())) == before
    assert len(before[0]) == 1


def test_writing_asks_no_more_for_many_people(at, path, unit, django_assert_max_num_queries):
    for _ in range(120):
        running(path, make_staff(unit), date(2026, 6, 3))
    with django_assert_max_num_queries(40):
        assert write(at, MONDAY) == 120


# --- Renewal, records, weeks ---------------------------------------------------------------------------


def test_an_open_renewal_is_told_once(at, me):
    path = make_path(make_staff(make_unit()), version={"valid_months": 12, "renew_window_days": 30})
    row = running(
        path,
        me,
        date(2025, 9, 1),
        state="completed",
        start_on=date(2025, 6, 1),
        assigned_on=date(2025, 6, 1),
        completed_on=date(2025, 7, 1),
        valid_until=date(2026, 7, 2),
    )
    assert write(at, MONDAY) == 0
    assert write(at, MONDAY + DAY) == 1
    assert write(at, MONDAY + 2 * DAY) == 0
    assert kinds(row) == ["renewal"]
    assert f"/k/{path.public_id}/" in Message.objects.get().body


@pytest.mark.parametrize("again", ["open", "retired"])
def test_a_renewal_that_has_begun_or_cannot_begin_is_not_told(at, me, again):
    path = make_path(make_staff(make_unit()), version={"valid_months": 12})
    running(
        path,
        me,
        date(2025, 9, 1),
        state="completed",
        start_on=date(2025, 6, 1),
        assigned_on=date(2025, 6, 1),
        completed_on=date(2025, 7, 1),
        valid_until=date(2026, 7, 2),
    )
    if again == "open":
        running(path, me, date(2026, 9, 30))
    else:
        LearningPath.objects.update(stage=Stage.RETIRED)
    assert write(at, MONDAY) == 0


def test_the_report_of_a_dispatch_is_asked_for_before_and_after_its_day(at, me):
    make_record(me, make_course(type="dispatch"), starts_on=date(2026, 5, 25))  # due 8 June
    days = [n for n in range(30) if write(at, MONDAY + n * DAY)]
    assert days == [4, 8]  # Friday the 5th and Tuesday the 9th


@pytest.mark.parametrize(
    ("starts", "on", "kind"),
    [
        (date(2026, 5, 25), date(2026, 6, 5), "report"),
        (date(2026, 5, 25), date(2026, 6, 9), "late"),
        (date(2026, 3, 4), date(2026, 6, 2), "used"),
    ],
)
def test_what_was_said_of_a_record_is_known_without_its_mail(at, me, starts, on, kind):
    record = make_record(me, make_course(type="dispatch"), starts_on=starts)
    assert write(at, on) == 1
    Message.objects.all().delete()
    assert kinds(record) == [kind]
    assert write(at, on) == 0


def test_a_week_is_told_once_even_where_its_mail_is_gone(at, path, unit, me):
    head = make_staff(unit, title="課長", head=True)
    running(path, me, MONDAY + 60 * DAY)
    assert write(at, MONDAY) == 1
    assert Reminder.objects.get(head=head).about == MONDAY
    Message.objects.all().delete()
    assert write(at, MONDAY + DAY) == 0
    assert write(at, MONDAY + 7 * DAY) == 1


@pytest.mark.parametrize("of", ["assignment", "record", "head"])
def test_the_database_keeps_what_was_said_once_and_of_one_thing(path, me, of):
    things = {"assignment": running(path, me, MONDAY), "record": make_record(me), "head": me}
    data = {"kind": "used", "about": MONDAY}
    Reminder.objects.create(**{of: things[of]}, **data)
    for wrong in ({of: things[of]}, {}, {"assignment": things["assignment"], "record": things["record"]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Reminder.objects.create(**wrong, **data)


def test_a_report_that_is_not_asked_for_is_not_reminded_of(at, me):
    make_record(me, make_course(), starts_on=date(2026, 5, 25))
    assert write(at, date(2026, 6, 5)) == 0


def test_use_is_asked_after_ninety_days_once(at, me):
    make_record(me, make_course(), starts_on=date(2026, 3, 4))
    days = [n for n in range(20) if write(at, MONDAY + n * DAY)]
    assert days == [1]


def test_use_that_was_answered_is_not_asked(at, me):
    make_record(me, make_course(), starts_on=date(2026, 3, 3), used="used")
    assert write(at, MONDAY) == 0


def test_a_head_gets_the_numbers_of_the_own_unit_once_a_week(at, path, unit, me):
    head = make_staff(unit, title="課長", head=True)
    running(path, me, MONDAY - DAY)
    running(path, make_staff(unit), MONDAY + 60 * DAY, state="in_progress")
    running(path, make_staff(make_unit()), MONDAY + 60 * DAY)
    assert [n for n in range(6) if write(at, MONDAY + n * DAY)] == [0]
    body = Message.objects.get(person=head).body
    assert "期限切れ1件、学習中1件、未着手0件" in body
    assert me.name not in body
    assert "/team/" in body


@given(world=worlds(), given_to=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=8))
def test_the_numbers_of_a_week_are_those_of_the_page(world, given_to):
    """The weekly figures equal those of the team page, for random organisations."""
    with build(world) as made:
        path = make_path(make_staff(make_unit()))
        for n, own, shared in given_to:
            person = made.people[n % len(made.people)]
            if not Assignment.objects.filter(person=person).exists():
                give(path, person, source="self" if own else "office", shared=shared)
        heads = [person for person in made.people if person.user.is_active and not person.user.is_superuser]
        for head, counts in collecting._standings(heads, made.today).items():
            assert counts.total() == permissions.managed(head.user).open().count()


def test_the_week_begins_with_its_first_working_day(at, path, unit, me):
    make_staff(unit, head=True)
    holiday = date(2026, 7, 20)  # 海の日, a Monday
    running(path, me, holiday + 60 * DAY)
    assert write(at, holiday) == 0
    assert write(at, holiday + DAY) == 1


def test_a_head_without_learners_gets_no_summary(at, unit):
    make_staff(unit, head=True)
    assert write(at, MONDAY) == 0
