"""The five things to try, played as a newcomer would: on a phone and on a desk, with and without JavaScript.

The product itself runs, by script/server, with data of its own; the pictures go to docs/journey/. Nothing may
be wrong on the way: no console error, no 4xx or 5xx, no request to another host, no sideways scroll.
"""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import ROOT, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

PICTURES = ROOT / "docs" / "journey"


def picture(visit: Visit, name: str) -> None:
    """Take a screenshot, and check that the page fits the screen."""
    assert not (visit.scripts and visit.sticks_out), f"{name} sticks out"
    kind = visit.size if visit.scripts else f"{visit.size}-noscript"
    PICTURES.mkdir(parents=True, exist_ok=True)
    visit.page.screenshot(path=PICTURES / f"{name}-{kind}.png")


#: What is written about, each way of playing a story of its own.
STORIES = {
    ("phone", True): "朝の回覧板",
    ("phone", False): "当番表の貼り出し",
    ("desk", True): "会議室の鍵当番",
    ("desk", False): "公用車の予約表",
}


@pytest.mark.parametrize(
    ("size", "scripts"), STORIES, ids=[f"{size}-{'js' if scripts else 'nojs'}" for size, scripts in STORIES]
)
def test_the_first_hour(chromium: Browser, site: str, size: str, scripts: bool) -> None:
    way = (chromium, site, size, scripts)
    subject = STORIES[size, scripts]
    write_a_retrospective(*way, subject)
    draw_a_lesson_for_everybody(*way, subject)
    find_it(*way, subject)
    accept_what_waits(*way, subject)
    it_is_found_in_the_prefecture_and_not_in_a_town(*way, subject)
    the_office_sees_what_is_stale(*way)


def write_a_retrospective(chromium: Browser, site: str, size: str, scripts: bool, subject: str) -> None:
    """1: write a KPT in at most eight taps besides typing, counted from the home page."""
    visit = Visit(chromium, site, size, scripts)
    page = visit.page
    visit.go("/login/")
    picture(visit, "1-login")
    visit.log_in("shippitsu")
    picture(visit, "2-home")
    visit.tap("nav a:has-text('書く')")
    page.wait_for_url("**/write/")
    picture(visit, "3-choose")
    visit.tap("button:has-text('KPT')")
    page.wait_for_url("**/write/*-*/")
    picture(visit, "4-first-prompt")
    for name, text in (
        ("subject", subject),
        ("answer-keep", f"{subject}を朝一番に一人が確かめたら、昼までに全員がその日の予定を知った。"),
        ("answer-problem", "午後に入れ替わったとき、だれが受け持つのか分からない時間が三十分あった。"),
        ("answer-try", "来月から、庶務係が入れ替わりの時刻を一行で書き足す。"),
    ):
        page.locator(f"[name={name}]").fill(text)
        if size == "phone":
            visit.follow("a:has-text('次へ'), button:has-text('次へ')")
    picture(visit, "5-last-screen")
    visit.tap("label:has([name=blameless_ok]), [name=blameless_ok]")
    visit.tap("button[name=publish]")
    page.wait_for_url("**/k/R-*/")
    assert visit.taps <= 8
    picture(visit, "6-published")
    visit.end()


def draw_a_lesson_for_everybody(chromium: Browser, site: str, size: str, scripts: bool, subject: str) -> None:
    """2: an answer becomes a lesson in two taps, and its author asks for readers beyond the unit."""
    visit = Visit(chromium, site, size, scripts)
    page = visit.page
    visit.log_in("shippitsu")
    visit.go("/my/")
    page.locator(f"a:has-text('{subject}')").first.click()
    page.wait_for_url("**/k/R-*/")
    visit.tap("button:has-text('教訓にする')")
    page.wait_for_url("**/write/*-*/")
    picture(visit, "7-lesson-draft")
    if size == "phone":
        for name in ("title", "observation", "applies_when"):
            assert page.locator(f"[name={name}]").input_value()
            visit.follow("a:has-text('次へ'), button:has-text('次へ')")
    page.locator("[name=citizen_effect]").fill("返事を待つ人が、半日早く答えを受け取れる。")
    while size == "phone" and not page.locator("button[name=publish]").is_visible():
        visit.follow("a:has-text('次へ'), button:has-text('次へ')")
    page.locator("label:has([name=audience][value=prefecture])").click()
    visit.tap("button[name=publish]")
    page.wait_for_url("**/k/L-*/")
    picture(visit, "8-lesson")
    visit.end()


def find_it(chromium: Browser, site: str, size: str, scripts: bool, subject: str) -> None:
    """3: the new text is found, in another spelling than it was written in."""
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shippitsu")
    hit = visit.page.locator(f".kb-hit__title:has-text('{subject}')")
    until = time.monotonic() + 30
    while True:
        visit.go(f"/search/?q={subject} 振り返り")
        if hit.count() or time.monotonic() > until:
            break
        time.sleep(0.2)
    assert hit.count()
    picture(visit, "9-found")
    visit.end()


def accept_what_waits(chromium: Browser, site: str, size: str, scripts: bool, subject: str) -> None:
    """4: the head of the unit reads the lesson and accepts it."""
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shochou")
    visit.go("/review/")
    picture(visit, "10-review")
    visit.page.locator(f".kb-row__title a:has-text('{subject}')").click()
    visit.page.wait_for_url("**/review/L-*/")
    picture(visit, "11-decide")
    visit.page.locator("button[name=accept]").click()
    visit.page.wait_for_url("**/review/")
    expect(visit.page.locator("body")).to_contain_text("受理しました")
    visit.end()


def it_is_found_in_the_prefecture_and_not_in_a_town(
    chromium: Browser, site: str, size: str, scripts: bool, subject: str
) -> None:
    """4, second part: another unit finds the lesson; a town finds only items that are shared with municipalities."""
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shinjin")
    hit = visit.page.locator(f".kb-hit__title:has-text('{subject}')")
    until = time.monotonic() + 30
    while True:
        visit.go(f'/search/?q="{subject}"')
        if hit.count() or time.monotonic() > until:
            break
        time.sleep(0.2)
    assert hit.count() == 1  # the lesson; the retrospective is its unit's own
    visit.end()
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("shichoson")
    visit.go(f'/search/?q="{subject}"')
    assert visit.page.locator(".kb-hit").count() == 0
    visit.go("/search/?q=説明会")
    assert visit.page.locator(".kb-hit").count() > 0
    picture(visit, "12-municipal")
    visit.end()


def the_office_sees_what_is_stale(chromium: Browser, site: str, size: str, scripts: bool) -> None:
    """5: Wagtail's admin needs scripts and a desk; it is for the knowledge office."""
    if size != "desk" or not scripts:
        return
    visit = Visit(chromium, site, size, scripts)
    visit.log_in("km")
    visit.go("/admin/reports/stale/")
    assert visit.page.locator("tbody tr").count() > 3
    picture(visit, "13-stale")
    visit.end()
