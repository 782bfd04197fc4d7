"""Measures the running demo from outside and prints a table. Called by script/bench with a copy of the checkout.

It uses only the standard library. The clients run on the same machine as the server and share its cores. So the figures
describe such a machine, not the server alone. No figure is judged here.
"""

import argparse
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from bench.clients import at_once, spread
from bench.clients import pages as page_clients
from bench.demo_writer import publish_kpt
from bench.machine import forget_settings, machine, memory, settle
from tools.demo_client import Browser, Server

WORDS = (
    "ふりかえり 引継ぎ 避難所 住民説明会 補助金 窓口 契約 会議 研修 個人情報 災害 システム 予算 市町村 県民 道路 除雪 "
    "観光 子ども 高齢者 税 申請 電話 メール 様式 マニュアル 確認 協働 広報 アンケート"
).split()
READER = "shippitsu"
REQUESTS = 240
POLL_SECONDS = 0.05
GIVE_UP_SECONDS = 15


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--sizes", default="300,2000,20000")
    parser.add_argument("--publishes", type=int, default=50)
    chosen = parser.parse_args()
    sizes = [int(size) for size in chosen.sizes.split(",")]

    forget_settings()
    print(f"# Manabi, measured on {machine()}\n", flush=True)
    with Server(chosen.checkout, show=False) as server:
        row("script/server, first start", f"{server.start():.1f} s")
        server.stop()
        row("script/server, second start", f"{server.start():.1f} s")
        settle(server.processes)
        browser = Browser(server.base)
        browser.log_in(READER)
        for size in sizes:
            measure(chosen.checkout, browser, size, chosen.publishes)
        print("\n## Memory (proportional set size)\n", flush=True)
        for pid, command in sorted(server.processes().items()):
            if megabytes := memory(pid):
                row(command[-70:], f"{megabytes:.0f} MB")
        server.stop()


def measure(checkout: Path, browser: Browser, size: int, publishes: int) -> None:
    """Measures everything that depends on the number of items."""
    filled = internals(checkout, "fill", str(size))
    print(f"\n## {filled['items']} items (index built in {filled['rebuild_seconds']:.0f} s)\n", flush=True)
    queries = internals(checkout, "queries")
    for name, paths in pages(browser).items():
        for clients in (1, 8):
            timings = spread(load(browser, paths, clients))
            row(f"{name}, {clients} client(s)", f"{timings} · {queries[name]:.0f} queries")
    row(f"saved → searchable, {publishes} publishes", spread(searchable(browser, publishes)))


def row(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def internals(checkout: Path, *arguments: str) -> dict[str, float]:
    """Runs bench.product_internals in the copy. Returns the last line that it prints, parsed as JSON."""
    result: dict[str, float] = run_in_copy(checkout, ["-m", "bench.product_internals", *arguments])
    return result


def run_in_copy(checkout: Path, arguments: list[str], settings: dict[str, str] | None = None, stdin: str = "") -> Any:
    """Runs the copy's Python. Returns the last line that it prints, parsed as JSON."""
    done = subprocess.run(
        [".venv/bin/python", *arguments],
        cwd=checkout,
        env={**os.environ, **(settings or {})},
        input=stdin,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def pages(browser: Browser) -> dict[str, list[str]]:
    searches = [f"/search/?q={word}" for word in WORDS]
    items = sorted({link for path in searches for link in re.findall(r'href="(/k/[A-Z0-9-]+/)"', browser.get(path))})
    return {"home": ["/"], "item": items, "search": searches}


def load(browser: Browser, paths: list[str], clients: int) -> list[float]:
    """Returns the time of each page view in milliseconds. `clients` concurrent clients view REQUESTS pages together."""
    for path in paths[:3]:
        browser.get(path)  # when a kind of page is viewed first, its templates are compiled
    return at_once(clients, REQUESTS, page_clients(browser.base, browser.cookie_header, paths)).milliseconds


def searchable(browser: Browser, publishes: int) -> list[float]:
    """Returns the milliseconds from the response to a publish until /search/ shows the item.

    The search page is requested again every 50 ms.
    """
    timings = []
    for number in range(publishes):
        word = f"計測{time.time_ns()}"
        address = publish_kpt(browser, subject=f"{word} の{number}回目")
        began = time.perf_counter()
        while address not in browser.get(f"/search/?q={word}"):
            if time.perf_counter() - began > GIVE_UP_SECONDS:
                raise SystemExit(f"{address} was not found within {GIVE_UP_SECONDS} s")
            time.sleep(POLL_SECONDS)
        timings.append((time.perf_counter() - began) * 1000)
    return timings


if __name__ == "__main__":
    main()
