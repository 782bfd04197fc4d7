"""The one clock: the day in Japan, and the moved day of the demo."""

from datetime import date, timedelta

import time_machine

from organization import clock


@time_machine.travel("2025-03-31 14:59:59+00:00", tick=False)
def test_the_day_is_japans_wherever_the_server_stands():
    assert clock.today() == date(2025, 3, 31)


@time_machine.travel("2025-03-31 15:00:00+00:00", tick=False)
def test_the_fiscal_year_turns_at_midnight_in_tokyo():
    assert clock.today() == date(2025, 4, 1)
    assert clock.now().isoformat() == "2025-04-01T00:00:00+09:00"


@time_machine.travel("2025-03-31 01:23:45+00:00", tick=False)
def test_the_demo_moves_the_day_and_keeps_the_time_of_day(settings):
    settings.DEMO_TODAY = date(2024, 10, 12)
    assert clock.today() == date(2024, 10, 12)
    assert clock.now().isoformat() == "2024-10-12T10:23:45+09:00"


def test_now_is_aware_and_today_is_its_date():
    moment = clock.now()
    assert moment.utcoffset() == timedelta(hours=9)
    assert moment.date() == clock.today()
