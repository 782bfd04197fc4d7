"""A client of the demo: it starts and stops script/server, logs in, and fetches pages. Used by .ci/ and script/bench.

It uses only the standard library. It does nothing that a person with a browser and a terminal cannot do.
"""

import http.cookiejar
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

PASSWORD = "manabi"
STOP_SECONDS = 20
# A browser sends these values only if the control is checked.
NOT_SENT = ("submit", "button", "file", "checkbox", "radio")


class _Controls(HTMLParser):
    """The form controls of a page that a browser would send, with their values (one value per name)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name, kind = has.get("name") or "", has.get("type") or "text"
        if tag == "textarea":
            self.textarea = name
            self.values[name] = ""
        elif tag == "input" and name and (kind not in NOT_SENT or "checked" in has):
            self.values[name] = has.get("value") or ("on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.values[self.textarea] += data.removeprefix("\n")


class Browser:
    """A minimal browser: it logs in, reads pages, and submits forms."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.address = ""  # the address of the last response, after redirects

    def get(self, path: str, data: dict[str, str] | None = None) -> str:
        """Returns the page at `path`. If `data` is given, it is sent as a POST, and the response is returned.

        Raises SystemExit if the server answers with an error status.
        """
        url = self.base + urllib.parse.quote(path, safe="/?=&%#+")
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(url, body, headers={"Referer": url})
        try:
            with self.opener.open(request, timeout=30) as answer:
                self.address = answer.url.removeprefix(self.base)
                return str(answer.read().decode("utf-8", errors="replace"))
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path} answered {error.code}") from error

    def send(self, path: str, values: dict[str, str]) -> str:
        """Enters `values` into the form at `path` and submits the form. The other fields keep their values."""
        form = _Controls(self.get(path)).values
        if "csrfmiddlewaretoken" not in form:
            raise SystemExit(f"{path} has no form")
        return self.get(self.address, {**form, **values})

    def log_in(self, login: str) -> None:
        self.send("/login/", {"username": login, "password": PASSWORD})
        if "ログアウト" not in self.get("/"):
            raise SystemExit(f"{login} is not logged in after the form was sent")

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)


class Server:
    """One run of script/server in a checkout."""

    def __init__(self, checkout: Path, *, show: bool = True, settings: dict[str, str] | None = None) -> None:
        self.checkout, self.show, self.settings = checkout, show, settings or {}
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *raised: object) -> None:
        """Stops the server, also after an error."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=STOP_SECONDS)

    def start(self, *options: str) -> float:
        """Starts the server. Returns the seconds until the welcome text is printed.

        Raises SystemExit if the server ends before.
        """
        began = time.monotonic()
        self.process = subprocess.Popen(
            ["script/server", "--port", str(self.port), *options],
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, **self.settings},
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if self.show:
                print("   ", line.rstrip(), flush=True)
            if "Ctrl-C" in line:  # the last line of the welcome text
                seconds = time.monotonic() - began
                threading.Thread(target=self._read_on, daemon=True).start()
                return seconds
        raise SystemExit(f"script/server ended with {self.process.wait()}")

    def _read_on(self) -> None:
        """Continues to read the output, because the server would block when the pipe is full."""
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            if self.show:
                print("   ", line.rstrip(), flush=True)

    def stop(self) -> None:
        """Stops the server as Ctrl-C in a terminal does, and checks that no process is left."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=STOP_SECONDS)
        if self.process.returncode != 0:
            raise SystemExit(f"script/server ended with {self.process.returncode} on Ctrl-C")
        if remaining := self.processes():
            raise SystemExit(f"left behind: {remaining}")

    def processes(self) -> dict[int, str]:
        """Returns the processes whose working directory is in the checkout, with their command lines."""
        commands = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                folder = (process / "cwd").readlink()
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:  # the process has ended, or belongs to another user
                continue
            if folder.is_relative_to(self.checkout) and int(process.name) != os.getpid() and command:
                commands[int(process.name)] = command
        return commands


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
