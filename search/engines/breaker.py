"""A circuit breaker: after some failures in a row nobody is made to wait for a server that does not answer.

It counts and it waits; it knows no server, starts no thread and calls nothing. Open, it lets one caller
through after each rest, and that one's luck decides for all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Ask `admits()` before a call and tell the outcome afterwards."""

    def __init__(
        self, failures: int = 3, rest: float = 1.0, longest: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._first_rest, self._longest, self._clock = failures, rest, longest, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = rest
        self._closed = True
        self._again_at = 0.0

    def admits(self) -> bool:
        """Whether a call may be made now. One that is let through while open keeps others out for another rest."""
        with self._lock:
            if self._closed:
                return True
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + self._rest
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._rest, self._closed = 0, self._first_rest, True

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if not self._closed:
                self._rest = min(self._longest, self._rest * 2)
            elif self._failures < self._limit:
                return
            self._closed = False
            self._again_at = self._clock() + self._rest
