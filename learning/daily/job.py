"""Timed work, whole: what ``manage.py run_due`` does, in order, and that two never do it at once.

It refuses to look ahead: a day to come may only be tried out, in a transaction that is taken back.
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
from organization.effective_dating import take_effect

#: Of the advisory lock on PostgreSQL: any number that nobody else takes.
LOCK = 5_120_401


class BusyError(RuntimeError):
    """Another run has not ended yet."""


@dataclass(frozen=True)
class Part:
    """What one part did, in words and numbers."""

    name: str
    counts: tuple[tuple[str, int], ...]
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}：{'、'.join(f'{label} {count}件' for label, count in self.counts)}"


def run(on: date | None = None, *, dry_run: bool = False) -> list[Part]:
    """Every part for that day (today by default). Raises BusyError, and ValueError for a day to come."""
    today = clock.today()
    day = on or today
    if day > today and not dry_run:
        raise ValueError("先の日は、--dry-run でだけ試せます。まだ公表されていない発令が見えてしまうためです。")
    with _alone(), clock.moved_to(day) if day != today else nullcontext():
        if dry_run:
            with transaction.atomic():
                parts = [*_turn(day), _reminded()]
                transaction.set_rollback(True)
            return parts
        # Of a day that is over nobody is reminded: today's run says what is still true.
        return [*_turn(day), *(_tell() if day == today else ())]


def _turn(day: date) -> Iterator[Part]:
    begun = take_effect(on=day)
    yield Part(
        "組織改正", (("始まりか終わりの日を迎えた所属名", begun), ("移した割当規則", personnel_changes.move_rules(day)))
    )
    ended, proposed = personnel_changes.end_bound(day)
    yield Part("異動", (("終えた割当", ended), ("後任への提案", proposed)))
    yield Part("退職", (("終えた割当", personnel_changes.close_leavers(day)),))
    kept = leave.keep(day)
    yield Part("休職・育休", (("休止", kept.suspended), ("再開", kept.resumed), ("延ばした期限", kept.shifted)))
    outcomes = [(rule, matching.run(rule, day)) for rule in matching.in_force(day)]
    problems = tuple(f"{rule}：{one.problem}" for rule, one in outcomes if one.problem)
    counts = (("動いた規則", len(outcomes)), ("割り当て", sum(one.assigned for _, one in outcomes)))
    yield Part("割当規則", counts, problems)


def _tell() -> Iterator[Part]:
    yield _reminded()
    sent = outbox.send_waiting()
    yield Part(
        "メール", (("送った", sent.sent), ("送れなかった", sent.failed)), (sent.problem,) if sent.problem else ()
    )


def _reminded() -> Part:
    return Part("お知らせ", (("作ったメール", reminders.write(clock.today())),))


@contextmanager
def _alone() -> Iterator[None]:
    """A lock file for this machine and, where the database serves several, an advisory lock in it.

    Both go with the process, so that a crash leaves nothing to clear away.
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
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                raise BusyError
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
