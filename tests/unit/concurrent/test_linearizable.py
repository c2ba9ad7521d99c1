"""Histories of concurrent calls in many orders: some order of the calls, one after another, explains their results.

A call that is cut by its timeout must have done nothing at all, so the models let it never happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import add, le
from random import Random
from typing import Any, TypeAlias

import pytest

from effio import (
    IO,
    Barrier,
    CapacityLimiter,
    Channel,
    Deferred,
    Do,
    Event,
    Fiber,
    FiberSet,
    Latch,
    Mutex,
    RateLimiter,
    Ref,
    Semaphore,
    Subscription,
    Success,
    TaskGroup,
    Topic,
    collect,
    do,
    now,
    par_collect,
    select,
    sleep,
    task_group,
    unit,
)
from effio.testing import Call, History, Model, explore, linearizable, simulate

FIBERS = 3
CALLS = 4
SEEDS = 30

Caller: TypeAlias = Callable[[str, Any, IO[Any, Any]], IO[Any, Any]]
Calls: TypeAlias = Callable[[Random, Any, Caller], Iterator[IO[Any, Any]]]


def seen(step: Callable[[Any, str, Any, Any], Iterable[Any]]) -> Callable[[Any, Call], Iterable[Any]]:
    """The model in which a call that was never seen to end has not happened."""

    def checked(state: Any, call: Call) -> Iterable[Any]:
        return step(state, call.name, call.argument, call.result) if call.ended is not None else ()

    return checked


# -- Ref -----------------------------------------------------------------------------------------------------


def cell(state: int, name: str, argument: Any, result: Any) -> Iterable[int]:
    """A value with get, add and compare-and-set, and a wait until it is large enough."""
    match name:
        case "get":
            return [state] if result == state else []
        case "wait":
            return [state] if result == state >= argument else []
        case "add":
            return [state + argument] if result == state + argument else []
        case _:
            expected, value = argument
            return [value if state == expected else state] if result == (state == expected) else []


def ref_calls(random: Random, ref: Ref[int], call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        small, pair = random.randrange(4), (random.randrange(3), random.randrange(3))
        yield random.choice(
            [
                call("get", None, ref.get()),
                call("add", small, ref.update_and_get(partial(add, small))),
                call("set", pair, ref.compare_and_set(*pair)),
                call("wait", small, ref.wait_until(partial(le, small))),
            ]
        )


# -- Locks ---------------------------------------------------------------------------------------------------


def permits(state: int, name: str, argument: Any, result: Any) -> Iterable[int]:
    """So many permits; a try fails only if there is none."""
    match name:
        case "acquire":
            return [state - 1] if state else []
        case "try":
            return [state - 1] if result and state else [] if result or state else [state]
        case _:
            return [state + 1]


def lock_calls(random: Random, lock: Mutex | Semaphore, call: Caller) -> Iterator[IO[Any, Any]]:
    """Whoever has it gives it back after a while."""
    while True:
        giving_back = sleep(random.choice([0, 1, 3])).then(call("release", None, lock.release()))
        wanting = random.choice([call("acquire", None, lock.acquire()), call("try", None, lock.try_acquire())])
        yield wanting.flat_map(partial(if_had, giving_back))


def if_had(giving_back: IO[None], had: bool | None) -> IO[None]:
    """Give back what was had: a try may have failed."""
    return unit if had is False else giving_back


# -- Channel -------------------------------------------------------------------------------------------------


def queue_of(capacity: int) -> Callable[[Any, str, Any, Any], Iterable[Any]]:
    """A queue with room for so many; a try fails only if there is no room, or no item."""

    def queue(state: tuple[int, ...], name: str, argument: Any, result: Any) -> Iterable[tuple[int, ...]]:
        room = len(state) < capacity
        match name:
            case "send":
                return [(*state, argument)] if room else []
            case "try_send":
                return [] if result != room else [(*state, argument)] if room else [state]
            case "receive":
                return [state[1:]] if state and state[0] == result else []
            case _:
                return [state[1:]] if result == (state[0] if state else None) else []

    return queue


def channel_calls(random: Random, channel: Channel[int], call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        item = random.randrange(1, 100)
        yield random.choice(
            [
                call("send", item, channel.send(item)),
                call("try_send", item, channel.try_send(item)),
                call("receive", None, channel.receive()),
                call("try_receive", None, channel.try_receive()),
            ]
        )


# -- Deferred ------------------------------------------------------------------------------------------------


def once(state: int | None, name: str, argument: Any, result: Any) -> Iterable[int | None]:
    """A value that is given once."""
    match name:
        case "complete":
            return [] if result != (state is None) else [argument if result else state]
        case "get":
            return [state] if state is not None and result == state else []
        case _:
            return [state] if result == (None if state is None else Success(state)) else []


def deferred_calls(random: Random, deferred: Deferred[int], call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        value = random.randrange(100)
        yield random.choice(
            [
                call("complete", value, deferred.complete(value)),
                call("get", None, deferred.get()),
                call("poll", None, deferred.poll()),
            ]
        )


# -- Event and latch -----------------------------------------------------------------------------------------


def happened(state: bool, name: str, argument: Any, result: Any) -> Iterable[bool]:
    """Something that happens once and for all."""
    match name:
        case "set":
            return [True]
        case "wait":
            return [True] if state else []
        case _:
            return [state] if result == state else []


def event_calls(random: Random, event: Event, call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        yield random.choice(
            [call("set", None, event.set()), call("wait", None, event.wait()), call("is_set", None, event.is_set())]
        )


def counted(state: int, name: str, argument: Any, result: Any) -> Iterable[int]:
    """A count down to zero, and a wait for that."""
    if name == "count_down":
        return [max(0, state - 1)]
    return [] if state else [state]


def latch_calls(random: Random, latch: Latch, call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        yield random.choice([call("count_down", None, latch.count_down()), call("wait", None, latch.wait())])


# -- Capacity limiter ----------------------------------------------------------------------------------------


def tokens(state: tuple[int, int], name: str, argument: Any, result: Any) -> Iterable[tuple[int, int]]:
    """So many tokens, a number that changes, and how many of them are borrowed."""
    total, borrowed = state
    match name:
        case "acquire":
            return [(total, borrowed + 1)] if borrowed < total else []
        case "resize":
            return [(argument, borrowed)]
        case _:
            return [(total, borrowed - 1)]


def limiter_calls(random: Random, limiter: CapacityLimiter, call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        total = random.randrange(1, 4)
        giving_back = sleep(random.choice([0, 1, 3])).then(call("release", None, limiter.release()))
        borrowing = call("acquire", None, limiter.acquire()).then(giving_back)
        yield random.choice([borrowing, borrowing, call("resize", total, limiter.resize(total))])


# -- Rate limiter --------------------------------------------------------------------------------------------

BURST = 2


def bucket(state: tuple[float, float], name: str, argument: Any, result: Any) -> Iterable[tuple[float, float]]:
    """A bucket that gets a token a second; so many were in it at that time. The results tell when they were given."""
    tokens, since = state
    passed, time = result
    there = min(BURST, tokens + time - since)
    if time < since or passed != (there >= 1):
        return []
    return [(there - 1, time)] if passed else [state]


def rate_calls(random: Random, limiter: RateLimiter, call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        waiting = call("acquire", None, limiter.limited(now()).map(lambda time: (True, time)))
        trying = call("try", None, limiter.try_acquire().zip(now))
        yield random.choice([waiting, waiting, trying])


# -- Barrier -------------------------------------------------------------------------------------------------


def places(state: int, name: str, argument: Any, result: Any) -> Iterable[int]:
    """Places that are given in turn."""
    return [1 - state] if result == state else []


def barrier_calls(random: Random, barrier: Barrier, call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        yield call("wait", None, barrier.wait())


# -- Topic ---------------------------------------------------------------------------------------------------

Queues: TypeAlias = tuple[tuple[int, ...], ...]
Subscribed: TypeAlias = tuple[Topic[int], list[Subscription[int]]]


def copied(state: Queues, name: str, argument: Any, result: Any) -> Iterable[Queues]:
    """Two queues with room for one and for two, which get everything that is published."""
    if name == "publish":
        return [tuple((*kept, argument) for kept in state)] if len(state[0]) < 1 and len(state[1]) < 2 else []
    kept = state[argument]
    if name == "try" and not kept:
        return [state] if result is None else []
    return [(*state[:argument], kept[1:], *state[argument + 1 :])] if kept and kept[0] == result else []


def two_subscribers(topic: Topic[int]) -> IO[Subscribed]:
    return collect([topic.subscribe(capacity=1), topic.subscribe(capacity=2)]).map(lambda readers: (topic, readers))


def topic_calls(random: Random, subscribed: Subscribed, call: Caller) -> Iterator[IO[Any, Any]]:
    topic, readers = subscribed
    while True:
        item, reader = random.randrange(1, 100), random.randrange(2)
        yield random.choice(
            [
                call("publish", item, topic.publish(item)),
                call("receive", reader, readers[reader].receive()),
                call("receive", reader, readers[reader].receive()),
                call("try", reader, readers[reader].try_receive()),
            ]
        )


# -- Select --------------------------------------------------------------------------------------------------


def first_ready(state: Queues, name: str, argument: Any, result: Any) -> Iterable[Queues]:
    """Two queues with room for one; the second is chosen only if the first is empty."""
    which, item = argument if name == "send" else result
    before, after = ((), (item,)) if name == "send" else ((item,), ())
    overtaken = name == "select" and which == 1 and state[0]
    return [(*state[:which], after, *state[which + 1 :])] if state[which] == before and not overtaken else []


def select_calls(random: Random, channels: list[Channel[int]], call: Caller) -> Iterator[IO[Any, Any]]:
    while True:
        which, item = random.randrange(2), random.randrange(1, 100)
        choices = [channel.receive().map(partial(pair, number)) for number, channel in enumerate(channels)]
        yield random.choice(
            [call("send", (which, item), channels[which].send(item)), call("select", None, select(*choices))]
        )


def pair(number: int, item: int) -> tuple[int, int]:
    return number, item


# -- Fiber set -----------------------------------------------------------------------------------------------


def population(state: int, name: str, argument: Any, result: Any) -> Iterable[int]:
    """How many are there; a wait until there are none."""
    match name:
        case "fork":
            return [state + 1]
        case "stop":
            return [state - 1]
        case "count":
            return [state] if result == state else []
        case _:
            return [] if state else [state]


def set_calls(random: Random, crew: FiberSet[None], call: Caller) -> Iterator[IO[Any, Any]]:
    """Whoever forked a fiber stops it after a while."""
    while True:
        pause = sleep(random.choice([0, 1, 3]))
        fiber = call("fork", None, crew.fork(sleep(99)))
        forking = fiber.flat_map(partial(stopped_after, pause, call))
        counting = call("count", None, crew.stats().map(lambda stats: len(stats.running)))
        yield random.choice([forking, counting, call("wait", None, crew.wait_empty())])


def stopped_after(pause: IO[None], call: Caller, fiber: Fiber[None]) -> IO[Any, Any]:
    return pause.then(call("stop", None, fiber.cancel()))


# -- All of them ---------------------------------------------------------------------------------------------

CASES: dict[str, tuple[Callable[[TaskGroup], IO[Any]], Any, Callable[[Any, str, Any, Any], Iterable[Any]], Calls]] = {
    "ref": (lambda group: Ref.make(0), 0, cell, ref_calls),
    "semaphore of one": (lambda group: Semaphore.make(1), 1, permits, lock_calls),
    "semaphore of two": (lambda group: Semaphore.make(2), 2, permits, lock_calls),
    "mutex": (lambda group: Mutex.make(), 1, permits, lock_calls),
    "channel of one": (lambda group: Channel[int].make(1), (), queue_of(1), channel_calls),
    "channel of two": (lambda group: Channel[int].make(2), (), queue_of(2), channel_calls),
    "deferred": (lambda group: Deferred[int].make(), None, once, deferred_calls),
    "event": (lambda group: Event.make(), False, happened, event_calls),
    "latch": (lambda group: Latch.make(3), 3, counted, latch_calls),
    "capacity limiter": (lambda group: CapacityLimiter.make(1), (1, 0), tokens, limiter_calls),
    "rate limiter": (lambda group: RateLimiter.make(1, burst=BURST), (BURST, 0.0), bucket, rate_calls),
    "barrier": (lambda group: Barrier.make(2), 0, places, barrier_calls),
    "topic": (lambda group: Topic[int].make().flat_map(two_subscribers), ((), ()), copied, topic_calls),
    "select": (lambda group: collect([Channel[int].make(1)] * 2), ((), ()), first_ready, select_calls),
    "fiber set": (FiberSet[None].make, 0, population, set_calls),
}

EVERY_CASE = pytest.mark.parametrize("name", CASES)


def recorded(name: str, seed: int, fibers: int, length: int) -> IO[list[Call]]:
    """Fibers that call in a random manner, and a check of what they saw; gives the history."""
    return task_group(lambda group: recorded_in(group, name, seed, fibers, length))


@do
def recorded_in(group: TaskGroup, name: str, seed: int, fibers: int, length: int) -> Do[list[Call]]:
    """The same in a group, where a set may fork its fibers."""
    make, initial, step, calls = CASES[name]
    history: History = yield from linearizable(Model(initial, seen(step)))
    thing = yield from make(group)
    random = Random(seed)

    def call(name: str, argument: Any, io: IO[Any, Any]) -> IO[Any, Any]:
        patience = random.choice([0.0, 1.0, 2.0])
        return history.call(name, argument, io).fail_after(patience) if patience else history.call(name, argument, io)

    def fiber(number: int) -> IO[Any, Any]:
        programs = calls(random, thing, call)
        pauses = (sleep(random.choice([0, 0, 1])) for _ in range(length))
        return collect([pause.then(next(programs)).exit() for pause in pauses]).move_on_after(20)

    yield from par_collect([fiber(number) for number in range(fibers)])
    yield from history.verify()
    return history.calls


@EVERY_CASE
def test_some_order_explains_what_the_calls_gave(name: str) -> None:
    """In many orders of fibers, with timeouts while they wait, the calls look as if made one after another."""
    cut = 0
    for seed in range(SEEDS):
        outcome = simulate(recorded(name, seed, FIBERS, CALLS), seed=seed).outcome
        assert isinstance(outcome, Success), f"seed {seed}: {outcome}"
        cut += sum(call.ended is None for call in outcome.unwrap())
    assert cut > 0


@EVERY_CASE
def test_every_order_of_few_calls_is_explained(name: str) -> None:
    """With two fibers of two calls each every schedule gives a history that one order explains."""
    for seed in range(3):
        explore(recorded(name, seed, 2, 2), max_schedules=100).assert_ok()
