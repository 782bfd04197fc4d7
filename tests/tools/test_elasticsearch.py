"""script/elasticsearch: starts once, prints its address, leaves no process, and reports why it cannot start."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.house.checkout import ROOT
from tests.search import elasticsearch_server


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def var_dir(tmp_path):
    elasticsearch_server.require_java()
    yield tmp_path
    elasticsearch_server.control("stop", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [1, 3])
def test_it_starts_once_prints_its_address_and_leaves_nothing(var_dir, nodes):
    port = elasticsearch_server.free_port()
    url = f"http://127.0.0.1:{port}"
    for _ in range(2):  # the second start finds it running
        done = elasticsearch_server.control("start", var_dir, "--port", port, "--nodes", nodes)
        assert (done.returncode, done.stdout.strip()) == (0, url), done.stderr
    pids = elasticsearch_server.running(var_dir)
    assert len(pids) == nodes
    with urllib.request.urlopen(f"{url}/_cluster/health") as answer:
        health = answer.read().decode()
    assert '"status":"green"' in health and f'"number_of_nodes":{nodes}' in health
    status = elasticsearch_server.control("status", var_dir)
    assert status.returncode == 0 and url in status.stdout and "green" in status.stdout
    other = elasticsearch_server.control("start", var_dir, "--port", port + 10)
    assert other.returncode != 0 and "もう動いています" in other.stderr
    assert elasticsearch_server.control("stop", var_dir).returncode == 0
    assert not any(map(is_there, pids))
    assert elasticsearch_server.control("status", var_dir).returncode == 1


@pytest.mark.slow
def test_it_ends_with_the_process_given_by_until(var_dir):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    elasticsearch_server.start(var_dir, other.pid)
    (pid,) = elasticsearch_server.running(var_dir)
    other.kill()
    other.wait()
    deadline = time.monotonic() + 20
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_there(pid)


def test_a_busy_port_is_reported_in_one_line(var_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = elasticsearch_server.control("start", var_dir, "--port", taken.getsockname()[1])
    assert done.returncode == 1 and "--port" in done.stderr.splitlines()[-1]


def test_without_java_one_line_names_the_packages(tmp_path):
    """Without root, apt, java and mvn."""
    for name in ("bash", "dirname", "sed", "id"):
        (tmp_path / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["/bin/bash", ROOT / "script" / "elasticsearch", "start"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "apt-get install" in line and "openjdk-17-jre-headless maven" in line
