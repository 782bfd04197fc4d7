"""Measures search on both engines and prints Markdown tables. Called by script/bench with a copy of the checkout.

It uses only the standard library. For each size and engine, it measures a rebuild first. Then it requests the demo over
HTTP, as people run it (two web workers, the search worker). Then it sends the same queries to the engine alone, in the
same run. Clients, web server and engine share the machine's cores. The tables show the goals beside the figures.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.clients import Timings, at_once, pages
from bench.machine import busy, forget_settings, machine, memory, settle
from bench.product import READER, WORDS, internals, run_in_copy, searchable
from bench.tables import Tables
from tools.demo_client import Browser, Server, free_port
from tools.elasticsearch_server import Cluster, port_is_free

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("embedded", "elasticsearch")
INTERNALS = ("-m", "bench.search_internals")
CLIENTS = (1, 8)
#: What a reader types into the search box: beginnings of the words, and some words by their reading.
TYPED = (
    *dict.fromkeys(word[:end] for word in WORDS for end in (1, 2, 3, 4)),
    *"ひな hinan hinanj けいや yosan ふりか".split(),
)
KINDS = ("a", "a,c", "a,c,b")
JUDGED = ("togikai_qa", "jsquad_valid")


def main() -> None:
    chosen = arguments()
    forget_settings()
    # Stop everything that was started, whatever ends this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tables = Tables(machine(), ROOT)
    try:
        with started(chosen.engines) as settings:
            first_start(chosen.checkout)
            tables.analysis(run_in_copy(chosen.checkout, [*INTERNALS, "analysis"]))
            for size in chosen.sizes:
                items = int(internals(chosen.checkout, "references", str(size))["items"])
                for engine in chosen.engines:
                    say(f"{items} items, {engine} (load {busy()})")
                    measure(chosen, items, engine, settings[engine], tables)
            if chosen.first != 0:
                evaluate(chosen, settings, tables)
    finally:
        print(tables.text(), flush=True)


def measure(chosen: argparse.Namespace, items: int, engine: str, settings: dict[str, str], tables: Tables) -> None:
    """Measures everything that depends on the number of items and on the engine."""
    tables.index(items, engine, run_in_copy(chosen.checkout, [*INTERNALS, "rebuild", str(chosen.nouns)], settings))
    searches = [f"/search/?q={word}" for word in WORDS]
    with Server(chosen.checkout, show=False, settings=settings) as server:
        server.start()
        settle(server.processes)
        browser = Browser(server.base)
        browser.log_in(READER)
        for path in searches:
            browser.get(path)
        timings = {n: view(browser, searches, n, chosen.requests) for n in CLIENTS}
        words = json.dumps(WORDS)
        bare = run_in_copy(chosen.checkout, [*INTERNALS, "bare", str(chosen.requests)], settings, words)
        for clients in CLIENTS:
            tables.search(items, engine, clients, timings[clients], bare)
        tables.suggestions(
            items, engine, view(browser, [f"/search/suggest/?q={typed}" for typed in TYPED], 1, chosen.requests)
        )
        if chosen.publishes:
            tables.saved(items, engine, searchable(browser, chosen.publishes))
        tables.memory(items, engine, [*processes(server), *java(settings)])
        server.stop()


def view(browser: Browser, paths: list[str], clients: int, count: int) -> Timings:
    return at_once(clients, count, pages(browser.base, browser.cookie_header, paths))


def first_start(checkout: Path) -> None:
    say("the demo's first start")
    with Server(checkout, show=False) as server:
        server.start()
        server.stop()


def evaluate(chosen: argparse.Namespace, settings: dict[str, dict[str, str]], tables: Tables) -> None:
    """Measures nDCG@10 with some token kinds and with all token kinds.

    If there is a server, the command measures both engines.
    """
    folders = [Path(os.environ["SHARED_DATA"]) / "relevance" / name for name in JUDGED]
    if not all(folder.is_dir() for folder in folders):
        say(f"SHARED_DATA has no {' and '.join(JUDGED)}: nDCG@10 is left out")
        return
    say("judged questions")
    command = [".venv/bin/python", "manage.py", "search_evaluate", *map(str, folders), "--json"]
    command += [part for kinds in KINDS for part in ("--kinds", kinds)]
    command += ["--first", str(chosen.first)] if chosen.first else []
    done = subprocess.run(
        command,
        cwd=chosen.checkout,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.demo", **settings[chosen.engines[-1]]},
    )
    tables.evaluation(json.loads(done.stdout))


@contextmanager
def started(engines: list[str]) -> Iterator[dict[str, dict[str, str]]]:
    """Starts what each engine needs. Yields the settings that select each engine."""
    settings: dict[str, dict[str, str]] = {"embedded": {}}
    if "elasticsearch" not in engines:
        yield settings
        return
    say("Elasticsearch")
    script, jars = str(ROOT / "script" / "elasticsearch"), str(ROOT / "var" / "elasticsearch")
    port = free_port()
    while not port_is_free(port + 100):
        port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "VAR_DIR": folder}
        start = [script, "start", "--port", str(port), "--until", str(os.getpid()), "--jars", jars]
        try:
            done = subprocess.run(start, env=environment, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                raise SystemExit(done.returncode)
            settings["elasticsearch"] = {"SEARCH_URL": done.stdout.strip(), "BENCH_JAVA": folder}
            yield settings
        finally:
            Cluster(Path(folder).resolve() / "elasticsearch").stop()


def processes(server: Server) -> Iterator[tuple[str, float]]:
    names = {"granian": "web", "search_worker": "search worker", "tools/demo_server.py": "script/server"}
    for pid, command in sorted(server.processes().items()):
        name = next((label for part, label in names.items() if part in command), command[:40])
        if "import os, signal" not in command:  # the watcher of script/server is not shown: it is only an interpreter
            yield name, memory(pid)


def java(settings: dict[str, str]) -> list[tuple[str, float]]:
    if "BENCH_JAVA" not in settings:
        return []
    pids = Cluster(Path(settings["BENCH_JAVA"]).resolve() / "elasticsearch").state()["pids"]
    return [("Elasticsearch (Java)", memory(pid)) for pid in pids]


def say(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench search")
    parser.add_argument("checkout", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--sizes", type=numbers, default=[300, 2000, 20000, 36000], metavar="N,N", help="numbers of items"
    )
    parser.add_argument("--engines", type=engines, default=list(ENGINES), metavar="NAME,NAME", help=", ".join(ENGINES))
    parser.add_argument("--requests", type=int, default=300, metavar="N", help="requests of each kind for all clients")
    parser.add_argument("--publishes", type=int, default=50, metavar="N", help="items to publish at each size")
    parser.add_argument("--nouns", type=int, default=200, metavar="N", help="noun queries for recall@10")
    parser.add_argument("--first", type=int, metavar="N", help="use only N judged questions of each set (0: none)")
    return parser.parse_args()


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def engines(text: str) -> list[str]:
    names = [name for name in ENGINES if name in text.split(",")]
    if len(names) != len(text.split(",")):
        raise ValueError(text)
    return names


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
