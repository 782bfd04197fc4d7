"""The five things to try, played as a newcomer would: on a phone and on a desk, with and without JavaScript.

The product itself runs, by script/server, with data of its own; the pictures go to docs/journey/. Nothing may
be wrong on the way: no console error, no 4xx or 5xx, no request to another host, no sideways scroll.
"""

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

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "journey"
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
READY = 240


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo as script/server starts it, on a free port, writing into a folder of this run."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "VAR_DIR": str(tmp_path_factory.mktemp("var"))}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL"):
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


@dataclass
class Visit:
    """One person at one screen; counts taps and gathers what went wrong."""

    browser: Browser
    site: str
    size: str
    scripts: bool
    taps: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context = self.browser.new_context(
            viewport=SIZES[self.size],
            locale="ja-JP",
            java_script_enabled=self.scripts,  # type: ignore[arg-type]
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
        self.taps += 1
        self.page.locator(selector).locator("visible=true").first.click()

    def picture(self, name: str) -> None:
        if self.scripts:
            assert self.page.evaluate("document.documentElement.scrollWidth") <= SIZES[self.size]["width"]
        kind = self.size if self.scripts else f"{self.size}-noscript"
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}-{kind}.png")

    def end(self) -> None:
        self.context.close()
        assert self.wrong == []


WAYS = [(size, scripts) for size in SIZES for scripts in (True, False)]


@pytest.mark.parametrize(("size", "scripts"), WAYS, ids=[f"{s}-{'js' if j else 'nojs'}" for s, j in WAYS])
def test_the_first_hour(chromium: Browser, site: str, size: str, scripts: bool) -> None:
    word = f"{size}{'あり' if scripts else 'なし'}の回覧板"
    write_a_retrospective(chromium, site, size, scripts, word)
    find_it(chromium, site, size, scripts, word)
    accept_what_waits(chromium, site, size, scripts)
    municipal_staff_do_not_find_it(chromium, site, size, scripts, word)
    the_office_sees_what_is_stale(chromium, site, size, scripts)


def write_a_retrospective(chromium: Browser, site: str, size: str, scripts: bool, word: str) -> None:
    """Write a KPT in at most eight taps besides typing, then make a lesson of an answer."""
    visit = Visit(chromium, site, size, scripts)
    page = visit.page
    visit.page.goto(f"{site}/login/")
    visit.picture("1-login")
    visit.log_in("shippitsu")
    visit.picture("2-home")
    visit.tap("nav a:has-text('書く')")
    visit.picture("3-choose")
    visit.tap("button:has-text('KPT')")
    page.wait_for_url("**/write/*-*/")
    visit.picture("4-first-prompt")
    for name, text in (
        ("subject", f"{word}のふりかえり"),
        ("answer-keep", f"{word}を朝一番に回したら、昼までに全員が読んだ。"),
        ("answer-problem", "午後の当番が、どこまで回ったか分からなくなった。"),
        ("answer-try", "来月から、庶務係が受取りの時刻を一行で書き足す。"),
    ):
        page.locator(f"[name={name}]").fill(text)
        if size == "phone":
            visit.tap("a:has-text('次へ'), button:has-text('次へ')")
    visit.picture("5-last-screen")
    visit.tap("label:has([name=blameless_ok]), [name=blameless_ok]")
    visit.tap("button[name=publish]")
    page.wait_for_url("**/k/R-*/")
    assert visit.taps <= 8
    visit.picture("6-published")
    visit.tap("button:has-text('教訓にする')")
    page.wait_for_url("**/write/*-*/")
    visit.picture("7-lesson-draft")
    if size == "phone":
        for name in ("title", "observation", "applies_when"):
            assert page.locator(f"[name={name}]").input_value()
            visit.tap("a:has-text('次へ'), button:has-text('次へ')")
    page.locator("[name=citizen_effect]").fill("返事を待つ人が、半日早く答えを受け取れる。")
    while size == "phone" and not page.locator("button[name=publish]").is_visible():
        visit.tap("a:has-text('次へ'), button:has-text('次へ')")
    visit.tap("button[name=publish]")
    page.wait_for_url("**/k/L-*/")
    visit.picture("8-lesson")
    visit.end()


def find_it(chromium: Browser, site: str, size: str, scripts: bool, word: str) -> None:
    """The words just written are found; in another spelling too."""
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shippitsu")
    until = time.monotonic() + 10
    while True:
        visit.go(f"/search/?q={word} 振り返り")
        if visit.page.locator(f".kb-hit__title:has-text('{word}')").count() or time.monotonic() > until:
            break
        time.sleep(0.2)
    assert visit.page.locator(f".kb-hit__title:has-text('{word}')").count()
    visit.picture("9-found")
    visit.end()


def accept_what_waits(chromium: Browser, site: str, size: str, scripts: bool) -> None:
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shochou")
    visit.go("/review/")
    visit.picture("10-review")
    if visit.page.locator(".kb-row__title a").count():
        visit.page.locator(".kb-row__title a").first.click()
        visit.picture("11-decide")
        visit.page.locator("button[name=accept]").click()
        visit.page.wait_for_url("**/review/")
        assert "受理しました" in visit.page.content()
    visit.end()


def municipal_staff_do_not_find_it(chromium: Browser, site: str, size: str, scripts: bool, word: str) -> None:
    """What one unit published for itself does not exist for a town; what is for towns does."""
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shichoson")
    visit.go(f'/search/?q="{word}"')
    assert visit.page.locator(".kb-hit").count() == 0
    visit.go("/search/?q=説明会")
    assert visit.page.locator(".kb-hit").count() > 0
    visit.picture("12-municipal")
    visit.end()


def the_office_sees_what_is_stale(chromium: Browser, site: str, size: str, scripts: bool) -> None:
    """Wagtail's admin needs scripts and a desk; it is for the knowledge office."""
    if size != "desk" or not scripts:
        return
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("km")
    visit.go("/admin/reports/stale/")
    assert visit.page.locator("tbody tr").count() > 3
    visit.picture("13-stale")
    visit.end()
