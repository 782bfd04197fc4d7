"""The worker: it claims rows of the queue, writes or deletes their documents, and rebuilds a lost index.

The worker survives every failure of the engine and of single rows. The queue is in the database, so unfinished work is
not lost. Rows that were written leave the queue. A row with an invalid document is parked with the reason, and the
worker continues with the other rows.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable

from django.db import close_old_connections

from search import events
from search.engines.base import Engine, EngineUnavailable, IndexLost
from search.generations import rebuild, why_rebuild
from search.indexing import BATCH, Outcome, index
from search.models import PendingChange

POLL_SECONDS = 0.2
#: A row that fails for an unknown reason is parked after this many attempts.
MAX_ATTEMPTS = 5
_RETRY_SECONDS = 2.0
#: The longest pause between two attempts. When the engine works again, the worker notices it within this time.
_LONGEST_PAUSE = 3.0
#: If another worker has held rows for this long, it was killed. The rows are then free again.
_TAKE_OVER_SECONDS = 30.0


class Worker:
    """The loop of the worker. A signal handler may set `stop`. The worker then finishes the current batch first."""

    def __init__(self, engine: Engine, say: Callable[[str], None] = lambda message: None) -> None:
        self.engine, self.say = engine, say
        self.stop = threading.Event()
        self.name = uuid.uuid4().hex
        self._pause = 0.0
        self._retry_at: dict[tuple[str, str], float] = {}
        self._last_progress = time.monotonic()
        self._index_checked = False

    def run(self) -> None:
        """Works until `stop` is set."""
        while not self.stop.is_set():
            worked = self.step()
            if self._pause:
                close_old_connections()  # The failure may be a broken connection to the database.
            if not worked:
                self.stop.wait(max(POLL_SECONDS, self._pause))
        PendingChange.objects.filter(claimed_by=self.name).update(claimed_by="")

    def drain(self) -> int:
        """Processes everything that can be processed now (for tests and search_sync). Returns how many rows left the
        queue."""
        done = 0
        while count := self.step():
            done += count
        return done

    def step(self) -> int:
        """Processes one batch. Returns how many rows left the queue. Never raises for a failure of the engine or the
        database."""
        try:
            if not self._index_checked:
                self._ensure_index()
            count = self._batch()
            self._pause = 0.0
            return count
        except IndexLost as error:
            self._index_checked = False
            self._back_off(error)
        except Exception as error:  # No error may end the worker. Unfinished rows stay in the queue.
            self._back_off(error)
        return 0

    def _batch(self) -> int:
        rows = PendingChange.objects.claim(self.name, BATCH, self._resting())
        if not rows:
            self._take_over()
            return 0
        self._last_progress = time.monotonic()
        wanted: dict[str, set[str]] = {}
        for row in rows:
            wanted.setdefault(row.source, set()).add(row.object_pk)
        try:
            outcome = index(self.engine, wanted)
        except BaseException:
            PendingChange.objects.filter(claimed_by=self.name).update(claimed_by="")
            raise
        return self._apply(rows, outcome)

    def _apply(self, rows: list[PendingChange], outcome: Outcome) -> int:
        """Deletes the rows that are done, parks the rows with invalid documents, and postpones the rows that failed."""
        done = [row for row in rows if row.key not in outcome.refused and row.key not in outcome.invalid]
        PendingChange.objects.filter(pk__in=[row.pk for row in done]).delete()
        # This write also settles an earlier, parked row of the same document.
        for row in {row.key: row for row in done}.values():
            self._forget_parked(row)
        for row in rows:
            if row.key in outcome.invalid:
                self._park(row, outcome.invalid[row.key])
            elif row.key in outcome.refused:
                self._postpone(row, outcome.refused[row.key])
        return len(done)

    def _postpone(self, row: PendingChange, reason: str) -> None:
        if row.attempts + 1 >= MAX_ATTEMPTS:
            self._park(row, reason)
            return
        self._retry_at[(row.source, row.object_pk)] = time.monotonic() + _RETRY_SECONDS * 2**row.attempts
        PendingChange.objects.filter(pk=row.pk).update(attempts=row.attempts + 1, claimed_by="")

    def _park(self, row: PendingChange, reason: str) -> None:
        self._forget_parked(row)
        PendingChange.objects.filter(pk=row.pk).update(
            parked=True, reason=reason[:300], attempts=row.attempts + 1, claimed_by=""
        )
        events.log(events.Event.CHANGE_PARKED, source=row.source, error=reason.partition(":")[0])

    @staticmethod
    def _forget_parked(row: PendingChange) -> None:
        PendingChange.objects.filter(source=row.source, object_pk=row.object_pk, parked=True, pk__lt=row.pk).delete()

    def _resting(self) -> set[tuple[str, str]]:
        now = time.monotonic()
        self._retry_at = {key: at for key, at in self._retry_at.items() if at > now}
        return set(self._retry_at)

    def _take_over(self) -> None:
        if time.monotonic() - self._last_progress > _TAKE_OVER_SECONDS:
            PendingChange.objects.release()
            self._last_progress = time.monotonic()

    def _ensure_index(self) -> None:
        """Rebuilds the index if the engine cannot search in it. Called at the start, and after an index was lost."""
        if reason := why_rebuild(self.engine):
            self.say(f"索引を作り直します（{reason}）。")
            count = rebuild(self.engine)
            self.say(f"索引を作り直しました（{count}件）。")
        self._index_checked = True

    def _back_off(self, error: Exception) -> None:
        # While the breaker is open, it tells when it admits the next call. With a pause of another length, the worker
        # would miss it.
        again_in = error.again_in if isinstance(error, EngineUnavailable) else 0.0
        self._pause = again_in or min(_LONGEST_PAUSE, max(0.5, self._pause * 2))
        pause = f"{self._pause:.1f}s"
        if isinstance(error, EngineUnavailable):
            events.log(events.Event.ENGINE_UNAVAILABLE, error=type(error).__name__, advice=error.advice, again_in=pause)
        else:
            events.log(events.Event.WORKER_FAILED, error=type(error).__name__, again_in=pause)
