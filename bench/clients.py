"""Concurrent clients, and the times of the answers that they get. Used by script/bench. Only the standard library.

Each client is a process. So a client shares no interpreter lock with the other clients or with what it measures. The
clients start together when all are warm. The clients repeat this over new connections. The reason: the kernel
distributes connections to the web workers by chance. A single distribution would show more about this chance than about
the page. This module does not know what is requested: a client is a function that makes request number n and returns
whether the answer was complete.
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
#: The start and the end of each round of a client, the milliseconds of its answers, and how many answers were reduced.
Report = tuple[list[tuple[float, float]], list[float], int]
#: The first requests of each client are not counted. With only five, a web thread or Java's compiler was still cold.
#: One such slow answer in twenty decides the p95.
WARM_UP = 30
#: The number of rounds of concurrent clients. Each round uses new connections. All answers count.
ROUNDS = 5
START_SECONDS = 60
#: The text on a reduced search page (the database alone has answered).
REDUCED = "いまは簡易検索です"


@dataclass(frozen=True)
class Timings:
    """The milliseconds of each answer, the total time in seconds, and how many answers were reduced."""

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
    timings = Timings(milliseconds, 0)
    return f"median {timings.p50:.0f} ms, p95 {timings.p95:.0f} ms"


def at_once(clients: int, count: int, connect: Callable[[], Ask]) -> Timings:
    """Distributes `count` requests over `clients` processes. Each process has its own connection.

    With several clients, this is repeated ROUNDS times, and the result contains the answers of all rounds. Raises
    SystemExit if a client fails.
    """
    context = get_context("fork")
    barrier = context.Barrier(clients)
    processes, ends = [], []
    for first in range(clients):
        ours, theirs = context.Pipe(duplex=False)
        numbers = range(first, count, clients)
        process = context.Process(target=_client, args=(connect, numbers, barrier, theirs), daemon=True)
        process.start()
        theirs.close()  # so that the pipe ends when the client dies
        processes.append(process)
        ends.append(ours)
    try:
        reports = [_report(end) for end in ends]
    finally:
        for process in processes:
            process.terminate()
            process.join()
    rounds = zip(*(spans for spans, _, _ in reports), strict=True)
    return Timings(
        milliseconds=[milliseconds for _, times, _ in reports for milliseconds in times],
        seconds=sum(max(ended for _, ended in spans) - min(began for began, _ in spans) for spans in rounds),
        reduced=sum(reduced for *_, reduced in reports),
    )


def _report(end: Connection) -> Report:
    try:
        message: Any = end.recv()
    except EOFError:
        raise SystemExit("a client of the bench has died") from None
    if isinstance(message, str):
        raise SystemExit(message)
    report: Report = message
    return report


def _client(connect: Callable[[], Ask], numbers: range, barrier: Any, end: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process also gets Ctrl-C, and ends its clients
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        ask = connect()
        for number in numbers[:WARM_UP]:
            ask(number)
        barrier.wait(START_SECONDS)
        spans, times, reduced = [], [], 0
        for round_number in range(ROUNDS if barrier.parties > 1 else 1):
            if round_number:
                ask = connect()
                ask(number)  # the first request opens the connection
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
    """Returns a function that makes a client. The client requests these pages over HTTP, with one connection."""
    host = base.removeprefix("http://")
    addresses = [quote(path, safe="/?=&") for path in paths]
    reduced_notice = REDUCED.encode()

    def connect() -> Ask:
        connection = http.client.HTTPConnection(host, timeout=30)

        def ask(number: int) -> bool:
            address = addresses[number % len(addresses)]
            connection.request("GET", address, headers={"Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.HTTPStatus.OK:
                raise ValueError(f"{address} answered {answer.status}")
            return reduced_notice not in body

        return ask

    return connect
