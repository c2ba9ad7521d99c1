"""Races of locks and waits: wrong order, wrong lock, a look before the lock, a signal that comes too early."""

from __future__ import annotations

from functools import partial
from typing import Any

from effio import Deferred, Mutex, Ref, Semaphore, do, pure, unit
from tests.exploration.bugs.case import Bug, ensure, made, together


@do
def lock_order(*, mended: bool) -> Any:
    """AB-BA: two fibers take two locks in opposite orders."""
    a, b = yield from made(Mutex.make(name="a"), Mutex.make(name="b"))
    inner, outer = (b, a) if mended else (a, b)
    yield from together(a.with_lock(b.with_lock(unit)), outer.with_lock(inner.with_lock(unit)))


@do
def philosophers(n: int, *, mended: bool) -> Any:
    """Each takes the fork at the left, then the one at the right; mended, the lower one first."""
    forks = yield from made(*(Mutex.make(name=f"fork {i}") for i in range(n)))

    def dine(i: int) -> Any:
        first, second = (i, (i + 1) % n) if not mended else sorted((i, (i + 1) % n))
        return forks[first].with_lock(forks[second].with_lock(unit))

    yield from together(*(dine(i) for i in range(n)))


@do
def double_checked(*, mended: bool) -> Any:
    """Double-checked initialisation that publishes the object before it is ready."""
    instance, field, lock = yield from made(Ref.make(None), Ref.make(None), Mutex.make())

    @do
    def init() -> Any:
        if (yield from instance.get()) is None:
            writes = [instance.set("object"), field.set(42)]
            for write in reversed(writes) if mended else writes:
                yield from write

    @do
    def use() -> Any:
        if (yield from instance.get()) is None:
            yield from lock.with_lock(init())
        yield from ensure((yield from field.get()) is not None, "used before it was ready")

    yield from together(use(), use())


@do
def stampede(n: int, *, mended: bool) -> Any:
    """Everybody finds the cache empty and fetches; mended, the first one leaves a promise."""
    cache, fetches, flight = yield from made(Ref.make(None), Ref.make(0), Ref.make(None))

    @do
    def share() -> Any:
        mine: Any = yield from Deferred.make()
        leader = yield from flight.modify(lambda other: (other or mine, other or mine))
        if leader is mine:
            yield from fetches.update(lambda count: count + 1)
            yield from mine.complete("value")
        yield from leader.get()

    @do
    def look() -> Any:
        if (yield from cache.get()) is None:
            yield from fetches.update(lambda count: count + 1)
            yield from cache.set("value")

    yield from together(*((share if mended else look)() for _ in range(n)))
    yield from ensure((yield from fetches.get()) == 1, "fetched more than once")


@do
def ticket_lock(*, mended: bool) -> Any:
    """A ticket lock whose tickets are drawn in two steps."""
    tickets, serving, inside = yield from made(Ref.make(0), Ref.make(0), Ref.make(0))

    @do
    def draw() -> Any:
        if mended:
            return (yield from tickets.modify(lambda n: (n, n + 1)))
        mine = yield from tickets.get()
        yield from tickets.set(mine + 1)
        return mine

    @do
    def work() -> Any:
        mine = yield from draw()
        yield from serving.wait_until(lambda n: n == mine)
        yield from ensure((yield from inside.update_and_get(lambda n: n + 1)) == 1, "both are inside")
        yield from inside.update(lambda n: n - 1)
        yield from serving.update(lambda n: n + 1)

    yield from together(work(), work())


@do
def bounded_buffer(readers: int, items: int, *, mended: bool) -> Any:
    """Cargill's buffer: one condition for "not full" and "not empty", and only one waiter is told."""
    (state,) = yield from made(Ref.make((0, ())))

    def attempt(delta: int, waiter: Any, known: Any) -> Any:
        count, waiting = known
        if not 0 <= count + delta <= 1:
            return (False, ()), (count, (*waiting, waiter))
        told = waiting if mended else waiting[:1]
        return (True, told), (count + delta, waiting[len(told) :])

    @do
    def change(delta: int) -> Any:
        while True:
            waiter: Any = yield from Deferred.make()
            done, told = yield from state.modify(partial(attempt, delta, waiter))
            for other in told:
                yield from other.complete(None)
            if done:
                return
            yield from waiter.get()

    @do
    def times(n: int, delta: int) -> Any:
        for _ in range(n):
            yield from change(delta)

    yield from together(*(times(items // readers, -1) for _ in range(readers)), times(items, 1))


@do
def readers_writer(*, mended: bool) -> Any:
    """Courtois: the first reader locks writers out; broken, the readers are counted in two steps."""
    count, counting, resource, inside = yield from made(
        Ref.make(0), Semaphore.make(1), Semaphore.make(1), Ref.make(frozenset())
    )

    @do
    def come() -> Any:
        known = yield from count.get()
        yield from count.set(known + 1)
        if known == 0:
            yield from resource.acquire()

    @do
    def go() -> Any:
        if (yield from count.update_and_get(lambda n: n - 1)) == 0:
            yield from resource.release()

    @do
    def read(name: str) -> Any:
        yield from (counting.with_permit(come()) if mended else come())
        people = yield from inside.update_and_get(lambda known: known | {name})
        yield from ensure("writer" not in people, "reads while somebody writes")
        yield from inside.update(lambda known: known - {name})
        yield from (counting.with_permit(go()) if mended else go())

    @do
    def write() -> Any:
        people = yield from inside.update_and_get(lambda known: known | {"writer"})
        yield from ensure(people == {"writer"}, "writes while somebody reads")
        yield from inside.update(lambda known: known - {"writer"})

    yield from together(read("one"), read("two"), resource.with_permit(write()))


@do
def two_stage(n: int, *, mended: bool) -> Any:
    """SCTBench twostage: one change in two stages under two locks; mended, under one."""
    one, two, first, second = yield from made(Mutex.make(), Mutex.make(), Ref.make(0), Ref.make(0))

    @do
    def copy() -> Any:
        yield from second.set((yield from first.get()) + 1)

    @do
    def change() -> Any:
        if mended:
            yield from one.with_lock(first.set(1).then(copy()))
        else:
            yield from one.with_lock(first.set(1))
            yield from two.with_lock(copy())

    @do
    def look() -> Any:
        return (yield from first.get()), (yield from second.get())

    @do
    def check() -> Any:
        if mended:
            before, after = yield from one.with_lock(look())
        else:
            before = yield from one.with_lock(first.get())
            after = (yield from two.with_lock(second.get())) if before else 0
        yield from ensure(not before or after == before + 1, "only one stage is done")

    yield from together(*(change() for _ in range(n)), check())


@do
def wrong_lock(n: int, *, mended: bool) -> Any:
    """SCTBench wronglock: somebody takes another lock for the same data."""
    data, right, wrong = yield from made(Ref.make(0), Mutex.make(), Mutex.make())

    @do
    def add(*, checked: bool) -> Any:
        before = yield from data.get()
        yield from data.set(before + 1)
        if checked:
            yield from ensure((yield from data.get()) == before + 1, "somebody else wrote")

    others = (right if mended else wrong).with_lock(add(checked=False))
    yield from together(right.with_lock(add(checked=True)), *(others for _ in range(n)))


@do
def lazy(*, mended: bool) -> Any:
    """SCTBench lazy01: the third one does not expect both others to be done."""
    data, lock = yield from made(Ref.make(0), Mutex.make())

    @do
    def check() -> Any:
        yield from ensure(mended or (yield from data.get()) < 3, "both were faster")

    adders = [lock.with_lock(data.update(lambda n, by=by: n + by)) for by in (1, 2)]
    yield from together(*adders, lock.with_lock(check()))


@do
def stack(*, mended: bool) -> Any:
    """SCTBench stack: a flag says that there is something, and is not taken back with the last item."""
    size, flag, lock = yield from made(Ref.make(0), Ref.make(False), Mutex.make())

    @do
    def push() -> Any:
        yield from size.update(lambda n: n + 1)
        yield from flag.set(True)

    @do
    def pop() -> Any:
        if (yield from flag.get()):
            left = yield from size.update_and_get(lambda n: n - 1)
            yield from ensure(left >= 0, "taken from an empty stack")
            if mended and left == 0:
                yield from flag.set(False)

    @do
    def twice(action: Any) -> Any:
        yield from lock.with_lock(action())
        yield from lock.with_lock(action())

    yield from together(twice(push), twice(pop))


@do
def carter(*, mended: bool) -> Any:
    """SCTBench carter01: who waits for the inner lock holds the outer one, which its holder needs to let go."""
    outer, inner = yield from made(Semaphore.make(1), Semaphore.make(1))

    @do
    def first() -> Any:
        yield from outer.acquire()
        yield from inner.acquire()
        yield from outer.release()
        yield from outer.acquire()
        yield from inner.release()
        yield from outer.release()

    @do
    def second() -> Any:
        for sem in (inner, outer) if mended else (outer, inner):
            yield from sem.acquire()
        for sem in (outer, inner):
            yield from sem.release()

    @do
    def mended_first() -> Any:
        yield from inner.acquire()
        yield from outer.acquire()
        yield from outer.release()
        yield from inner.release()

    yield from together(mended_first() if mended else first(), second())


@do
def barrier_reuse(*, mended: bool) -> Any:
    """A barrier that is used twice with one gate; mended, each round has its own."""
    arrived, first, second = yield from made(Ref.make(0), Deferred.make(), Deferred.make())
    (done,) = yield from made(Ref.make((0, 0)))

    @do
    def meet(round_: int) -> Any:
        gate = second if mended and round_ else first
        if (yield from arrived.update_and_get(lambda n: n + 1)) % 2 == 0:
            yield from gate.complete(None)
        yield from gate.get()

    @do
    def work(me: int) -> Any:
        for round_ in range(2):
            rounds = yield from done.update_and_get(lambda known: (known[0] + (not me), known[1] + me))
            yield from ensure(abs(rounds[0] - rounds[1]) <= 1, "one is a round ahead")
            yield from meet(round_)
        ended = yield from done.get()
        yield from ensure(ended == (2, 2), "somebody left the second round before the other had come")

    yield from together(work(0), work(1))


@do
def lost_wakeup(*, mended: bool) -> Any:
    """Who looks and then goes to wait can be told in between (the lost wake-up of a naive `retry`)."""
    ready, waiting = yield from made(Ref.make(False), Ref.make(None))

    @do
    def wait() -> Any:
        if mended:
            yield from ready.wait_until(bool)
        elif not (yield from ready.get()):
            mine: Any = yield from Deferred.make()
            yield from waiting.set(mine)
            yield from mine.get()

    @do
    def tell() -> Any:
        yield from ready.set(True)
        other = yield from waiting.get()
        yield from (pure(None) if other is None else other.complete(None))

    yield from together(wait(), tell())


def bug(name: str, program: Any, *args: Any) -> Bug:
    return Bug(name, broken=partial(program, *args, mended=False), mended=partial(program, *args, mended=True))


BUGS = (
    bug("AB-BA", lock_order),
    bug("philosophers(3)", philosophers, 3),
    bug("philosophers(5)", philosophers, 5),
    bug("double-checked init", double_checked),
    bug("cache stampede", stampede, 2),
    bug("ticket lock", ticket_lock),
    bug("bounded buffer, notify(1)", bounded_buffer, 2, 2),
    bug("readers and writers", readers_writer),
    bug("CS.twostage(2)", two_stage, 2),
    bug("CS.wronglock(2)", wrong_lock, 2),
    bug("CS.wronglock_3", wrong_lock, 3),
    bug("CS.lazy01", lazy),
    bug("CS.stack", stack),
    bug("CS.carter01", carter),
    bug("barrier reuse", barrier_reuse),
    bug("lost wake-up", lost_wakeup),
)
