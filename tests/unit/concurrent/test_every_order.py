"""Small programs with topics, rates, limits and sets of fibers, in every order, and with cancels at every moment."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from effio import (
    IO,
    CapacityLimiter,
    Do,
    Exit,
    FiberSet,
    RateLimiter,
    Success,
    TaskGroup,
    Topic,
    collect,
    do,
    now,
    par_settle,
    suspend,
    task_group,
    yield_now,
)
from effio.testing import cancel_sweep, explore
from tests.unit.concurrent.sweep import into, noting


@do
def topic() -> Do[bool, Any]:
    """Two publishers, and two subscribers with little room: true if one has seen a beginning of what the other has."""
    news = yield from Topic[int].make()
    readers = yield from collect([news.subscribe(capacity=1) for _ in range(2)])
    logs: list[list[int]] = [[], []]
    reading = [reader.for_each(into(log)).ensuring(reader.close()) for reader, log in zip(readers, logs, strict=True)]
    writing = par_settle([news.publish(item) for item in range(2)]).ensuring(news.close())
    yield from par_settle([*reading, writing])
    stats = yield from news.stats()
    shorter, longer = sorted(logs, key=len)
    return stats.subscribers == stats.waiting_publishers == 0 and longer[: len(shorter)] == shorter


@do
def rate() -> Do[bool]:
    """Three who want to pass, one a second: true if no two passed within a second, and nobody waits."""
    limiter = yield from RateLimiter.make(1)
    times: list[float] = []
    yield from par_settle([limiter.limited(now().map(noting(times))) for _ in range(3)])
    stats = yield from limiter.stats()
    return stats.waiting == 0 and all(later - sooner >= 1 for sooner, later in pairwise(times))


@do
def limit() -> Do[bool]:
    """Three who want a token, and one who makes more of them: true if all are back, and nobody waits."""
    limiter = yield from CapacityLimiter.make(1)
    users = [limiter.with_token(yield_now()) for _ in range(3)]
    yield from par_settle([*users, limiter.resize(2)])
    stats = yield from limiter.stats()
    return stats.borrowed == stats.waiting == 0


@do
def fibers() -> Do[bool, Any]:
    """A set of two fibers that is waited for: true if nobody is in it afterwards."""

    @do
    def body(group: TaskGroup) -> Do[bool, Any]:
        crew = yield from FiberSet[None].make(group)
        forks = [crew.fork(yield_now()) for _ in range(2)]
        yield from par_settle([*forks, crew.wait_empty()])
        yield from crew.wait_empty()
        return (yield from crew.stats()).running == ()

    return (yield from task_group(body))


def whole(exit: Exit[bool, Any]) -> bool:
    """The program says that all is well, or was cancelled itself."""
    if isinstance(exit, Success):
        return exit.unwrap()
    return exit.failure().has_cancelled and not exit.failure().has_defect


PROGRAMS: tuple[Callable[[], IO[bool, Any]], ...] = (topic, rate, limit, fibers)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_order_ends_well(program: Callable[[], IO[bool, Any]]) -> None:
    """Whoever comes first, the program says that nothing is missing."""
    explore(suspend(program), whole, max_schedules=200).assert_ok()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_cancel_of_anybody_at_any_moment_breaks_nothing(program: Callable[[], IO[bool, Any]]) -> None:
    """No run hangs, leaves anything behind, or misses anything afterwards."""
    assert cancel_sweep(suspend(program), whole, max_schedules=4, max_runs=250).assert_ok().runs > 10
