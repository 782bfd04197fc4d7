"""The system checks of search that contact no engine (the others: test_elasticsearch_faults.py)."""

import pytest

from search import checks


class WithoutModel:
    """A source that lacks a method and whose model is not a model."""

    name = "half"
    model = str

    def eligible(self):
        raise NotImplementedError


class WithoutName(WithoutModel):
    name = "項目"


class Twin(WithoutModel):
    pass


not_callable = "tokens"


def ids(messages):
    return [message.id for message in messages]


@pytest.mark.parametrize("check", [checks.check_sources, checks.check_reader, checks.check_dictionary])
def test_the_settings_as_they_are_pass(check):
    assert check(None) == []


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["search.no_such_module.Source"], ["search.E001"]),
        (["search.checks.NoSuchClass"], ["search.E001"]),
        ([f"{__name__}.not_callable"], ["search.E001"]),
        ([f"{__name__}.WithoutModel", f"{__name__}.Twin"], ["search.E001"]),
        ([f"{__name__}.WithoutModel"], ["search.E002"]),
        ([f"{__name__}.WithoutModel", f"{__name__}.WithoutName"], ["search.E002", "search.E002"]),
    ],
)
def test_a_source_that_cannot_serve_is_reported(settings, paths, expected):
    settings.SEARCH_SOURCES = paths
    assert ids(checks.check_sources(None)) == expected


def test_what_a_source_lacks_is_named(settings):
    settings.SEARCH_SOURCES = [f"{__name__}.WithoutName"]
    (error,) = checks.check_sources(None)
    for part in ("document", "cards", "model", "name"):
        assert part in error.msg
    assert "eligible" not in error.msg


@pytest.mark.parametrize("path", ["organization.access_policy.no_such_function", f"{__name__}.not_callable"])
def test_a_reader_that_is_not_a_function_is_reported(settings, path):
    settings.SEARCH_READER = path
    assert ids(checks.check_reader(None)) == ["search.E003"]


def test_a_dictionary_that_is_not_installed_is_reported(settings, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert ids(checks.check_dictionary(None)) == ["search.E004"]


def test_an_unknown_size_of_dictionary_is_a_warning(settings):
    settings.SEARCH_DICTIONARY = "huge"
    assert ids(checks.check_dictionary(None)) == ["search.W001"]
