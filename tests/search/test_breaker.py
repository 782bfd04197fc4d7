"""The circuit breaker of the connection to the search server."""

import threading

import pytest

from search.engines.breaker import Breaker


@pytest.fixture
def clock():
    class Clock:
        now = 100.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(failures=3, cool_down=1.0, longest=4.0, clock=clock)


def fail(breaker, times=1):
    for _ in range(times):
        assert breaker.admits()
        breaker.failed()


def test_it_opens_after_several_failures_in_a_row(breaker):
    fail(breaker, 3)
    assert not breaker.admits()


def test_a_success_resets_the_count_of_failures(breaker):
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admits()


def test_after_the_cool_down_a_successful_probe_closes_it(breaker, clock):
    fail(breaker, 3)
    clock.now += 1
    assert breaker.admits() and not breaker.admits()
    breaker.succeeded()
    assert breaker.admits() and breaker.admits()


def test_each_failed_probe_doubles_the_cool_down_up_to_a_maximum(breaker, clock):
    fail(breaker, 3)
    for rest in (1, 2, 4, 4):
        clock.now += rest - 0.1
        assert not breaker.admits()
        clock.now += 0.1
        fail(breaker)


def test_rejected_callers_get_the_remaining_cool_down(breaker, clock):
    assert breaker.again_in() == 0
    fail(breaker, 3)
    clock.now += 0.75
    assert not breaker.admits() and breaker.again_in() == 0.25
    clock.now += breaker.again_in()
    assert breaker.admits()


def test_a_success_returns_once_how_long_the_outage_lasted(breaker, clock):
    assert breaker.succeeded() == 0
    fail(breaker)
    clock.now += 7
    assert (breaker.succeeded(), breaker.succeeded()) == (7, 0)


def test_a_probe_without_a_result_does_not_block_later_probes(breaker, clock):
    fail(breaker, 3)
    clock.now += 1
    assert breaker.admits()
    clock.now += 1
    assert breaker.admits()


def test_only_one_of_many_threads_is_admitted_as_probe(clock):
    breaker = Breaker(failures=1, cool_down=1.0, clock=clock)
    fail(breaker)
    clock.now += 1
    admitted = []
    threads = [threading.Thread(target=lambda: admitted.append(breaker.admits())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 1
