"""The import screens in a real Chromium: the report page updates by itself until the end, and all controls are reachable."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kb.admin.groups import ensure_groups
from kb.models import ReferenceImport
from tests.browser.test_writing import browser, enter  # noqa: F401 -- fixtures
from tests.factories.kb import reference_source
from tests.factories.organization import make_staff, make_unit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def office(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    # Playwright runs an event loop in this thread; the database calls between its steps are no danger.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    person = make_staff(make_unit(), duties=("km",))
    person.user.groups.add(ensure_groups())
    return person


def test_an_import_is_seen_to_move_and_to_end_without_a_press(
    browser: Browser,  # noqa: F811
    live_server: Any,
    office: Any,
) -> None:
    row = ReferenceImport.objects.create(source_name="test", stored_as="x", called="事例.jsonl", size=100)
    page = enter(browser, live_server, office).new_page()
    page.goto(f"/admin/references/import/{row.pk}/")
    expect(page.locator("[data-running]")).to_contain_text("0%")
    ReferenceImport.objects.update(done_bytes=40)
    expect(page.locator("[data-running]")).to_contain_text("40%")
    ReferenceImport.objects.update(state="checked", report={"new": 3})
    expect(page.get_by_role("button", name="3件を取り込む")).to_be_visible()


def test_the_buttons_of_a_source_can_be_reached_on_a_phone(
    browser: Browser,  # noqa: F811
    live_server: Any,
    office: Any,
) -> None:
    reference_source()
    page = enter(browser, live_server, office).new_page()
    page.goto("/admin/references/")
    table = page.get_by_role("table", name="出典")
    room = table.evaluate("t => [t.parentElement.scrollWidth, t.parentElement.clientWidth]")
    assert room[0] > room[1]
    expect(table.locator("xpath=..")).to_have_css("overflow-x", "auto")
    page.get_by_role("link", name="出典ごと取り下げる").click()
    page.wait_for_url("**/withdrawal/")
