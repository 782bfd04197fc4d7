"""Starts, monitors and stops a temporary PostgreSQL on the loopback address. Called by script/postgres.

It uses only the standard library. The state of the running server is in VAR_DIR/postgres/running.json. The data are
beside this file. If the unprivileged user that runs the server cannot reach VAR_DIR, the data are in /var/tmp. The
server never runs as root (initdb also refuses to run as root). The server listens only on loopback. Only a server that
this program started is stopped.
"""

import argparse
import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(os.environ.get("POSTGRES_BIN") or "/usr/lib/postgresql/15/bin")
HOST, NAME = "127.0.0.1", "manabi"
#: If we are root, the first of these users that exists runs the server.
USERS = ("postgres", "nobody")
READY_SECONDS = 60
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": 60,
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "timezone": "UTC",
    "logging_collector": "off",
}
#: Stops the server when the given process has ended, for whatever reason.
WATCHER = """
import os, subprocess, sys, time
until, server, *stop = sys.argv[1:]
def there(pid):
    try: os.kill(int(pid), 0)
    except OSError: return False
    return True
while there(until) and there(server): time.sleep(0.3)
if there(server): subprocess.run(stop)
"""


class Database:
    """One server: its state file and its folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state_file = home / "running.json"

    def lock(self) -> IO[str]:
        self.home.mkdir(parents=True, exist_ok=True)
        file = (self.home / "lock").open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def state(self) -> dict[str, Any]:
        """Returns the port, the address and the data folder of the last start. Returns an empty dict if the server
        does not run."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if self.pid(state) else {}

    def pid(self, state: dict[str, Any]) -> int:
        """Returns the server's process id. Returns 0 if the server has ended, or if another process has this id now."""
        try:
            pid = int((Path(state["data"]) / "postmaster.pid").read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except (OSError, ValueError, IndexError):
            return 0
        return pid if state["data"] in command else 0

    def start(self, port: int) -> str:
        if state := self.state():
            if port not in (0, state["port"]):
                raise SystemExit(
                    f"もう動いています（ポート {state['port']}）。先に script/postgres stop で止めてください。"
                )
            return str(state["url"])
        self.clear()
        port = port or free_port()
        if not port_is_free(port):
            raise SystemExit(
                f"ポート {port} は、ほかのプログラムが使っています。"
                "script/postgres start --port に別の番号を付けて始めてください。"
            )
        data = self.folder()
        password = secrets.token_urlsafe(24)
        url = f"postgres://{NAME}:{password}@{HOST}:{port}/{NAME}"
        self.state_file.touch(mode=0o600)
        self.state_file.write_text(json.dumps({"port": port, "url": url, "data": str(data)}), "utf-8")
        try:
            self.initialise(data, password, port)
        except BaseException:
            self.stop()
            raise
        return url

    def folder(self) -> Path:
        """Returns an empty folder for the data. The user who will run the server owns the folder and can reach it."""
        folder = self.home / "data"
        folder.mkdir(mode=0o700)
        if os.getuid() == 0:
            own(folder)
            if run_as(["test", "-w", str(folder)], check=False).returncode != 0:
                folder.rmdir()
                folder = Path(tempfile.mkdtemp(prefix="manabi-postgres-", dir="/var/tmp"))
                own(folder)
        return folder

    def initialise(self, data: Path, password: str, port: int) -> None:
        password_file = data.with_name(f"{data.name}.password")
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if os.getuid() == 0:
            own(password_file)
        try:
            run_as(
                [
                    str(BIN / "initdb"),
                    "--pgdata",
                    str(data),
                    "--username",
                    NAME,
                    "--auth",
                    "scram-sha-256",
                    "--pwfile",
                    str(password_file),
                    "--encoding",
                    "UTF8",
                    "--locale",
                    "C.UTF-8",
                    "--no-sync",
                ]
            )
        finally:
            password_file.unlink()
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in {**SETTINGS, "port": port}.items())
        log = data / "server.log"
        wait = ["--wait", "--timeout", str(READY_SECONDS)]
        if run_as([*control(data, "start"), *wait, "--log", str(log)], check=False).returncode != 0:
            print(log.read_text("utf-8", errors="replace")[-3000:] if log.exists() else "", file=sys.stderr)
            raise SystemExit("PostgreSQL を始められませんでした。上の記録を確かめてください。")
        run_as(
            [str(BIN / "createdb"), "--host", HOST, "--port", str(port), "--username", NAME, NAME],
            settings={"PGPASSWORD": password},
        )

    def stop(self) -> bool:
        """Stops the server and deletes its data. Returns whether a server was running."""
        try:
            state = json.loads(self.state_file.read_text("utf-8"))
        except (OSError, ValueError):
            state = {}
        ran = bool(state) and bool(self.pid(state))
        if ran:
            run_as([*control(Path(state["data"]), "stop"), "--mode", "immediate", "--wait"])
        if state:
            shutil.rmtree(state["data"], ignore_errors=True)
        self.clear()
        return ran

    def clear(self) -> None:
        shutil.rmtree(self.home / "data", ignore_errors=True)
        self.state_file.unlink(missing_ok=True)


def control(data: Path, verb: str) -> list[str]:
    return [str(BIN / "pg_ctl"), verb, "--pgdata", str(data), "--silent"]


def user() -> pwd.struct_passwd:
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit(
        f"PostgreSQL を動かす利用者（{'・'.join(USERS)}）がありません。root でない利用者で始めてください。"
    )


def own(path: Path) -> None:
    os.chown(path, user().pw_uid, user().pw_gid)


def run_as(
    command: list[str], *, check: bool = True, settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command without root's privileges. The output of the command is printed only if the command fails and
    `check` is true.

    With `check`, a failure raises SystemExit.
    """
    if os.getuid() == 0:
        account = user()
        command = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *command]
    # The output is written to a file, not to a pipe: the server that pg_ctl starts would keep a pipe open for ever.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", **(settings or {})},
        )
        if check and done.returncode != 0:
            output.seek(0)
            print(output.read()[-3000:], file=sys.stderr)
            raise SystemExit(f"{Path(command[-1]).name}: PostgreSQL の用意ができませんでした。")
    return done


def watch(until: int, database: Database) -> None:
    """Starts a background process that stops the server when the process `until` has ended."""
    stop = [sys.executable, str(Path(__file__).resolve()), "stop"]
    server = database.pid(database.state())
    quiet = subprocess.DEVNULL
    subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", WATCHER, str(until), str(server), *stop],
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
        env={**os.environ, "VAR_DIR": str(database.home.parent)},
    )


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"{READY_SECONDS}秒待ちましたが、PostgreSQL の用意ができません。")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/postgres")
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--until", type=int, metavar="PID")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    database = Database(Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve() / "postgres")
    if chosen.action != "start" and not database.home.is_dir():
        # Do not create the folder here, because a bench may have just deleted it.
        say("動いていません。")
        return int(chosen.action == "status")
    with database.lock():
        if chosen.action == "start":
            url = database.start(chosen.port)
            wait_until_it_answers(database.state()["port"])
            if chosen.until:
                watch(chosen.until, database)
            print(url, flush=True)
        elif chosen.action == "stop":
            say("止めました。" if database.stop() else "動いていません。")
        elif state := database.state():
            print(state["url"])
        else:
            say("動いていません。")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
