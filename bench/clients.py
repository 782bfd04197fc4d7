"""Clients that ask at once, and what their answers took. Used by script/bench; standard library only.

Each client is a process of its own, so that no interpreter lock is shared by those who ask, and none with what they
measure. They begin together, when all are warm, and do so several times over new connections: the kernel deals
connections out to the web workers by chance, and one deal says more about that chance than about the page. It refuses
to know what is asked: a client is a function that asks question number n and says whether the answer was whole.
"""

import http.client
import signal
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import quote

Ask = Callable[[int], bool]
#: When a client began and ended each deal, the milliseconds of its answers, and how many were not whole.
Told = tuple[list[tuple[float, float]], list[float], int]
#: Of each client, not counted. Five left a web thread or Java's compiler cold, and one such answer in twenty is the p95.
WARM_UP = 30
#: So often clients that ask at once begin anew, each over a new connection; all of their answers count.
DEALS = 5
START_SECONDS = 60
#: What the search page says when the database alone has answered.
REDUCED = "いまは簡易検索です"


@dataclass(frozen=True)
class Taken:
    """Milliseconds of each answer, the seconds that all of them took together, and how many were not whole."""

    milliseconds: list[float]
    seconds: float
    reduced: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[18]

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds


def spread(milliseconds: list[float]) -> str:
    taken = Taken(milliseconds, 0)
    return f"median {taken.p50:.0f} ms, p95 {taken.p95:.0f} ms"


def at_once(clients: int, count: int, connect: Callable[[], Ask]) -> Taken:
    """Share `count` questions out over `clients` processes, each connected by itself. SystemExit where one fails.

    Several clients do so DEALS times: the result holds all of their answers.
    """
    context = get_context("fork")
    barrier = context.Barrier(clients)
    processes, ends = [], []
    for first in range(clients):
        ours, theirs = context.Pipe(duplex=False)
        numbers = range(first, count, clients)
        process = context.Process(target=_client, args=(connect, numbers, barrier, theirs), daemon=True)
        process.start()
        theirs.close()  # so that a client which dies is noticed by the end of its pipe
        processes.append(process)
        ends.append(ours)
    try:
        told = [_told(end) for end in ends]
    finally:
        for process in processes:
            process.terminate()
            process.join()
    deals = zip(*(spans for spans, _, _ in told), strict=True)
    return Taken(
        milliseconds=[one for _, times, _ in told for one in times],
        seconds=sum(max(ended for _, ended in deal) - min(began for began, _ in deal) for deal in deals),
        reduced=sum(reduced for *_, reduced in told),
    )


def _told(end: Connection) -> Told:
    try:
        told: Any = end.recv()
    except EOFError:
        raise SystemExit("a client of the bench has died") from None
    if isinstance(told, str):
        raise SystemExit(told)
    found: Told = told
    return found


def _client(connect: Callable[[], Ask], numbers: range, barrier: Any, end: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its clients
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        ask = connect()
        for number in numbers[:WARM_UP]:
            ask(number)
        barrier.wait(START_SECONDS)
        spans, times, reduced = [], [], 0
        for deal in range(DEALS if barrier.parties > 1 else 1):
            if deal:
                ask = connect()
                ask(number)  # it is connected by its first question
                barrier.wait(START_SECONDS)
            began = last = time.perf_counter()
            for number in numbers:
                reduced += not ask(number)
                now = time.perf_counter()
                times.append((now - last) * 1000)
                last = now
            spans.append((began, last))
        end.send((spans, times, reduced))
    except BaseException as error:
        barrier.abort()
        end.send(f"{type(error).__name__}: {error}")


def pages(base: str, cookie: str, paths: list[str]) -> Callable[[], Ask]:
    """Clients that view these pages over HTTP, one connection each."""
    host = base.removeprefix("http://")
    addresses = [quote(path, safe="/?=&") for path in paths]
    said = REDUCED.encode()

    def connect() -> Ask:
        connection = http.client.HTTPConnection(host, timeout=30)

        def ask(number: int) -> bool:
            address = addresses[number % len(addresses)]
            connection.request("GET", address, headers={"Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise ValueError(f"{address} answered {answer.status}")
            return said not in body

        return ask

    return connect
