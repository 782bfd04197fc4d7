"""A year of learning, played in Chromium with the clock of the demo: from twenty newcomers to the turn of the year.

The demo is loaded as on a Monday in April 2026 and the clock is moved from there; timed work is the product's own
(learning.daily.job). Pictures go to docs/journey/. Nothing may be wrong on the way: no 4xx or 5xx, no other host.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from wagtail.models import Collection

from demo.load import load
from learning.daily import job
from learning.models import (
    Assignment,
    AssignmentState,
    Message,
    StepType,
    SuccessorProposal,
    TrainingRecord,
)
from learning.paths.structure import outline
from learning.progress import verification
from learning.records import editing
from organization import clock
from organization.appointments import main_post, manager_of
from organization.models import Appointment, Person, User
from organization.working_days import is_working_day
from search.engines import engine
from search.generations import rebuild
from search.worker import Worker
from tests.browser.conftest import ROOT, Visit, follow

pytestmark = [pytest.mark.browser, pytest.mark.slow]

APRIL = date(2026, 4, 20)
PATH = "新任職員の最初の100日"
YEARLY = "個人情報を扱う人へ"


class Year:
    """The demo in that year: moves its day, finds its people, opens its pages."""

    def __init__(self, chromium: Browser, site: str, settings: Any) -> None:
        self.chromium, self.site, self.settings = chromium, site, settings

    def it_is(self, day: date) -> None:
        """Set the demo's day, for the pages and for the timed work."""
        self.settings.DEMO_TODAY = day

    def visit(self, login: str) -> Visit:
        visit = Visit(self.chromium, self.site, "desk")
        visit.log_in(login)
        return visit

    def account(self, person: Person, login: str) -> None:
        """Give the newcomer an account, because the demo has only seven."""
        person.user = User.objects.create_user(login, password="manabi")
        person.save()

    def enter(self, login: str) -> Visit:
        """Like `visit`, for a person without a card on the login page."""
        visit = Visit(self.chromium, self.site, "phone")
        visit.go("/login/")
        visit.page.locator("#id_username").fill(login)
        visit.page.locator("#id_password").fill("manabi")
        visit.page.locator("form:has(#id_username) button[type=submit]").click()
        visit.page.wait_for_url(f"{self.site}/")
        return visit


@pytest.fixture
def year(transactional_db: None, live_server: Any, settings: Any, tmp_path: Any, monkeypatch: Any) -> Iterator[Year]:
    # Playwright runs an event loop in this thread; the database calls between its steps are no danger.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    # Ten in the morning, whenever this is played: nobody is mailed at night.
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: datetime.combine(now().date(), time(10), clock.TOKYO))
    settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    settings.VAR_DIR = tmp_path
    with sync_playwright() as playwright:  # ended before the database is emptied, which no event loop may see
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        played = Year(browser, live_server.url, settings)
        played.it_is(APRIL)
        Collection.add_root(name="Root")  # Wagtail's migrations make it, which tests leave out
        load("small", lambda what, done, total: None)
        rebuild(engine())
        yield played
        browser.close()


def picture(visit: Visit, name: str) -> None:
    assert not visit.sticks_out, f"{name} sticks out"
    visit.page.screenshot(path=ROOT / "docs" / "journey" / f"{name}-{visit.size}.png")


def test_a_year_of_learning(year: Year) -> None:
    newcomers = assign_the_newcomers(year)
    learner, *others = newcomers
    one_learns_all_of_it(year, learner)
    a_colleague_in_another_unit_finds_what_was_written(year)
    one_goes_on_leave_and_comes_back(year, others[2])
    one_is_late_and_reminded(year, others[0])
    one_is_waived(year, others[1])
    the_first_of_april(year, others[3])
    a_renewal(year)
    assert list(verification.differences()) == []


def assign_the_newcomers(year: Year) -> list[Person]:
    """Twenty people in at most twelve interactions, counted from the home page."""
    visit = year.visit("shochou")
    visit.follow("nav a:has-text('所属の学び')")
    picture(visit, "20-team-before")
    visit.follow("a:has-text('人に割り当てる')")
    visit.page.locator("select[name=path]").select_option(
        label=next(text for text in visit.page.locator("select[name=path] option").all_inner_texts() if PATH in text)
    )
    visit.taps += 1
    visit.page.locator("[name=reason]").fill("着任して最初の三か月に、県民の声の受け方を一緒に確かめるためです。")
    visit.taps += 1
    picture(visit, "21-assign")
    visit.follow("button[name=preview]")
    picture(visit, "22-assign-list")
    visit.follow("button[name=save]")
    assert visit.taps <= 12
    picture(visit, "23-team-assigned")
    visit.end()
    assignments = Assignment.objects.filter(path__title=PATH, assigned_on=APRIL, source="manager").select_related(
        "person"
    )
    assert len(assignments) >= 20
    # Those who came last: the first of them is the head of the centre.
    return [row.person for row in assignments.order_by("-person__staff_no")]


def one_learns_all_of_it(year: Year, learner: Person) -> None:
    """Every kind of step on the screens; actions of other people by the functions of `learning`."""
    year.it_is(date(2026, 6, 1))
    year.account(learner, "manabu")
    assignment = Assignment.objects.get(person=learner, path__title=PATH)
    visit = year.enter("manabu")
    visit.go("/my/")
    picture(visit, "24-my")
    for _ in range(20):
        assignment.refresh_from_db()
        if not assignment.is_open:
            break
        take_the_next_step(year, visit, assignment)
    picture_of(visit, assignment, "25-my-learning")
    assert assignment.state == AssignmentState.COMPLETED
    visit.end()


def picture_of(visit: Visit, assignment: Assignment, name: str) -> None:
    visit.go(f"/my/learning/{assignment.uid}/")
    picture(visit, name)


def take_the_next_step(year: Year, visit: Visit, assignment: Assignment) -> None:
    page = visit.page
    shape = outline(assignment.version)
    progress = {row.step_uid: row for row in assignment.progress.all()}
    step = next(s for s in shape.open_steps({u for u, row in progress.items() if row.counts}) if s.uid not in progress)
    page.goto(f"{year.site}/my/learning/{assignment.uid}/")
    place = page.locator(f"#step-{step.uid}")
    if step.type == StepType.COURSE:
        day = clock.today()
        editing.save_record(
            record=TrainingRecord(
                person=assignment.person, course=step.course, starts_on=day, ends_on=day, status="completed"
            )
        )
        return
    if step.type == StepType.WRITE:
        place.locator("button[name=write]").click()
        write_a_retrospective(page)
        return
    for n, one in enumerate(step.quiz):
        place.locator(f"[name=answer-{n}][value='{one['answer']}']").check()
    if place.locator("textarea").count():
        place.locator("textarea").fill("担当の起案を一本、はじめから終わりまで回した。一度差し戻された。")
    follow(place.locator("form button[type=submit]").last)
    if assignment.progress.filter(step_uid=step.uid, state="submitted").exists():
        accept_what_waits(year, step.title, assignment.person)


def accept_what_waits(year: Year, title: str, person: Person) -> None:
    """The head of the learner's unit, or the asked person, accepts on the list of waiting steps."""
    visit = year.visit("shochou")
    visit.go("/team/waiting/")
    picture(visit, "26-waiting")
    follow(visit.page.locator(f"article:has-text('{title}'):has-text('{person.name}') button[name=accept]").first)
    visit.end()


SUBJECT = "相談の電話の受け方"


def write_a_retrospective(page: Page) -> None:
    page.wait_for_url("**/write/*-*/")
    for name, text in (
        ("subject", SUBJECT),
        ("answer-keep", "相手の言葉のまま控えて復唱したら、かけ直しが一件もなかった。"),
        ("answer-problem", "昼休みの当番のとき、だれに聴けばよいか分からない相談が三件あった。"),
        ("answer-try", "来月から、当番表に聴く相手の内線を一行書き足す。"),
    ):
        page.locator(f"[name={name}]").fill(text)
        follow(page.locator("a:has-text('次へ'), button:has-text('次へ')").locator("visible=true").first)
    while not page.locator("button[name=publish]").is_visible():
        follow(page.locator("a:has-text('次へ'), button:has-text('次へ')").locator("visible=true").first)
    page.locator("label:has([name=audience][value=unit])").first.click()
    page.locator("label:has([name=blameless_ok]), [name=blameless_ok]").first.click()
    page.locator("button[name=publish]").click()
    page.wait_for_url("**/k/R-*/")


def a_colleague_in_another_unit_finds_what_was_written(year: Year) -> None:
    """Its author asks for readers in the whole prefecture, the head accepts, and somebody elsewhere finds it."""
    author = year.enter("manabu")
    author.go("/my/")
    author.follow(f"a[href*='/k/R-']:has-text('{SUBJECT}')")
    author.follow("a:has-text('公開範囲を変える')")
    author.page.locator("label:has([name=audience][value=prefecture])").click()
    author.page.locator("main form button[type=submit]").first.click()
    author.page.wait_for_url("**/k/R-*/")
    author.end()
    post = main_post(Person.objects.get(user__login="manabu"), clock.today())
    assert post is not None
    head = manager_of(post.unit_id, clock.today())
    assert head is not None
    year.account(head, "shocho")
    visit = year.enter("shocho")
    visit.go("/review/")
    visit.follow(f".kb-row__title a:has-text('{SUBJECT}')")
    visit.follow("button[name=accept]")
    visit.end()
    Worker(engine()).drain()
    colleague = year.visit("shinjin")
    colleague.go(f"/search/?q={SUBJECT} 復唱")
    assert colleague.page.locator(f".kb-hit__title:has-text('{SUBJECT}')").count()
    picture(colleague, "27-found")
    colleague.end()


def one_is_late_and_reminded(year: Year, late: Person) -> None:
    """By the daily job (one mail a person and day for any number of runs), and once a day by the manager's own text."""
    assignment = Assignment.objects.get(person=late, path__title=PATH)
    later = [max(assignment.due_on, clock.today()) + timedelta(days=n) for n in range(1, 31)]
    year.it_is([day for day in later if is_working_day(day)][1])  # the second working day
    job.run_daily_job()
    job.run_daily_job()
    assert assignment.reminders.filter(kind="after_1").count() == 1  # by the run of today, or of the days before
    assert Message.objects.filter(person=late).exists()
    office = year.visit("kenshu")
    office.go("/training/outbox/")
    picture(office, "28-outbox")
    office.go("/training/")
    picture(office, "29-training")
    office.end()
    year.it_is(clock.today() + timedelta(days=1))
    visit = year.visit("shochou")
    visit.go(f"/assignments/{assignment.uid}/remind/")
    visit.follow("main form button[type=submit]")
    assert Message.objects.filter(person=late, on=clock.today()).count() == 1
    visit.go("/team/")
    picture(visit, "30-team-late")
    number = visit.page.locator(".kb-stat:has-text('期限切れ') .kb-stat__value a").first
    counted = int("".join(c for c in number.inner_text() if c.isdigit()))
    follow(number)
    expect(visit.page.locator("main")).to_contain_text(f"{counted}件")
    picture(visit, "31-team-rows")
    visit.end()


def one_is_waived(year: Year, person: Person) -> None:
    assignment = Assignment.objects.get(person=person, path__title=PATH)
    visit = year.visit("shochou")
    visit.go(f"/assignments/{assignment.uid}/waive/")
    visit.page.locator("[name=reason]").fill("前の職場で、同じ内容の学習を終えています。")
    visit.page.locator("[name=evidence]").fill("前の職場の修了証 第12号")
    visit.follow("main form button[type=submit]")
    visit.end()
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.WAIVED


def one_goes_on_leave_and_comes_back(year: Year, person: Person) -> None:
    """The due date moves by the days of the leave, also if the run is late."""
    assignment = Assignment.objects.get(person=person, path__title=PATH)
    due, begins = assignment.due_on, clock.today() + timedelta(days=1)
    leave = Appointment.objects.create(
        person=person, post=main_post(person, begins), kind="childcare", starts_on=begins, announced_on=begins
    )
    year.it_is(begins)
    job.run_daily_job()
    assignment.refresh_from_db()
    assert assignment.state == AssignmentState.SUSPENDED
    leave.ends_on = begins + timedelta(days=59)
    leave.save()
    year.it_is(begins + timedelta(days=62))  # two days late
    job.run_daily_job()
    assignment.refresh_from_db()
    assert assignment.is_running
    assert assignment.due_on == due + timedelta(days=60)


def the_first_of_april(year: Year, mover: Person) -> None:
    """A transfer: a path bound to the person continues under the new head; one bound to the post ends with a proposal."""
    day = date(2027, 4, 1)
    bound = Assignment.objects.running().filter(post__isnull=False).select_related("person").first()
    assert bound is not None
    year.it_is(date(2027, 3, 31))
    there = main_post(Person.objects.get(user__login="shinjin"), clock.today()).unit
    for person in (mover, bound.person):
        old = person.appointments.filter(kind="main", ends_on__isnull=True).get()
        old.ends_on = day - timedelta(days=1)
        old.save()
        post = there.posts.create(title="主任")
        Appointment.objects.create(person=person, post=post, kind="main", starts_on=day, announced_on=date(2027, 3, 24))
    year.it_is(day)
    first, second = job.run_daily_job(), job.run_daily_job()
    assert sum(count for part in first for _, count in part.counts) > 0
    assert [str(part) for part in second if "動いた規則" not in str(part) and any(n for _, n in part.counts)] == []
    bound.refresh_from_db()
    assert bound.state == AssignmentState.CANCELLED
    assert SuccessorProposal.objects.filter(ended=bound, state="open").exists()
    assignment = Assignment.objects.get(person=mover, path__title=PATH)
    assert assignment.is_running
    old_head = year.visit("shochou")
    old_head.go("/team/")
    assert mover.name not in old_head.page.locator("main").inner_text()
    picture(old_head, "32-team-april")
    old_head.end()


def a_renewal(year: Year) -> None:
    """A person who completed the yearly path begins it again when its renewal window opens."""
    done = Assignment.objects.filter(path__title=YEARLY, state="completed", person__user__isnull=True)
    held = done.filter(valid_until__gte=clock.today() + timedelta(days=70)).select_related("person", "version").first()
    if held is None:
        held = done.order_by("-valid_until").select_related("person", "version").first()
    assert held is not None
    year.account(held.person, "koushin")
    opens = held.renewal_opens_on()
    assert opens is not None
    year.it_is(max(opens, clock.today()))
    visit = year.enter("koushin")
    visit.go(f"/my/learning/{held.uid}/")
    visit.follow("button:has-text('もう一度始める')")
    picture(visit, "33-renewal")
    visit.end()
    again = Assignment.objects.get(person=held.person, path__title=YEARLY, assigned_on=clock.today())
    assert again.is_open
    held.refresh_from_db()
    assert held.state == AssignmentState.COMPLETED
