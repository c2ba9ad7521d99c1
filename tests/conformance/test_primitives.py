"""Sections B38 to B40 for what fibers share: grants are not lost, wake-ups not eaten, nothing begins after a cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from effio import (
    IO,
    Barrier,
    CancelScope,
    CapacityLimiter,
    Channel,
    Deferred,
    Do,
    Event,
    Latch,
    Mutex,
    RateLimiter,
    Ref,
    Semaphore,
    TaskGroup,
    Topic,
    cancel_scope,
    delay,
    do,
    par_collect,
    par_zip,
    pure,
    task_group,
)
from tests.conformance.support import TICK, Backend, Journal, rest, value_of

Wait: TypeAlias = tuple[IO[Any], Callable[[Any], IO[Any, Any]], Callable[[Any], IO[Any, Any]]]
"""What makes a primitive, what waits at it, and what serves one who waits."""

WAITS: dict[str, Wait] = {
    "channel": (Channel[str].make(), lambda it: it.receive(), lambda it: it.send("served")),
    "channel with room": (Channel[str].make(1), lambda it: it.receive(), lambda it: it.send("served")),
    "send": (
        Channel[str].make(),
        lambda it: it.send("item").as_value("served"),
        lambda it: it.receive(),
    ),
    "deferred": (Deferred[str].make(), lambda it: it.get(), lambda it: it.complete("served")),
    "event": (Event.make(), lambda it: it.wait().as_value("served"), lambda it: it.set()),
    "latch": (Latch.make(1), lambda it: it.wait().as_value("served"), lambda it: it.count_down()),
    "barrier": (Barrier.make(2), lambda it: it.wait().as_value("served"), lambda it: it.wait()),
    "semaphore": (Semaphore.make(0), lambda it: it.acquire().as_value("served"), lambda it: it.release()),
    "limiter": (CapacityLimiter.make(0), lambda it: it.acquire().as_value("served"), lambda it: it.resize(1)),
    "ref": (Ref.make(""), lambda it: it.wait_until(bool), lambda it: it.set("served")),
}

QUEUES = {name: wait for name, wait in WAITS.items() if name != "barrier"}
"""Those where one waits apart from the others."""

every_wait = pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
every_queue = pytest.mark.parametrize("wait", QUEUES.values(), ids=QUEUES)


@every_wait
def test_b38_what_was_granted_before_the_cancel_is_had(backend: Backend, wait: Wait) -> None:
    """A fiber that is served and cancelled in the same tick goes on with what it got; its next action is cancelled."""
    journal = Journal()
    made, waiting, serving = wait

    def body(primitive: Any) -> IO[Any, Any]:
        def scoped(scope: CancelScope) -> IO[Any, Any]:
            served = waiting(primitive).flat_map(journal.seen).then(journal.note("more"))
            return par_zip(served, rest(1).then(serving(primitive)).then(scope.cancel()))

        return cancel_scope(scoped)

    assert value_of(backend.run(made.flat_map(body))) is None
    assert journal == ["served"]


@every_queue
def test_b38_what_was_not_granted_before_the_cancel_is_still_there(backend: Backend, wait: Wait) -> None:
    """A fiber that is cancelled and served in the same tick has got nothing; the next one who waits is served."""
    journal = Journal()
    made, waiting, serving = wait

    @do
    def body(group: TaskGroup) -> Do[None]:
        primitive = yield from made
        first = yield from group.fork(waiting(primitive).flat_map(journal.seen))
        yield from group.fork(waiting(primitive).flat_map(journal.seen))
        yield from rest(1)
        yield from first.cancel_soon()
        yield from serving(primitive)

    value_of(backend.run(task_group(body)))
    assert journal == ["served"]


PASSED_ON = {
    "mutex": (Mutex.make(), lambda it, io: it.with_lock(io)),
    "semaphore": (Semaphore.make(1), lambda it, io: it.with_permit(io)),
    "limiter": (CapacityLimiter.make(1), lambda it, io: it.with_token(io)),
}


@pytest.mark.parametrize("name", PASSED_ON)
def test_b39_a_grant_to_one_who_is_cancelled_passes_on(backend: Backend, name: str) -> None:
    """The first of two waiters is granted and cancelled in the same tick: the second gets it, and never both."""
    journal = Journal()
    made: IO[Any] = PASSED_ON[name][0]
    held: Callable[[Any, IO[Any]], IO[Any]] = PASSED_ON[name][1]

    def body(primitive: Any) -> IO[Any, Any]:
        def scoped(scope: CancelScope) -> IO[Any, Any]:
            holder = held(primitive, rest(1)).then(scope.cancel())
            first = rest(0.25).then(held(primitive, journal.note("first").then(rest(1))))
            return par_zip(holder, first)

        second = rest(0.5).then(held(primitive, journal.note("second")))
        return par_collect([cancel_scope(scoped), second]).then(held(primitive, journal.note("free")))

    value_of(backend.run(made.flat_map(body)))
    assert journal[-2:] == ["second", "free"]


@every_queue
def test_b39_cancelled_waiter_leaves_the_queue(backend: Backend, wait: Wait) -> None:
    """Of two who wait the first gives up: the second is served by what would have served the first."""
    journal = Journal()
    made, waiting, serving = wait

    def body(primitive: Any) -> IO[Any, Any]:
        gives_up = waiting(primitive).flat_map(journal.note).move_on_after(TICK)
        patient = rest(0.5).then(waiting(primitive)).flat_map(journal.note)
        return par_collect([gives_up, patient, rest(2).then(serving(primitive))])

    value_of(backend.run(made.flat_map(body)))
    assert journal == ["served"]


EFFECTS: dict[str, tuple[IO[Any], Callable[[Any], IO[Any, Any]], str]] = {
    "set": (Ref.make(0), lambda it: it.set(1), ": 0>"),
    "complete": (Deferred[int].make(), lambda it: it.complete(1), ": waiting>"),
    "set event": (Event.make(), lambda it: it.set(), ": not set>"),
    "count_down": (Latch.make(1), lambda it: it.count_down(), ": 1 left>"),
    "wait": (Barrier.make(1), lambda it: it.wait(), ": 0 of 1 wait>"),
    "lock": (Mutex.make(), lambda it: it.acquire(), ": free>"),
    "acquire": (Semaphore.make(1), lambda it: it.acquire(), ": 1 available>"),
    "try_acquire": (Semaphore.make(1), lambda it: it.try_acquire(), ": 1 available>"),
    "borrow": (CapacityLimiter.make(1), lambda it: it.acquire(), ": 0 of 1 borrowed>"),
    "send": (Channel[int].make(1), lambda it: it.send(1), ": 0 of 1 kept>"),
    "try_send": (Channel[int].make(1), lambda it: it.try_send(1), ": 0 of 1 kept>"),
    "subscribe": (Topic[int].make(), lambda it: it.subscribe(), ": 0 subscribers>"),
}


@pytest.mark.parametrize("word", EFFECTS)
def test_b40_nothing_is_done_in_a_cancelled_scope(backend: Backend, word: str) -> None:
    """An operation that could be done at once is not done by a fiber that is cancelled already."""
    made, operation, untouched = EFFECTS[word]

    def body(primitive: Any) -> IO[Any, Any]:
        tried = cancel_scope(lambda scope: scope.cancel().then(operation(primitive)))
        return tried.then(delay(repr, primitive))

    assert value_of(backend.run(made.flat_map(body))).endswith(untouched)


def test_b40_no_token_is_taken_in_a_cancelled_scope(backend: Backend) -> None:
    """A rate limiter has all its tokens after an attempt of a fiber that is cancelled already."""

    def body(limiter: RateLimiter) -> IO[Any, Any]:
        tried = cancel_scope(lambda scope: scope.cancel().then(limiter.acquire()))
        return tried.then(limiter.stats()).map(lambda stats: stats.available)

    assert value_of(backend.run(RateLimiter.make(3).flat_map(body))) == 3


@pytest.mark.parametrize("count", [0, 1, 5])
def test_all_are_served_in_the_order_they_came(backend: Backend, count: int) -> None:
    """Each release serves the fiber that has waited longest, on every host."""
    journal = Journal()

    def body(semaphore: Semaphore) -> IO[Any, Any]:
        waiters = [semaphore.acquire().then(pure(str(number))).flat_map(journal.note) for number in range(count)]
        return par_collect([*waiters, rest(1).then(par_collect([semaphore.release()] * count))])

    value_of(backend.run(Semaphore.make(0).flat_map(body)))
    assert journal == [str(number) for number in range(count)]
