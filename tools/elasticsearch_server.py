"""Downloads, starts, monitors and stops a real Elasticsearch on the loopback address. Called by script/elasticsearch.

It uses only the standard library. Everything is in VAR_DIR/elasticsearch: the jars of one version, and a folder for
each node (config, data, log). Only processes that this program started are ended: a process id in the state file is
accepted only if its process runs our launcher on this folder.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PARTS = Path(__file__).resolve().parent / "elasticsearch_node"
HOST = "127.0.0.1"
READY_SECONDS = 120
STOP_SECONDS = 20
PLUGIN = "transport-netty4"
HEAP_ALONE, HEAP_OF_MANY = "512m", "320m"
#: For development, tests and measurements. There the server shares a few cores with its clients. The second compiler
#: used more processor time than the first thousand searches, and concurrent garbage collection takes cores from the
#: clients. Not for production: a server that runs for months should compile everything.
JVM_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# Ends the given nodes when the given process has ended, for whatever reason.
WATCHER = """
import os, signal, sys, time
def there(pid):
    try: os.kill(pid, 0)
    except OSError: return False
    return True
until, *nodes = map(int, sys.argv[1:])
while there(until):
    time.sleep(0.3)
    if not any(map(there, nodes)): sys.exit()
for number in (signal.SIGTERM, signal.SIGKILL):
    for node in filter(there, nodes): os.kill(node, number)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(there, nodes)): time.sleep(0.1)
"""


class Cluster:
    """The folder of one cluster, and the processes that run in it."""

    def __init__(self, home: Path, jars: Path | None = None) -> None:
        self.home = home
        self.jars = jars or home
        self.state_file = home / "running.json"

    def lock(self) -> IO[str]:
        """Prevents two processes from starting a cluster in the same folder at once. The lock is released when
        this process ends."""
        self.home.mkdir(parents=True, exist_ok=True)
        file = (self.home / "lock").open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def state(self) -> dict[str, Any]:
        """Returns the port and the node processes of the last start. Returns an empty dict if no node process runs."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        state["pids"] = [pid for pid in state["pids"] if self.is_ours(pid)]
        return state if state["pids"] else {}

    def is_ours(self, pid: int) -> bool:
        listing = subprocess.run(
            ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
        )
        return "Server.java" in listing.stdout and f" {self.home}/" in listing.stdout

    def node(self, number: int, nodes: int) -> Path:
        """Returns the folder of a node.

        Each cluster size has its own folder. A single node cannot open the data of a three-node cluster, and three
        nodes cannot open the data of a single node.
        """
        return self.home / f"cluster-of-{nodes}" / f"node-{number}"

    def start(self, port: int, nodes: int) -> str:
        state = self.state()
        url, log = f"http://{HOST}:{port}", self.node(1, nodes) / "log"
        if state and (state["port"], len(state["pids"])) == (port, nodes):
            wait_until_green(url, nodes, lambda: len(self.state().get("pids", ())) == nodes, log)
            return url
        if state:
            raise SystemExit(
                f"もう動いています（ポート {state['port']}、{len(state['pids'])} ノード）。"
                "先に script/elasticsearch stop で止めてください。"
            )
        for http_port in range(port, port + nodes):
            if not (port_is_free(http_port) and port_is_free(http_port + 100)):
                raise SystemExit(
                    f"ポート {http_port} か {http_port + 100} は、ほかのプログラムが使っています。"
                    "script/elasticsearch start --port に別の番号を付けて始めてください。"
                )
        jars = fetch(self.jars)
        processes = [self.launch(jars, number, port, nodes) for number in range(1, nodes + 1)]
        state = {"port": port, "pids": [process.pid for process in processes]}
        self.state_file.write_text(json.dumps(state), "utf-8")
        try:
            wait_until_green(url, nodes, lambda: all(process.poll() is None for process in processes), log)
        except BaseException:
            self.stop()
            raise
        return url

    def launch(self, jars: Path, number: int, port: int, nodes: int) -> subprocess.Popen[bytes]:
        node = self.node(number, nodes)
        for folder in ("config", "data", "logs", "plugins", "tmp"):
            (node / folder).mkdir(parents=True, exist_ok=True)
        (node / "modules").unlink(missing_ok=True)
        (node / "modules").symlink_to(jars / "modules")
        shutil.copy(PARTS / "log4j2.properties", node / "config")
        settings = configuration(number, port, nodes)
        (node / "config" / "elasticsearch.yml").write_text(
            "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items()), "utf-8"
        )
        heap = HEAP_ALONE if nodes == 1 else HEAP_OF_MANY
        java = ["java", *JVM_OPTIONS, f"-Xms{heap}", f"-Xmx{heap}", f"-Djava.io.tmpdir={node / 'tmp'}"]
        java += ["--module-path", str(jars / "lib"), "--add-modules=ALL-MODULE-PATH,jdk.net,jdk.management"]
        with (node / "log").open("wb") as log:
            return subprocess.Popen(
                [*java, str(PARTS / "Server.java"), str(node)],
                cwd=node,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> int:
        """Ends all processes. Returns how many there were."""
        pids = self.state().get("pids", [])
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in filter(alive, pids):
                os.kill(pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and any(alive(pid) for pid in pids):
                time.sleep(0.1)
        self.state_file.unlink(missing_ok=True)
        return len(pids)


def configuration(number: int, port: int, nodes: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "cluster.name": "manabi",
        "node.name": f"node-{number}",
        "network.host": HOST,
        "http.port": port + number - 1,
        "transport.port": port + number - 1 + 100,
        # The check of free disk space is off, because a developer's disk is often nearly full.
        "cluster.routing.allocation.disk.threshold_enabled": False,
    }
    if nodes == 1:
        return {**settings, "discovery.type": "single-node"}
    return {
        **settings,
        "discovery.seed_hosts": [f"{HOST}:{port + 100 + other}" for other in range(nodes)],
        "cluster.initial_master_nodes": [f"node-{other}" for other in range(1, nodes + 1)],
    }


def watch(until: int, nodes: list[int]) -> None:
    """Starts a background process that ends the nodes when the process `until` has ended."""
    command = [sys.executable, "-S", "-E", "-c", WATCHER, str(until), *map(str, nodes)]
    quiet = subprocess.DEVNULL
    subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)


def fetch(home: Path) -> Path:
    """Returns the jars of the version in pom.xml, in the folders that the server expects. Each version is downloaded
    only once."""
    pom = PARTS / "pom.xml"
    version = ElementTree.parse(pom).findtext(".//{*}elasticsearch.version")  # noqa: S314 -- our own file
    jars = home / f"jars-{version}"
    if jars.is_dir():
        return jars
    say(f"Elasticsearch {version} の部品を取り寄せます（はじめの一度だけ）")
    home.mkdir(parents=True, exist_ok=True)
    download = Path(tempfile.mkdtemp(prefix="fetching-", dir=home))
    command = ["mvn", "-B", "-q", "-ntp", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={download / 'lib'}"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        shutil.rmtree(download)
        print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
        raise SystemExit("部品を取り寄せられませんでした。上の Maven のメッセージを確かめてください。")
    module = download / "modules" / PLUGIN
    module.mkdir(parents=True)
    for pattern in (f"{PLUGIN}-*.jar", "netty-*.jar"):
        for jar in (download / "lib").glob(pattern):
            jar.rename(module / jar.name)
    descriptor = "plugin-descriptor.properties"
    with zipfile.ZipFile(module / f"{PLUGIN}-{version}.jar") as archive:
        (module / descriptor).write_bytes(archive.read(f"META-INF/es-plugins/{PLUGIN}/{descriptor}"))
    try:
        download.rename(jars)
    except OSError:  # another start was faster
        shutil.rmtree(download)
    return jars


def wait_until_green(url: str, nodes: int, running: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not running():
            print(log.read_text("utf-8", errors="replace")[-3000:], file=sys.stderr)
            raise SystemExit(f"Elasticsearch が止まりました。上の記録（{log.name}）を確かめてください。")
        if health(url, nodes) == "green":
            return
        time.sleep(0.2)
    raise SystemExit(f"{READY_SECONDS}秒待ちましたが、Elasticsearch の用意ができません（{url}）。")


def health(url: str, nodes: int = 1) -> str:
    """Returns the status of the cluster when it has at least this many nodes. Returns an empty string if it does not
    answer yet."""
    health_url = f"{url}/_cluster/health?wait_for_status=green&wait_for_nodes=%3E%3D{nodes}&timeout=1s"
    try:
        with urllib.request.urlopen(health_url, timeout=5) as answer:
            return str(json.load(answer)["status"])
    except (OSError, ValueError, KeyError):
        return ""


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # if our own child process has ended, remove it from the process table
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/elasticsearch")
    parser.add_argument("action", choices=["start", "stop", "status"])
    parser.add_argument("--port", type=int, default=9200)
    parser.add_argument("--nodes", type=int, choices=range(1, 10), default=1, metavar="N")
    parser.add_argument("--until", type=int, metavar="PID")
    parser.add_argument("--jars", type=Path, metavar="DIR")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    cluster = Cluster(Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve() / "elasticsearch", chosen.jars)
    with cluster.lock():
        if chosen.action == "start":
            url = cluster.start(chosen.port, chosen.nodes)
            if chosen.until:
                watch(chosen.until, cluster.state()["pids"])
            print(url, flush=True)
        elif chosen.action == "stop":
            say("止めました。" if cluster.stop() else "動いていません。")
        elif state := cluster.state():
            url = f"http://{HOST}:{state['port']}"
            print(f"{url}　{len(state['pids'])} ノード　{health(url) or '返事がありません'}")
        else:
            say("動いていません。")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
