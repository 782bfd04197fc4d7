"""script/postgres: starts once, prints its address, runs without privileges, and leaves no process or data."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.house.checkout import ROOT

MISSING = "no PostgreSQL to test with"
BIN = Path("/usr/lib/postgresql/15/bin/postgres")


def control(action, var_dir, *arguments):
    command = [ROOT / "script" / "postgres", action, *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, "VAR_DIR": str(var_dir)}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def var_dir(tmp_path):
    if not BIN.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{MISSING}: install postgresql-15")
        pytest.skip(MISSING)
    yield tmp_path
    control("stop", tmp_path)


def ask(url, question):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def wait_until_gone(url, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_it_starts_once_prints_its_address_and_leaves_nothing(var_dir):
    first = control("start", var_dir, "--port", 0)
    url = first.stdout.strip()
    assert first.returncode == 0 and url.startswith("postgres://"), first.stderr
    assert control("start", var_dir, "--port", 0).stdout.strip() == url  # the second start finds it running
    assert control("status", var_dir).stdout.strip() == url
    assert ask(url, "SHOW server_version").startswith("15.")
    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    data = Path(ask(url, "SHOW data_directory"))
    assert data.stat().st_uid != 0 or os.getuid() != 0
    assert control("stop", var_dir).returncode == 0
    assert wait_until_gone(url) and not data.exists()
    assert [path.name for path in (var_dir / "postgres").iterdir()] == ["lock"]
    again = control("stop", var_dir)
    assert again.returncode == 0 and "動いていません" in again.stderr
    assert control("status", var_dir).returncode == 1


@pytest.mark.slow
def test_data_are_deleted_by_a_stop(var_dir):
    url = control("start", var_dir, "--port", 0).stdout.strip()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    control("stop", var_dir)
    url = control("start", var_dir, "--port", 0).stdout.strip()
    assert ask(url, "SELECT to_regclass('kept') IS NULL")


@pytest.mark.slow
def test_another_port_while_it_runs_is_refused(var_dir):
    control("start", var_dir, "--port", 0)
    done = control("start", var_dir, "--port", 1)
    assert done.returncode == 1 and "もう動いています" in done.stderr


@pytest.mark.slow
def test_it_ends_with_the_process_given_by_until(var_dir):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    url = control("start", var_dir, "--port", 0, "--until", other.pid).stdout.strip()
    assert ask(url, "SELECT 1") == 1
    other.kill()
    other.wait()
    assert wait_until_gone(url)
    deadline = time.monotonic() + 20
    while (var_dir / "postgres" / "running.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not (var_dir / "postgres" / "running.json").exists()


def test_a_busy_port_is_reported_in_one_line(var_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = control("start", var_dir, "--port", taken.getsockname()[1])
    assert done.returncode == 1 and "--port" in done.stderr.splitlines()[-1]


def test_without_the_package_one_line_names_it(tmp_path):
    """Without root, apt and PostgreSQL."""
    for name in ("bash", "dirname", "sed", "id"):
        (tmp_path / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["/bin/bash", ROOT / "script" / "postgres", "start"],
        env={"PATH": str(tmp_path), "POSTGRES_BIN": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "apt-get install" in line and "postgresql-15" in line
