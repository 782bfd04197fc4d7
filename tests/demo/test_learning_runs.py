"""The timed work on the demo: after it a recount finds no difference, and a second run changes nothing."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.core import mail
from django.db import transaction
from wagtail.models import Collection

from demo.load import load
from learning.daily import job
from learning.models import Message
from learning.progress import verification
from organization import clock
from organization.fiscal import fiscal_year, fiscal_year_end
from organization.models import User
from organization.working_days import is_working_day

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The small demo, loaded once for the tests of this module and removed afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        # Wagtail's own migration makes it, and tests run without migrations.
        if not Collection.objects.exists():
            Collection.add_root(name="Root")
        load("small", lambda *_: None)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def at_ten(settings, tmp_path, monkeypatch):
    """Set the time to ten in the morning of the current day, with an own VAR_DIR."""
    settings.DEMO = True
    settings.VAR_DIR = tmp_path
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now().replace(hour=10))


def rows():
    """The values of every row of learning, and of the notices."""
    models = [*apps.get_app_config("learning").get_models(), apps.get_model("organization", "Notice")]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


def test_everybody_with_an_account_has_an_address_that_is_nobodys(demo):
    addresses = list(User.objects.filter(person__isnull=False).values_list("email", flat=True))
    assert len(addresses) == 7 and all(address.endswith(".example") for address in addresses)


def test_timed_work_leaves_nothing_to_count_again_and_nothing_to_do_twice(demo, at_ten):
    today = clock.today()
    days: list[date] = [today, today + timedelta(days=14), fiscal_year_end(fiscal_year(today)) + timedelta(days=1)]
    for day in sorted(days):
        with clock.moved_to(day):
            job.run_daily_job()
            assert list(verification.differences()) == [], day
            before = rows()
            job.run_daily_job()
            assert rows() == before, day


def test_a_mail_to_somebody_with_an_address_is_sent_and_reaches_no_server(demo, at_ten, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # as config.settings.demo has it
    person = User.objects.get(login="shinjin").person
    day = next(day for n in range(14) if is_working_day(day := clock.today() + timedelta(days=n)))
    with clock.moved_to(day):
        mine = Message.objects.create(person=person, on=day, subject="学習のお知らせ", body="次のステップがあります。")
        job.run_daily_job()
    mine.refresh_from_db()
    assert mine.sent_at is not None and mine.failure == ""
    assert mail.outbox == []
