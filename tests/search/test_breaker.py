"""The circuit breaker: who waits for a server that does not answer, and who does not."""

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


def test_it_opens_after_some_failures_in_a_row(breaker):
    fail(breaker, 3)
    assert not breaker.admits()


def test_a_success_between_them_begins_the_count_anew(breaker):
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admits()


def test_after_a_rest_one_is_let_through_and_closes_it_for_all(breaker, clock):
    fail(breaker, 3)
    clock.now += 1
    assert breaker.admits() and not breaker.admits()
    breaker.succeeded()
    assert breaker.admits() and breaker.admits()


def test_each_further_failure_doubles_the_rest_up_to_the_longest(breaker, clock):
    fail(breaker, 3)
    for rest in (1, 2, 4, 4):
        clock.now += rest - 0.1
        assert not breaker.admits()
        clock.now += 0.1
        fail(breaker)


def test_who_is_turned_away_is_told_when_the_next_turn_is(breaker, clock):
    assert breaker.again_in() == 0
    fail(breaker, 3)
    clock.now += 0.75
    assert not breaker.admits() and breaker.again_in() == 0.25
    clock.now += breaker.again_in()
    assert breaker.admits()


def test_a_success_tells_once_how_long_there_was_none(breaker, clock):
    assert breaker.succeeded() == 0
    fail(breaker)
    clock.now += 7
    assert (breaker.succeeded(), breaker.succeeded()) == (7, 0)


def test_one_that_was_let_through_and_never_came_back_does_not_hold_it_open(breaker, clock):
    fail(breaker, 3)
    clock.now += 1
    assert breaker.admits()
    clock.now += 1
    assert breaker.admits()


def test_of_many_at_once_one_is_let_through(clock):
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
