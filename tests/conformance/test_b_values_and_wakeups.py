"""Section B: a cancel loses no value and eats no wake-up, and nothing begins after it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    TaskGroup,
    cancel_scope,
    delay,
    do,
    fail,
    from_async,
    from_callback,
    never,
    par_collect,
    par_zip,
    pure,
    suspend,
    task_group,
    unit,
    yield_now,
)
from tests.conformance.support import (
    HOSTS,
    TICK,
    Backend,
    Journal,
    Lock,
    nap,
    rest,
    value_of,
)


def test_b38_value_ready_before_the_cancel_is_received(backend: Backend) -> None:
    """An item that was delivered in the same tick as the cancel is received; the next action is cancelled."""
    received: list[str] = []
    inbox: list[Any] = []

    def body(scope: CancelScope) -> IO[Any]:
        receiving: IO[str] = from_callback(inbox.append)
        receiver = receiving.map(received.append).then(rest(1)).map(lambda nothing: received.append("more"))
        deliver = delay(lambda: inbox[0](pure("item"))).then(scope.cancel())
        return par_zip(receiver, rest(1).then(deliver))

    assert value_of(backend.run(cancel_scope(body))) is None
    assert received == ["item"]


def test_b38_value_of_a_coroutine_ready_before_the_cancel_is_received(on_asyncio: Backend) -> None:
    """What a on_asyncio future was given in the same tick as the cancel is received."""
    received: list[str] = []
    futures: list[asyncio.Future[str]] = []

    async def receive() -> str:
        futures.append(asyncio.get_running_loop().create_future())
        return await futures[0]

    def body(scope: CancelScope) -> IO[Any, Any]:
        receiver = from_async(receive).map(received.append).then(rest(1))
        deliver = delay(lambda: futures[0].set_result("item")).then(scope.cancel())
        return par_zip(receiver, rest(1).then(deliver))

    assert value_of(on_asyncio.run(cancel_scope(body))) is None
    assert received == ["item"]


def test_b39_cancelled_waiter_does_not_eat_a_wake_up(backend: Backend) -> None:
    """A lock granted to a waiter that is cancelled in the same tick passes to the next one."""
    lock = Lock()
    journal = Journal()

    def holding(name: str) -> IO[None]:
        return lock.acquire().bracket(lambda _: journal.note(name), lambda _: lock.release())

    @do
    def body(group: TaskGroup) -> Do[None]:
        yield from lock.acquire()
        first = yield from group.fork(lock.acquire().then(rest(1)).ensuring(lock.release()))
        yield from group.fork(rest(1).then(holding("second")))
        yield from rest(2)
        yield from lock.release().then(first.cancel_soon())

    value_of(backend.run(task_group(body)))

    assert journal == ["second"]
    assert not lock.held


def test_b39_cancelled_waiter_leaves_the_queue(backend: Backend) -> None:
    """A waiter that is cancelled before the lock is free does not get it; the next one does."""
    lock = Lock()
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[None]:
        yield from lock.acquire()
        first = yield from group.fork(lock.acquire().then(journal.note("first")))
        yield from group.fork(lock.acquire().then(journal.note("second")))
        yield from rest(1)
        yield from first.cancel()
        yield from lock.release()

    value_of(backend.run(task_group(body)))

    assert journal == ["second"]


@pytest.mark.parametrize("what", ["call", "callback", "fork", "parallel", "group"])
def test_b40_nothing_begins_in_a_cancelled_scope(backend: Backend, what: str) -> None:
    """An operation that is tried in a cancelled scope has no effect at all."""
    journal = Journal()
    group: list[TaskGroup] = []

    def operation() -> IO[object]:
        programs: dict[str, IO[object]] = {
            "call": journal.note("ran"),
            "callback": from_callback(lambda resume: journal.append("registered")),
            "fork": group[0].fork(journal.seen("forked")),
            "parallel": par_collect([journal.seen("ran")]),
            "group": task_group(lambda inner: inner.fork(journal.seen("forked"))),
        }
        return programs[what]

    def body(outer: TaskGroup) -> IO[object]:
        group.append(outer)
        return cancel_scope(lambda scope: scope.cancel().then(operation()))

    assert value_of(backend.run(task_group(body))) is None
    assert journal == []


def test_b40_no_coroutine_begins_in_a_cancelled_scope(foreign: Backend) -> None:
    """The coroutine function is not even called."""
    called: list[str] = []

    async def send() -> None:
        called.append("sent")

    exit = foreign.run(cancel_scope(lambda scope: scope.cancel().then(from_async(send))))

    assert value_of(exit) is None
    assert called == []


def test_b41_wait_that_cannot_be_aborted(on_asyncio: Backend) -> None:
    """The value of a coroutine that refuses its cancel is delivered; the action after it is cancelled."""
    received: list[int] = []
    cancels: list[str] = []

    async def refusing() -> int:
        work = asyncio.ensure_future(nap(12))
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                cancels.append("refused")
        return 1

    def inner(outer: CancelScope) -> Any:
        def body(scope: CancelScope) -> IO[Any, Any]:
            both = rest(2).then(scope.cancel()).then(outer.cancel())
            refuse = from_async(refusing).map(received.append).then(rest(1))
            return par_zip(refuse.map(lambda _: received.append(2)), both.shielded())

        return cancel_scope(body)

    value_of(on_asyncio.run(cancel_scope(inner)))

    assert received == [1]
    assert 1 <= len(cancels) <= 8


def test_b41_canceller_runs_once_for_two_cancelled_scopes(backend: Backend) -> None:
    """The canceller of a callback runs once, however many scopes around the wait are cancelled."""
    journal = Journal()

    def waiting(outer: CancelScope, inner: CancelScope) -> IO[Any]:
        wait: IO[None] = from_callback(lambda resume: rest(1).then(journal.note("withdrawn")))
        return par_zip(wait, rest(1).then(inner.cancel()).then(outer.cancel()).shielded())

    program = cancel_scope(lambda outer: cancel_scope(lambda inner: waiting(outer, inner)))
    value_of(backend.run(program))

    assert journal == ["withdrawn"]


# -- Whatever the fiber is doing -----------------------------------------------------------------------------


def endless(step: IO[object]) -> IO[Any]:
    """Repeat a step for ever."""
    return step.flat_map(lambda value: endless(step))


STATES: dict[str, IO[Any]] = {
    "parked": never,
    "sleeping": endless(rest(1)),
    "yielding": endless(yield_now),
    "acting": endless(delay(int)),
    "running structure": endless(unit),
    "entering scopes": endless(unit.move_on_after(1000)),
    "queued": endless(par_collect([yield_now, yield_now])),
    "in a group": endless(task_group(lambda group: group.fork(yield_now))),
    "handling": endless(suspend(lambda: fail("again")).catch_all(lambda error: unit)),
}


@pytest.mark.parametrize("state", STATES)
def test_cancel_arrives_whatever_the_fiber_is_doing(backend: Backend, state: str) -> None:
    """A fiber that goes on for ever in one way or another is cancelled, and its finalizer runs."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        stopping = yield_now.repeat(3).then(scope.cancel())
        return par_zip(STATES[state].ensuring(journal.note("closed")), stopping)

    assert value_of(backend.run(cancel_scope(body))) is None
    assert journal == ["closed"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: str(host.name))
def test_deadline_arrives_whatever_the_fiber_is_doing(host: Backend, state: str) -> None:
    """The same for a deadline, when nobody else is there who could cancel."""
    assert value_of(host.run(STATES[state].move_on_after(2 * TICK))) is None
