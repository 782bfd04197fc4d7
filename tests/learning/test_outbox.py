"""The outbox: each mail once, failures are stored and tried again, nothing at night; and its page for the office."""

from datetime import date, datetime, time, timedelta

import pytest
from django.core import mail
from django.test import override_settings

from learning.models import Message
from learning.notifications import outbox
from organization import clock
from organization.clock import TOKYO
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 6, 1)
DAY = timedelta(days=1)


@pytest.fixture
def at(monkeypatch):
    def moved(day, hour=9):
        moment = datetime.combine(day, time(hour), TOKYO)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return day

    moved(MONDAY)
    return moved


@pytest.fixture
def me(at):
    return person_with("me@shinzan.example")


def person_with(address):
    person = make_staff(make_unit())
    person.user.email = address
    person.user.save()
    return person


def message(person, on=MONDAY, **values):
    return Message.objects.create(
        person=person, on=on, **{"subject": "期限の3日前です", "body": "学習パスの期限です。", **values}
    )


class Broken:
    """A mail server that rejects every mail."""

    def __init__(self, *args, **kwargs):
        pass

    def open(self):
        pass

    def close(self):
        pass

    def send_messages(self, messages):
        raise OSError("550 me@shinzan.example unknown")


class Down(Broken):
    def open(self):
        raise ConnectionRefusedError("no route")


BROKEN, DOWN = f"{__name__}.Broken", f"{__name__}.Down"


def test_each_mail_is_sent_once(me):
    row = message(me)
    assert outbox.send_waiting() == outbox.SendResult(1, 0)
    assert outbox.send_waiting() == outbox.SendResult()
    assert [(mail_sent.to, mail_sent.subject) for mail_sent in mail.outbox] == [(["me@shinzan.example"], row.subject)]


def test_a_crash_while_sending_never_sends_twice(me, monkeypatch):
    message(me)

    def crash(self, *args, **kwargs):
        mail.outbox.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.mail.EmailMessage.send", crash)
    with pytest.raises(KeyboardInterrupt):
        outbox.send_waiting()
    monkeypatch.undo()
    assert len(mail.outbox) == 1
    assert Message.objects.get().sent_at is not None


@pytest.mark.parametrize("backend", [BROKEN, DOWN])
def test_a_failure_is_kept_with_its_reason_and_tried_again(me, backend):
    message(me)
    with override_settings(EMAIL_BACKEND=backend):
        assert outbox.send_waiting().failed == 1
    row = Message.objects.get()
    assert row.sent_at is None
    assert "送れませんでした" in row.failure
    assert "shinzan" not in row.failure
    assert outbox.send_waiting().sent == 1
    assert Message.objects.get().failure == ""


def test_without_a_server_the_mails_wait_and_say_so(me):
    message(me)
    with override_settings(DEMO=False, EMAIL_BACKEND=outbox.DUMMY):
        assert outbox.send_waiting().problem == outbox.NO_SERVER
    assert Message.objects.get().sent_at is None


def test_nothing_is_sent_at_night_or_on_a_sunday(me, at):
    message(me)
    at(MONDAY, 21)
    assert outbox.send_waiting() == outbox.SendResult()
    at(MONDAY + 6 * DAY)
    assert outbox.send_waiting() == outbox.SendResult()


def test_who_has_left_or_has_no_address_gets_no_mail(me, at):
    message(person_with(""))
    message(me)
    me.left_on = MONDAY - DAY
    me.save()
    assert outbox.send_waiting() == outbox.SendResult()
    assert mail.outbox == []


def test_what_is_older_than_a_week_is_not_sent(me):
    message(me, on=MONDAY - 8 * DAY)
    assert outbox.send_waiting() == outbox.SendResult()


# --- The page --------------------------------------------------------------------------------------------


@pytest.fixture
def office(at):
    return make_staff(make_unit(), duties=("training",))


def test_the_office_reads_what_was_sent_and_what_failed(client, office, me):
    message(me, sent_at=clock.now())
    message(me, on=MONDAY + DAY, failure="送れませんでした（OSError）。", body="読める本文。")
    client.force_login(office.user)
    page = client.get("/training/outbox/").content.decode()
    assert me.name in page
    assert "送れませんでした（OSError）。" in page
    assert "読める本文。" in page
    assert page.count("本文を読む") == 2
    assert client.get("/training/outbox/?state=failed").content.decode().count("本文を読む") == 1


def test_others_get_the_same_answer_as_for_a_page_that_does_not_exist(client, me):
    client.force_login(me.user)
    assert client.get("/training/outbox/").status_code == 404


def test_an_empty_outbox_says_what_will_come(client, office):
    client.force_login(office.user)
    assert "まだ何も送っていません" in client.get("/training/outbox/").content.decode()
    assert "当てはまるメールはありません" in client.get("/training/outbox/?state=sent").content.decode()


def test_many_mails_are_paged_in_few_queries(client, office, me, django_assert_max_num_queries):
    for n in range(80):
        message(me, on=MONDAY + n * DAY)
    client.force_login(office.user)
    with django_assert_max_num_queries(15):
        first = client.get("/training/outbox/").content.decode()
    assert "1 / 3" in first
    assert "2 / 3" in client.get("/training/outbox/?page=2").content.decode()
