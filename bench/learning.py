"""Measures learning at two sizes and prints Markdown tables. Called by script/bench with a copy of the checkout.

It uses only the standard library. For each size and database, `manage.py learning_fill` fills the demo. The demo runs
as people run it (two web workers), and its pages are requested over HTTP. Then the commands of 1 April, the rules and
the imports are timed. If the checkout does not have a page or a command, this is reported, and the page or command is
left out. The tables show the goals beside the figures.
"""

import argparse
import csv
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.clients import Timings, at_once, pages
from bench.machine import busy, forget_settings, machine, settle
from bench.product import run_in_copy
from bench.tables import commit, met, table
from tools.demo_client import Browser, Server

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
INTERNALS = ("-m", "bench.learning_internals")
CLIENTS = (1, 8)
PAGE_P95 = 150
QUERIES = 15
RUN_DUE_SECONDS, IMPORT_SECONDS = 60, 180
#: people, assignments, step rows, records
SIZES = {"small": (2000, 20_000, 120_000, 60_000), "large": (20_000, 60_000, 400_000, 200_000)}
#: name, login (demo.many_learners.LOGINS), path
PAGES = (
    ("grid of 40", "keisoku-kacho", "/team/"),
    ("grid of 1,500, paged", "keisoku-bucho", "/team/"),
    ("わたしの学び", "keisoku-shain", "/my/"),
    ("office page", "keisoku-kenshu", "/training/"),
    ("its rows", "keisoku-kenshu", "/training/rows/?measure=overdue"),
)
SOURCE = "bench"


class Report:
    """The figures so far. What was left out is printed on standard error."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, ...]] = []
        self.works: list[tuple[str, ...]] = []
        self.load = [busy()]

    def page(self, where: tuple[str, str], name: str, clients: int, timings: Timings, queries: int) -> None:
        self.load.append(busy())
        goal = met(timings.p95, PAGE_P95) if clients == CLIENTS[-1] else ""
        numbers = (f"{timings.p50:.0f}", f"{timings.p95:.0f}", f"{timings.per_second:.0f}")
        self.pages.append((*where, name, str(clients), *numbers, goal, f"{queries} {met(queries, QUERIES)}"))

    def work(
        self, where: tuple[str, str], name: str, seconds: float, goal: float | None = None, note: str = ""
    ) -> None:
        self.load.append(busy())
        self.works.append((*where, name, f"{seconds:.1f}", met(seconds, goal) if goal else "", note))

    def text(self) -> str:
        load = sorted(self.load, key=float)
        parts = [
            f"Measured on {machine()}, load {load[0]} to {load[-1]}, at {commit(ROOT)}.",
            table("people|database|page|clients|p50, ms|p95, ms|pages/s|goal at 8 clients|SQL queries", self.pages),
            table("people|database|work|seconds|goal|output", self.works),
        ]
        return "\n\n".join(part for part in parts if part)


def main() -> None:
    chosen = arguments()
    forget_settings()
    # Stop everything that was started, whatever ends this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    try:
        for size in chosen.sizes:
            for database in chosen.databases:
                with started(database) as settings:
                    Measurement(chosen, size, database, settings, report).run()
    finally:
        print(report.text(), flush=True)


@contextmanager
def started(database: str) -> Iterator[dict[str, str]]:
    """Creates an empty database and yields the settings that select it. The database is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"VAR_DIR": str(Path(folder) / "var")}
        if database == "sqlite":
            yield settings
            return
        script, environment = str(ROOT / "script" / "postgres"), {**os.environ, "VAR_DIR": folder}
        start = [script, "start", "--port", "0", "--until", str(os.getpid())]
        try:
            done = subprocess.run(start, env=environment, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                raise SystemExit(done.returncode)
            yield {**settings, "DATABASE_URL": done.stdout.strip()}
        finally:
            subprocess.run([script, "stop"], env=environment, stderr=subprocess.DEVNULL, check=False)


class Measurement:
    """The measurement of one size on one database."""

    def __init__(
        self, chosen: argparse.Namespace, size: tuple[int, ...], database: str, settings: dict[str, str], report: Report
    ) -> None:
        self.chosen, self.size, self.settings, self.report = chosen, size, settings, report
        self.checkout: Path = chosen.checkout
        self.where = (f"{size[0]:,}", database)

    def run(self) -> None:
        say(f"{self.where[0]} people on {self.where[1]}: the demo's first start (load {busy()})")
        with Server(self.checkout, show=False, settings=self.settings) as server:
            server.start()
            server.stop()
        people, assignments, steps, records = map(str, self.size)
        self.command(
            "learning_fill",
            "learning_fill",
            "--people",
            people,
            "--assignments",
            assignments,
            "--steps",
            steps,
            "--records",
            records,
            "-v",
            "0",
        )
        with Server(self.checkout, show=False, settings=self.settings) as server:
            server.start()
            settle(server.processes)
            for name, login, path in PAGES:
                self.page(server, name, login, path)
            server.stop()
        self.rule()
        self.first_of_april()
        self.imports()

    def page(self, server: Server, name: str, login: str, path: str) -> None:
        browser = Browser(server.base)
        browser.log_in(login)
        if status := error_status(browser, path):
            say(f"left out: {name}, {path} answers {status}")
            return
        queries = int(self.internals("queries", login, path)["queries"])
        for clients in CLIENTS:
            ask = pages(browser.base, browser.cookie_header, [path])
            self.report.page(self.where, name, clients, at_once(clients, self.chosen.requests, ask), queries)

    def rule(self) -> None:
        result = self.internals("rule")
        self.report.work(self.where, "a rule: matching", result["matching"], note=f"{result['matched']} people")
        self.report.work(self.where, "a rule: assigning", result["assigning"], note=f"{result['assigned']} assignments")

    def first_of_april(self) -> None:
        """Times run_due on 31 March, on 1 April with moves, and on 2 April, when only reminders are new."""
        year = time.localtime().tm_year + (time.localtime().tm_mon > 3)
        days = [f"{year}-03-31", f"{year}-04-01", f"{year}-04-02"]
        for day, name, goal in zip(
            days, ("31 March", "1 April", "2 April, reminders"), (None, RUN_DUE_SECONDS, None), strict=True
        ):
            if name == "1 April":
                moves = str(min(self.chosen.moves, self.size[0] // 4))
                self.command("", "learning_fill", "--moves", moves, "--on", day)
                name = f"1 April, {int(moves):,} moves"
            # The demo's clock is moved to that day, because run_due does not accept a day after its clock's day.
            self.command(f"run_due, {name}", "run_due", "--on", day, goal=goal, day=day)

    def imports(self) -> None:
        """Times imports of the same number of new rows as CSV and as xlsx. All rows are about people in service on
        the row's date."""
        today = date.today()
        # On this day, everybody has already joined (demo.many_learners).
        first = date(today.year - (today.month < 4), 4, 1)
        for kind, key in (("csv", "B"), ("xlsx", "X")):
            with tempfile.NamedTemporaryFile("w", encoding="utf-8-sig", suffix=".csv", newline="") as file:
                lines = csv.writer(file)
                lines.writerow(["外部ID", "職員番号", "科目番号", "始まり", "終わり", "状況"])
                for n in range(self.chosen.rows):
                    day = first + timedelta(days=n % ((today - first).days + 1))
                    lines.writerow([f"{key}{n}", f"K{n % self.size[0]:06}", f"K{n % 40:03}", day, day, "修了"])
                file.flush()
                path = file.name
                if kind == "xlsx":
                    path = str(self.internals("workbook", file.name)["workbook"])
                self.command(
                    f"import_training, {self.chosen.rows:,} new rows, {kind}",
                    "import_training",
                    path,
                    "--source",
                    f"{SOURCE}-{kind}",
                    "--kind",
                    "records",
                    "--label",
                    f"計測{kind}",
                    "--commit",
                    goal=IMPORT_SECONDS,
                )
                if kind == "xlsx":
                    Path(path).unlink()

    def command(self, name: str, command: str, *arguments: str, goal: float | None = None, day: str = "") -> None:
        """Times a management command. If the command does not exist, this is reported and the command is left out.

        If `name` is empty, the time is not reported. Raises SystemExit if learning_fill fails, because nothing can be
        measured without its data.
        """
        python, environment = ".venv/bin/python", {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.demo"}
        environment |= self.settings | ({"DEMO_TODAY": day} if day else {})
        began = time.monotonic()
        done = subprocess.run(
            [python, "manage.py", command, *arguments],
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        if done.returncode != 0 and command == "learning_fill":
            raise SystemExit(done.stderr)
        if done.returncode != 0 and "Unknown command" in done.stderr:
            say(f"left out: {name}, there is no manage.py {command}")
        elif done.returncode != 0:
            say(f"left out: {name}, manage.py {command} ended with {done.returncode}: {last_line(done.stderr)}")
        elif name:
            self.report.work(self.where, name, seconds, goal, summary(done.stdout))

    def internals(self, *arguments: str) -> dict[str, Any]:
        result: dict[str, Any] = run_in_copy(self.checkout, [*INTERNALS, *arguments], self.settings)
        return result


def error_status(browser: Browser, path: str) -> int:
    """Returns the HTTP error status of a page. Returns 0 if the page answers without an error."""
    request = urllib.request.Request(browser.base + path, headers={"Cookie": browser.cookie_header})
    try:
        with urllib.request.urlopen(request, timeout=120):
            return 0
    except urllib.error.HTTPError as error:
        return error.code


def summary(text: str) -> str:
    """Returns the counts that a command printed: the rows of an import, or the actions of run_due.

    If there are none, returns the last line.
    """
    lines = [line.strip() for line in text.splitlines()]
    rows = [line for line in lines if line.startswith("新しい行")]
    done = [line for line in lines if re.search(r"[1-9]\d*(,\d+)*件", line)]
    return "；".join(rows[:1] or done) or last_line(text)


def last_line(text: str) -> str:
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    return lines[-1][:80].replace("|", "/") if lines else ""


def say(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench learning")
    parser.add_argument("checkout", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--sizes",
        type=sizes,
        default=list(SIZES.values()),
        metavar="NAME,NAME",
        help="small (2,000 people), large (20,000 people), or four numbers: people/assignments/steps/records",
    )
    parser.add_argument(
        "--databases", type=databases, default=["sqlite"], metavar="NAME,NAME", help=", ".join(DATABASES)
    )
    parser.add_argument("--requests", type=int, default=240, metavar="N", help="requests of each page for all clients")
    parser.add_argument(
        "--moves", type=int, default=5000, metavar="N", help="moves on 1 April (at most a quarter of the people)"
    )
    parser.add_argument("--rows", type=int, default=50_000, metavar="N", help="rows of each import")
    return parser.parse_args()


def sizes(text: str) -> list[tuple[int, ...]]:
    parsed = [SIZES.get(part) or tuple(int(number) for number in part.split("/")) for part in text.split(",")]
    if any(len(size) != len(SIZES["small"]) for size in parsed):
        raise ValueError(text)
    return parsed


def databases(text: str) -> list[str]:
    if set(text.split(",")) - set(DATABASES):
        raise ValueError(text)
    return text.split(",")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
