"""Random small programs of each primitive: the explorer finds every way in which they can end, and no other.

What can happen is known from all interleavings one by one, each turn of each fiber a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any, TypeAlias

import attrs
import pytest

from effio import (
    IO,
    Barrier,
    CapacityLimiter,
    Channel,
    Deferred,
    Event,
    FiberSet,
    Latch,
    Mutex,
    RateLimiter,
    Ref,
    Semaphore,
    Topic,
    collect,
    do,
    now,
    par_settle,
    pure,
    select,
    sleep,
    task_group,
    unit,
    yield_now,
)
from effio.testing import explore
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.generated import TooMany, all_outcomes, found_by_search, plain

PROGRAMS = (1, 2, 3, 4, 6, 7, 8, 10)
"""The seeds among the first of programs that have few interleavings."""

RUNS = 120
"""So many interleavings are run one by one; programs with more are left out."""

Word: TypeAlias = Callable[[Any, int], IO[Any, Any]]
Plan: TypeAlias = list[tuple[str, int]]
FIBERS = (3, 4)
"""The numbers that the explorer gives to the first two fibers."""

SIZES = ((1, 1), (1, 2), (2, 2), (1, 1, 1))


@attrs.frozen
class Kit:
    """How to make a primitive, what to do with it, and how to look at it in the end."""

    make: Callable[[int, Any], IO[Any, Any]]
    words: Mapping[str, Word]
    look: Callable[[Any], IO[Any, Any]] = lambda it: it.stats()


# -- The primitives ------------------------------------------------------------------------------------------


@attrs.frozen
class Ends:
    """A channel with two sending and two receiving ends."""

    senders: tuple[Any, Any]
    receivers: tuple[Any, Any]
    channel: Any


def ends_of(channel: Any) -> IO[Ends]:
    """Open one end more on either side."""
    clones = collect([channel.sender.clone(), channel.receiver.clone()])
    return clones.map(lambda new: Ends((channel.sender, new[0]), (channel.receiver, new[1]), channel))


@attrs.frozen
class News:
    """A topic with two subscriptions."""

    topic: Any
    readers: tuple[Any, ...]


def news(number: int, group: Any) -> IO[News]:
    """Two subscribers, with little room."""
    policy = ("block", "block", "drop_oldest", "drop_newest")[number % 4]
    capacity = number // 4 % 3

    def subscribed(topic: Any) -> IO[News]:
        two = [topic.subscribe(capacity=capacity), topic.subscribe(capacity=1 - capacity % 2, policy=policy)]
        return collect(two).map(lambda readers: News(topic, tuple(readers)))

    return Topic.make(replay=number % 2).flat_map(subscribed)


def late(it: News, number: int) -> Any:
    """Subscribe, and take what is there."""
    return it.topic.subscribe(capacity=1).flat_map(lambda reader: yield_now.then(reader.drain()))


CHANNEL: dict[str, Word] = {
    "send": lambda it, n: it.senders[n % 2].send(n),
    "receive": lambda it, n: it.receivers[n % 2].receive(),
    "receive too": lambda it, n: it.receivers[n % 2].receive(),
    "send too": lambda it, n: it.senders[n % 2].send(n),
}

CLOSING: dict[str, Word] = CHANNEL | {
    "close": lambda it, n: it.channel.close(),
    "close sender": lambda it, n: it.senders[n % 2].close(),
    "close receiver": lambda it, n: it.receivers[n % 2].close(),
    "clone": lambda it, n: it.senders[n % 2].clone().flat_map(lambda end: end.send(n)),
}

TOPIC: dict[str, Word] = {
    "publish": lambda it, n: it.topic.publish(n),
    "publish too": lambda it, n: it.topic.publish(n),
    "receive": lambda it, n: it.readers[n % 2].receive(),
    "receive too": lambda it, n: it.readers[n % 2].receive(),
}

KITS: dict[str, Kit] = {
    "ref": Kit(
        lambda n, group: Ref.make(0),
        {
            "get": lambda it, n: it.get(),
            "set": lambda it, n: it.set(n),
            "update": lambda it, n: it.update_and_get(lambda value: value * 2 + n),
            "compare": lambda it, n: it.compare_and_set(0, n),
            "wait": lambda it, n: it.wait_until(lambda value: value >= n),
        },
        lambda it: it.get(),
    ),
    "deferred": Kit(
        lambda n, group: Deferred.make(),
        {
            "complete": lambda it, n: it.complete(n),
            "fail": lambda it, n: it.fail(n),
            "get": lambda it, n: it.get(),
            "get too": lambda it, n: it.get(),
            "poll": lambda it, n: it.poll().map(plain),
        },
    ),
    "event": Kit(
        lambda n, group: Event.make(),
        {"set": lambda it, n: it.set(), "wait": lambda it, n: it.wait(), "is set": lambda it, n: it.is_set()},
    ),
    "latch": Kit(
        lambda n, group: Latch.make(2),
        {"count": lambda it, n: it.count_down(), "wait": lambda it, n: it.wait(), "stats": lambda it, n: it.stats()},
    ),
    "barrier": Kit(
        lambda n, group: Barrier.make(2), {"wait": lambda it, n: it.wait(), "stats": lambda it, n: it.stats()}
    ),
    "mutex": Kit(
        lambda n, group: Mutex.make(),
        {
            "lock": lambda it, n: it.with_lock(unit),
            "hold": lambda it, n: it.with_lock(yield_now),
            "acquire": lambda it, n: it.acquire(),
            "release": lambda it, n: it.release(),
            "try": lambda it, n: it.try_acquire(),
        },
    ),
    "semaphore": Kit(
        lambda n, group: Semaphore.make(1 + n % 2),
        {
            "permit": lambda it, n: it.with_permit(unit),
            "permits": lambda it, n: it.with_permits(2)(unit),
            "acquire": lambda it, n: it.acquire(),
            "release": lambda it, n: it.release(),
            "try": lambda it, n: it.try_acquire(),
        },
        lambda it: it.stats().map(lambda stats: (stats.available, stats.waiting)),
    ),
    "limiter": Kit(
        lambda n, group: CapacityLimiter.make(1),
        {
            "token": lambda it, n: it.with_token(unit),
            "hold": lambda it, n: it.with_token(yield_now),
            "acquire": lambda it, n: it.acquire(borrower=n),
            "release": lambda it, n: it.release(borrower=n),
            "resize": lambda it, n: it.resize(n % 3),
        },
    ),
    "rate": Kit(
        lambda n, group: RateLimiter.make(1, burst=1 + n % 2),
        {
            "limited": lambda it, n: it.limited(now()),
            "acquire": lambda it, n: it.acquire(),
            "try": lambda it, n: it.try_acquire(),
        },
    ),
    "channel": Kit(lambda n, group: Channel.make(n % 3).flat_map(ends_of), CHANNEL, lambda it: it.channel.stats()),
    "closing channel": Kit(
        lambda n, group: Channel.make(n % 3).flat_map(ends_of), CLOSING, lambda it: it.channel.stats()
    ),
    "dropping channel": Kit(
        lambda n, group: Channel.make(n % 2, policy=("drop_oldest", "drop_newest")[n // 2 % 2]).flat_map(ends_of),
        CLOSING
        | {
            "try send": lambda it, n: it.channel.try_send(n),
            "try receive": lambda it, n: it.channel.try_receive(),
            "drain": lambda it, n: it.channel.drain(),
        },
        lambda it: it.channel.stats(),
    ),
    "topic": Kit(news, TOPIC, lambda it: it.topic.stats()),
    "closing topic": Kit(
        news,
        TOPIC
        | {
            "close": lambda it, n: it.topic.close(),
            "leave": lambda it, n: it.readers[n % 2].close(),
            "subscribe": late,
            "try": lambda it, n: it.readers[n % 2].try_receive(),
            "drain": lambda it, n: it.readers[n % 2].drain(),
            "stats": lambda it, n: it.readers[n % 2].stats(),
        },
        lambda it: it.topic.stats(),
    ),
    "fiber set": Kit(
        lambda n, group: FiberSet.make(group),
        {
            "fork": lambda it, n: it.fork(unit).then(unit),
            "fork too": lambda it, n: it.fork(yield_now).flat_map(lambda fiber: fiber.join()),
            "cancel": lambda it, n: it.cancel(),
            "wait": lambda it, n: it.wait_empty(),
            "stats": lambda it, n: it.stats().map(lambda stats: len(stats.running)),
        },
        lambda it: it.stats().map(lambda stats: (len(stats.running), stats.waiting)),
    ),
    "select": Kit(
        lambda n, group: collect([Channel.make(n % 2), Event.make()]),
        {
            "send": lambda it, n: it[0].send(n),
            "set": lambda it, n: it[1].set(),
            "select": lambda it, n: select(it[0].receive(), it[1].wait().as_value("set")),
            "select too": lambda it, n: select(it[1].wait().as_value("set"), it[0].receive()),
        },
        lambda it: it[0].stats(),
    ),
}


# -- The programs --------------------------------------------------------------------------------------------


@do
def random_program(kit: Kit, seed: int) -> Any:
    """Fibers that share one primitive; some of them wait for a while only."""
    chance = Random(seed)
    number = chance.randrange(12)
    sizes = chance.choice(SIZES)
    plans = [[(chance.choice(list(kit.words)), chance.randrange(1, 4)) for _ in range(size)] for size in sizes]
    patience = chance.sample([1, 2, 3, 4], len(plans))

    @do
    def body(group: Any) -> Any:
        thing = yield from kit.make(number, group)
        fibers = [fiber(kit, thing, plan, seconds) for plan, seconds in zip(plans, patience, strict=True)]
        ended = yield from par_settle(fibers)
        return plain(ended), (yield from kit.look(thing))

    return (yield from task_group(body, on_failure="collect"))


@do
def fiber(kit: Kit, thing: Any, plan: Plan, seconds: float) -> Any:
    """Do one thing after the other, for so long."""
    results: list[Any] = []

    @do
    def body() -> Any:
        for word, number in plan:
            results.append(plain((yield from kit.words[word](thing, number).exit())))

    yield from body().move_on_after(seconds)
    return tuple(results)


def compare(kit: Kit, seeds: Iterable[int], runs: int) -> None:
    """Compare the two sets of outcomes of each program that has so few interleavings; some must."""
    compared = 0
    for seed in seeds:
        program = random_program(kit, seed)
        cancel = Random(seed).choice([None, None, *FIBERS])
        try:
            expected = all_outcomes(Stepped(program, cancel=cancel, merge=False), runs)
        except TooMany:
            continue
        found = found_by_search(Stepped(program, cancel=cancel))
        assert found == expected, f"seed {seed}: {expected ^ found}"
        compared += 1
    assert compared > 2


@pytest.mark.parametrize("name", KITS)
def test_every_outcome_of_random_programs_is_found(name: str) -> None:
    """The explorer's outcomes are those of all interleavings, cancels of waiters included."""
    compare(KITS[name], PROGRAMS, RUNS)


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(1_000, 3_000, 200))
@pytest.mark.parametrize("name", KITS)
def test_every_outcome_of_many_random_programs_is_found(name: str, start: int) -> None:
    """The same of two thousand programs of each primitive, and of larger ones."""
    compare(KITS[name], range(start, start + 200), 20 * RUNS)


@do
def late_cancel(thing: Any, wait: IO[Any, Any], wake: IO[Any, Any]) -> Any:
    """A waiter that another fiber wakes, or cancels, and a look in between."""

    @do
    def body(group: Any) -> Any:
        waker = yield from group.fork(thing.stats().zip(wake.move_on_after(1)))
        waiter = yield from group.fork(wait)
        yield from waiter.cancel()
        return (yield from waker.join())

    return plain((yield from task_group(body, on_failure="collect")))


def test_cancel_that_comes_too_late_might_have_come_in_time() -> None:
    """Whoever wakes a waiter races with who cancels it, although then that one waits no more."""
    program = Barrier.make(2).flat_map(lambda barrier: late_cancel(barrier, barrier.wait(), barrier.wait()))
    assert found_by_search(Stepped(program)) == all_outcomes(Stepped(program, merge=False), 5_000)


def test_who_sets_the_first_of_two_equal_deadlines_is_cancelled_first() -> None:
    """Where two waits end at the same instant, one may have let the other in before, or not."""

    def rivals(permits: Any) -> IO[Any]:
        both, one = permits.with_permits(2)(unit), permits.with_permit(pure("done"))
        return par_settle([both.move_on_after(1), one.move_on_after(1)]).map(plain)

    program = Semaphore.make(1).flat_map(rivals)
    expected = all_outcomes(Stepped(program, merge=False), 5_000)
    assert len(expected) == 2
    assert found_by_search(Stepped(program)) == expected


def test_equal_deadlines_that_do_not_meet_are_one_schedule() -> None:
    """Timeouts that cancel different waits pass in any order, so one is enough."""
    assert explore(par_settle([sleep(5).move_on_after(1) for _ in range(4)])).schedules == 1
