"""Small programs with resources under every order of their fibers, and with cancels at every moment of some of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from returns.result import Success

from effio import (
    IO,
    Cache,
    CircuitBreaker,
    Exit,
    Pool,
    Resource,
    Schedule,
    delay,
    fail,
    hedge,
    par_settle,
    pure,
    race_staggered,
    sleep,
    supervise_all,
    suspend,
    unit,
    yield_now,
)
from effio.testing import cancel_sweep, explore


def pool() -> IO[bool]:
    """Two users of one connection, and then one more; true if nothing is missing afterwards."""
    open_now: list[int] = []
    numbers = count()

    def connect() -> int:
        number = next(numbers)
        open_now.append(number)
        return number

    connection = Resource.make(delay(connect), lambda number: delay(open_now.remove, number))

    def using(pool: Pool[int]) -> IO[bool]:
        users = par_settle([pool.use(lambda number: yield_now()), pool.use(lambda number: yield_now())])
        return users.then(pool.use(pure)).then(pool.stats()).map(lambda stats: stats.idle == stats.size == 1)

    lending = Pool.make(connection, max=1, check=lambda number: yield_now().as_value(True))
    return lending.use(using).map(lambda whole: whole and not open_now)


def cache() -> IO[bool]:
    """Two who want one value, and then one more; true if it is there and nothing is on its way."""

    def load(key: int) -> IO[int]:
        return yield_now().as_value(key)

    def using(cache: Cache[int, int]) -> IO[bool]:
        both = par_settle([cache.get(1), cache.get(1)])
        return both.then(cache.get(1)).then(cache.stats()).map(lambda stats: (stats.size, stats.loading) == (1, 0))

    return Cache.make(load, capacity=1).flat_map(using)


def circuit_breaker() -> IO[bool]:
    """A good and a bad call, twice; true if a probe closes it in the end."""

    def using(breaker: CircuitBreaker) -> IO[bool]:
        bad, good = breaker.protect(yield_now().then(fail("down"))), breaker.protect(yield_now())
        calls = par_settle([bad, good]).then(sleep(10)).then(par_settle([good, bad])).then(sleep(10))
        return calls.then(breaker.protect(unit)).exit().then(breaker.state()).map(lambda state: state == "closed")

    return CircuitBreaker.make(1, 10).flat_map(using)


def par_zip() -> IO[bool]:
    """Two resources at once; true if both are closed."""
    open_now: list[int] = []

    def noted(number: int) -> Resource[None]:
        return Resource.make(delay(open_now.append, number), lambda value: delay(open_now.remove, number))

    return noted(1).par_zip(noted(2)).use(lambda both: yield_now()).exit().map(lambda exit: not open_now)


def staggered() -> IO[bool]:
    """Three attempts, of which the first fails; one of the others wins."""
    attempts: list[IO[None, str]] = [yield_now().then(fail("down")), sleep(1), yield_now()]
    return race_staggered(attempts, 0.5).exit().map(lambda exit: True)


def hedged() -> IO[bool]:
    """Two runs of a slow program."""
    return hedge(sleep(1), after=0.5).as_value(True)


def supervised() -> IO[bool]:
    """Two services of which one fails once."""

    def flaky() -> IO[None, str]:
        runs = iter([fail("down")])
        return suspend(lambda: next(runs, yield_now()))

    services = {"a": flaky(), "b": yield_now()}
    return supervise_all(services, Schedule.recurs(1), strategy="one_for_all").exit().map(lambda exit: True)


def whole(exit: Exit[bool, Any]) -> bool:
    """The program says that all is well, or was cancelled itself."""
    if isinstance(exit, Success):
        return exit.unwrap()
    return exit.failure().has_cancelled and not exit.failure().has_defect


PROGRAMS: tuple[Callable[[], IO[bool]], ...] = (pool, cache, circuit_breaker, par_zip, staggered, hedged, supervised)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_order_ends_well(program: Callable[[], IO[bool]]) -> None:
    """Whoever comes first, the program says that nothing is missing."""
    explored = explore(suspend(program), whole, max_schedules=200)
    explored.assert_ok()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_cancel_of_anybody_at_any_moment_breaks_nothing(program: Callable[[], IO[bool]]) -> None:
    """No run hangs, leaves anything behind, or misses anything afterwards."""
    assert cancel_sweep(suspend(program), whole, max_schedules=4, max_runs=250).assert_ok().runs > 10
