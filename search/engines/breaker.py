"""A circuit breaker: after several failures in a row, callers no longer wait for a server that does not answer.

After each cool-down, one call is admitted as a probe (the breaker is half-open). If the probe succeeds, the breaker
closes and admits all calls. If it fails, the breaker opens again. `again_in` returns the rest of the cool-down for
rejected callers. The breaker only counts and measures time: it calls nothing and starts no thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Call `admits()` before each call, and `succeeded()` or `failed()` after each call."""

    def __init__(
        self,
        failures: int = 3,
        cool_down: float = 1.0,
        longest: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._first_cool_down, self._longest, self._clock = failures, cool_down, longest, clock
        self._lock = threading.Lock()
        self._failures = 0
        self._cool_down = cool_down
        self._closed = True
        self._again_at = 0.0
        self._failing_since = 0.0

    def admits(self) -> bool:
        """Whether a call may be made now.

        While the breaker is open, one probe is admitted after each cool-down. All other callers are rejected.
        """
        with self._lock:
            if self._closed:
                return True
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + self._cool_down
            return True

    def again_in(self) -> float:
        """Returns the number of seconds until the next call is admitted."""
        with self._lock:
            return 0.0 if self._closed else max(0.0, self._again_at - self._clock())

    def succeeded(self) -> float:
        """Closes the breaker. Returns how many seconds ago the first failure was, or 0 if there was no failure."""
        with self._lock:
            duration = self._clock() - self._failing_since if self._failures else 0.0
            self._failures, self._cool_down, self._closed = 0, self._first_cool_down, True
            return duration

    def failed(self) -> None:
        with self._lock:
            if not self._failures:
                self._failing_since = self._clock()
            self._failures += 1
            if not self._closed:
                self._cool_down = min(self._longest, self._cool_down * 2)
            elif self._failures < self._limit:
                return
            self._closed = False
            self._again_at = self._clock() + self._cool_down
