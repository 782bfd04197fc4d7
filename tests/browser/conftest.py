"""Fixtures for tests in a real Chromium against the demo as script/server starts it: the site, the browser, a visit."""

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
    """The demo as script/server starts it, on a free port, with its data in a folder of this run.

    Tests that use it belong to one xdist group ("demo"), so that the demo is prepared once.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "VAR_DIR": str(tmp_path_factory.mktemp("var"))}
    # The test must not write to the databases of this machine, nor move the demo's day.
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
    """Press a link or a submit button, and wait until the next page is there.

    A click alone returns before the response has come, so that the test would read the old page or old rows.
    """
    with link.page.expect_navigation():
        link.click()


@dataclass
class Visit:
    """One person at one screen. It counts taps, and collects errors of the page."""

    browser: Browser
    site: str
    size: str
    scripts: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    taps: int = 0
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = self.browser.new_context(
            viewport=SIZES[self.size],  # type: ignore[arg-type]
            locale="ja-JP",
            java_script_enabled=self.scripts,
            **self.options,
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", lambda r: self.errors.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        self.page.on("request", lambda r: None if r.url.startswith((self.site, "data:")) else self.errors.append(r.url))

    def log_in(self, login: str) -> None:
        self.page.goto(f"{self.site}/login/")
        self.page.locator(f'form:has(input[name=username][value="{login}"]) button[type=submit]').click()
        self.page.wait_for_url(f"{self.site}/")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.site}{path}")

    def tap(self, selector: str) -> None:
        """Press a control that changes this page."""
        self.taps += 1
        self.page.locator(selector).locator("visible=true").first.click()

    def follow(self, selector: str) -> None:
        """Press a control that leads to another page, and wait for that page."""
        self.taps += 1
        follow(self.page.locator(selector).locator("visible=true").first)

    @property
    def sticks_out(self) -> bool:
        """Whether the page has to be scrolled sideways. Needs scripts."""
        self.page.wait_for_load_state()
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width > 0

    def end(self) -> None:
        self.context.close()
        assert self.errors == []
