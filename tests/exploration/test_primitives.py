"""effio's own primitives, under every schedule of a small program, with a cancel at every moment of every fiber."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Barrier,
    CapacityLimiter,
    Channel,
    Deferred,
    Event,
    Exit,
    Failure,
    FiberSet,
    Latch,
    Mutex,
    RateLimiter,
    Ref,
    Semaphore,
    Topic,
    collect,
    do,
    fail,
    first_completed,
    now,
    par_collect,
    par_settle,
    pure,
    race,
    select,
    sleep,
    task_group,
    traverse,
    unit,
    yield_now,
)
from effio.testing import cancel_sweep, explore

Program = IO[Any, Any]


def ensure(holds: bool, problem: str) -> IO[None, str]:
    return unit if holds else fail(problem)


@do
def grouped(make: IO[Any, Any], fibers: Callable[[Any], list[Program]], after: Callable[[Any], Any]) -> Any:
    """Run fibers that share one thing in a group that lets each end as it will, then look at the thing."""
    thing = yield from make

    @do
    def body(group: Any) -> Any:
        for each in fibers(thing):
            yield from group.fork(each)

    yield from task_group(body, on_failure="collect")
    yield from after(thing)


def free(thing: Any) -> Any:
    """Whatever was cancelled, the permit is back and nobody waits."""
    return thing.stats().flat_map(lambda stats: ensure(stats.available == 1 and not stats.waiting, f"lost: {stats}"))


def unlocked(thing: Any) -> Any:
    return thing.stats().flat_map(lambda stats: ensure(stats.owner is None and not stats.waiting, f"locked: {stats}"))


def idle(thing: Any) -> Any:
    return thing.stats().flat_map(lambda stats: ensure(not stats.borrowed and not stats.waiting, f"borrowed: {stats}"))


def nobody_waits(thing: Any) -> Any:
    return thing.stats().flat_map(lambda stats: ensure(not stats.waiting, f"somebody waits: {stats}"))


def all_free(thing: Any) -> Any:
    return thing.stats().flat_map(lambda stats: ensure(stats.available == 2 and not stats.waiting, f"lost: {stats}"))


def if_had(giving_back: Program) -> Callable[[bool], Program]:
    return lambda had: giving_back if had else unit


def receive(channel: Any) -> Any:
    return channel.receive()


def no_channel_wait(thing: Any) -> Any:
    return thing.stats().flat_map(
        lambda stats: ensure(not stats.waiting_senders and not stats.waiting_receivers, f"somebody waits: {stats}")
    )


def kept_or_taken(channel: Any, sent: Any, received: Any) -> Program:
    """Each item that was sent was received or is still there."""

    @do
    def look() -> Any:
        numbers = (yield from sent.get()), (yield from received.get()), (yield from channel.stats()).kept
        yield from ensure(numbers[0] == numbers[1] + numbers[2], f"sent, received, kept: {numbers}")

    return look()


@do
def conserving(capacity: float) -> Any:
    """Two senders and two receivers count what they sent and got."""
    channel: Any = yield from Channel.make(capacity)
    sent, received = (yield from Ref.make(0)), (yield from Ref.make(0))

    def add(counter: Any) -> Any:
        return counter.update(lambda n: n + 1)

    @do
    def body(group: Any) -> Any:
        for item in range(2):
            yield from group.fork(channel.send(item).on_exit(lambda exit: unit if failed(exit) else add(sent)))
            yield from group.fork(channel.receive().on_exit(lambda exit: unit if failed(exit) else add(received)))
        yield from yield_now
        yield from group.cancel()

    yield from task_group(body).exit()
    yield from kept_or_taken(channel, sent, received)


def failed(exit: Exit[Any, Any]) -> bool:
    return isinstance(exit, Failure)


def no_topic_wait(both: Any) -> Any:
    """The publishers are through, and each subscriber has what it did not receive."""
    topic, _ = both
    return topic.stats().flat_map(lambda stats: ensure(not stats.waiting_publishers, f"somebody waits: {stats}"))


def subscribed(capacity: float, *, replay: int = 0) -> Any:
    """A topic and two subscribers."""
    return Topic.make(replay=replay).flat_map(
        lambda topic: collect([topic.subscribe(capacity=capacity)] * 2).map(lambda readers: (topic, readers))
    )


def reading(both: Any, items: int) -> list[Program]:
    """One who publishes so many items, and the subscribers, who receive them all."""
    topic, readers = both
    return [traverse(range(items), topic.publish), *(collect([reader.receive()] * items) for reader in readers)]


def with_crew(fibers: Callable[[Any], list[Program]]) -> Program:
    """A set of fibers in a group of its own, which ends when all of them have."""

    def body(group: Any) -> Any:
        crew: Any = FiberSet.make(group)
        return crew.flat_map(lambda crew: par_settle(fibers(crew)).then(nobody_waits(crew)))

    return task_group(body, on_failure="collect")


def pacing(limiter: Any) -> Any:
    """Pass, and tell when."""
    return limiter.limited(now())


CASES: dict[str, Program] = {
    "ref: set, update, wait until": grouped(
        Ref.make(0), lambda it: [it.set(1), it.update(lambda n: n + 2), it.wait_until(bool)], nobody_waits
    ),
    "ref: compare and set": grouped(
        Ref.make(0), lambda it: [it.compare_and_set(0, 1), it.compare_and_set(0, 2), it.get()], nobody_waits
    ),
    "deferred: two ends, two waits": grouped(
        Deferred.make(), lambda it: [it.complete(1), it.fail("no"), it.get().exit(), it.get().exit()], nobody_waits
    ),
    "event: two waits": grouped(Event.make(), lambda it: [it.set(), it.wait(), it.wait()], nobody_waits),
    "latch: two counts": grouped(Latch.make(2), lambda it: [it.count_down(), it.count_down(), it.wait()], nobody_waits),
    "barrier: two rounds": grouped(Barrier.make(2), lambda it: [it.wait().then(it.wait())] * 2, nobody_waits),
    "mutex": grouped(Mutex.make(), lambda it: [it.with_lock(unit), it.with_lock(yield_now)], unlocked),
    "mutex: a try between": grouped(
        Mutex.make(),
        lambda it: [it.with_lock(unit), it.with_lock(unit), it.try_acquire().flat_map(if_had(it.release()))],
        unlocked,
    ),
    "semaphore": grouped(Semaphore.make(1), lambda it: [it.with_permit(unit), it.with_permit(yield_now)], free),
    "semaphore of three": grouped(Semaphore.make(1), lambda it: [it.with_permit(unit)] * 3, free),
    "semaphore: one who wants all": grouped(
        Semaphore.make(2), lambda it: [it.with_permits(2)(unit), it.with_permit(unit), it.with_permit(unit)], all_free
    ),
    "limiter": grouped(CapacityLimiter.make(1), lambda it: [it.with_token(unit)] * 2, idle),
    "limiter: resized": grouped(CapacityLimiter.make(1), lambda it: [it.with_token(unit)] * 2 + [it.resize(2)], idle),
    "rate": grouped(RateLimiter.make(1), lambda it: [pacing(it), pacing(it)], nobody_waits),
    "rate: a try between": grouped(RateLimiter.make(1), lambda it: [pacing(it)] + [it.try_acquire()] * 2, nobody_waits),
    "rendezvous": grouped(Channel.make(0), lambda it: [it.send(1), it.receive()], no_channel_wait),
    "bounded channel": grouped(Channel.make(1), lambda it: [it.send(1), it.send(2), it.receive()], no_channel_wait),
    "channel: closed at the end": grouped(
        Channel.make(1),
        lambda it: [it.send(1).then(it.close()), it.receive().exit(), it.for_each(lambda item: unit)],
        no_channel_wait,
    ),
    "channel: one end closed": grouped(
        Channel.make(0), lambda it: [it.send(1).exit(), it.receive().exit(), it.receiver.close()], no_channel_wait
    ),
    "channel: oldest dropped": grouped(
        Channel.make(1, policy="drop_oldest"), lambda it: [it.send(1), it.send(2), it.receive()], no_channel_wait
    ),
    "topic": grouped(subscribed(1), lambda it: reading(it, 2), no_topic_wait),
    "topic: rendezvous": grouped(subscribed(0), lambda it: reading(it, 2), no_topic_wait),
    "topic: two publishers": grouped(
        subscribed(1),
        lambda it: [it[0].publish(1), it[0].publish(2), collect([reader.receive() for reader in it[1]])],
        no_topic_wait,
    ),
    "topic: a late subscriber": grouped(
        subscribed(2, replay=1),
        lambda it: [traverse(range(2), it[0].publish), it[0].subscribe(capacity=2).flat_map(lambda late: late.close())],
        no_topic_wait,
    ),
    "topic: closed": grouped(
        subscribed(1),
        lambda it: [
            it[0].publish(1).ensuring(it[0].close()).exit(),
            *(reader.for_each(lambda item: unit) for reader in it[1]),
        ],
        no_topic_wait,
    ),
    "topic: one leaves": grouped(
        subscribed(0),
        lambda it: [it[0].publish(1), it[1][0].receive(), it[1][1].close()],
        no_topic_wait,
    ),
    "select: two channels": grouped(
        collect([Channel.make(0)] * 2),
        lambda it: [it[0].send(1).move_on_after(1), it[1].send(2).move_on_after(1), select(*map(receive, it))],
        lambda it: no_channel_wait(it[0]).then(no_channel_wait(it[1])),
    ),
    "fiber set": with_crew(lambda crew: [crew.fork(yield_now), crew.wait_empty()]),
    "fiber set: cancelled": with_crew(lambda crew: [crew.fork(sleep(9)), crew.cancel()]),
}

LOCKS = ("mutex", "semaphore", "limiter", "rate")

EVERY_CASE = pytest.mark.parametrize("program", CASES.values(), ids=CASES)


def no_problem(exit: Exit[Any, Any]) -> bool:
    """Accepts every exit but that of a check that did not hold."""
    return "lost" not in str(exit) and "somebody waits" not in str(exit) and "locked:" not in str(exit)


@EVERY_CASE
def test_primitive_is_right_under_every_schedule(program: Program) -> None:
    """Every schedule ends well, and nobody waits at the end."""
    assert explore(program, max_schedules=5_000, sampling=0).assert_ok().exhaustive


@EVERY_CASE
def test_primitive_is_right_wherever_a_fiber_is_cancelled(program: Program) -> None:
    """A cancel of any fiber at any moment of the first schedules leaves no permit and no fiber behind.

    Who waits for a partner that was cancelled waits for ever, as the program says.
    """
    cancel_sweep(program, no_problem, max_schedules=3, may_hang=True).assert_ok()


@pytest.mark.parametrize("name", CASES)
def test_primitive_survives_a_cancel_of_each_fiber_in_every_schedule(name: str) -> None:
    """One cancel at every moment, in every schedule: nothing is held or lost at the end, and no lock keeps anybody."""

    def check(exit: Exit[Any, Any]) -> bool:
        return no_problem(exit) and not (name.startswith(LOCKS) and "deadlock" in str(exit))

    assert explore(CASES[name], check, cancel=True, max_schedules=20_000, sampling=0).assert_ok().exhaustive


@pytest.mark.parametrize("capacity", [0, 1, 2])
def test_no_item_is_lost_by_a_cancel(capacity: float) -> None:
    """Whenever a group of senders and receivers is cancelled, each item sent was received or is kept."""
    explore(conserving(capacity), max_schedules=150, sampling=0.5).assert_ok()


def test_select_takes_one_item_and_loses_none() -> None:
    """Of two channels `select` takes from one, in every schedule, and the other keeps its item."""

    @do
    def main() -> Any:
        left: Any = yield from Channel.make(1)
        right: Any = yield from Channel.make(1)
        sends = par_collect([left.send("left"), right.send("right")])
        _, taken = yield from par_collect([sends, select(left.receive(), right.receive())])
        kept = (yield from left.stats()).kept + (yield from right.stats()).kept
        yield from ensure(kept == 1, f"taken {taken}, {kept} kept")
        return taken

    assert explore(main(), max_schedules=5_000).assert_ok().exhaustive


def test_barrier_lets_all_through_in_every_schedule() -> None:
    """Two fibers that meet twice never overtake each other."""

    @do
    def main() -> Any:
        barrier: Any = yield from Barrier.make(2)
        met: Any = yield from Ref.make((0, 0))

        @do
        def work(me: int) -> Any:
            for _ in range(2):
                rounds = yield from met.update_and_get(lambda known: (known[0] + (not me), known[1] + me))
                yield from ensure(abs(rounds[0] - rounds[1]) <= 1, "overtaken")
                yield from barrier.wait()

        yield from par_collect([work(0), work(1)])

    assert explore(main(), max_schedules=5_000, sampling=0).assert_ok().exhaustive


@pytest.mark.parametrize(
    "program",
    [
        race(sleep(1).then(pure("a")), sleep(1).then(pure("b"))),
        first_completed(yield_now, sleep(0)),
        sleep(1).move_on_after(1),
        par_collect([unit, yield_now.then(fail("no")), sleep(5)]).exit(),
    ],
    ids=["race", "first", "timeout", "failure"],
)
def test_combinator_leaves_nothing_wherever_it_is_cancelled(program: Program) -> None:
    """Two cancels anywhere in any schedule leave no fiber and no timer behind, and never hang."""
    cancel_sweep(program, pairs=True, max_schedules=8, max_runs=1_000).assert_ok()
