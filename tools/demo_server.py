"""Prepares the demo and runs its web server, search worker and timed work. Called by script/server.

It uses only the standard library, so that it starts quickly and loads no part of the product. Every process runs in its
own process group. The groups are ended on Ctrl-C, on SIGTERM, and when one of them dies. If this process itself is
killed, a small watcher process ends them. A failed process is not started again, because a demo should show what went
wrong.
"""

import argparse
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
WEB_WORKERS = 2
#: The number of threads per worker. Pages need mostly processor time, and two threads compete for the interpreter at
#: every small query. With eight readers at the same time, two threads answered 77 search pages a second, and one thread
#: answered 99 (64 and 70 on Elasticsearch). A thread never waits long: 0.8 s for a search server. After three failures,
#: only one page in three seconds waits for the search server.
WEB_THREADS = 1
READY_SECONDS = 90
STOP_SECONDS = 8
GENERATED_FILES = (
    "manabi.sqlite3*",
    "search.sqlite3*",
    "static",
    "bundles",
    "static.stamp",
    "media",
    "welcome.txt",
    "preparing",
    "imports",
    "run_due.lock",
)
COLOURS = {"web": "36", "search": "35", "timed": "33"}
#: Timed work (manage.py run_due) runs at the start and then after each interval of this length, each time in a new
#: process.
TIMED_SECONDS = 3600
# The watcher waits for the end of its standard input. The input ends when the parent process has ended. Then the
# watcher ends the process groups whose numbers it was given. If a number was given twice, the group has already ended
# by itself.
WATCHER = """
import os, signal, sys, time
def send(group, number):
    try: os.killpg(group, number)
    except OSError: return False
    return True
groups = set()
for line in sys.stdin: groups ^= {{int(line)}}
for number in (signal.SIGTERM, signal.SIGKILL):
    for group in groups: send(group, number)
    deadline = time.monotonic() + {seconds}
    while time.monotonic() < deadline and any([send(group, 0) for group in groups]): time.sleep(0.1)
"""


class Processes:
    """The processes that were started. This class can also end them."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        code = WATCHER.format(seconds=STOP_SECONDS)
        self.watcher = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", code], stdin=subprocess.PIPE, start_new_session=True
        )

    def start(self, name: str, command: list[str], *, quiet: bool = False) -> subprocess.Popen[bytes]:
        output = subprocess.PIPE if quiet else None
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
        self.running[name] = process
        self.tell_watcher(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                threading.Thread(target=print_prefixed, args=(name, stream), daemon=True).start()
        return process

    def forget(self, name: str) -> None:
        """Removes a process that has ended as expected."""
        self.tell_watcher(self.running.pop(name))

    def tell_watcher(self, process: subprocess.Popen[bytes]) -> None:
        assert self.watcher.stdin is not None
        self.watcher.stdin.write(f"{process.pid}\n".encode())
        self.watcher.stdin.flush()

    def ended(self) -> str | None:
        """Returns the name of a process that has ended. Returns None if all are running."""
        return next((name for name, process in self.running.items() if process.poll() is not None), None)

    def stop(self) -> None:
        """Sends SIGTERM to every group. After a while, sends SIGKILL. Then ends the watcher."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self.running.values():
                send(process.pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and any(alive(process) for process in self.running.values()):
                time.sleep(0.05)
        self.watcher.kill()
        self.watcher.wait()


def alive(process: subprocess.Popen[bytes]) -> bool:
    """Whether any process of the group is left. A worker process may run longer than the process that started it."""
    process.poll()
    return send(process.pid, 0)


def send(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def print_prefixed(name: str, stream: IO[bytes]) -> None:
    label = f"\033[{COLOURS[name]}m{name:>6}\033[0m" if sys.stdout.isatty() else f"{name:>6}"
    for line in stream:
        print(f"{label} | {line.decode(errors='replace').rstrip()}", flush=True)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def wait_until_ready(port: int, processes: Processes, stop: threading.Event) -> None:
    """Returns when /login/ answers or when `stop` is set. Raises SystemExit if /login/ does not answer in time."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if name := processes.ended():
            raise SystemExit(f"{name} が止まりました。上のメッセージを確かめてください。")
        try:
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
            connection.request("GET", "/login/")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        if stop.wait(0.1):
            return
    raise SystemExit(f"{READY_SECONDS}秒待ちましたが、ログイン画面が開きません。上のメッセージを確かめてください。")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description="デモを動かします。")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--size", choices=["small", "full"], default="small")
    parser.add_argument("--fresh", action="store_true")
    return parser.parse_args()


def lock(var_dir: Path) -> IO[str]:
    """Prevents two servers from using the same VAR_DIR. The lock is released when this process ends."""
    var_dir.mkdir(parents=True, exist_ok=True)
    file = (var_dir / "server.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        raise SystemExit(
            f"このフォルダーのデモは、もう動いています（{file.read().strip()}）。そちらを Ctrl-C で止めてください。"
        ) from None
    return file


def run(chosen: argparse.Namespace, var_dir: Path, url: str, processes: Processes, stop: threading.Event) -> int:
    """Starts the processes in order. Returns when `stop` is set or when a process has failed."""
    manage = [sys.executable, "manage.py"]
    preparing = processes.start("prepare", [*manage, "prepare", "--size", chosen.size, "--url", url])
    while preparing.poll() is None:
        if stop.wait(0.05):
            return 0
    processes.forget("prepare")
    if preparing.returncode != 0:
        return 1
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--workers", str(WEB_WORKERS)]
    granian += ["--blocking-threads", str(WEB_THREADS), "--host", HOST, "--port", str(chosen.port)]
    granian += ["--log-level", "warning", "config.wsgi:application"]
    processes.start("web", granian, quiet=True)
    wait_until_ready(chosen.port, processes, stop)
    if not stop.is_set():
        # The search worker starts last, so that it does not compete with the first page. Until then, changes wait in
        # its queue.
        processes.start("search", [*manage, "search_worker"], quiet=True)
        print((var_dir / "welcome.txt").read_text("utf-8"), flush=True)
    due = time.monotonic()
    while not stop.wait(0.5):
        if (name := processes.ended()) == "timed":
            processes.forget(name)  # it has printed its result; the next run tries again
        elif name:
            print(f"{name} が止まったので、終わります。上のメッセージを確かめてください。", file=sys.stderr)
            return 1
        if time.monotonic() >= due and "timed" not in processes.running:
            due = time.monotonic() + TIMED_SECONDS
            processes.start("timed", [*manage, "run_due"], quiet=True)
    return 0


def main() -> int:
    chosen = arguments()
    url = f"http://{HOST}:{chosen.port}/"
    if not port_is_free(chosen.port):
        raise SystemExit(
            f"ポート {chosen.port} は、ほかのプログラムが使っています。"
            f"script/server --port {chosen.port + 1} のように、別の番号で始めてください。"
        )
    var_dir = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
    lock_file = lock(var_dir)
    lock_file.truncate(0)
    print(url, file=lock_file, flush=True)
    # `preparing` exists if an earlier start was ended before its data were complete. Incomplete data contain no user's
    # work.
    if chosen.fresh or (var_dir / "preparing").exists():
        for path in (path for pattern in GENERATED_FILES for path in var_dir.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.environ.update(DJANGO_SETTINGS_MODULE="config.settings.demo", PUBLIC_URL=url.rstrip("/"), PYTHONUNBUFFERED="1")

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    processes = Processes()
    try:
        return run(chosen, var_dir, url, processes, stop)
    finally:
        if stop.is_set():
            print("\n止めています…", flush=True)
        processes.stop()


if __name__ == "__main__":
    sys.exit(main())
