"""script/server leaves no process, however it ends, and reports in one line why it cannot start."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.house.checkout import ROOT

SERVER = ROOT / "tools" / "demo_server.py"
# Starts a process that starts another, prints their process group, and keeps running.
KEEPER = """
import sys, time
from tools.demo_server import Processes
processes = Processes()
process = processes.start("web", ["sh", "-c", "sleep 300 & sleep 300"])
print(process.pid, flush=True)
{then}
"""


def keeper(then):
    code = KEEPER.format(then=then)
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline())


def group_is_there(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(group, seconds=10):
    deadline = time.monotonic() + seconds
    while group_is_there(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not group_is_there(group)


def test_stop_ends_grandchildren():
    process, group = keeper("processes.stop()")
    assert process.wait(timeout=20) == 0
    assert not group_is_there(group)


def test_a_killed_server_leaves_no_process():
    process, group = keeper("time.sleep(300)")
    assert group_is_there(group)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert wait_until_gone(group)


def test_an_ended_process_is_noticed():
    process, _ = keeper(
        "import os, signal; os.killpg(process.pid, signal.SIGKILL); process.wait(); print(processes.ended())\n"
        "processes.stop()"
    )
    assert process.stdout.readline() == "web\n"
    assert process.wait(timeout=20) == 0


def run_server(tmp_path, *options):
    environment = {**os.environ, "VAR_DIR": str(tmp_path)}
    command = [sys.executable, str(SERVER), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_a_busy_port_is_reported_in_one_line(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = run_server(tmp_path, "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"ポート {port} は、ほかのプログラムが使っています。")
    assert f"--port {port + 1}" in done.stderr


def test_a_second_server_on_the_same_data_is_refused(tmp_path):
    with (tmp_path / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print("http://127.0.0.1:8000/", file=lock, flush=True)
        done = run_server(tmp_path, "--port", "0")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "もう動いています（http://127.0.0.1:8000/）" in done.stderr


def test_help_needs_nothing_installed(tmp_path):
    (tmp_path / "script").mkdir()
    shutil.copy(ROOT / "script" / "server", tmp_path / "script")
    done = subprocess.run([tmp_path / "script" / "server", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "--port N" in done.stdout


@pytest.mark.parametrize("too_old", [None, "exit 1"])
def test_setup_reports_a_missing_python(tmp_path, too_old):
    """Without Python, and with one that is too old."""
    (tmp_path / "script").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "script" / "setup", tmp_path / "script")
    for tool in ("bash", "dirname"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    if too_old:
        old = tmp_path / "bin" / "python3"
        old.write_text(f"#!/bin/sh\n{too_old}\n")
        old.chmod(0o755)
    environment = {"PATH": str(tmp_path / "bin")}
    command = [shutil.which("bash"), tmp_path / "script" / "setup"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 以上が見つかりません。")
