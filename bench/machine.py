"""The machine that is measured on: its cores, what else it does, the memory of a process. Standard library only."""

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

#: What would lead a measured copy to somebody's real data.
LEADS_AWAY = (
    "VAR_DIR",
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "DEMO_TODAY",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "SEARCH_URL",
    "SEARCH_PREFIX",
    "SEARCH_API_KEY",
    "SEARCH_USER",
    "SEARCH_PASSWORD",
    "SEARCH_CA",
)


def forget_settings() -> None:
    """From here on nothing that this process starts reads or writes anything outside the copy."""
    for name in LEADS_AWAY:
        os.environ.pop(name, None)


def machine() -> str:
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*:\s*(.+)", info)
    return f"{os.cpu_count()} cores, {model[1] if model else os.uname().machine}"


def busy() -> str:
    """How many processes wanted a core, over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


#: Clock ticks (ten milliseconds) of a second that still count as doing nothing: the search worker looks at its queue.
IDLE_TICKS = 5
#: A fixed piece of work, begun at the moment that it is told.
LOOP = """
import sys, time
sys.stdin.readline()
began, total = time.perf_counter(), 0
for i in range(3_000_000): total += i
print(time.perf_counter() - began)
"""


def side_by_side() -> float:
    """How much longer a loop takes beside a second one than alone: 1.0 where the machine has two cores to give, 2.0 where
    it has one. Cores that are shared with strangers change by the minute, and every figure with them."""
    return statistics.fmean(_loops(2)) / _loops(1)[0]


def _loops(number: int) -> list[float]:
    command = [sys.executable, "-c", LOOP]
    started = [
        subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(number)
    ]
    time.sleep(0.2)  # all wait for the word
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [float(one.communicate()[0]) for one in started]


def settle(pids: Callable[[], Iterable[int]], seconds: float = 60) -> None:
    """Return when processes have done nothing to speak of for a second. A start is followed by timed work and by a look
    through the index; neither belongs to what a page takes."""
    deadline, before = time.monotonic() + seconds, {-1: 0}
    while time.monotonic() < deadline:
        now = {pid: _ticks(pid) for pid in pids()}
        if now.keys() == before.keys() and sum(now.values()) - sum(before.values()) <= IDLE_TICKS:
            return
        before = now
        time.sleep(1)


def _ticks(pid: int) -> int:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(after_name[11]) + int(after_name[12])


def memory(pid: int) -> float:
    """Megabytes of a process's own, shared pages counted by their share (PSS); nought where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0
