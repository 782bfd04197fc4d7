"""A real Elasticsearch for one test run: the server at SEARCH_TEST_URL, or one started by script/elasticsearch.

It is started once per run and shared by the pytest-xdist workers. It stops when the main process of the run has ended,
for whatever reason.
"""

import fcntl
import json
import os
import random
import shutil
import socket
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.elasticsearch_client import Patience, Server
from tests.conftest import MISSING_SERVER
from tests.house.checkout import ROOT

#: Long timeouts, because the machine may be busy with other tests.
PATIENT = Patience(reading=30, writing=30, managing=60)


def address(folder, main_process):
    """The address of the run's server. Skips the test, or fails it if CI=true, if none can be started."""
    if url := os.environ.get("SEARCH_TEST_URL"):
        return url
    require_java()
    url_file = folder / "elasticsearch.url"
    with (folder / "elasticsearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not url_file.exists():
            url_file.write_text(start(folder / "elasticsearch", main_process))
    return url_file.read_text()


def require_java():
    """Skip if no server can be started; fail on a build machine (CI=true)."""
    if not (shutil.which("java") and shutil.which("mvn")):
        if os.environ.get("CI") == "true":
            pytest.fail(f"{MISSING_SERVER}: install openjdk-17-jre-headless and maven, or set SEARCH_TEST_URL")
        pytest.skip(MISSING_SERVER)


def running(var_dir):
    """The process ids of a server that was started here."""
    return json.loads((var_dir / "elasticsearch" / "running.json").read_text())["pids"]


def wait_until_gone(pids, seconds=20):
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)


def start(var_dir, until):
    """Start a server that stops when process `until` has ended; returns its address."""
    done = control("start", var_dir, "--port", free_port(), "--until", until)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def control(action, var_dir, *arguments):
    command = [ROOT / "script" / "elasticsearch", action, *arguments]
    if action == "start":
        command += ["--jars", ROOT / "var" / "elasticsearch"]
    environment = {**os.environ, "VAR_DIR": str(var_dir)}
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)


def free_port():
    """A free port whose transport port (100 higher) is free, too."""
    while True:
        port = random.randrange(20_000, 30_000)
        if is_free(port) and is_free(port + 100):
            return port


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def engine(url, patience=PATIENT):
    """An empty engine with its own prefix, so that no test sees the indices of another."""
    return ElasticsearchEngine(Server(url), f"test-{uuid.uuid4().hex[:10]}", patience)
