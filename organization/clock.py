"""The one clock: all code asks this module for the day and the time (a house test refuses every other way).

The setting ``DEMO_TODAY`` moves `today` and `now` to a fixed day, so that the dates in the demo do not become old. A
system check (organization.E002) refuses this setting outside the demo.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

TOKYO = ZoneInfo("Asia/Tokyo")
_moved: ContextVar[date | None] = ContextVar("clock_moved", default=None)


def now() -> datetime:
    """Returns the current time as an aware datetime in Asia/Tokyo. A moved clock changes the day but not the time of
    day."""
    moment = datetime.now(TOKYO)
    moved: date | None = _moved.get() or getattr(settings, "DEMO_TODAY", None)
    return datetime.combine(moved, moment.timetz()) if moved else moment


@contextmanager
def moved_to(day: date) -> Iterator[None]:
    """Inside the `with` block, today is `day`. The demo uses this, and so does ``run_due --on``, which repeats or
    tries a day."""
    token = _moved.set(day)
    try:
        yield
    finally:
        _moved.reset(token)


def today() -> date:
    """Returns the calendar day in Japan. The time zone of the server does not matter."""
    return now().date()
