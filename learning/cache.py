"""Per-process cache for expensive figures.

Entries live at most 60 seconds and are dropped as soon as anything audited changes, or an assignment, record, progress,
appointment or notice is added. Only a change without an audit event (a due date set in the database) may appear up to
60 seconds late. Store numbers only, never rows: the list behind a number is always read from the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.db.models import Subquery

from learning.models import Assignment, StepProgress, TrainingRecord
from organization import clock
from organization.models import Appointment, Notice
from organization.models.audit import AuditHead
from organization.models.unit import TreeStamp

MAX_AGE_SECONDS = 60
#: The cache is emptied when it has this many entries.
MAX_ENTRIES = 200
Figure = TypeVar("Figure")


class FigureCache:
    """The cached values by key. They are valid for one state of the database on one day."""

    def __init__(self) -> None:
        self._stamp: Any = None
        self._entries: dict[Hashable, tuple[float, Any]] = {}

    def cached(self, key: Hashable, compute: Callable[[], Figure]) -> Figure:
        """The stored value of `key`, or `compute()` if it is too old or anything has changed. One query."""
        stamp = (clock.today(), _CHANGE_STAMP.all().first())
        if stamp != self._stamp or len(self._entries) >= MAX_ENTRIES:
            self._stamp, self._entries = stamp, {}
        entries = self._entries  # another thread may replace the dict; a value belongs to the stamp read above
        entry = entries.get(key)
        if entry is None or time.monotonic() - entry[0] >= MAX_AGE_SECONDS:
            entry = entries[key] = (time.monotonic(), compute())
        figure: Figure = entry[1]
        return figure

    def clear(self) -> None:
        """Compute every value again."""
        self._stamp, self._entries = None, {}


def _change_stamp() -> Any:
    """Reads one small row with one query.

    It differs after any change of the unit tree, the audit trail or the newest rows.
    """
    newest = {
        model.__name__.lower(): Subquery(model._default_manager.order_by("-pk").values("pk")[:1])
        for model in (Assignment, TrainingRecord, StepProgress, Appointment, Notice)
    }
    audited = Subquery(AuditHead.objects.filter(pk=1).values("hash")[:1])
    stamps = TreeStamp.objects.filter(pk=1).annotate(audited=audited, **newest)
    return stamps.values_list("value", "audited", *newest)


_CHANGE_STAMP = _change_stamp()
figure_cache = FigureCache()
