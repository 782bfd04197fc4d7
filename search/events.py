"""The closed list of what search logs. Events carry counts, names of sources and classes of errors, and
never a title, a text, a query or a person (house.md, habit 15).
"""

from __future__ import annotations

import logging
from enum import StrEnum

_logger = logging.getLogger("search")


class Event(StrEnum):
    HIT_DROPPED = "search.hit_dropped"  # gate two refused a hit, and no change of it was waiting
    REDUCED = "search.reduced"  # answered from the database, the engine being unavailable
    ENGINE_UNAVAILABLE = "search.engine_unavailable"
    ENGINE_BACK = "search.engine_back"  # it answers again: once a process that had met it away
    INDEX_REBUILT = "search.index_rebuilt"
    CHANGE_PARKED = "search.change_parked"
    WORKER_FAILED = "search.worker_failed"


_ERRORS = frozenset((Event.HIT_DROPPED, Event.CHANGE_PARKED, Event.WORKER_FAILED))
_NEWS = frozenset((Event.INDEX_REBUILT, Event.ENGINE_BACK))


def log(event: Event, **facts: int | str) -> None:
    """Write one event with its facts."""
    level = logging.ERROR if event in _ERRORS else logging.INFO if event in _NEWS else logging.WARNING
    _logger.log(level, "%s %s", event, " ".join(f"{name}={value}" for name, value in facts.items() if value != ""))
