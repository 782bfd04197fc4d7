"""The engines that the contract is run for."""

import pytest

from search.engines.embedded import EmbeddedEngine


@pytest.fixture(params=["embedded", "elasticsearch"])
def engine(request, tmp_path):
    """An engine with nothing in it; every test that asks for it runs once for each implementation."""
    if request.param == "embedded":
        return EmbeddedEngine(tmp_path / "index.sqlite3")
    return request.getfixturevalue("elasticsearch")


@pytest.fixture
def live(engine):
    """An engine with an empty live generation."""
    engine.swap(engine.create("stamp"))
    return engine
