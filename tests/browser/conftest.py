"""What plays in a real Chromium against the demo as script/server starts it: the site, the browser, a visit."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
READY = 240


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo as script/server starts it, on a free port, writing into a folder of this run.

    Tests that use it are of one xdist group ("demo"), so that it is prepared once.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "VAR_DIR": str(tmp_path_factory.mktemp("var"))}
    # What this machine is set up for must not be written to, nor move the demo's day.
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SEARCH_URL", "DEMO_TODAY"):
        env.pop(name, None)
    server = subprocess.Popen(["script/server", "--port", str(port)], cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY
    while time.monotonic() < until:
        assert server.poll() is None, "script/server ended by itself"
        try:
            with urllib.request.urlopen(f"{url}/login/", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"script/server did not answer within {READY} s")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def follow(link: Locator) -> None:
    """Press what leads elsewhere, a link or a button that sends, and wait until one is there.

    A press alone returns before the answer has come: what is read next, on the page or in the database, would be
    what was there before, or nothing.
    """
    with link.page.expect_navigation():
        link.click()


@dataclass
class Visit:
    """One person at one screen; counts taps and gathers what went wrong."""

    browser: Browser
    site: str
    size: str
    scripts: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    taps: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = self.browser.new_context(
            viewport=SIZES[self.size],  # type: ignore[arg-type]
            locale="ja-JP",
            java_script_enabled=self.scripts,
            **self.options,
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda line: self.wrong.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        self.page.on("request", lambda r: None if r.url.startswith((self.site, "data:")) else self.wrong.append(r.url))

    def log_in(self, login: str) -> None:
        self.page.goto(f"{self.site}/login/")
        self.page.locator(f'form:has(input[name=username][value="{login}"]) button[type=submit]').click()
        self.page.wait_for_url(f"{self.site}/")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.site}{path}")

    def tap(self, selector: str) -> None:
        """Press what changes something on this page."""
        self.taps += 1
        self.page.locator(selector).locator("visible=true").first.click()

    def follow(self, selector: str) -> None:
        """Press what leads to another page, and wait for it."""
        self.taps += 1
        follow(self.page.locator(selector).locator("visible=true").first)

    @property
    def sticks_out(self) -> bool:
        """Whether one would have to scroll sideways. Without scripts the page cannot be asked."""
        self.page.wait_for_load_state()
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width > 0

    def end(self) -> None:
        self.context.close()
        assert self.wrong == []
