"""The demo seen from outside: start and end script/server, log in, fetch pages. Used by .ci/ and script/bench.

Standard library only. It refuses to know anything that a person at a browser and a terminal would not.
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
NOT_SENT = ("submit", "button", "file", "checkbox", "radio")  # unless they are checked


class _Controls(HTMLParser):
    """The controls of a page's forms that a browser would send, with their values (one value a name)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name, kind = has.get("name") or "", has.get("type") or "text"
        if tag == "textarea":
            self.textarea = name
            self.found[name] = ""
        elif tag == "input" and name and (kind not in NOT_SENT or "checked" in has):
            self.found[name] = has.get("value") or ("on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.found[self.textarea] += data.removeprefix("\n")


class Browser:
    """As much of a browser as it takes to log in, read, and send a form."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.address = ""  # where the last answer came from, after redirects

    def get(self, path: str, data: dict[str, str] | None = None) -> str:
        """The page at `path`; with `data`, what a POST of it leads to. SystemExit on any error answer."""
        url = self.base + urllib.parse.quote(path, safe="/?=&%#+")
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(url, body, headers={"Referer": url})
        try:
            with self.opener.open(request, timeout=30) as answer:
                self.address = answer.url.removeprefix(self.base)
                return str(answer.read().decode("utf-8", errors="replace"))
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path} answered {error.code}") from error

    def send(self, path: str, typed: dict[str, str]) -> str:
        """Fill `typed` into the form that `path` shows, and submit it; what else the form holds goes along."""
        form = _Controls(self.get(path)).found
        if "csrfmiddlewaretoken" not in form:
            raise SystemExit(f"{path} has no form")
        return self.get(self.address, {**form, **typed})

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
        """Whatever went wrong meanwhile, the server is not left running."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=STOP_SECONDS)

    def start(self, *options: str) -> float:
        """Seconds until its welcome is printed; SystemExit when it ends before."""
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
            if "Ctrl-C" in line:  # the welcome's last line
                seconds = time.monotonic() - began
                threading.Thread(target=self._read_on, daemon=True).start()
                return seconds
        raise SystemExit(f"script/server ended with {self.process.wait()}")

    def _read_on(self) -> None:
        """Its output must be read, or it stops when the pipe is full."""
        assert self.process is not None and self.process.stdout is not None
        for line in self.process.stdout:
            if self.show:
                print("   ", line.rstrip(), flush=True)

    def stop(self) -> None:
        """Press Ctrl-C, as a terminal does, and see that nothing of it stays."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=STOP_SECONDS)
        if self.process.returncode != 0:
            raise SystemExit(f"script/server ended with {self.process.returncode} on Ctrl-C")
        if left := self.processes():
            raise SystemExit(f"left behind: {left}")

    def processes(self) -> dict[int, str]:
        """The processes that work in the checkout, with their command lines."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                folder = (process / "cwd").readlink()
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:  # it has ended, or is not ours to look at
                continue
            if folder.is_relative_to(self.checkout) and int(process.name) != os.getpid() and command:
                found[int(process.name)] = command
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
