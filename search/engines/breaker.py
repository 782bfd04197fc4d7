"""A circuit breaker: after some failures in a row nobody is made to wait for a server that does not answer.

It counts and it waits; it knows no server, starts no thread and calls nothing. Open, it lets one caller
through after each rest, and that one's luck decides for all. Whoever is turned away is told how long the rest still
lasts, so that nobody has to guess and to miss the next turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Ask `admits()` before a call and tell the outcome afterwards."""

    def __init__(
        self, failures: int = 3, rest: float = 1.0, longest: float = 3.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._first_rest, self._longest, self._clock = failures, rest, longest, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = rest
        self._closed = True
        self._again_at = 0.0
        self._failing_since = 0.0

    def admits(self) -> bool:
        """Whether a call may be made now. One that is let through while open keeps others out for another rest."""
        with self._lock:
            if self._closed:
                return True
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + self._rest
            return True

    def again_in(self) -> float:
        """Seconds until the next call is let through."""
        with self._lock:
            return 0.0 if self._closed else max(0.0, self._again_at - self._clock())

    def succeeded(self) -> float:
        """Gives the seconds since the first of the failures that this success ends; 0 where there were none."""
        with self._lock:
            lasted = self._clock() - self._failing_since if self._failures else 0.0
            self._failures, self._rest, self._closed = 0, self._first_rest, True
            return lasted

    def failed(self) -> None:
        with self._lock:
            if not self._failures:
                self._failing_since = self._clock()
            self._failures += 1
            if not self._closed:
                self._rest = min(self._longest, self._rest * 2)
            elif self._failures < self._limit:
                return
            self._closed = False
            self._again_at = self._clock() + self._rest
