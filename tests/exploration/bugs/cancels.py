"""Bugs that only a cancel or a deadline at the wrong moment shows; many were found in asyncio and its libraries."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, final

from effio import (
    Channel,
    Deferred,
    Event,
    RateLimiter,
    Ref,
    Semaphore,
    bracket,
    delay,
    do,
    first_completed,
    pure,
    race,
    shield,
    sleep,
    task_group,
    unit,
    yield_now,
)
from tests.exploration.bugs.case import Bug, ensure, made, no_deadlock, together


@final
class AsyncioSemaphore:
    """`asyncio.Semaphore` of Python 3.9, action by action: a flag says that somebody was woken (gh-90155)."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.scheduled = False
        self.waiting: deque[Any] = deque()

    @do
    def acquire(self) -> Any:
        while (yield from delay(lambda: self.scheduled or self.value <= 0)):
            waiter: Any = yield from Deferred.make()
            yield from delay(self.waiting.append, waiter)
            yield from waiter.get().on_cancel(self.wake_next())
            yield from delay(setattr, self, "scheduled", False)
        yield from delay(self.take)

    def take(self) -> None:
        self.value -= 1

    def __repr__(self) -> str:
        return "<AsyncioSemaphore>"

    @do
    def release(self) -> Any:
        yield from delay(setattr, self, "value", self.value + 1)
        yield from self.wake_next()

    @do
    def wake_next(self) -> Any:
        while (yield from delay(lambda: bool(self.waiting))):
            waiter = yield from delay(self.waiting.popleft)
            if (yield from waiter.complete(None)):
                yield from delay(setattr, self, "scheduled", True)
                return


@do
def broken_semaphore(*, mended: bool) -> Any:
    """Two wait for a permit, the first is cancelled just when it was woken; the second must get it."""
    sem: Any
    (sem,) = yield from made(Semaphore.make(1) if mended else delay(AsyncioSemaphore, 1))
    yield from sem.acquire()

    def work() -> Any:
        return sem.with_permit(unit) if mended else sem.acquire().then(unit.ensuring(sem.release()))

    @do
    def body(group: Any) -> Any:
        first = yield from group.fork(work(), name="first")
        second = yield from group.fork(work(), name="second")
        yield from sem.release()
        yield from first.cancel()
        yield from second.join()

    yield from task_group(body)


@do
def single_flight(*, mended: bool) -> Any:
    """The leader of a shared fetch is cancelled; its followers must hear of it."""
    flight, counting = yield from made(Deferred.make(), Ref.make(0))

    def tell(exit: Any) -> Any:
        return flight.end(exit).then(unit)

    @do
    def body(group: Any) -> Any:
        fetch = yield_now.then(counting.update(lambda n: n + 1))
        leader = fetch.on_exit(tell) if mended else fetch.then(flight.complete(None))
        leading = yield from group.fork(leader, name="leader")
        following = yield from group.fork(flight.get(), name="follower")
        yield from leading.cancel()
        yield from following.exit()

    yield from task_group(body, on_failure="collect")


@do
def eaten_token(*, mended: bool) -> Any:
    """A rate limiter whose cancelled waiter keeps its place: the next one waits for two."""
    next_free, limiter = yield from made(Ref.make(0.0), RateLimiter.make(1))

    @do
    def naive() -> Any:
        wait = yield from next_free.modify(lambda at: (at, at + 1.0))
        yield from sleep(wait)

    def wait() -> Any:
        return limiter.acquire() if mended else naive()

    @do
    def body(group: Any) -> Any:
        yield from wait()
        impatient = yield from group.fork(wait(), name="impatient")
        yield from yield_now
        yield from impatient.cancel()
        yield from ensure((yield from wait().map(lambda _: True).move_on_after(1.5)), "it waited for two")

    yield from task_group(body)


@do
def sent_twice(*, mended: bool) -> Any:
    """A request is applied in the instant in which it times out, and is sent again; mended, it has a key."""
    applied, keys = yield from made(Ref.make(0), Ref.make(frozenset()))

    @do
    def apply() -> Any:
        yield from applied.update(lambda n: n + 1)

    @do
    def send(seconds: float) -> Any:
        is_new = yield from keys.modify(lambda known: ("key" not in known, known | {"key"}))
        if is_new or not mended:
            yield from apply()
        yield from sleep(seconds)
        return "done"

    if (yield from send(2).move_on_after(1)) is None:
        yield from send(0)
    yield from ensure((yield from applied.get()) == 1, "applied twice")


@do
def pool_leak(*, mended: bool) -> Any:
    """The shape of asyncpg #467, httpcore #658: cancelled between "assigned" and "owned", a connection is gone."""
    (idle,) = yield from made(Channel.make(1))
    yield from idle.send("connection")

    def use(connection: Any) -> Any:
        return yield_now

    naive = idle.receive().flat_map(lambda one: use(one).then(yield_now).then(idle.send(one)))
    careful = bracket(idle.receive(), use, idle.send)

    @do
    def body(group: Any) -> Any:
        user = yield from group.fork(careful if mended else naive, name="user")
        yield from user.cancel()
        yield from idle.receive()

    yield from task_group(body)


@do
def desync(*, mended: bool) -> Any:
    """redis-py CVE-2023-28858: cancelled between request and reply, the next user reads the reply of the last one."""
    lock, replies = yield from made(Semaphore.make(1), Channel.make(4))

    @do
    def exchange(question: str) -> Any:
        yield from replies.send(question)
        answer = yield from replies.receive()
        yield from ensure(answer == question, "somebody else's answer")

    @do
    def body(group: Any) -> Any:
        def asking(question: str) -> Any:
            return lock.with_permit(shield(lambda _: exchange(question)) if mended else exchange(question))

        user = yield from group.fork(asking("mine"), name="user")
        yield from user.cancel()
        yield from asking("yours")

    yield from task_group(body)


@do
def used_after_close(*, mended: bool) -> Any:
    """A child outlives the resource that it uses; mended, it lives inside."""
    (is_open,) = yield from made(Ref.make(False))

    def using(io: Any) -> Any:
        return bracket(is_open.set(True), lambda _: io, lambda _: is_open.set(False))

    @do
    def use() -> Any:
        yield from ensure((yield from is_open.get()), "used after it was closed")

    def inside(group: Any) -> Any:
        return group.fork(use())

    yield from (using(task_group(inside)) if mended else task_group(lambda group: using(inside(group))))


@do
def loser_still_runs(*, mended: bool) -> Any:
    """A race made by hand does not wait until the loser has closed what it opened."""
    (holder,) = yield from made(Ref.make(None))

    def holding(name: str, io: Any) -> Any:
        return holder.set(name).then(io).ensuring(yield_now.then(holder.set(None)))

    @do
    def by_hand(group: Any) -> Any:
        first: Any = yield from Deferred.make()
        loser = yield from group.fork(holding("loser", yield_now.then(yield_now).then(first.complete("loser"))))
        yield from first.complete("winner")
        yield from loser.cancel_soon()
        yield from ensure((yield from holder.get()) is None, "the loser still holds it")

    @do
    def by_effio() -> Any:
        yield from race(pure("winner"), holding("loser", yield_now))
        yield from ensure((yield from holder.get()) is None, "the loser still holds it")

    yield from (by_effio() if mended else task_group(by_hand))


@do
def shutdown(*, mended: bool) -> Any:
    """A pool shuts down while somebody waits for a connection; mended, the waiting ends too."""
    closed, permits = yield from made(Event.make(), Semaphore.make(0))

    @do
    def acquire() -> Any:
        if not mended:
            yield from permits.acquire()
        else:
            yield from first_completed(permits.acquire(), closed.wait())

    yield from together(acquire(), closed.set())


@do
def slow_subscriber(*, mended: bool) -> Any:
    """A publisher holds its lock while a slow subscriber has no room, and that one needs the lock to leave."""
    lock, inbox = yield from made(Semaphore.make(1), Channel.make(1))

    @do
    def publish() -> Any:
        for news in range(2):
            yield from lock.with_permit(inbox.try_send(news) if mended else inbox.send(news))

    @do
    def leave() -> Any:
        yield from lock.with_permit(unit)
        if not mended:
            yield from inbox.receive()

    yield from together(publish(), leave())


def bug(name: str, program: Any, **options: Any) -> Bug:
    return Bug(name, broken=partial(program, mended=False), mended=partial(program, mended=True), **options)


BUGS = (
    bug("asyncio.Semaphore, gh-90155", broken_semaphore, check=no_deadlock),
    bug("single flight, leader cancelled", single_flight, check=no_deadlock),
    bug("rate limiter, cancelled waiter", eaten_token),
    bug("retry and timeout send twice", sent_twice),
    bug("pool leak, asyncpg #467", pool_leak, check=no_deadlock),
    bug("reply of another, CVE-2023-28858", desync),
    bug("used after close", used_after_close),
    bug("loser of a race still runs", loser_still_runs),
    bug("shutdown while acquiring", shutdown),
    bug("slow subscriber", slow_subscriber),
)
