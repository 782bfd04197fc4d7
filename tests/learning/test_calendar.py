"""The calendar feed: the personal key, the events, and when the key stops working."""

from datetime import timedelta

import pytest
from django.urls import reverse
from icalendar import Calendar

from learning.learner import calendar_feed
from learning.models import CalendarKey, StepType
from learning.progress import recording
from organization import clock
from tests.factories.kb import make_lesson
from tests.factories.learning import give, make_path, read, step
from tests.factories.organization import make_staff, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(me):
    return reverse("calendar_feed", args=[calendar_feed.make_key(person=me).key])


def events(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return {str(e["summary"]): e for e in Calendar.from_ical(answer.content).walk("VEVENT")}


def test_the_feed_tells_due_dates_and_events_without_a_session(client, head, me, url):
    day = clock.today() + timedelta(days=5)
    given = give(make_path(head, steps=[step(StepType.EVENT, title="辞令交付式", held_on=day, place="講堂")]), me)
    events_found = events(client, url)
    due = events_found["期限：新任職員の最初の100日"]
    assert due["dtstart"].dt == given.due_on
    assert due["dtend"].dt == given.due_on + timedelta(days=1)
    assert str(events_found["辞令交付式"]["location"]) == "講堂"
    assert not client.cookies


def test_the_feed_is_private_and_a_calendar(client, url):
    answer = client.get(url)
    assert answer["Content-Type"].startswith("text/calendar")
    assert "private" in answer["Cache-Control"]


def test_the_uid_stays_when_the_day_moves(client, head, me, url):
    given = give(make_path(head), me)
    before = events(client, url)["期限：新任職員の最初の100日"]["uid"]
    type(given).objects.update(due_on=given.due_on + timedelta(days=9))
    assert events(client, url)["期限：新任職員の最初の100日"]["uid"] == before


def test_what_is_done_closed_or_somebody_elses_is_not_in_it(client, head, me, unit, url):
    day = clock.today()
    path = make_path(head, steps=[step(StepType.EVENT, title="朝礼", held_on=day), step()])
    given = give(path, me)
    give(make_path(head, title="終えたパス"), me, state="completed")
    give(make_path(head, title="人のパス"), make_staff(unit))
    recording.complete_step(assignment=given, step_uid=path.current_version().steps.first().uid, by=me)
    assert list(events(client, url)) == ["期限：新任職員の最初の100日"]


def test_no_title_of_what_cannot_be_read_is_in_it(client, head, me, url):
    other = make_staff(make_unit("zaisei", name="財政課"))
    day = clock.today() + timedelta(days=3)
    hidden = make_path(
        other, title="ひみつのパス", audience="unit", steps=[step(StepType.EVENT, title="ひみつの会", held_on=day)]
    )
    give(hidden, me)
    give(make_path(head, steps=[read(make_lesson(other, title="ひみつの教訓"), title="ひみつの教訓")]), me)
    text = client.get(url).content.decode()
    assert "ひみつ" not in text
    assert "期限：学習パス" in text
    assert "学習の行事" in text


def test_a_revoked_key_opens_nothing(client, me, url):
    client.force_login(me.user)
    client.post(reverse("my_calendar_key"), {"revoke": "1"})
    assert client.get(url).status_code == 404
    assert not CalendarKey.objects.exists()


def test_a_new_key_ends_the_one_before(client, me, url):
    client.force_login(me.user)
    client.post(reverse("my_calendar_key"), {"make": "1"})
    assert client.get(url).status_code == 404
    assert CalendarKey.objects.get().key in client.get(reverse("my_calendar")).content.decode()


def test_the_calendar_of_a_leaver_ends_with_the_last_day(client, me, url):
    me.left_on = clock.today()
    me.save()
    assert client.get(url).status_code == 200
    with clock.moved_to(clock.today() + timedelta(days=1)):
        assert client.get(url).status_code == 404


def test_the_calendar_of_a_closed_account_is_not_found(client, me, url):
    me.user.is_active = False
    me.user.save()
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("key", ["x", "あ", "%00", "a" * 300])
def test_a_key_that_does_not_exist_is_not_found(client, key):
    assert client.get(f"/calendar/{key}.ics").status_code == 404


def test_the_feed_is_only_read(client, url):
    assert client.post(url).status_code == 405


@pytest.mark.parametrize("count", [3, 30])
def test_the_feed_is_cheap(client, head, me, count, django_assert_max_num_queries):
    url = reverse("calendar_feed", args=[calendar_feed.make_key(person=me).key])
    day = clock.today() + timedelta(days=5)
    for n in range(count):
        give(make_path(head, title=f"パス{n}", steps=[step(StepType.EVENT, held_on=day)]), me)
    with django_assert_max_num_queries(10):
        assert len(client.get(url).content) > 100
