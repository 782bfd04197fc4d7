"""The one clock. Everything in the product that asks what day it is asks here (a house test refuses others).

``settings.DEMO_TODAY`` moves both functions, so that the demo's dates stand still; a system check
(organization.E002) refuses it outside the demo.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

TOKYO = ZoneInfo("Asia/Tokyo")


def now() -> datetime:
    """This moment, aware, in Asia/Tokyo; on DEMO_TODAY the day is moved and the time of day kept."""
    moment = datetime.now(TOKYO)
    moved: date | None = getattr(settings, "DEMO_TODAY", None)
    return datetime.combine(moved, moment.timetz()) if moved else moment


def today() -> date:
    """The calendar day in Japan, whatever zone the server runs in."""
    return now().date()
