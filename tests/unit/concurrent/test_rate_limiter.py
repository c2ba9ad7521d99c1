"""`RateLimiter`: so many in so many seconds, to the tick."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio import IO, Do, RateLimiter, collect, delay, do, now, par_collect, par_settle, par_zip, run, sleep, yield_now
from effio.concurrent.rate_limiter import RateLimiterStats
from tests.unit.concurrent.sweep import cancelled_everywhere, go


def passing(limiter: RateLimiter, count: int) -> IO[list[float]]:
    """The times at which so many fibers pass."""
    return par_collect([limiter.limited(now()) for _ in range(count)])


def test_a_burst_passes_at_once_and_the_rest_evenly() -> None:
    """The first ones find the bucket full, the others come exactly a tenth of a second apart."""
    times = go(RateLimiter.make(10, burst=3).flat_map(lambda limiter: passing(limiter, 8)))
    assert times == [0.0, 0.0, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


@given(limit=st.integers(1, 50), per=st.integers(1, 60), burst=st.integers(1, 5), count=st.integers(1, 60))
def test_rounding_errors_do_not_add_up(limit: int, per: int, burst: int, count: int) -> None:
    """Each fiber passes at the float that is nearest to the exact time, or the one beside it."""
    times = go(RateLimiter.make(limit, per=per, burst=burst).flat_map(lambda limiter: passing(limiter, count)))
    exact = [float(Fraction(max(0, place + 1 - burst) * per, limit)) for place in range(count)]
    assert times == pytest.approx(exact, rel=4e-16, abs=0)


def test_pause_fills_the_bucket_and_no_more() -> None:
    """After a long pause no more than a burst passes at once."""

    @do
    def program() -> Do[list[float]]:
        limiter = yield from RateLimiter.make(2, burst=2)
        yield from passing(limiter, 4)
        yield from sleep(99)
        return (yield from passing(limiter, 4))

    assert go(program()) == [100.0, 100.0, 100.5, 101.0]


class LateClock:
    """Virtual time that jumps too far, once, as the real one does when a process was stopped for a while."""

    virtual = True

    def __init__(self, by: float) -> None:
        self.by = by
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def advance_to(self, when: float) -> None:
        self.time = max(self.time, when + self.by)
        self.by = 0.0


@pytest.mark.parametrize(
    ("by", "expected"),
    [(0.25, [0, 0, 1.25, 2, 3, 4]), (1.25, [0, 0, 2.25, 2.25, 3, 4]), (99.0, [0, 0, 100, 100, 101, 102])],
)
def test_waking_late_neither_slows_the_pace_nor_lets_more_than_a_burst_pass(by: float, expected: list[float]) -> None:
    """Who wakes a little late delays nobody else; after a long stop a burst passes, the one that waited included."""
    limiting = RateLimiter.make(1, burst=2).flat_map(lambda limiter: passing(limiter, 6))
    assert run(limiting, clock=LateClock(by)) == expected


def test_tokens_may_be_taken_by_several() -> None:
    """Who wants many waits for all of them, and nobody overtakes it meanwhile."""

    @do
    def program() -> Do[list[Any]]:
        limiter = yield from RateLimiter.make(1, burst=3)
        yield from limiter.acquire(2)
        many = limiter.acquire(3).then(now())
        one = yield_now().then(limiter.acquire()).then(now())
        hasty = yield_now().then(limiter.try_acquire())
        return (yield from par_collect([many, one, hasty]))

    assert go(program()) == [2.0, 3.0, False]


def test_try_acquire_does_not_wait() -> None:
    """It takes what is there, and tells when nothing is."""

    @do
    def program() -> Do[list[Any]]:
        limiter = yield from RateLimiter.make(1, burst=2)
        first = yield from collect([limiter.try_acquire()] * 3)
        yield from sleep(1)
        return [*first, (yield from limiter.try_acquire())]

    assert go(program()) == [True, True, False, True]


def test_cancelled_waiter_takes_no_token() -> None:
    """When the first in the queue gives up, the one behind it passes as if the first had never come."""

    @do
    def program() -> Do[list[Any]]:
        limiter = yield from RateLimiter.make(1, burst=1)
        yield from limiter.acquire()
        impatient = limiter.acquire().move_on_after(0.5)
        patient = yield_now().then(limiter.acquire()).then(now())
        return (yield from par_collect([impatient, patient]))

    assert go(program()) == [None, 1.0]


def test_a_cancel_anywhere_keeps_the_pace() -> None:
    """Whoever is cancelled, at whatever action, tokens come as before and nobody is left in the queue."""

    @do
    def program() -> Do[tuple[float, RateLimiterStats]]:
        limiter = yield from RateLimiter.make(1, burst=1)
        yield from par_settle([limiter.acquire() for _ in range(3)])
        yield from limiter.acquire()
        return (yield from now()), (yield from limiter.stats())

    def check(value: Any) -> None:
        ended, stats = value
        assert ended in (2.0, 3.0)
        assert (stats.available, stats.waiting) == (0, 0)

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(3)]) > 150


def test_statistics_tell_what_is_there() -> None:
    """They count the tokens that could be taken now and the fibers that wait."""

    @do
    def program() -> Do[list[Any]]:
        limiter = yield from RateLimiter.make(2, per=1, burst=4)
        full = yield from limiter.stats()
        yield from limiter.acquire(4)
        yield from sleep(1)
        some = yield from limiter.stats()
        waiting = par_collect([limiter.acquire(4), limiter.acquire()])
        _, seen = yield from par_zip(waiting, yield_now().then(yield_now()).then(limiter.stats()))
        return [full, some, seen]

    assert go(program()) == [RateLimiterStats(4, 4, 0), RateLimiterStats(2, 4, 0), RateLimiterStats(2, 4, 2)]


def test_numbers_are_checked_when_the_program_is_built() -> None:
    """A rate that makes no sense, and more tokens than the bucket holds, are refused by the function itself."""
    with pytest.raises(ValueError, match="limit of RateLimiter must be at least 1, not 0"):
        RateLimiter.make(0)
    with pytest.raises(ValueError, match="per of RateLimiter must be more than zero and finite, not 0"):
        RateLimiter.make(1, per=0)
    limiter = go(RateLimiter.make(1, burst=2))
    with pytest.raises(ValueError, match="tokens of acquire must be at most the burst of 2, not 3"):
        limiter.acquire(3)


def test_limited_program_runs_after_its_token() -> None:
    """The program itself takes no part in the waiting of the others."""
    order: list[float] = []

    @do
    def program() -> Do[None]:
        limiter = yield from RateLimiter.make(1, burst=1)
        slow = now().flat_map(lambda time: delay(order.append, time)).then(sleep(10))
        yield from par_collect([limiter.limited(slow) for _ in range(3)])

    go(program())
    assert order == [0.0, 1.0, 2.0]
