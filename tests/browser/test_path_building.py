"""A path built in a real Chromium without a script: by keyboard, coming back to what was moved, accessible, on a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, sync_playwright

from learning.models import LearningPath, Step
from tests.browser.conftest import follow
from tests.factories.kb import make_lesson
from tests.factories.learning import check, make_path, read, step
from tests.factories.organization import make_staff, make_unit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CHROMIUM = "/usr/bin/chromium"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "preload": False}


@pytest.fixture
def head(transactional_db: None, client: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    # Playwright runs an event loop in this thread; the database calls between its steps are no danger.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    person = make_staff(make_unit("bosai", name="防災課"), title="課長", head=True)
    client.force_login(person.user)
    return person


@pytest.fixture
def path(head: Any) -> LearningPath:
    steps = [read(make_lesson(head), title="備えを読む"), step(title="鍵を開ける"), check(title="確かめる")]
    return make_path(head, groups=[("all", 1, steps), ("any", 2, [step(title="去年の話を聴く")])], stage="draft")


@pytest.fixture
def open_page(live_server: Any, client: Any, head: Any) -> Iterator[Any]:
    """Opens an address as the head; closed before the live server and the database are."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def go(address: str, width: int = 390, **options: Any) -> Page:
            context = chromium.new_context(viewport={"width": width, "height": 844}, **options)
            cookies = [{"name": k, "value": m.value, "url": live_server.url} for k, m in client.cookies.items()]
            context.add_cookies(cookies)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(f"{live_server.url}{address}")
            return page

        yield go
        chromium.close()


def test_a_step_is_moved_by_keyboard_and_keeps_the_focus(open_page: Any, path: LearningPath) -> None:
    moved = Step.objects.get(title="鍵を開ける")
    page = open_page(reverse("path_build", args=[path.public_id]), java_script_enabled=True)
    place = page.locator(f"#step-{moved.uid}")
    place.get_by_role("button", name="上へ").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**#step-{moved.uid}")
    assert page.locator(".kb-path__name").all_inner_texts()[:2] == ["鍵を開ける", "備えを読む"]
    assert page.evaluate("document.activeElement.id") == f"step-{moved.uid}"
    page.keyboard.press("Tab")
    assert place.locator(":focus").count() == 1


def test_a_reading_is_chosen_without_a_script(open_page: Any, path: LearningPath) -> None:
    group = path.versions.get().groups.first()
    page = open_page(reverse("step_new", args=[path.public_id, group.pk, "read"]), java_script_enabled=False)
    page.get_by_label("題 必須").fill("土のうの教訓")
    page.get_by_label("探すことば").fill("土のう")
    follow(page.get_by_role("button", name="探す"))
    page.get_by_label("土のうは前日に積んでおく").check()
    assert page.get_by_label("題 必須").input_value() == "土のうの教訓"
    page.get_by_label("なぜ 必須").fill("前の年に足りなくなったため。")
    follow(page.get_by_role("button", name="決める"))
    assert Step.objects.get(title="土のうの教訓").item is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_sticks_out(open_page: Any, path: LearningPath, head: Any, scheme: Any) -> None:
    shown = make_path(head, steps=[step()])
    group = path.versions.get().groups.first()
    addresses = [
        reverse("paths"),
        shown.get_absolute_url(),
        reverse("path_build", args=[path.public_id]),
        reverse("path_preview", args=[path.public_id]),
        reverse("path_versions", args=[path.public_id]),
        reverse("step_new", args=[path.public_id, group.pk, "check"]),
        reverse("path_settings", args=[path.public_id]),
    ]
    for address in addresses:
        page = open_page(address, width=360, color_scheme=scheme)
        found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
