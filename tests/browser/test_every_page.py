"""Every kind of page of the running demo: accessible in light and dark, fits 360 px, no request to another host, fiction notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page

from tests.browser.conftest import SIZES, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Without preload: axe would otherwise fetch the stylesheets again and ask for their @imports at wrong addresses.
AXE_OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "preload": False}


@dataclass(frozen=True)
class Screen:
    """A kind of page: the login that opens it, its address, and the link from there if it has no fixed address."""

    name: str
    login: str
    path: str
    link: str = ""  # a selector: the first of these is followed
    then: str = ""  # and this is put behind its address
    status: int = 200


HIT = ".kb-hit__title a"
PATHS = "/training/rows/?measure=paths_active"
DRAFT = ".kb-row__title a[href*='/write/']"
MINE = ".kb-row:has(.kb-badge:has-text('公開')) a[href*='/k/']"


SCREENS = (
    Screen("log-in", "", "/login/"),
    Screen("home", "shippitsu", "/"),
    Screen("home of a head", "shochou", "/"),
    Screen("home of a town", "shichoson", "/"),
    Screen("choosing what to write", "shippitsu", "/write/"),
    Screen("three questions", "shinjin", "/write/questions/"),
    Screen("a format before it is begun", "shinjin", "/write/new/postmortem/"),
    Screen("writing", "shippitsu", "/my/", DRAFT),
    Screen("throwing a draft away", "shippitsu", "/my/", DRAFT, "discard/"),
    Screen("a lesson", "shinjin", "/search/?type=lesson", HIT),
    Screen("a retrospective", "shippitsu", "/search/?type=retrospective", HIT),
    Screen("a challenge", "shippitsu", "/search/?type=challenge", HIT),
    Screen("an article", "shippitsu", "/search/?type=article", HIT),
    Screen("a learning path", "shippitsu", "/search/?type=learningpath", HIT),
    Screen("the catalogue of courses", "shippitsu", "/courses/"),
    Screen("a course", "shippitsu", "/courses/S210/"),
    Screen("the history of an item", "shippitsu", "/search/?type=lesson", HIT, "history/"),
    Screen("withdrawing", "shippitsu", "/my/", MINE, "withdraw/"),
    Screen("changing who may read", "shippitsu", "/my/", MINE, "audience/"),
    Screen("my page", "shippitsu", "/my/"),
    Screen("my page of a newcomer", "shinjin", "/my/"),
    Screen("one of my learnings", "shinjin", "/my/", "a[href*='/my/learning/']"),
    Screen("my calendar", "shinjin", "/my/calendar/"),
    Screen("my transcript", "shinjin", "/my/transcript/"),
    Screen("entering a training record", "shinjin", "/my/records/new/"),
    Screen("a training record", "shinjin", "/my/transcript/", "a[href*='/my/records/']:not([href*='new'])"),
    Screen("learning paths", "shinjin", "/paths/"),
    Screen("learning paths of who builds", "shochou", "/paths/"),
    Screen("making a path", "shochou", "/paths/new/"),
    Screen("building a path", "kenshu", PATHS, "td a[href$='/build/']"),
    Screen("a path as learners see it", "kenshu", PATHS, "td a[href$='/build/']", "../preview/"),
    Screen("versions of a path", "kenshu", PATHS, "td a[href$='/build/']", "../versions/"),
    Screen("the learning of a unit", "shochou", "/team/"),
    Screen("rows of a number", "shochou", "/team/rows/"),
    Screen("the learning of a person", "shochou", "/team/", "tbody a[href*='/team/people/']"),
    Screen(
        "the learning of a person, for the office",
        "kenshu",
        "/team/rows/?standing=late",
        "tbody a[href*='/team/people/']",
    ),
    Screen("waiting to be confirmed", "shochou", "/team/waiting/"),
    Screen("proposals for successors", "shochou", "/team/proposals/"),
    Screen("assigning", "shochou", "/assign/?newcomers=1&transferred=1"),
    Screen("rules of a head", "shochou", "/training/rules/"),
    Screen("the training office", "kenshu", "/training/"),
    Screen("rows of the training office", "kenshu", "/training/", "a[href*='/training/rows/']"),
    Screen("rows of the catalogue", "kenshu", PATHS),
    Screen("rules", "kenshu", "/training/rules/"),
    Screen("making a rule", "kenshu", "/training/rules/new/"),
    Screen("a rule", "kenshu", "/training/rules/", "tbody a[href*='/training/rules/']"),
    Screen("imports and exports", "kenshu", "/training/imports/"),
    Screen("sending a file", "kenshu", "/training/imports/new/"),
    Screen("rows without a person", "kenshu", "/training/unmatched/"),
    Screen("the outbox", "kenshu", "/training/outbox/"),
    Screen("assigning by the office", "kenshu", "/assign/"),
    Screen("units", "shippitsu", "/units/"),
    Screen("a unit", "shippitsu", "/units/", "main a[href*='/units/']"),
    Screen("what waits for the reviewer", "shochou", "/review/"),
    Screen("deciding on an item", "shochou", "/review/", ".kb-row__title a"),
    Screen("search", "shippitsu", "/search/?q=説明会"),
    Screen("search, narrowed", "shippitsu", "/search/?q=会議&type=lesson&sort=newest"),
    Screen("search without a result", "shippitsu", "/search/?q=ぬばたまのいぬわし"),
    Screen("help", "shinjin", "/help/"),
    Screen("help for the office", "km", "/help/"),
    Screen("changing the password", "shinjin", "/password/"),
    Screen("not found", "shinjin", "/k/L-R01-99999/", status=404),
)


def open_screen(visit: Visit, screen: Screen) -> None:
    if screen.login:
        visit.log_in(screen.login)
    answer = visit.page.goto(f"{visit.site}{screen.path}")
    if screen.link:
        address = visit.page.locator(screen.link).first.get_attribute("href")
        answer = visit.page.goto(f"{visit.site}{address}{screen.then}")
    assert answer is not None and answer.status == screen.status, answer and answer.status


def violations(page: Page) -> list[Any]:
    axe_violations = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    return [(v["id"], [n["target"] for n in v["nodes"]]) for v in axe_violations]


def problems(chromium: Browser, site: str, screen: Screen) -> list[str]:
    """The problems of one kind of page, at every width and in both colour schemes."""
    errors: list[str] = []
    for size in SIZES:
        visit = Visit(chromium, site, size)
        open_screen(visit, screen)
        for scheme in ("light", "dark"):
            visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            visit.page.reload()  # or axe would measure colours on their way from one to the other
            errors += [f"{size}, {scheme}: {violation}" for violation in violations(visit.page)]
        if "架空のデータです" not in visit.page.content():
            errors.append("does not say that the prefecture is fictional")
        visit.page.set_viewport_size({"width": 360, "height": 740})
        if visit.sticks_out:
            errors.append("sticks out at 360 px")
        visit.context.close()
        errors += [line for line in visit.errors if not (screen.status == 404 and "404" in line)]
    return errors


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_page_is_accessible_and_fits(chromium: Browser, site: str, screen: Screen) -> None:
    assert problems(chromium, site, screen) == []


@pytest.mark.parametrize("name", ["log-in", "home", "writing", "the training office", "search"])
def test_a_page_asks_for_one_stylesheet_and_one_script(chromium: Browser, site: str, name: str) -> None:
    visit = Visit(chromium, site, "desk")
    asked: list[str] = []
    open_screen(visit, next(screen for screen in SCREENS if screen.name == name))
    visit.page.on("request", lambda request: asked.append(request.resource_type))
    visit.page.reload()
    assert (asked.count("stylesheet"), asked.count("script")) == (1, 1)
    visit.end()


@pytest.mark.parametrize("name", ["403.html", "403_csrf.html", "500.html"])
def test_an_error_page_is_accessible_and_fits(chromium: Browser, site: str, name: str) -> None:
    visit = Visit(chromium, site, "phone")
    visit.go("/login/")
    visit.page.set_content(render_to_string(name))
    assert violations(visit.page) == []
    assert not visit.sticks_out
    visit.end()
