"""Reminders that a manager sends: editable, logged, at most one a day, and one mail for each person and day."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.urls import reverse

from learning.models import AssignmentState, Message, Reminder, Source
from learning.notifications import nudges
from organization import clock
from organization.japanese_dates import era_date
from organization.models import AuditEvent
from tests.errors import refused_with
from tests.factories.kb import make_lesson
from tests.factories.learning import give, make_path, read, step
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db
TEXT = "第一週の分を、今週中に見てみてください。"


@pytest.fixture
def learner(unit):
    return make_staff(unit)


@pytest.fixture
def given(head, learner):
    return give(make_path(head, steps=[step(title="窓口に立つ")]), learner)


def test_a_reminder_is_logged_mailed_and_noticed_at_once(head, learner, given):
    reminder = nudges.remind(assignment=given, user=head.user, text=TEXT)
    assert (reminder.kind, reminder.about, reminder.by, reminder.text) == (
        Reminder.Kind.MANAGER,
        clock.today(),
        head,
        TEXT,
    )
    message = Message.objects.get()
    assert (message.person, message.on, message.sent_at) == (learner, clock.today(), None)
    assert TEXT in message.body
    assert f"/my/learning/{given.uid}/" in message.body
    assert learner.notices.filter(url=f"/my/learning/{given.uid}/").exists()
    assert AuditEvent.objects.filter(action="assignment.reminded").exists()


def test_the_text_begins_with_the_path_the_day_and_the_next_step(head, learner, given):
    text = nudges.draft(assignment=given, by=head)
    for word in (learner.name, head.name, given.path.title, era_date(given.due_on), "窓口に立つ"):
        assert word in text
    given.due_on = clock.today() - timedelta(days=1)
    assert "過ぎていますが、まだ間に合います" in nudges.draft(assignment=given, by=head)


def test_a_step_that_one_of_the_two_may_not_open_is_not_named(head, learner):
    lesson = make_lesson(make_staff(make_unit("zaisei", name="財政課")))
    given = give(make_path(head, steps=[read(lesson, title="財政課だけの記事")], title="別の学習"), learner)
    assert "財政課だけの記事" not in nudges.draft(assignment=given, by=head)


def test_the_same_assignment_is_reminded_once_a_day(head, given):
    nudges.remind(assignment=given, user=head.user, text=TEXT)
    with refused_with("already_reminded_today"):
        nudges.remind(assignment=given, user=head.user, text=TEXT)
    with clock.moved_to(clock.today() + timedelta(days=1)):
        nudges.remind(assignment=given, user=head.user, text=TEXT)
    assert Reminder.objects.count() == Message.objects.count() == 2


def test_a_person_gets_one_message_a_day_and_the_text_stays_on_the_screen(client, head, learner, given):
    Message.objects.create(person=learner, on=clock.today(), subject="期限", body="もうすぐです。")
    client.force_login(head.user)
    answer = client.post(reverse("assignment_remind", args=[given.uid]), {"text": TEXT})
    assert answer.status_code == 422
    assert "1日1通まで" in answer.content.decode()
    assert TEXT in answer.content.decode()
    assert not Reminder.objects.exists()
    assert not learner.notices.exists()


def test_two_presses_at_the_same_moment_send_one_message(head, learner, given, monkeypatch):
    def taken(**values):
        raise IntegrityError

    monkeypatch.setattr(Message.objects, "create", taken)
    with refused_with("mail_already_today"):
        nudges.remind(assignment=given, user=head.user, text=TEXT)
    assert not Reminder.objects.exists()


@pytest.mark.parametrize("state", [AssignmentState.COMPLETED, AssignmentState.WAIVED, AssignmentState.CANCELLED])
def test_what_has_ended_is_not_reminded(head, given, state):
    given.state, given.closed_on = state, clock.today()
    given.save()
    with refused_with("assignment_closed"):
        nudges.remind(assignment=given, user=head.user, text=TEXT)


def test_who_is_on_leave_is_not_reminded(head, given):
    given.state = AssignmentState.SUSPENDED
    given.save()
    with refused_with("assignment_suspended"):
        nudges.remind(assignment=given, user=head.user, text=TEXT)


def test_nothing_is_asked_before_the_start(head, given):
    given.start_on = clock.today() + timedelta(days=3)
    given.save()
    with refused_with("assignment_not_started"):
        nudges.remind(assignment=given, user=head.user, text=TEXT)


@pytest.mark.parametrize(("text", "said"), [("  ", "文面が空"), ("あ" * 1001, "1文字けずって")])
def test_a_text_that_cannot_be_sent_is_refused(head, given, text, said):
    with pytest.raises(ValidationError, match=said):
        nudges.remind(assignment=given, user=head.user, text=text)


def test_another_head_the_learner_and_ones_own_are_refused(head, learner, given):
    stranger = make_staff(make_unit("zaisei", name="財政課"), head=True)
    for person in (stranger, learner):
        with pytest.raises(PermissionDenied):
            nudges.remind(assignment=given, user=person.user, text=TEXT)


def test_what_somebody_began_alone_is_reminded_only_when_shared(head, learner):
    begun = give(make_path(head, title="別の学習"), learner, source=Source.SELF, reason="")
    with pytest.raises(PermissionDenied):
        nudges.remind(assignment=begun, user=head.user, text=TEXT)
    begun.shared = True
    begun.save()
    assert nudges.remind(assignment=begun, user=head.user, text=TEXT)
