"""The system checks of kb report what they are for, and nothing in the settings as they are."""

import pytest

from kb import checks
from kb.models import Article, Lesson


def ids(errors):
    return [error.id for error in errors]


@pytest.mark.parametrize(
    "check",
    [checks.formats_can_be_read, checks.item_types_have_a_prefix, checks.named_functions_can_be_loaded],
)
def test_the_settings_as_they_are_pass(check):
    assert check(None) == []


def test_an_incomplete_format_file_is_reported(settings, tmp_path):
    (tmp_path / "kpt.toml").write_text('name = "KPT"\n', encoding="utf-8")
    settings.RETROSPECTIVE_FORMATS_DIR = tmp_path
    assert ids(checks.formats_can_be_read(None)) == ["kb.E001"]


@pytest.mark.parametrize("prefix", ["", "C"])
def test_an_empty_or_taken_prefix_is_reported(monkeypatch, prefix):
    """C is the prefix of another type: then both are reported."""
    monkeypatch.setattr(Lesson, "PREFIX", prefix)
    assert set(ids(checks.item_types_have_a_prefix(None))) == {"kb.E002"}


@pytest.mark.parametrize("name", ["KB_PUBLISHED", "KB_ITEM_PARTS", "KB_HOME_PARTS"])
@pytest.mark.parametrize(
    "value",
    [
        ["kb.no_such_module.function"],
        ["kb.checks.no_such_function"],
        ["kb.checks._FUNCTION_LISTS"],
        [None],
        "kb.checks",
        1,
    ],
)
def test_a_hook_that_is_not_a_function_is_reported(settings, name, value):
    setattr(settings, name, value)
    assert ids(checks.named_functions_can_be_loaded(None)) == ["kb.E003"]


@pytest.mark.parametrize(
    "value", ["demo.people.no_such_function", "kb.checks._FUNCTION_LISTS", ["demo.people.login_cards"]]
)
def test_login_cards_that_are_not_a_function_are_reported(settings, value):
    settings.LOGIN_CARDS = value
    assert ids(checks.named_functions_can_be_loaded(None)) == ["kb.E003"]


def test_no_hooks_at_all_are_allowed(settings):
    settings.KB_PUBLISHED, settings.KB_ITEM_PARTS, settings.KB_HOME_PARTS, settings.LOGIN_CARDS = [], (), [], ""
    assert checks.named_functions_can_be_loaded(None) == []


def test_an_item_type_names_what_exists(monkeypatch):
    assert checks.item_types_name_what_exists(None) == []
    monkeypatch.setattr(Lesson, "FORM", "kb.nowhere.LessonForm")
    monkeypatch.setattr(Article, "HAS_OWN_REVIEW", True)
    assert ids(checks.item_types_name_what_exists(None)) == ["kb.E004", "kb.E004"]
