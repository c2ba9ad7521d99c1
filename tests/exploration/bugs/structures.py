"""Shared data structures without a lock, or with one that covers too little."""

from __future__ import annotations

from functools import partial
from typing import Any

from effio import Mutex, Ref, collect, do
from tests.exploration.bugs.case import Bug, ensure, made, together


@do
def work_stealing(*, mended: bool) -> Any:
    """CHESS's work-stealing queue: the owner looks at the head before it has lowered the tail; mended, after (Cilk).

    Thieves hold the lock; the owner takes it only when the queue may be empty.
    """
    head, tail, taken = yield from made(Ref.make(0), Ref.make(2), Ref.make(()))
    (lock,) = yield from made(Mutex.make())

    def take(item: int) -> Any:
        return taken.update(lambda items: (*items, item))

    @do
    def steal() -> Any:
        first = yield from head.get()
        yield from head.set(first + 1)
        if first < (yield from tail.get()):
            yield from take(first)
        else:
            yield from head.set(first)

    @do
    def pop_last() -> Any:
        """Nobody steals now: the item at the tail is there or it is not."""
        last = (yield from tail.get()) - 1
        yield from tail.set(last)
        if (yield from head.get()) <= last:
            yield from take(last)
        else:
            yield from tail.set(last + 1)

    @do
    def pop() -> Any:
        last = (yield from tail.get()) - 1
        if mended:
            yield from tail.set(last)
            first = yield from head.get()
        else:
            first = yield from head.get()
            yield from tail.set(last)
        if first <= last:
            yield from take(last)
        else:
            yield from tail.set(last + 1)
            yield from lock.with_lock(pop_last())

    yield from together(collect([pop(), pop()]), lock.with_lock(steal()))
    items = yield from taken.get()
    yield from ensure(sorted(items) == [0, 1], f"taken twice or never: {items}")


@do
def interlocked(*, mended: bool) -> Any:
    """CHESS's queue without a lock: thieves move the head by compare-and-set; for the last item the owner must too."""
    head, tail, taken = yield from made(Ref.make(0), Ref.make(2), Ref.make(()))

    def take(item: int) -> Any:
        return taken.update(lambda items: (*items, item))

    @do
    def steal() -> Any:
        first = yield from head.get()
        if first < (yield from tail.get()) and (yield from head.compare_and_set(first, first + 1)):
            yield from take(first)

    @do
    def pop() -> Any:
        last = (yield from tail.get()) - 1
        yield from tail.set(last)
        first = yield from head.get()
        if first < last:
            yield from take(last)
            return
        if first == last and (not mended or (yield from head.compare_and_set(first, first + 1))):
            yield from take(last)
        yield from tail.set(last + 1)

    yield from together(collect([pop(), pop()]), steal())
    items = yield from taken.get()
    yield from ensure(sorted(items) == [0, 1], f"taken twice or never: {items}")


@do
def read_late(*, mended: bool) -> Any:
    """CHESS's queue in a ring: a thief reads its item when the place is already free for another; mended, before."""
    head, tail = yield from made(Ref.make(0), Ref.make(2))
    ring: list[Any] = yield from made(Ref.make(0), Ref.make(1))

    @do
    def steal() -> Any:
        first = yield from head.get()
        before = yield from ring[first % 2].get()
        if first < (yield from tail.get()) and (yield from head.compare_and_set(first, first + 1)):
            item = before if mended else (yield from ring[first % 2].get())
            yield from ensure(item == first, f"item {item} stolen at {first}")

    @do
    def push() -> Any:
        last = yield from tail.get()
        if last - (yield from head.get()) < 2:
            yield from ring[last % 2].set(last)
            yield from tail.set(last + 1)

    yield from together(steal(), steal(), push())


@do
def string_buffer(*, mended: bool) -> Any:
    """StringBuffer of JDK 1.4: `append` asks the other for its length, then for its characters; mended, at once."""
    mine, other = yield from made(Ref.make(""), Ref.make("text"))

    @do
    def append() -> Any:
        if mended:
            text = yield from other.get()
        else:
            length = len((yield from other.get()))
            text = (yield from other.get())[:length]
            yield from ensure(len(text) == length, "index out of range")
        yield from mine.update(lambda known: known + text)

    yield from together(append(), other.set(""))


def bug(name: str, program: Any, *args: Any) -> Bug:
    return Bug(name, broken=partial(program, *args, mended=False), mended=partial(program, *args, mended=True))


BUGS = (
    bug("CHESS work-stealing queue", work_stealing),
    bug("CHESS interlocked work-stealing queue", interlocked),
    bug("CHESS work-stealing queue in a ring", read_late),
    bug("JDK 1.4 StringBuffer", string_buffer),
)
