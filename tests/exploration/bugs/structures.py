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


@do
def safe_stack(fibers: int, *, mended: bool) -> Any:
    """Vyukov's safe stack: `pop` marks the entry that it takes, and yet two fibers can own one, after five preemptions.

    Mended, popping and pushing are one step each.
    """
    head, count = yield from made(Ref.make(0), Ref.make(fibers))
    following = yield from made(*(Ref.make(index + 1 if index + 1 < fibers else -1) for index in range(fibers)))
    owners = yield from made(*(Ref.make(None) for _ in range(fibers)))

    @do
    def pop() -> Any:
        for _ in range(2):
            if (yield from count.get()) <= 1:
                return -1
            first = yield from head.get()
            below = yield from following[first].get_and_set(-1)
            if below >= 0:
                if (yield from head.compare_and_set(first, below)):
                    yield from count.update(lambda n: n - 1)
                    return first
                yield from following[first].set(below)
        return -1

    @do
    def push(index: int) -> Any:
        first = yield from head.get()
        yield from following[index].set(first)
        while not (yield from head.compare_and_set(first, index)):
            first = yield from head.get()
            yield from following[index].set(first)
        yield from count.update(lambda n: n + 1)

    @do
    def work() -> Any:
        for _ in range(2):
            index = yield from pop()
            if index < 0:
                return
            alone = yield from owners[index].compare_and_set(None, "somebody")
            yield from ensure(alone, "two own one entry")
            yield from owners[index].set(None)
            yield from push(index)

    @do
    def work_at_once() -> Any:
        for _ in range(2):
            index = yield from head.get_and_update(lambda first: min(first + 1, fibers))
            if index < fibers:
                yield from head.update(lambda first: first - 1)

    yield from together(*((work_at_once() if mended else work()) for _ in range(fibers)))


def bug(name: str, program: Any, *args: Any) -> Bug:
    return Bug(name, broken=partial(program, *args, mended=False), mended=partial(program, *args, mended=True))


BUGS = (
    bug("CHESS work-stealing queue", work_stealing),
    bug("JDK 1.4 StringBuffer", string_buffer),
)
