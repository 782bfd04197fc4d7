"""The one clock: all code asks it for the day and the time (a house test refuses every other way).

``settings.DEMO_TODAY`` moves `today` and `now` to a fixed day, so that the dates of the demo do not age. A system
check (organization.E002) refuses the setting outside the demo.
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
    """The current time as an aware datetime in Asia/Tokyo. A moved clock changes the day, not the time of day."""
    moment = datetime.now(TOKYO)
    moved: date | None = _moved.get() or getattr(settings, "DEMO_TODAY", None)
    return datetime.combine(moved, moment.timetz()) if moved else moment


@contextmanager
def moved_to(day: date) -> Iterator[None]:
    """Inside the `with` block, today is `day`. For the demo, and for ``run_due --on``, which repeats or tries a day."""
    token = _moved.set(day)
    try:
        yield
    finally:
        _moved.reset(token)


def today() -> date:
    """The calendar day in Japan, whatever zone the server runs in."""
    return now().date()
