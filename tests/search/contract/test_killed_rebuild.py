"""A rebuild killed by SIGKILL: the old index still answers, and a worker repairs everything by itself."""

import os
import signal
import threading

import pytest
from django.db import connections

from kb.models import Reference
from search.generations import compare, rebuild, why_rebuild
from search.models import PendingChange
from search.worker import Worker
from tests.search.contract.test_engines import keys, words

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROWS = 300


def killed(rebuilding):
    """Run in a child process, which is expected to be killed."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        rebuilding()
        os._exit(0)  # it was not killed
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def at(share):
    return lambda done, total: die() if done >= share * total else None


@pytest.fixture
def standing(engine, reference):
    """A live index of ROWS rows, and one more row that is not indexed yet."""
    for number in range(ROWS):
        reference(f"水位の記録その{number}", audience="public")
    rebuild(engine)
    PendingChange.objects.all().delete()
    reference("あとから書いた水位の話", audience="public")
    return engine


def everything_is_found(engine):
    """The old index still answers; the worker then makes index and database equal."""
    assert len(keys(engine, words("水位", limit=ROWS + 10))) >= ROWS
    worker = Worker(engine)
    while worker.step():
        pass
    assert not compare(engine) and not why_rebuild(engine)
    assert len(keys(engine, words("水位", limit=ROWS + 10))) == ROWS + 1
    rebuild(engine)
    assert [generation.live for generation in engine.generations()] == [True]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99], ids=["10%", "50%", "99%"])
def test_killed_while_building(standing, share):
    killed(lambda: rebuild(standing, at(share)))
    everything_is_found(standing)


def test_killed_right_before_the_swap(standing, monkeypatch):
    monkeypatch.setattr(type(standing), "swap", die)
    killed(lambda: rebuild(standing))
    monkeypatch.undo()
    everything_is_found(standing)


def test_killed_right_after_the_swap(standing, monkeypatch):
    swap = type(standing).swap
    monkeypatch.setattr(type(standing), "swap", lambda self, name: (swap(self, name), die()))
    killed(lambda: rebuild(standing))
    monkeypatch.undo()
    assert why_rebuild(standing) == ""  # a running worker checks this only at its start
    everything_is_found(standing)


def test_a_publish_during_a_large_rebuild_is_not_blocked(engine, reference):
    """More rows than one fetch returns: an open cursor would prevent this connection from writing."""
    first = reference("水位の記録")
    Reference.objects.bulk_create(
        Reference(
            public_id=f"X-R06-{number:05}",
            source=first.source,
            external_id=f"old-{number}",
            title="水位の記録",
            text="本文です。",
            audience="public",
        )
        for number in range(2_100)
    )
    PendingChange.objects.all().delete()
    written = []

    def publish():
        written.append(reference("あとから書いた水位の話"))
        connections.close_all()

    def somebody_publishes(done, total):
        other = threading.Thread(target=publish)
        other.start()
        other.join()

    assert rebuild(engine, somebody_publishes) >= 2_101
    assert written
    assert not compare(engine)
