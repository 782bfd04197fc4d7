"""The machine that is measured: its cores, its load, and the memory of a process. Only the standard library."""

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

#: With these variables, a measured copy could use real data.
REAL_DATA_VARIABLES = (
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
    """Removes these variables, so that no process that is started from here reads or writes outside the copy."""
    for name in REAL_DATA_VARIABLES:
        os.environ.pop(name, None)


def machine() -> str:
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*:\s*(.+)", info)
    return f"{os.cpu_count()} cores, {model[1] if model else os.uname().machine}"


def busy() -> str:
    """Returns the load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


#: A process is idle if it uses at most this many clock ticks (10 ms) per second. The limit is not 0, because the search
#: worker polls its queue.
IDLE_TICKS = 5
#: A fixed amount of work. The work starts when a line is written to its standard input.
LOOP = """
import sys, time
sys.stdin.readline()
began, total = time.perf_counter(), 0
for i in range(3_000_000): total += i
print(time.perf_counter() - began)
"""


def side_by_side() -> float:
    """Returns how much longer a loop takes beside a second loop: 1.0 times with two free cores, 2.0 with one.

    On a machine that others use too, this factor changes every minute, and all figures change with it.
    """
    return statistics.fmean(_loops(2)) / _loops(1)[0]


def _loops(number: int) -> list[float]:
    command = [sys.executable, "-c", LOOP]
    started = [
        subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(number)
    ]
    time.sleep(0.2)  # until all of them wait for their line
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [float(process.communicate()[0]) for process in started]


def settle(pids: Callable[[], Iterable[int]], seconds: float = 60) -> None:
    """Returns when these processes have been idle for a second.

    After a start, timed work runs and the index is checked. The time of a page must not include this work.
    """
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
    """Returns the proportional set size (PSS) of a process in megabytes. Returns 0 if the process has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) / 1024 if match else 0
