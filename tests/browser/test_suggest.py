"""The list under the search box in a real Chromium: by keyboard, by pointer, and with an input method."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from search.engines import engine
from search.generations import rebuild
from tests.browser.test_writing import browser, enter, writer  # noqa: F401 -- fixtures
from tests.factories.kb import make_lesson

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Browser, live_server: Any, writer: Any, settings: Any, tmp_path: Any) -> Page:  # noqa: F811
    settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    make_lesson(writer, title="避難所の受付は二列にする")
    make_lesson(writer, title="避難所の名簿は紙で持つ")
    rebuild(engine())
    opened = enter(browser, live_server, writer).new_page()
    opened.goto("/")
    return opened


def box(page: Page) -> Any:
    return page.locator("[name=q]").locator("visible=true").first


def test_arrows_choose_and_enter_opens(page: Page) -> None:
    box(page).press_sequentially("hinan")
    options = page.locator("[role=option]")
    expect(options).to_have_count(2)
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    box(page).press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    box(page).press("Enter")
    page.wait_for_url("**/k/L-*/")


def test_enter_without_a_choice_searches(page: Page) -> None:
    box(page).press_sequentially("避難")
    expect(page.locator("[role=option]")).to_have_count(2)
    box(page).press("Enter")
    page.wait_for_url("**/search/?q=*")


def test_escape_closes_the_list_and_keeps_the_text(page: Page) -> None:
    box(page).press_sequentially("避難")
    expect(page.locator("[role=option]").first).to_be_visible()
    box(page).press("Escape")
    expect(page.locator("[role=listbox]").first).to_be_hidden()
    expect(box(page)).to_have_value("避難")


def test_a_suggestion_opens_by_pointer(page: Page) -> None:
    box(page).press_sequentially("避難")
    page.locator("[role=option]", has_text="名簿").click()
    page.wait_for_url("**/k/L-*/")


def test_an_input_method_keeps_its_keys(page: Page) -> None:
    """During a conversion, Enter ends it and Down moves in its candidates; neither chooses a suggestion or submits."""
    box(page).press_sequentially("避難")
    expect(page.locator("[role=option]")).to_have_count(2)
    address = page.url
    box(page).evaluate(
        """(input) => {
             for (const key of ["ArrowDown", "Enter"])
               input.dispatchEvent(new KeyboardEvent("keydown", { key, keyCode: 229, isComposing: true, bubbles: true }));
           }"""
    )
    expect(page.locator("[aria-selected=true]")).to_have_count(0)
    assert page.url == address
