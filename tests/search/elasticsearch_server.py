"""A real Elasticsearch for the tests of one run: the one that SEARCH_TEST_URL names, or one of our own.

Our own is started by script/elasticsearch, once a run: the workers of pytest-xdist share it. It ends when the
run's main process has ended, however that came about.
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
from tests.house.tree import ROOT

#: The machine may be busy with other tests: waiting is not what these tests are about.
PATIENT = Patience(reading=30, writing=30, managing=60)


def address(folder, main_process):
    """The address of the run's server; skips, or fails where CI=true, if there can be none."""
    if url := os.environ.get("SEARCH_TEST_URL"):
        return url
    require_java()
    told = folder / "elasticsearch.url"
    with (folder / "elasticsearch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            told.write_text(start(folder / "elasticsearch", main_process))
    return told.read_text()


def require_java():
    """Skip where no server can be started, as loudly as may be; a build machine has to have one."""
    if not (shutil.which("java") and shutil.which("mvn")):
        if os.environ.get("CI") == "true":
            pytest.fail(f"{MISSING_SERVER}: install openjdk-17-jre-headless and maven, or set SEARCH_TEST_URL")
        pytest.skip(MISSING_SERVER)


def running(var_dir):
    """The processes of a server of ours."""
    return json.loads((var_dir / "elasticsearch" / "running.json").read_text())["pids"]


def wait_until_gone(pids, seconds=20):
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)


def start(var_dir, until):
    """Start a server that ends with the process `until`; gives its address."""
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
    """A port that is free together with the one that the nodes use among themselves."""
    while True:
        port = random.randrange(20_000, 30_000)
        if is_free(port) and is_free(port + 100):
            return port


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def engine(url, patience=PATIENT):
    """An engine over nothing: its prefix is its own, so no test meets the indices of another."""
    return ElasticsearchEngine(Server(url), f"test-{uuid.uuid4().hex[:10]}", patience)
