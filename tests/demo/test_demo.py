"""The demo is written by hand and the same in every build, and its check finds violations of both."""

from dataclasses import replace
from datetime import date

import pytest
from wagtail.models import Collection

from demo.content import Content, build_content
from demo.load import is_loaded, load
from demo.management.commands.demo_check import item_problems, sentences
from demo.people import PERSONAS
from demo.world import build_world
from kb.models import Item

TODAY = date(2026, 2, 10)


def content(key: str, *texts: str) -> Content:
    data = {"key": key, "type": "lesson", "observation": texts[0], "conclusion": "".join(texts[1:])}
    return Content(key, "bosai", TODAY, data)


def filler(n: int) -> str:
    """Two hundred characters that differ from those of every other number."""
    return "".join(chr(0x4E00 + 200 * n + i) for i in range(200))


@pytest.fixture(scope="module")
def world():
    return build_world("small", TODAY)


@pytest.fixture(scope="module")
def written(world):
    return build_content("small", TODAY, [unit.code for unit in world.units])


# --- The check -------------------------------------------------------------------------------


def test_a_sentence_in_four_items_is_found():
    sentence = "関係者と早めに相談することが大切です。"
    items = [content(f"k{n}", sentence, filler(n)) for n in range(4)]
    problems = item_problems(items)
    assert len(problems) == 1
    assert "同じ文が4件にあります" in problems[0]


def test_a_sentence_in_three_items_is_allowed():
    sentence = "関係者と早めに相談することが大切です。"
    assert item_problems([content(f"k{n}", sentence, filler(n)) for n in range(3)]) == []


def test_two_items_too_alike_are_found():
    text = "台風の夜、南の堤防で水位計が止まり、職員が目で見て知らせた"
    assert item_problems([content("a", text + "一"), content("b", text + "二")]) == [
        "二つの項目が似すぎています：a と b"
    ]


def test_list_marks_do_not_hide_a_repeated_sentence():
    assert sentences(content("a", "- 前日に役割を紙で配っておく。")) == sentences(
        content("b", "1. 前日に役割を紙で配っておく。")
    )


def test_short_sentences_do_not_count():
    assert sentences(content("a", "はい。")) == set()


def test_the_small_demo_has_no_repeats(written):
    assert item_problems(written) == []


# --- The same at every build -----------------------------------------------------------------


@pytest.mark.parametrize("size", ["small", "full"])
def test_two_builds_of_the_world_are_equal(size):
    assert build_world(size, TODAY) == build_world(size, TODAY)


def test_two_builds_of_the_content_are_equal(world, written):
    assert build_content("small", TODAY, [unit.code for unit in world.units]) == written


def test_a_changed_world_is_not_equal(world):
    assert replace(world, staff=world.staff[1:]) != world


# --- What is in it ---------------------------------------------------------------------------


def test_every_persona_has_a_seat(world):
    assert {person.login for person in world.staff if person.login} == {persona.login for persona in PERSONAS}


def test_no_two_items_have_the_same_key(written):
    keys = [item.key for item in written]
    assert len(keys) == len(set(keys))


def test_every_item_belongs_to_a_unit_that_exists(world, written):
    assert {item.unit for item in written} <= {unit.code for unit in world.units}


def test_nothing_happened_after_today(written):
    assert all(item.on <= TODAY for item in written)


def test_what_a_lesson_replaces_is_stored_before_it(written):
    place = {item.key: n for n, item in enumerate(written)}
    pairs = [(item.data["supersedes"], item.key) for item in written if item.data.get("supersedes")]
    assert pairs
    assert all(place[old] < place[new] for old, new in pairs)


@pytest.mark.slow
@pytest.mark.django_db
def test_the_small_demo_loads_whole_and_only_once():
    # Wagtail's own migration makes it, and tests run without migrations.
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    load("small", lambda *_: None)
    count = Item.objects.published().count()
    load("small", lambda *_: None)
    assert is_loaded()
    assert count > 100
    assert Item.objects.published().count() == count
