"""The log of search carries counts and classes of errors, and never content."""

import logging

import pytest

from search import events


def test_an_event_is_one_line_without_empty_facts(caplog):
    with caplog.at_level(logging.INFO, "search"):
        events.log(events.Event.REDUCED, error="EngineUnavailable", advice="")
    assert caplog.messages == ["search.reduced error=EngineUnavailable"]


@pytest.mark.parametrize("event", events.Event)
@pytest.mark.parametrize("name", ["title", "text", "query", "user", "key", "token"])
def test_no_event_may_carry_content_or_persons(event, name):
    with pytest.raises(ValueError, match=name):
        events.log(event, **{name: "x"})


def test_each_event_has_a_level_and_its_facts():
    assert set(events._EVENTS) == set(events.Event)
