"""The daily job: runs all parts of ``manage.py run_due`` in order. It cannot run twice at the same time.

A future date is accepted only in a dry run. The transaction of a dry run is rolled back.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import connection, transaction

from learning.daily import leave, personnel_changes
from learning.notifications import outbox, reminders
from learning.rules import matching
from organization import clock
from organization.units.effective_dating import take_effect

#: The key of the advisory lock on PostgreSQL. It can be any number that nothing else uses.
ADVISORY_LOCK = 5_120_401


class BusyError(RuntimeError):
    """Another run of the daily job is still active."""


@dataclass(frozen=True)
class JobPart:
    """The result of one part of the job: the name, the counts and the problems."""

    name: str
    counts: tuple[tuple[str, int], ...]
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}：{'、'.join(f'{label} {count}件' for label, count in self.counts)}"


def run_daily_job(on: date | None = None, *, dry_run: bool = False) -> list[JobPart]:
    """Run every part of the job for the day `on` (default: today). Raises BusyError. Raises ValueError for a future
    day, except in a dry run.
    """
    today = clock.today()
    day = on or today
    if day > today and not dry_run:
        raise ValueError("先の日は、--dry-run でだけ試せます。まだ公表されていない発令が見えてしまうためです。")
    with _single_run(), clock.moved_to(day) if day != today else nullcontext():
        if dry_run:
            with transaction.atomic():
                parts = [*_apply_changes(day), _write_reminders()]
                transaction.set_rollback(True)
            return parts
        # A run for a past day sends no reminders. Today's run sends the reminders that still apply.
        return [*_apply_changes(day), *(_send_messages() if day == today else ())]


def _apply_changes(day: date) -> Iterator[JobPart]:
    effective_units = take_effect(on=day)
    yield JobPart(
        "組織改正",
        (("始まりか終わりの日を迎えた所属名", effective_units), ("移した割当規則", personnel_changes.move_rules(day))),
    )
    ended, proposed = personnel_changes.end_post_bound(day)
    yield JobPart("異動", (("終えた割当", ended), ("後任への提案", proposed)))
    yield JobPart("退職", (("終えた割当", personnel_changes.close_leavers(day)),))
    leave_counts = leave.apply_leave(day)
    yield JobPart(
        "休職・育休",
        (("休止", leave_counts.suspended), ("再開", leave_counts.resumed), ("延ばした期限", leave_counts.shifted)),
    )
    outcomes = [(rule, matching.apply_rule(rule, day)) for rule in matching.in_force(day)]
    problems = tuple(f"{rule}：{outcome.problem}" for rule, outcome in outcomes if outcome.problem)
    counts = (("動いた規則", len(outcomes)), ("割り当て", sum(outcome.assigned for _, outcome in outcomes)))
    yield JobPart("割当規則", counts, problems)


def _send_messages() -> Iterator[JobPart]:
    yield _write_reminders()
    sent = outbox.send_waiting()
    yield JobPart(
        "メール", (("送った", sent.sent), ("送れなかった", sent.failed)), (sent.problem,) if sent.problem else ()
    )


def _write_reminders() -> JobPart:
    return JobPart("お知らせ", (("作ったメール", reminders.write_reminders(clock.today())),))


@contextmanager
def _single_run() -> Iterator[None]:
    """Locks a file, so that only one run is active on this machine. On PostgreSQL, also takes an advisory lock for all
    machines that share the database.

    Both locks end with the process, so a crash leaves nothing to clean up.
    """
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.VAR_DIR / "run_due.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError from None
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
            if not cursor.fetchone()[0]:
                raise BusyError
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
