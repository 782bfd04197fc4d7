"""The complete list of what search logs: the names of events, and the facts that each event may contain.

A fact is a count, the name of a source or the class of an error. A fact is never a title, a text, a query or a person.
`log` rejects any other fact. So a mistake fails in a test and never gets into a log file.
"""

from __future__ import annotations

import logging
from enum import StrEnum

_logger = logging.getLogger("search")


class Event(StrEnum):
    HIT_DROPPED = "search.hit_dropped"  # the second gate dropped a hit, and no change was pending
    REDUCED = "search.reduced"  # answered by the database, because the engine was unavailable
    ENGINE_UNAVAILABLE = "search.engine_unavailable"
    ENGINE_BACK = "search.engine_back"  # available again; logged once per process that noticed the failure
    INDEX_REBUILT = "search.index_rebuilt"
    CHANGE_PARKED = "search.change_parked"
    WORKER_FAILED = "search.worker_failed"


#: The level of each event, and the facts that the event may contain.
_EVENTS: dict[Event, tuple[int, frozenset[str]]] = {
    Event.HIT_DROPPED: (logging.ERROR, frozenset({"count"})),
    Event.REDUCED: (logging.WARNING, frozenset({"error", "advice"})),
    Event.ENGINE_UNAVAILABLE: (logging.WARNING, frozenset({"error", "advice", "again_in"})),
    Event.ENGINE_BACK: (logging.INFO, frozenset({"server", "away"})),
    Event.INDEX_REBUILT: (logging.INFO, frozenset({"documents", "wrong"})),
    Event.CHANGE_PARKED: (logging.ERROR, frozenset({"source", "error"})),
    Event.WORKER_FAILED: (logging.ERROR, frozenset({"error", "again_in"})),
}


def log(event: Event, **facts: int | str) -> None:
    """Writes one event with its facts. Empty facts are left out. Raises ValueError for a fact that the event may not
    contain."""
    level, allowed = _EVENTS[event]
    if unknown := facts.keys() - allowed:
        raise ValueError(f"{event} may not carry {', '.join(sorted(unknown))}")
    _logger.log(level, "%s %s", event, " ".join(f"{name}={value}" for name, value in facts.items() if value != ""))
