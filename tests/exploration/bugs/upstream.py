"""Bugs that were found in asyncio and anyio, ported action by action, each beside what effio has for it.

The broken forms keep the code of the time: waiters in a queue, a flag, who is woken looks again. Each has its number.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, final

from returns.result import Success

from effio import (
    Channel,
    Deferred,
    Event,
    Mutex,
    Ref,
    Semaphore,
    delay,
    do,
    fail,
    never,
    shield,
    sleep,
    task_group,
    unit,
)
from tests.exploration.bugs.case import Bug, made, no_deadlock


@final
class Waiters:
    """The queue that asyncio's primitives have: futures, of which the first one is woken."""

    def __init__(self) -> None:
        self.locked = True
        self.queue: deque[Any] = deque()

    @do
    def wait(self) -> Any:
        waiter: Any = yield from Deferred.make()
        yield from delay(self.queue.append, waiter)
        yield from waiter.get()

    @do
    def wake_next(self) -> Any:
        while (yield from delay(lambda: bool(self.queue))):
            if (yield from (yield from delay(self.queue.popleft)).complete(None)):
                return

    def lock(self) -> None:
        self.locked = True

    def unlock(self) -> None:
        self.locked = False

    def __repr__(self) -> str:
        return "<Waiters>"


@do
def first_is_cancelled(wait: Any, wake: Any, *, for_one: bool = False) -> Any:
    """Two wait, the first is cancelled while it is woken; the second must end, unless the wake-up was `for_one`."""

    @do
    def body(group: Any) -> Any:
        first = yield from group.fork(wait, name="first")
        second = yield from group.fork(wait, name="second")
        yield from wake
        yield from first.cancel()
        if for_one and isinstance((yield from first.exit()), Success):
            yield from group.cancel()
        yield from second.join()

    yield from task_group(body)


@do
def cancel_unless_woken(woken: Any, user: Any) -> Any:
    """Whoever comes first decides what the user hears of: a cancel is told, or comes too late."""
    if (yield from woken.complete("cancelled")):
        yield from user.join()
    else:
        yield from user.cancel()


@do
def swallowed_wakeup(*, mended: bool) -> Any:
    """bpo-27585, bpo-32734: the waiter that `release` has woken is cancelled, and wakes nobody in its place."""
    waiters, mutex = yield from made(delay(Waiters), Mutex.make())

    @do
    def acquire() -> Any:
        while (yield from delay(lambda: waiters.locked)):
            yield from waiters.wait()
        yield from delay(waiters.lock)

    @do
    def hand_back() -> Any:
        yield from delay(waiters.unlock)
        yield from waiters.wake_next()

    if mended:
        yield from mutex.acquire()
        user = mutex.with_lock(unit)
        yield from first_is_cancelled(user, mutex.release())
    else:
        user = acquire().then(unit.ensuring(hand_back()))
        yield from first_is_cancelled(user, hand_back())


@do
def lost_notification(*, mended: bool) -> Any:
    """gh-112202: who was notified is cancelled before it has the lock again; mended, it is not, or tells the next."""
    waiters, lock = yield from made(delay(Waiters), Semaphore.make(1))

    def wait() -> Any:
        if not mended:
            return waiters.wait().then(lock.acquire()).then(lock.release())
        return shield(
            lambda restore: restore(waiters.wait()).on_cancel(waiters.wake_next()).then(lock.with_permit(unit))
        )

    @do
    def notify() -> Any:
        yield from sleep(1)
        yield from lock.with_permit(waiters.wake_next())

    yield from first_is_cancelled(wait(), notify(), for_one=True)


@do
def swallowed_cancel(*, mended: bool) -> Any:
    """bpo-42130: `wait_for`, cancelled while its result comes, gives the result and goes on as if nothing was."""
    woken, result = yield from made(Deferred.make(), Deferred.make())

    @do
    def wait_for() -> Any:
        reason = yield from woken.get()
        done = yield from result.poll()
        if reason == "cancelled" and done is None:
            yield from fail("cancelled")

    @do
    def by_hand(group: Any) -> Any:
        user = yield from group.fork(wait_for().then(never).catch_all(lambda error: unit), name="user")
        yield from group.fork(result.complete("done").then(woken.complete("done")), name="inner")
        yield from cancel_unless_woken(woken, user)

    @do
    def by_effio(group: Any) -> Any:
        user = yield from group.fork(result.get().fail_after(5).then(never), name="user")
        yield from group.fork(result.complete("done"), name="inner")
        yield from user.cancel()

    yield from task_group(by_effio if mended else by_hand)


@do
def lost_result(*, mended: bool) -> Any:
    """bpo-37658: `wait_for(acquire())` is cancelled when the permit is there and nobody has it yet."""
    (permits,) = yield from made(Semaphore.make(1))

    @do
    def by_hand() -> Any:
        owned: Any = yield from Deferred.make()

        @do
        def body(group: Any) -> Any:
            yield from group.fork(permits.acquire().then(owned.complete(None)), name="acquire")
            yield from owned.get()

        yield from task_group(body)
        yield from unit.ensuring(permits.release())

    @do
    def scene(group: Any) -> Any:
        user = yield from group.fork(permits.with_permit(unit).fail_after(5) if mended else by_hand(), name="user")
        yield from user.cancel()
        yield from permits.acquire()

    yield from task_group(scene)


@do
def cancel_beside_a_failure(*, mended: bool) -> Any:
    """gh-116720: a group fails and is cancelled at once; who handles the failure never hears of the cancel."""
    woken, cancelled = yield from made(Event.make(), Ref.make(False))

    @do
    def group_by_hand() -> Any:
        yield from woken.wait()
        yield from fail("a child failed")

    @do
    def by_hand(group: Any) -> Any:
        handled = group_by_hand().catch_all(lambda error: unit)
        user = yield from group.fork(handled.then(never_unless(cancelled)), name="user")
        yield from group.fork(woken.set(), name="child")
        asked = yield from woken.is_set()
        yield from cancelled.set(not asked)
        yield from woken.set()
        yield from (user.cancel() if asked else user.join())

    def failing(inner: Any) -> Any:
        return inner.fork(fail("a child failed")).then(never)

    @do
    def by_effio(group: Any) -> Any:
        handled = task_group(failing).catch_all(lambda error: unit)
        user = yield from group.fork(handled.then(never), name="user")
        yield from user.cancel()

    yield from task_group(by_effio if mended else by_hand)


def never_unless(cancelled: Any) -> Any:
    """The next wait of a user that was cancelled: asyncio has forgotten it by then."""
    return cancelled.get().then(never)


@do
def item_of_a_cancelled_getter(*, mended: bool) -> Any:
    """bpo-23812, tornado#2826: the item that was handed to a waiting getter is gone if that is cancelled."""
    getters, items, got = yield from made(Channel.make(2), Channel.make(1), Channel.make(2))

    @do
    def get() -> Any:
        mine: Any = yield from Deferred.make()
        yield from getters.send(mine)
        yield from got.send((yield from mine.get()))

    @do
    def put() -> Any:
        yield from (yield from getters.receive()).complete("item")

    def receive() -> Any:
        return shield(lambda restore: restore(items.receive()).flat_map(got.send))

    @do
    def body(group: Any) -> Any:
        impatient = yield from group.fork(receive() if mended else get(), name="impatient")
        yield from (items.send("item") if mended else put())
        yield from impatient.cancel()
        if not isinstance((yield from impatient.exit()), Success):
            patient = yield from group.fork(receive() if mended else get(), name="patient")
            yield from patient.exit()

    yield from task_group(body)


@do
def cancel_beside_a_deadline(*, mended: bool) -> Any:
    """gh-102780, async-timeout#229: a cancel in the tick of a deadline is taken for the deadline, and forgotten."""
    woken, expired = yield from made(Deferred.make(), Ref.make(False))

    @do
    def timeout() -> Any:
        yield from woken.get()
        if (yield from expired.get()):
            yield from fail("timed out")

    @do
    def by_hand(group: Any) -> Any:
        user = yield from group.fork(timeout().catch_all(lambda error: never), name="user")
        timer = sleep(1).then(expired.set(True)).then(woken.complete("deadline"))
        yield from group.fork(timer, name="timer")
        yield from sleep(1)
        yield from cancel_unless_woken(woken, user)

    @do
    def by_effio(group: Any) -> Any:
        user = yield from group.fork(never.fail_after(1).catch_all(lambda error: never), name="user")
        yield from sleep(1)
        yield from user.cancel()

    yield from task_group(by_effio if mended else by_hand)


@do
def owner_that_left(*, mended: bool) -> Any:
    """In anyio #1145 `release` makes a waiter the owner that was cancelled and is gone when it would run."""
    waiters, mutex = yield from made(delay(Waiters), Mutex.make())

    @do
    def acquire() -> Any:
        if (yield from delay(lambda: waiters.locked)):
            yield from waiters.wait()
        else:
            yield from delay(waiters.lock)

    @do
    def hand_over() -> Any:
        if (yield from delay(lambda: bool(waiters.queue))):
            yield from waiters.wake_next()
        else:
            yield from delay(waiters.unlock)

    if mended:
        yield from mutex.acquire()
        user, release = mutex.with_lock(unit), mutex.release()
    else:
        user, release = acquire().then(unit.ensuring(hand_over())), hand_over()

    @do
    def body(group: Any) -> Any:
        handle = yield from group.fork(user, name="waiter")
        yield from handle.cancel()
        yield from release
        yield from user

    yield from task_group(body)


def bug(name: str, program: Any) -> Bug:
    return Bug(name, broken=partial(program, mended=False), mended=partial(program, mended=True), check=no_deadlock)


BUGS = (
    bug("asyncio.Lock, bpo-32734", swallowed_wakeup),
    bug("asyncio.Condition, gh-112202", lost_notification),
    bug("asyncio.wait_for swallows a cancel, bpo-42130", swallowed_cancel),
    bug("asyncio.wait_for loses the result, bpo-37658", lost_result),
    bug("asyncio.TaskGroup, gh-116720", cancel_beside_a_failure),
    bug("asyncio.Queue loses an item, bpo-23812", item_of_a_cancelled_getter),
    bug("asyncio.timeout, gh-102780", cancel_beside_a_deadline),
    bug("anyio.Lock, #1145", owner_that_left),
)
