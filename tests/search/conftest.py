"""Fixtures that make rows searchable, and engines to search."""

import os

import pytest

from kb.models import Reference
from search.engines import engine as configured
from search.generations import rebuild
from search.models import PendingChange
from search.worker import Worker
from tests.factories.kb import reference_source
from tests.search import elasticsearch_server


@pytest.fixture(scope="session")
def elasticsearch_url(request, tmp_path_factory):
    """The address of a real Elasticsearch (tests/search/elasticsearch_server.py)."""
    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # an xdist worker: its parent is the main process
        return elasticsearch_server.address(base.parent, os.getppid())
    return elasticsearch_server.address(base, os.getpid())


@pytest.fixture(scope="session")
def elasticsearch_can_start():
    """For tests that start, kill and restart their own server."""
    elasticsearch_server.require_java()


@pytest.fixture
def elasticsearch(elasticsearch_url):
    """An empty Elasticsearch engine."""
    engine = elasticsearch_server.engine(elasticsearch_url)
    yield engine
    engine.reset()


@pytest.fixture
def index(settings, tmp_path, db):
    """The configured engine with an empty live index of this test."""
    settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    PendingChange.objects.all().delete()
    engine = configured()
    rebuild(engine)
    return engine


@pytest.fixture
def refresh(index):
    """Call it to make everything that was saved searchable: the worker's loop without pauses."""
    return Worker(index).drain


_numbers = iter(range(1, 1_000_000))


@pytest.fixture
def reference(db):
    """Create a searchable row: `reference("件名", "本文", audience=…)`."""

    def make(title, text="本文です。", **values):
        number = next(_numbers)
        values.setdefault("audience", "prefecture")
        return Reference.objects.create(
            public_id=f"X-R07-{number:05}",
            source=reference_source(),
            external_id=str(number),
            title=title,
            text=text,
            **values,
        )

    return make


@pytest.fixture
def find(index, client):
    """Request the search page: the titles it shows, in order."""

    def ask(user, query="", **parameters):
        client.force_login(user)
        response = client.get("/search/", {"q": query, **parameters})
        assert response.status_code == 200
        return [hit.card.title for hit in response.context["result"].hits]

    return ask
