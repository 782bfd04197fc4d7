"""What makes something searchable in one word, and a shelf of real rows to search."""

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
    if hasattr(request.config, "workerinput"):  # one of several workers: their parent is the run
        return elasticsearch_server.address(base.parent, os.getppid())
    return elasticsearch_server.address(base, os.getpid())


@pytest.fixture(scope="session")
def elasticsearch_can_start():
    """For tests that start, kill and restart a server of their own."""
    elasticsearch_server.require_java()


@pytest.fixture
def elasticsearch(elasticsearch_url):
    """An Elasticsearch engine with nothing in it."""
    engine = elasticsearch_server.engine(elasticsearch_url)
    yield engine
    engine.reset()


@pytest.fixture
def index(settings, tmp_path, db):
    """The configured engine over an empty live index of this test's own."""
    settings.SEARCH_EMBEDDED_PATH = tmp_path / "search.sqlite3"
    PendingChange.objects.all().delete()
    engine = configured()
    rebuild(engine)
    return engine


@pytest.fixture
def refresh(index):
    """Call it, and everything that was saved is searchable: the worker's own loop, without the waiting."""
    return Worker(index).drain


_numbers = iter(range(1, 1_000_000))


@pytest.fixture
def reference(db):
    """Make a plain row that can be found: `reference("件名", "本文", audience=…)`."""

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
    """Ask the page as a person would: the titles it shows, in order."""

    def ask(user, query="", **parameters):
        client.force_login(user)
        response = client.get("/search/", {"q": query, **parameters})
        assert response.status_code == 200
        return [hit.card.title for hit in response.context["result"].hits]

    return ask
