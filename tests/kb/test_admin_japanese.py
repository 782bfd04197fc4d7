"""The admin is Japanese: the tests open its pages and report each visible text without Japanese."""

import json
import re
from datetime import date

import pytest
from django.urls import reverse

from kb.items.page_tree import year_container
from kb.models import Article, Reference, Scene, Stance, Term, Theme
from learning.models import TrainingCourse, TrainingRecord
from tests.factories.kb import make_challenge, make_lesson, make_retrospective, reference_source
from tests.factories.organization import make_event, make_staff, make_unit
from tests.kb.admin_pages import administrator, english_texts, officer

pytestmark = pytest.mark.django_db
TODAY = date(2025, 10, 1)

#: Texts that stay Latin in Japanese: formats, keys, units, and codes in the rows of the tests.
ALLOWED = re.compile(
    r"KPT|YWT|AAR|Markdown|JIAM/JAMP|J-LIS|CSV|Esc|Ctrl \+ .+|[\d.]+ [KM]B|[A-Z]{1,2}-[SHR]\d\d-\d+|u\d+|unit-?\d+"
    r"|login-\d+|kanri|bosai|theme|scene|stance|X-\S+|https?://\S+"
)

ROWS = ("person", "orgunit", "orgunitversion", "orgevent", "post", "appointment", "duty")
WORDS = ("theme", "scene", "stance", "term", "reference")
TRAINING = ("trainingcourse", "trainingrecord")
ITEMS = ("lesson", "retrospective", "challenge", "article")
CHOOSERS = ("person_chooser", "unit_chooser", "post_chooser", "user_chooser", "wagtailimages_chooser")


@pytest.fixture(autouse=True)
def today(settings):
    settings.DEMO_TODAY = TODAY


@pytest.fixture
def world():
    """One row of each model that the admin lists, by the name of the list."""
    old, unit = make_unit(name="消防課", until=date(2020, 3, 31)), make_unit("bosai", name="防災課")
    author = make_staff(unit, title="課長", head=True, duties=("contact",))
    article = Article(title="出水期の前に読む", owner_unit=unit, live=True, state="published")
    year_container("A", 2025).add_child(instance=article)
    course = TrainingCourse.objects.create(code="1", title="防災の研修")
    return {
        "lesson": make_lesson(author),
        "retrospective": make_retrospective(author),
        "challenge": make_challenge(author),
        "article": article,
        "person": author,
        "orgunit": unit,
        "orgunitversion": unit.versions.get(),
        "orgevent": make_event("merge", [old], [unit], date(2020, 4, 1), unit),
        "post": author.appointments.get().post,
        "appointment": author.appointments.get(),
        "duty": author.appointments.get().post.duties.get(),
        "theme": Theme.objects.create(code="theme", label="防災"),
        "scene": Scene.objects.create(code="scene", label="窓口"),
        "stance": Stance.objects.create(code="stance", label="対話"),
        "term": Term.objects.create(label="避難所", kana="ひなんじょ", synonyms=["避難先"]),
        "reference": Reference.objects.create(source=reference_source(label="国"), external_id="1", title="国の事例"),
        "trainingcourse": course,
        "trainingrecord": TrainingRecord.objects.create(
            person=author, course=course, starts_on=TODAY, ends_on=TODAY, status="attended"
        ),
    }


def open_page(client, url):
    response = client.get(url, follow=True)
    assert response.status_code == 200, url
    return response.content.decode()


def foreign(page):
    return [text for text in english_texts(page) if not ALLOWED.fullmatch(text)]


@pytest.mark.parametrize("name", ITEMS)
def test_a_list_of_pages_is_japanese(client, world, name):
    officer(client)
    assert foreign(open_page(client, reverse(f"{name}_pages:index"))) == []


@pytest.mark.parametrize("view", ["edit", "history", "usage"])
@pytest.mark.parametrize("name", ITEMS)
def test_the_views_of_a_page_are_japanese(client, world, name, view):
    officer(client)
    assert foreign(open_page(client, reverse(f"wagtailadmin_pages:{view}", args=[world[name].pk]))) == []


@pytest.mark.parametrize("name", ROWS + WORDS + TRAINING)
def test_a_list_of_rows_is_japanese(client, world, name):
    officer(client)
    assert foreign(open_page(client, reverse(f"{name}:index"))) == []


@pytest.mark.parametrize("name", ROWS + WORDS + TRAINING)
def test_an_empty_form_is_japanese(client, world, name):
    officer(client)
    assert foreign(open_page(client, reverse(f"{name}:add"))) == []


@pytest.mark.parametrize("name", ROWS + WORDS + TRAINING)
def test_an_empty_form_is_refused_in_japanese(client, world, name):
    officer(client)
    response = client.post(reverse(f"{name}:add"), {})
    assert response.status_code == 200
    assert foreign(response.content.decode()) == []


@pytest.mark.parametrize("view", ["edit", "delete", "history", "usage"])
@pytest.mark.parametrize("name", ROWS + WORDS + TRAINING)
def test_the_views_of_a_row_are_japanese(client, world, name, view):
    officer(client)
    assert foreign(open_page(client, reverse(f"{name}:{view}", args=[world[name].pk]))) == []


@pytest.mark.parametrize("name", CHOOSERS)
def test_a_chooser_is_japanese(client, world, name):
    officer(client)
    answer = client.get(reverse(f"{name}:choose")).json()
    assert foreign(answer["html"]) == []


def test_the_page_chooser_is_japanese(client, world):
    officer(client)
    assert foreign(client.get(reverse("wagtailadmin_choose_page"), {"page_type": "kb.lesson"}).json()["html"]) == []


@pytest.mark.parametrize(
    "url",
    [
        "wagtailadmin_home",
        "stale_report",
        "article_pages:choose_parent",
        "wagtailimages:index",
        "wagtailadmin_account",
        "wagtailimages:add_multiple",
        "wagtailadmin_pages:search",
        "wagtailadmin_explore_root",
    ],
)
def test_other_views_of_the_admin_are_japanese(client, world, url):
    officer(client)
    assert foreign(open_page(client, reverse(url))) == []


@pytest.mark.parametrize("url", ["wagtailusers_users:index", "wagtailusers_users:add"])
def test_the_views_of_accounts_are_japanese(client, world, url):
    administrator(client)
    assert foreign(open_page(client, reverse(url))) == []


def test_the_scripts_of_the_admin_speak_japanese(client):
    officer(client)
    page = client.get(reverse("wagtailadmin_javascript_catalog")).content.decode()
    assert json.dumps("すべて閉じる") in page
