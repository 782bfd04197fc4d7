"""The engines for which the contract tests run."""

import pytest

from search.engines.embedded import EmbeddedEngine


@pytest.fixture(params=["embedded", "elasticsearch"])
def engine(request, tmp_path):
    """An empty engine. Every test that uses it runs once for each implementation."""
    if request.param == "embedded":
        return EmbeddedEngine(tmp_path / "index.sqlite3")
    return request.getfixturevalue("elasticsearch")


@pytest.fixture
def live(engine):
    """An engine with an empty live generation."""
    engine.swap(engine.create("stamp"))
    return engine
