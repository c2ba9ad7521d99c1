"""Bugs of asyncio and of what is built on it, as they are on this Python, and the same scenarios in effio.

Each scenario is run with a cancel of one task or fiber at every place: at each turn of asyncio's loop, at each action
of effio. The numbers are those of the reports; what a witness asserts is what this Python really does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from effio import IO, Channel, Do, Mutex, Semaphore, do, never, par_settle, par_zip, sleep, traverse, yield_now
from tests.conformance.stepped_asyncio import cancel_was_asked, swept, task
from tests.unit.concurrent.sweep import cancelled_everywhere


async def turns(count: int) -> None:
    """Let the others run so often."""
    for _ in range(count):
        await asyncio.sleep(0)


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Wait for all, however they end."""
    await asyncio.gather(*tasks, return_exceptions=True)


# -- The woken waiter is cancelled: bpo-27585, bpo-32734 (Lock), bpo-45997, gh-90155 (Semaphore) --------------


def in_turn(make: Callable[[], Any]) -> Callable[[], Any]:
    """Three tasks want it one after the other; afterwards it must be free."""

    async def main() -> str:
        shared = make()

        async def use() -> None:
            async with shared:
                await turns(2)

        await ended(*[task(f"user {number}", use()) for number in range(3)])
        async with shared:
            return "free"

    return main


@pytest.mark.parametrize("make", [asyncio.Lock, lambda: asyncio.Semaphore(1), lambda: anyio.Semaphore(1), anyio.Lock])
def test_upstream_locks_survive_a_cancel_of_the_woken_waiter(make: Callable[[], Any]) -> None:
    """The old bugs of Lock and Semaphore are mended on this Python, and anyio does not have them."""
    assert swept(in_turn(make), "user 1").others("free") == 0


def test_effio_locks_survive_a_cancel_of_the_woken_waiter() -> None:
    """A mutex and a semaphore are free in the end, whoever is cancelled, wherever."""

    @do
    def program() -> Do[str]:
        mutex = yield from Mutex.make()
        semaphore = yield from Semaphore.make(1)
        yield from par_settle([mutex.with_lock(semaphore.with_permit(yield_now())) for _ in range(3)])
        return (yield from mutex.with_lock(semaphore.with_permit(yield_now().as_value("free"))))

    def check(value: str) -> None:
        assert value == "free"

    assert cancelled_everywhere(program, check, victims=["par_settle[0]", "par_settle[1]"]) > 100


# -- The notified waiter is cancelled: gh-112202, bpo-22970, bpo-32841 (Condition) ------------------------------


async def one_of_two_is_notified() -> str:
    """Two tasks wait; one notification must wake one of them that is not cancelled."""
    condition = asyncio.Condition()
    woken: list[int] = []

    async def waiter(number: int) -> None:
        async with condition:
            await condition.wait()
            woken.append(number)

    waiters = [task(f"waiter {number}", waiter(number)) for number in range(2)]
    await turns(3)
    async with condition:
        condition.notify(1)
    await turns(1)
    done, _ = await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    if not woken and len(done) == 1:
        await asyncio.wait(waiters)
    return "somebody was woken or cancelled"


def test_upstream_condition_loses_a_notification() -> None:
    """Before gh-112202 was mended a cancel at one turn of the loop left the other waiter asleep for ever."""
    loses = sys.version_info < (3, 11, 8) or (3, 12) <= sys.version_info < (3, 12, 2)
    assert swept(one_of_two_is_notified, "waiter 0").stuck() == (1 if loses else 0)


def test_effio_wakes_another_one_instead() -> None:
    """With one permit for two who wait, and a cancel of the first anywhere, the permit is had or there to have."""

    @do
    def program() -> Do[int]:
        semaphore = yield from Semaphore.make(0)
        woken: list[int] = []
        waiters = [semaphore.acquire().as_value(n).map(woken.append) for n in range(2)]
        notify: IO[Any] = yield_now().then(semaphore.release())
        yield from par_settle([*waiters, notify]).move_on_after(1)
        return len(woken) + (yield from semaphore.stats()).available

    def check(value: int) -> None:
        assert value == 1

    assert cancelled_everywhere(program, check, victims=["par_settle[0]"]) > 20


# -- An item for a receiver that is cancelled: bpo-23812, bpo-31620, python/asyncio#343, tornado#2826 -----------


async def stock_queue() -> list[int]:
    """Two items for two tasks, with the queue of asyncio, which only wakes and hands nothing over."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    got: list[int] = []

    async def get() -> None:
        got.append(await queue.get())

    getters = [task(f"getter {number}", get()) for number in range(2)]
    await turns(2)
    queue.put_nowait(1)
    queue.put_nowait(2)
    await ended(*getters)
    while not queue.empty():
        got.append(queue.get_nowait())
    return sorted(got)


async def handing_over() -> list[int]:
    """The same with a hand-over by futures, as queues and pools of clients often have it."""
    waiting: list[asyncio.Future[int]] = []
    items: list[int] = []
    got: list[int] = []

    async def get() -> None:
        waiting.append(asyncio.get_running_loop().create_future())
        got.append(await waiting[-1])

    def put(item: int) -> None:
        free = [future for future in waiting if not future.done()]
        if free:
            free[0].set_result(item)
        else:
            items.append(item)

    getters = [task(f"getter {number}", get()) for number in range(2)]
    await turns(2)
    put(1)
    put(2)
    await ended(*getters)
    everything: list[int] = sorted(got + items)
    return everything


async def memory_stream() -> list[int]:
    """The same with a memory stream of anyio, whose receiver is cancelled by asyncio, not by a scope of anyio's."""
    sender, receiver = anyio.create_memory_object_stream[int](2)
    got: list[Any] = []

    async def get() -> None:
        got.append(await receiver.receive())

    getters = [task(f"getter {number}", get()) for number in range(2)]
    await turns(4)
    sender.send_nowait(1)
    sender.send_nowait(2)
    await ended(*getters)
    while receiver.statistics().current_buffer_used:
        got.append(receiver.receive_nowait())
    sender.close()
    receiver.close()
    items: list[int] = sorted(got)
    return items


@pytest.mark.parametrize(("scenario", "lost"), [(stock_queue, 0), (handing_over, 1), (memory_stream, 1)])
def test_upstream_hand_over_loses_an_item(scenario: Callable[[], Any], lost: int) -> None:
    """A cancel between the hand-over and the next turn of the loop loses the item, except where there is none."""
    assert swept(scenario, "getter 0").others([1, 2]) == lost


@pytest.mark.parametrize("capacity", [0, 2])
def test_effio_hand_over_loses_no_item(capacity: int) -> None:
    """Whoever is cancelled, wherever, both items are received or still there."""
    runs: list[list[int]] = []

    @do
    def program() -> Do[list[int]]:
        got: list[int] = []
        runs.append(got)
        channel = yield from Channel[int].make(capacity)
        getting = channel.receive().map(got.append)
        sending: IO[Any, Any] = yield_now().then(traverse([1, 2], channel.send))
        fibers = par_settle([getting, getting, sending]).as_value(list[int]())
        return (yield from par_zip(rest_of(channel), fibers).map(lambda pair: pair[0]))

    def rest_of(channel: Channel[int]) -> IO[list[int]]:
        return sleep(1).then(channel.drain())

    def check(left: list[int]) -> None:
        assert sorted([*runs[-1], *left]) == [1, 2]

    assert cancelled_everywhere(program, check, victims=["par_settle[0]", "par_settle[1]"]) > 50


# -- A cancel that comes with the result: bpo-42130, gh-86296, bpo-43389, gh-87555 (wait_for) -------------------


async def waiting_for_a_lock() -> str:
    """A task that waits for a lock with a timeout is cancelled: it must end cancelled, and the lock be free."""
    lock = asyncio.Lock()

    async def use() -> None:
        await asyncio.wait_for(lock.acquire(), 100)
        try:
            await turns(4)
        finally:
            lock.release()

    await lock.acquire()
    user = task("user", use())
    await turns(4)
    lock.release()
    await ended(user)
    if lock.locked():
        return "held"
    return "swallowed" if cancel_was_asked() and not user.cancelled() else "honoured"


def test_upstream_wait_for_swallows_a_cancel() -> None:
    """Before Python 3.12 a cancel that came in the same turn as the result was swallowed by `wait_for`."""
    swallowed = swept(waiting_for_a_lock, "user").outcomes.count("swallowed")
    assert bool(swallowed) == (sys.version_info < (3, 12))


def test_effio_timeout_swallows_no_cancel() -> None:
    """A fiber that waits for a mutex with a timeout and is cancelled ends cancelled, and the mutex is free."""

    @do
    def program() -> Do[tuple[bool, bool]]:
        mutex = yield from Mutex.make()
        use = mutex.acquire().fail_after(100).then(yield_now().then(never).ensuring(mutex.release()))
        _, exits = yield from par_zip(mutex.with_lock(yield_now()), par_settle([use]).move_on_after(1))
        cancelled = exits is None or exits[0].failure().has_cancelled
        return cancelled, (yield from mutex.stats()).locked

    def check(value: tuple[bool, bool]) -> None:
        assert value == (True, False)

    assert cancelled_everywhere(program, check, victims=["par_settle[0]"]) > 10
