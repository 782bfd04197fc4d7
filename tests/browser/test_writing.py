"""Writing in a real Chromium: on a phone and on a desktop, with and without scripts, online and offline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from kb.lifecycle import publication
from kb.models import Draft, Item, Theme
from kb.writing import conflicts, drafts
from tests.factories.kb import make_lesson
from tests.factories.organization import make_municipality, make_staff, make_unit
from tests.kb.draft_forms import KPT, new_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "preload": False}
TYPED = {name: text for name, text in KPT.items() if name not in ("audience", "blameless_ok")}


@pytest.fixture
def writer(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    # Playwright runs an event loop in this thread; the database calls between its steps are no danger.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    unit = make_unit("bosai", name="防災課")
    for n in range(3):
        Theme.objects.create(code=f"theme-{n}", label=f"分野{n}")
        make_municipality(name=f"山里町{n}")
    make_staff(unit, title="課長", head=True)
    return make_staff(unit, login="writer")


@pytest.fixture
def browser(live_server: Any) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


def enter(browser: Browser, live_server: Any, person: Any, size: Any = PHONE, **options: Any) -> BrowserContext:
    """A browser context in which `person` is logged in."""
    client = Client()
    client.force_login(person.user)
    context = browser.new_context(viewport=size, base_url=live_server.url, locale="ja-JP", **options)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return context


def sees(page: Page, *names: str) -> None:
    """Wait until exactly these large fields are visible."""
    fields = page.locator(".kb-prompt__control > *:visible")
    expect(fields).to_have_count(len(names))
    for n, name in enumerate(names):
        expect(fields.nth(n)).to_have_attribute("name", name)


# --- The journey ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["js", "no-js"])
def test_a_retrospective_on_a_phone_takes_eight_taps(
    browser: Browser, live_server: Any, writer: Any, scripts: bool
) -> None:
    """Each screen shows one prompt with the focus in it, so that the user only types between the taps."""
    page = enter(browser, live_server, writer, java_script_enabled=scripts, has_touch=True).new_page()
    page.goto("/")
    taps = 0

    def tap(selector: str) -> None:
        nonlocal taps
        taps += 1
        page.locator(selector).locator("visible=true").first.tap()

    tap("nav a:has-text('書く')")
    tap("button:has-text('KPT')")
    page.wait_for_url(re.compile(r"/write/[0-9a-f-]{36}/"))
    for name, text in TYPED.items():
        sees(page, name)
        expect(page.locator(f"[name={name}]"), "it has the cursor").to_be_focused()
        page.keyboard.insert_text(text)
        tap("[data-way=next]")
    sees(page)
    tap("label:has([name=blameless_ok])")
    tap("button[name=publish]")
    page.wait_for_url("**/k/R-*/")
    assert taps == 8
    expect(page.locator("body")).to_contain_text("公開しました。防災課の人が、今すぐ読めます。")
    assert Item.objects.get().specific.answers.count() == 3


@pytest.mark.parametrize("scripts", [True, False], ids=["js", "no-js"])
def test_a_desk_shows_all_prompts_on_one_page(browser: Browser, live_server: Any, writer: Any, scripts: bool) -> None:
    page = enter(browser, live_server, writer, DESK, java_script_enabled=scripts).new_page()
    page.goto(new_draft(writer).get_absolute_url())
    sees(page, *TYPED)
    assert page.locator("[data-way]:visible").count() == 0
    for name, text in TYPED.items():
        page.locator(f"[name={name}]").fill(text)
    page.locator("[name=blameless_ok]").check()
    page.locator("button[name=publish]").click()
    page.wait_for_url("**/k/R-*/")


def test_back_goes_to_the_prompt_before(browser: Browser, live_server: Any, writer: Any) -> None:
    page = enter(browser, live_server, writer, java_script_enabled=False).new_page()
    page.goto(new_draft(writer).get_absolute_url())
    page.locator("[data-way=next]:visible").click()
    page.locator("[data-way=next]:visible").click()
    sees(page, "answer-problem")
    page.locator("[data-way=previous]:visible").click()
    sees(page, "answer-keep")
    page.go_back()
    sees(page, "answer-problem")


@pytest.mark.parametrize("scripts", [True, False], ids=["js", "no-js"])
def test_with_errors_a_phone_shows_the_first_wrong_prompt(
    browser: Browser, live_server: Any, writer: Any, scripts: bool
) -> None:
    draft = new_draft(writer, **{**KPT, "answer-problem": "", "answer-try": ""})
    page = enter(browser, live_server, writer, java_script_enabled=scripts).new_page()
    page.goto(f"{draft.get_absolute_url()}#finish")
    page.locator("[name=blameless_ok]").check()
    page.locator("button[name=publish]").click()
    page.wait_for_selector(".kb-error-summary")
    sees(page, "answer-problem")
    page.locator(".kb-error-summary a").nth(1).click()
    sees(page, "answer-try")
    expect(page.locator(".kb-error-summary"), "the screen says its own error").to_be_hidden()


# --- Nothing is lost ------------------------------------------------------------------------------


def state(page: Page, words: str) -> None:
    """Wait until the status of saving begins with `words`. (The content security policy forbids waiting by a script.)"""
    expect(page.locator("[data-save-text]")).to_contain_text(words, timeout=15_000)


def saved(page: Page) -> None:
    state(page, "保存しました")


def test_what_is_typed_is_kept_every_five_seconds(browser: Browser, live_server: Any, writer: Any) -> None:
    draft = new_draft(writer)
    page = enter(browser, live_server, writer).new_page()
    page.goto(draft.get_absolute_url())
    page.locator("[name=subject]").fill("秋の住民説明会")
    saved(page)
    draft.refresh_from_db()
    assert (draft.data["subject"], draft.version) == ("秋の住民説明会", 1)
    page.wait_for_timeout(6000)
    draft.refresh_from_db()
    assert draft.version == 1, "nothing changed, nothing is sent"
    assert page.evaluate("localStorage.length") == 0


def test_a_dropped_line_loses_nothing(browser: Browser, live_server: Any, writer: Any) -> None:
    draft = new_draft(writer)
    context = enter(browser, live_server, writer)
    page = context.new_page()
    page.goto(draft.get_absolute_url())
    context.set_offline(True)
    page.locator("[name=subject]").fill("電波のない所で書いた")
    state(page, "つながりません")
    context.set_offline(False)
    saved(page)
    draft.refresh_from_db()
    assert draft.data["subject"] == "電波のない所で書いた"


def test_text_that_was_never_sent_comes_back(browser: Browser, live_server: Any, writer: Any) -> None:
    """The page was closed while offline; the browser stored the text."""
    draft = new_draft(writer, themes=["theme-1"])
    context = enter(browser, live_server, writer)
    page = context.new_page()
    page.goto(draft.get_absolute_url())
    context.set_offline(True)
    page.locator("[name=subject]").fill("電波のない所で書いた")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(draft.get_absolute_url())
    assert page.locator("[name=subject]").input_value() == "電波のない所で書いた"
    assert "この画面に戻しました" in page.locator("[data-save-text]").inner_text()
    saved(page)
    draft.refresh_from_db()
    assert draft.data["subject"] == "電波のない所で書いた"
    assert draft.data["themes"] == ["theme-1"]
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize("taken", [True, False])
def test_kept_text_does_not_push_newer_text_aside_unasked(
    browser: Browser, live_server: Any, writer: Any, taken: bool
) -> None:
    draft = new_draft(writer)
    context = enter(browser, live_server, writer)
    page = context.new_page()
    page.goto(draft.get_absolute_url())
    context.set_offline(True)
    page.locator("[name=subject]").fill("この端末の文")
    page.close()
    context.set_offline(False)
    conflicts.save_typed(draft=draft, typed={"subject": "机の上の文"}, version=0)
    page = context.new_page()
    asked: list[str] = []
    page.on("dialog", lambda box: (asked.append(box.message), box.accept() if taken else box.dismiss()))
    page.goto(draft.get_absolute_url())
    page.wait_for_load_state("load")
    assert "送れなかった文が残っています" in asked[0]
    assert page.locator("[name=subject]").input_value() == ("この端末の文" if taken else "机の上の文")


def test_leaving_with_unsaved_text_warns(browser: Browser, live_server: Any, writer: Any) -> None:
    page = enter(browser, live_server, writer, DESK).new_page()
    page.goto(new_draft(writer).get_absolute_url())
    warned: list[str] = []
    page.on("dialog", lambda box: (warned.append(box.type), box.accept()))
    page.locator("[name=subject]").press_sequentially("秋")
    page.locator(".kb-nav__link").first.click()
    page.wait_for_url("**/")
    assert warned == ["beforeunload"]


def test_publishing_right_after_typing_meets_no_conflict(browser: Browser, live_server: Any, writer: Any) -> None:
    """Publishing waits for the running autosave."""
    draft = new_draft(writer, **KPT)
    page = enter(browser, live_server, writer, DESK).new_page()
    page.goto(draft.get_absolute_url())
    held: list[Route] = []
    page.route("**/autosave/", lambda route: held.append(route))
    page.locator("[name=blameless_ok]").check()
    with page.expect_request("**/autosave/"):
        page.locator("[name=answer-keep]").fill("いま書いた文。")
    page.locator("button[name=publish]").dblclick()
    page.wait_for_timeout(300)
    assert not Item.objects.exists()
    held[0].continue_()
    page.wait_for_url("**/k/R-*/")
    assert Item.objects.count() == 1
    expect(page.locator("main")).to_contain_text("いま書いた文。")


def test_another_window_is_not_overwritten(browser: Browser, live_server: Any, writer: Any) -> None:
    draft = new_draft(writer)
    page = enter(browser, live_server, writer).new_page()
    page.goto(draft.get_absolute_url())
    conflicts.save_typed(draft=draft, typed={"subject": "机の上の文"}, version=0)
    page.locator("[name=subject]").fill("古い窓の文")
    state(page, "別の画面")
    draft.refresh_from_db()
    assert draft.data["subject"] == "机の上の文"
    assert page.locator("[name=subject]").input_value() == "古い窓の文"


# --- Keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_keys_lead_on_and_send_nothing(browser: Browser, live_server: Any, writer: Any, size: Any) -> None:
    page = enter(browser, live_server, writer, size).new_page()
    page.goto(new_draft(writer).get_absolute_url())
    url = page.url
    page.locator("[name=subject]").press("Enter")
    expect(page.locator("[name=answer-keep]")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.locator("[name=answer-keep]").input_value() == "\n"
    page.keyboard.press("Control+Enter")
    expect(page.locator("[name=answer-problem]")).to_be_focused()
    assert page.url.split("#")[0] == url


def test_the_enter_that_ends_a_conversion_does_nothing_else(browser: Browser, live_server: Any, writer: Any) -> None:
    page = enter(browser, live_server, writer).new_page()
    page.goto(new_draft(writer).get_absolute_url())
    field = page.locator("[name=subject]")
    stopped = field.evaluate(
        """field => !field.dispatchEvent(new KeyboardEvent("keydown",
           {key: "Enter", keyCode: 229, isComposing: true, bubbles: true, cancelable: true}))"""
    )
    assert stopped
    assert page.locator("[name=subject]:focus").count() == 1


# --- For everyone ---------------------------------------------------------------------------------


def screens(writer: Any) -> dict[str, str]:
    """The addresses of all writing screens, each with content."""
    full = new_draft(writer, "postmortem", subject="誤送付")
    Draft.objects.filter(pk=full.pk).update(version=1, comment="影響の件数を足してください。")
    item = make_lesson(writer, applies_when="雨の前")
    edit = drafts.open_for_edit(item=item, by=writer)
    item.observation = "ほかの人が直した事実。"
    publication.publish(item=item)
    return {
        "choose": "/write/",
        "questions": "/write/questions/",
        "proposal": "/write/questions/?time=short&people=team&event=work",
        "unanswered": "/write/questions/?time=short",
        "new": "/write/new/aar/",
        "first prompt": new_draft(writer, "lesson", title="件名").get_absolute_url(),
        "facts": f"{full.get_absolute_url()}#facts",
        "last": f"{full.get_absolute_url()}#finish",
        "challenge": f"{new_draft(writer, 'challenge', title='挑戦').get_absolute_url()}#finish",
        "behind": edit.get_absolute_url(),
        "conflict": f"{edit.get_absolute_url()}rebase/",
        "discard": f"{full.get_absolute_url()}discard/",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing(browser: Browser, live_server: Any, writer: Any, size: Any, scheme: Any) -> None:
    page = enter(browser, live_server, writer, size, color_scheme=scheme).new_page()
    violations = {}
    for name, address in screens(writer).items():
        page.goto("about:blank")
        page.goto(address)
        page.evaluate("document.querySelectorAll('details:not([data-menu])').forEach(part => part.open = true)")
        violations[name] = check(page)
    page.locator(".kb-button--danger").wait_for()
    page.goto(new_draft(writer).get_absolute_url() + "#finish")
    page.locator("button[name=publish]").click()
    page.wait_for_selector(".kb-error-summary")
    violations["errors"] = check(page)
    assert {name: errors for name, errors in violations.items() if errors} == {}


def check(page: Page) -> list[Any]:
    violations = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    return [(v["id"], [node["target"] for node in v["nodes"]]) for v in violations]


@pytest.mark.parametrize("scripts", [True, False], ids=["js", "no-js"])
def test_nothing_sticks_out_at_360(browser: Browser, live_server: Any, writer: Any, scripts: bool) -> None:
    context = enter(browser, live_server, writer, {"width": 360, "height": 640}, java_script_enabled=scripts)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda answer: errors.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on(
        "request", lambda request: errors.append(request.url) if not request.url.startswith(live_server.url) else None
    )
    for address in screens(writer).values():
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
    assert errors == []
