"""The styleguide in a real Chromium: every component is accessible, fits a phone, and requests no other host.

All pages consist of these components, so they pass the same checks.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHROMIUM = "/usr/bin/chromium"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Without preload: axe would otherwise fetch the stylesheets again and ask for their @imports at wrong addresses.
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "preload": False}
SECTIONS = (
    "type buttons forms writing badges items search navigation notes tables prose changes empty login icons".split()
)


@pytest.fixture
def browser(live_server: Any) -> Iterator[Browser]:
    """Debian's Chromium; closed before the live server and the database."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def open_styleguide(browser: Browser, live_server: Any, width: int, **options: Any) -> tuple[Page, list[str]]:
    """The page and the errors while it loaded: console errors, failed requests, requests to other hosts."""
    page = browser.new_context(viewport={"width": width, "height": 844}, **options).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("response", lambda answer: errors.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on("request", lambda asked: errors.append(asked.url) if not asked.url.startswith(live_server.url) else None)
    page.goto(f"{live_server.url}/styleguide/")
    page.wait_for_load_state("networkidle")
    return page, errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser: Browser, live_server: Any, width: int, scheme: Any) -> None:
    page, errors = open_styleguide(browser, live_server, width, color_scheme=scheme)
    assert errors == []
    assert [page.locator(f"#{name}").count() for name in SECTIONS] == [1] * len(SECTIONS)
    violations = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in violations] == []


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "no-js"])
def test_nothing_sticks_out_at_360(browser: Browser, live_server: Any, javascript: bool) -> None:
    page, errors = open_styleguide(browser, live_server, 360, java_script_enabled=javascript)
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_form_components_show_real_fields(browser: Browser, live_server: Any) -> None:
    """A template alone cannot make BoundFields, so the page needs the view with the sample form."""
    page, _ = open_styleguide(browser, live_server, 1280)
    assert page.locator("#forms .kb-field").count() >= 12
    broken = page.locator("#broken_title")
    described = (broken.get_attribute("aria-describedby") or "").split()
    assert broken.get_attribute("aria-invalid") == "true"
    assert [page.locator(f"#{name}").count() for name in described] == [1, 1]


def test_a_phone_shows_one_prompt_at_a_time(browser: Browser, live_server: Any) -> None:
    page, _ = open_styleguide(browser, live_server, 390, java_script_enabled=False)
    assert page.locator("#writing .kb-prompt:visible").count() == 1
    page.locator("#writing [data-way=previous]:visible").click()
    expect(page.locator("#prompt_keep")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#writing .kb-prompt:visible")).to_have_count(3)


def test_without_javascript_folds_open_and_no_dead_button_shows(browser: Browser, live_server: Any) -> None:
    page, _ = open_styleguide(browser, live_server, 390, java_script_enabled=False)
    assert page.locator("[data-copy]").is_hidden()
    assert page.locator("[data-message-close]").is_hidden()
    page.locator(".kb-facets__open").click()
    expect(page.locator(".kb-facets__body")).to_be_visible()


def test_every_target_is_large_enough(browser: Browser, live_server: Any) -> None:
    """At least 24 × 24 px (WCAG 2.5.8), except links inside sentences."""
    page, _ = open_styleguide(browser, live_server, 390)
    small = page.evaluate(
        """() => [...document.querySelectorAll("a, button, summary, input, select, textarea")]
            .filter((e) => e.checkVisibility() && !e.closest("p, .kb-prose, .kb-visually-hidden, .kb-skip, .kb-skip *"))
            .filter((e) => !e.matches(".kb-skip"))
            .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => Math.min(box.width, box.height) < 23.5)
            .map(([html, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)"""
    )
    assert small == []
