"""Numbers that are dear to make, kept per process for a minute at most.

The stamp under which they stand is moved by any audited change, new assignment, record, progress, appointment or
notice: what one does shows at once; only a change that leaves no trace of its own (a due date set in the database)
waits for the minute. It refuses to keep rows: what a number opens is always read as it is.
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

SECONDS = 60
#: So many at most, whoever asks; then it begins anew.
MOST = 200
Made = TypeVar("Made")

_stamp: Any = None
_kept: dict[Hashable, tuple[float, Any]] = {}


def kept(key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` made of less than a minute ago, where nothing has been done since; one query for the stamp."""
    global _stamp, _kept
    stamp = (clock.today(), _read_stamp())
    if stamp != _stamp or len(_kept) >= MOST:
        _stamp, _kept = stamp, {}
    here = _kept  # of this stamp, whatever another thread begins
    found = here.get(key)
    if found is None or time.monotonic() - found[0] >= SECONDS:
        found = here[key] = (time.monotonic(), make())
    made: Made = found[1]
    return made


def forget() -> None:
    """Make the numbers again at the next look."""
    global _stamp
    _stamp = None


def _read_stamp() -> Any:
    return _LAST.all().first()


def _last_changes() -> Any:
    """What has changed last, in one small query: the units, what was audited, and the newest row of each kind."""
    newest = {
        model.__name__.lower(): Subquery(model._default_manager.order_by("-pk").values("pk")[:1])
        for model in (Assignment, TrainingRecord, StepProgress, Appointment, Notice)
    }
    audited = Subquery(AuditHead.objects.filter(pk=1).values("hash")[:1])
    found = TreeStamp.objects.filter(pk=1).annotate(audited=audited, **newest)
    return found.values_list("value", "audited", *newest)


_LAST = _last_changes()
