"""The machine that is measured on: its cores, what else it does, the memory of a process. Standard library only."""

import os
import re
from pathlib import Path

#: What would lead a measured copy to somebody's real data.
LEADS_AWAY = (
    "VAR_DIR", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "DEMO_TODAY", "SECRET_KEY", "ALLOWED_HOSTS",
    "SEARCH_URL", "SEARCH_PREFIX", "SEARCH_API_KEY", "SEARCH_USER", "SEARCH_PASSWORD", "SEARCH_CA",
)  # fmt: skip


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


def memory(pid: int) -> float:
    """Megabytes of a process's own, shared pages counted by their share (PSS); nought where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0
