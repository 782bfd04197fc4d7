"""The one clock. Everything in the product that asks what day it is asks here (a house test refuses others).

``settings.DEMO_TODAY`` moves both functions, so that the demo's dates stand still; a system check
(organization.E002) refuses it outside the demo.
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
    """This moment, aware, in Asia/Tokyo; on DEMO_TODAY the day is moved and the time of day kept."""
    moment = datetime.now(TOKYO)
    moved: date | None = _moved.get() or getattr(settings, "DEMO_TODAY", None)
    return datetime.combine(moved, moment.timetz()) if moved else moment


@contextmanager
def moved_to(day: date) -> Iterator[None]:
    """Within it, it is `day`: for timed work that is done late or tried out (``run_due --on``), and for the demo."""
    token = _moved.set(day)
    try:
        yield
    finally:
        _moved.reset(token)


def today() -> date:
    """The calendar day in Japan, whatever zone the server runs in."""
    return now().date()
