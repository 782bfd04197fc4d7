"""An outage of the engine during reads and writes: after recovery nothing is lost, without manual action.

The server is started for this test alone and killed as by a power cut; other tests keep theirs.
"""

import os
import signal
import time

import pytest

from search.engines import engine as configured
from search.engines.base import EngineUnavailable
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.elasticsearch_client import Patience, Server
from search.engines.embedded import EmbeddedEngine
from search.generations import compare, rebuild
from search.models import PendingChange
from search.worker import Worker
from tests.factories.organization import make_staff, make_unit
from tests.search import elasticsearch_server
from tests.search.contract.test_engines import document, keys, put, words

BACK_SECONDS = 60


class File:
    """The embedded engine: its file, with -wal and -shm, is moved away and back."""

    def __init__(self, folder):
        self.folder = folder / "index"
        self.engine = EmbeddedEngine(self.folder / "index.sqlite3")

    def take_away(self):
        self.folder.rename(self.folder.with_name("away"))

    def bring_back(self):
        self.folder.with_name("away").rename(self.folder)


class Process:
    """A real server: killed, and started again on the same data."""

    def __init__(self, folder):
        self.folder = folder
        self.url = elasticsearch_server.start(folder, os.getpid())
        # A busy machine may need longer than the second that readers wait.
        self.engine = ElasticsearchEngine(Server(self.url), "test-gone", Patience(reading=3, writing=20, managing=60))

    def take_away(self):
        pids = elasticsearch_server.running(self.folder)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        elasticsearch_server.wait_until_gone(pids)

    def bring_back(self):
        port = self.url.rpartition(":")[2]
        done = elasticsearch_server.control("start", self.folder, "--port", port, "--until", os.getpid())
        assert done.returncode == 0, done.stderr


@pytest.fixture(params=[File, pytest.param(Process, marks=pytest.mark.slow)])
def place(request, tmp_path):
    if request.param is File:
        yield File(tmp_path)
        return
    request.getfixturevalue("elasticsearch_can_start")
    process = Process(tmp_path)
    yield process
    elasticsearch_server.control("stop", tmp_path)


def until_it_answers(call):
    deadline = time.monotonic() + BACK_SECONDS
    while True:
        try:
            return call()
        except EngineUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_an_engine_that_disappears_is_unavailable_and_recovers_unchanged(place):
    engine = place.engine
    engine.swap(engine.create("stamp"))
    put(engine, 3, one=document(body="避難"))
    place.take_away()
    for call in (
        lambda: engine.search(words("避難")),
        lambda: put(engine, 4, two=document(body="避難")),
        lambda: engine.stored(["one"]),
        engine.generations,
    ):
        began = time.monotonic()
        with pytest.raises(EngineUnavailable):
            call()
        assert time.monotonic() - began < 1
    place.bring_back()
    assert until_it_answers(lambda: keys(engine, words("避難"))) == ["one"]
    until_it_answers(lambda: put(engine, 5, two=document(body="避難")))
    assert set(keys(engine, words("避難"))) == {"one", "two"} and engine.stored(["one", "two"]) == {"one": 3, "two": 5}


@pytest.mark.slow
def test_changes_during_an_outage_are_found_after_recovery(
    elasticsearch_can_start, tmp_path, settings, reference, client
):
    place = Process(tmp_path)
    settings.SEARCH_URL = place.url
    rebuild(configured())
    PendingChange.objects.all().delete()
    worker = Worker(configured())
    reference("川の水位を測る")
    worker.drain()
    client.force_login(make_staff(make_unit()).user)

    def titles():
        result = client.get("/search/", {"q": "水位"}).context["result"]
        return result.reduced, {hit.card.title for hit in result.hits}

    try:
        assert titles() == (False, {"川の水位を測る"})
        place.take_away()
        reference("水位計の電池")
        worker.drain()
        began = time.monotonic()
        assert titles() == (True, {"川の水位を測る", "水位計の電池"})
        assert time.monotonic() - began < 2 and PendingChange.objects.count() == 1
        place.bring_back()
        deadline = time.monotonic() + BACK_SECONDS
        while PendingChange.objects.exists() and time.monotonic() < deadline:
            worker.drain()
            time.sleep(0.2)
        assert not PendingChange.objects.exists() and not compare(configured())
        assert titles() == (False, {"川の水位を測る", "水位計の電池"})
    finally:
        elasticsearch_server.control("stop", tmp_path)
