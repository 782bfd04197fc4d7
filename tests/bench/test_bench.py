"""script/bench: concurrent clients, tables of figures, and no process or file left behind.

No test here depends on how long anything takes.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bench import clients, learning, machine, noun_recall, tables
from search.analysis import _tokenizer
from tests.house.checkout import ROOT

SCRIPT = ROOT / "script"


def python(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_clients_share_the_requests_and_are_processes():
    done = python(
        "import os, bench.clients\n"
        "def connect():\n"
        "    file = open(f'{folder}/{os.getpid()}', 'a')\n"
        "    return lambda number: bool(file.write(f'{number}\\n')) and not file.flush() and number % 2 == 0\n"
        "import tempfile, pathlib\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    timings = bench.clients.at_once(3, 30, connect)\n"
        "    files = sorted(pathlib.Path(folder).iterdir())\n"
        "    asked = {int(line) for file in files for line in file.read_text().split()}\n"
        "print(len(files), str(os.getpid()) in [f.name for f in files], asked == set(range(30)))\n"
        "print(len(timings.milliseconds), timings.reduced, timings.seconds > 0)\n"
    )
    # Everything five times, over new connections: a single distribution of connections is chance.
    assert done.stdout.splitlines() == ["3 False True", "150 75 True"], done.stderr


def test_each_round_has_new_connections_and_a_single_client_has_one():
    done = python(
        "import multiprocessing, bench.clients\n"
        "connections = multiprocessing.get_context('fork').Value('i', 0)\n"
        "def connect():\n"
        "    with connections.get_lock():\n"
        "        connections.value += 1\n"
        "    return lambda number: True\n"
        "for clients in (2, 1):\n"
        "    bench.clients.at_once(clients, 10, connect)\n"
        "    print(connections.value)\n"
    )
    assert done.stdout.splitlines() == ["10", "11"], done.stderr


@pytest.mark.parametrize("failing", ["raise ValueError('no page')", "os._exit(3)"])
def test_a_client_that_fails_ends_the_measurement_with_one_line(failing):
    done = python(
        "import os, bench.clients\n"
        "def connect():\n"
        "    def ask(number):\n"
        f"        {failing}\n"
        "    return ask\n"
        "bench.clients.at_once(2, 10, connect)\n"
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_two_loops_are_reported_as_a_multiple_of_one(monkeypatch):
    assert len([seconds for seconds in machine._loops(2) if seconds > 0]) == 2
    monkeypatch.setattr(machine, "_loops", {1: [2.0], 2: [3.0, 5.0]}.__getitem__)
    assert machine.side_by_side() == 2.0


def test_settle_waits_for_busy_processes_only():
    settle = machine.settle
    with subprocess.Popen([sys.executable, "-c", "for i in range(60_000_000): pass"]) as working:
        settle(lambda: [working.pid])
        assert working.poll() is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle:
        settle(lambda: [idle.pid])
        assert idle.poll() is None


def test_tables_contain_the_figures_and_the_goals():
    report = tables.Tables("2 cores", ROOT)
    timings = clients.Timings([30.0] * 99 + [60.0], 3.0, reduced=1)
    bare = {"1": {"p50": 1.0, "p95": 4.0, "per_second": 500.0}, "questions": 1.1}
    report.search(20_000, "embedded", 1, timings, bare)
    figures = {"documents": 20_000, "rebuild_seconds": 61.0, "written": 600.0, "bare_bulk": 1000.0, "share": 0.6}
    report.index(20_000, "embedded", {**figures, "recall": 0.9, "nouns": 200})
    report.saved(20_000, "embedded", [100.0, 200.0, 300.0])
    report.memory(20_000, "embedded", [("web", 100.0), ("web", 200.0), ("gone", 0)])
    text = report.text()
    page = "| 20,000 | embedded | 1 | 30.0 (1 by the database alone) | 30.0 | 33 | met (≤ 40) | 1.0 | 4.0 | 500 | 1.1 |"
    assert f"{page} met (≤ 35) |" in text
    assert "| 20,000 | embedded | 61.0 not met (≤ 60) | 600 | 1,000 | 0.60 met (≥ 0.6) | 0.900 (200) |" in text
    assert "| 20,000 | embedded | web | 200 + 100 |" in text and "gone" not in text
    assert "median 200 ms" in text and "nDCG" not in text
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_judged_figures_are_listed_by_engine_and_kinds():
    report = tables.Tables("2 cores", ROOT)
    names = {"togikai_qa a": "elasticsearch", "togikai_qa (embedded) a+c": "embedded", "togikai_qa": "elasticsearch"}
    report.evaluation({n: {"engine": e, "questions": 5, "ndcg@10": 0.5} for n, e in names.items()})
    text = report.text()
    for row in ("elasticsearch | a |", "embedded | a+c |", "elasticsearch | all |"):
        assert f"| togikai_qa | {row} 5 | 0.5000 |" in text


@pytest.mark.django_db
def test_a_noun_query_consists_of_the_rarest_nouns():
    """Rare, but in at least three documents; verbs, particles and punctuation are not nouns."""
    rarest = noun_recall.rarest
    known = Counter({"避難": 9, "訓練": 5, "担架": 3, "土嚢": 1, "運ぶ": 2})
    assert rarest("土嚢と担架を運ぶ避難の訓練。", known, _tokenizer()) == ["担架", "訓練"]
    assert rarest("担架を、担架で。", known, _tokenizer()) == ["担架"]


def test_a_bench_cannot_reach_real_data(monkeypatch):
    for name in ("VAR_DIR", "DATABASE_URL", "SEARCH_URL"):
        monkeypatch.setenv(name, "elsewhere")
    machine.forget_settings()
    assert not {"VAR_DIR", "DATABASE_URL", "SEARCH_URL"} & set(os.environ)


def test_each_bench_has_help():
    for arguments, option in (
        (["--help"], "--publishes"),
        (["search", "--help"], "--engines"),
        (["learning", "--help"], "--moves"),
    ):
        done = subprocess.run([SCRIPT / "bench", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and option in done.stdout


def start(folder, *arguments):
    """The bench with its own temporary folder, in its own process group, as a terminal starts it."""
    return subprocess.Popen(
        [SCRIPT / "bench", "search", "--sizes", "1", "--engines", "embedded", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A suite that runs in the background of a shell ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "TMPDIR": str(folder)},
    )


def processes_in(folder):
    """The processes whose working directory is below a folder."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                pids.append(int(process.name))
        except OSError:
            continue
    return pids


@pytest.mark.slow
def test_search_is_measured_from_beginning_to_end(tmp_path, shared_data):
    small = ("--requests", "8", "--publishes", "2", "--nouns", "5", "--first", "0")
    done = start(tmp_path, *small)
    out, err = done.communicate(timeout=900)  # another worker of the suite shares the two cores
    assert done.returncode == 0, err
    for heading in ("| items | engine | clients |", "rebuild, s", "memory (PSS)"):
        assert heading in out
    assert re.search(r"^\| \d+ \| embedded \| 8 \|", out, re.MULTILINE)
    assert list(tmp_path.iterdir()) == [] and processes_in(tmp_path) == []


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_behind(tmp_path):
    running = start(tmp_path)
    for line in running.stderr:
        if "first start" in line:
            break
    deadline = time.monotonic() + 60
    while not processes_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode != 0
    # Ended processes take a moment to disappear: the bench waits for the server, not for its children.
    deadline = time.monotonic() + 10
    while processes_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(tmp_path.iterdir()) == [] and processes_in(tmp_path) == []


# --- script/bench learning ---------------------------------------------------------------------


def test_the_learning_tables_contain_the_figures_and_the_goals():
    report, where = learning.Report(), ("2,000", "sqlite")
    report.page(where, "office page", 8, clients.Timings([30.0] * 99 + [60.0], 3.0), 14)
    report.work(where, "run_due, 1 April, 500 moves", 61.0, 60, "終わりました。")
    text = report.text()
    assert "| 2,000 | sqlite | office page | 8 | 30 | 30 | 33 | met (≤ 150) | 14 met (≤ 15) |" in text
    assert "| 2,000 | sqlite | run_due, 1 April, 500 moves | 61.0 | not met (≤ 60) | 終わりました。 |" in text
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_sizes_and_databases_are_parsed():
    assert learning.sizes("small,90/300/500/100") == [(2000, 20_000, 120_000, 60_000), (90, 300, 500, 100)]
    assert learning.databases("sqlite,postgresql") == ["sqlite", "postgresql"]
    for invalid, read in (("90/300", learning.sizes), ("big", learning.sizes), ("oracle", learning.databases)):
        with pytest.raises(ValueError):
            read(invalid)


@pytest.mark.slow
def test_learning_is_measured_from_beginning_to_end(tmp_path):
    command = [SCRIPT / "bench", "learning", "--sizes", "200/800/2000/1500", "--requests", "16", "--rows", "50"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\| 200 \| sqlite \| office page \| 8 \|", done.stdout, re.MULTILINE), done.stderr
    assert list(tmp_path.iterdir()) == [] and processes_in(tmp_path) == []
