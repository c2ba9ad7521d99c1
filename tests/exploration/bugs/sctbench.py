"""Programs of SCTBench with locks and conditions that go wrong by what they leave out, not by an order of accesses."""

from __future__ import annotations

from functools import partial
from typing import Any

from effio import Mutex, Ref, do, unit
from tests.exploration.bugs.case import Bug, ensure, made, together


@do
def change(cell: Any, allowed: Any, by: int) -> Any:
    """Change a number as soon as it is allowed, as under a lock with a condition."""
    while not (yield from cell.modify(lambda n: (True, n + by) if allowed(n) else (False, n))):
        yield from cell.wait_until(allowed)


def put(cell: Any) -> Any:
    """Wait until there is nothing, then put one."""
    return change(cell, lambda n: n <= 0, 1)


def take(cell: Any) -> Any:
    """Wait until there is something, then take one."""
    return change(cell, lambda n: n > 0, -1)


@do
def arithmetic(items: int, *, mended: bool) -> Any:
    """arithmetic_prog: the consumer of numbers adds them up, and the sum is expected to be something else."""
    cell, total = yield from made(Ref.make(0), Ref.make(0))

    @do
    def produce() -> Any:
        for _ in range(items):
            yield from put(cell)

    @do
    def consume() -> Any:
        for number in range(items):
            yield from take(cell)
            yield from total.update(lambda known, number=number: known + number)

    yield from together(produce(), consume())
    right = (yield from total.get()) == sum(range(items))
    yield from ensure(right == mended, "the sum is what it should be")


@do
def crossed_locks(*, mended: bool) -> Any:
    """deadlock01: two threads count under two locks, each taking them in its own order."""
    first, second, count = yield from made(Mutex.make(), Mutex.make(), Ref.make(0))

    def counting(outer: Any, inner: Any) -> Any:
        return outer.with_lock(inner.with_lock(count.update(lambda n: n + 1)))

    yield from together(counting(first, second), counting(first, second) if mended else counting(second, first))


@do
def file_system(blocks: int, *, mended: bool) -> Any:
    """fsbench: one thread more than there are locks for inodes."""
    locks: list[Any] = yield from made(*(Mutex.make() for _ in range(blocks + mended)))
    busy: list[Any] = yield from made(*(Ref.make(False) for _ in range(blocks)))

    @do
    def find_block() -> Any:
        for block in busy:
            if not (yield from block.get_and_set(True)):
                return

    @do
    def open_file(inode: int) -> Any:
        yield from locks[inode].with_lock(find_block())

    yield from together(*map(open_file, range(blocks + 1)))


@do
def phases(*, mended: bool) -> Any:
    """phase01: the first phase ends with its lock held."""
    first, second = yield from made(Mutex.make(), Mutex.make())

    @do
    def work() -> Any:
        yield from first.with_lock(unit)
        yield from first.acquire()
        if mended:
            yield from first.release()
        yield from second.with_lock(unit)
        yield from second.with_lock(unit)

    yield from together(work(), work())


@do
def queue(size: int, *, mended: bool) -> Any:
    """queue: two threads take turns by a flag, and one that comes out of turn counts that as a turn."""
    items, full, lock = yield from made(Ref.make(()), Ref.make(False), Mutex.make())

    @do
    def turn(number: int, *, putting: bool) -> Any:
        if (yield from full.get()) == putting:
            return False
        if putting:
            yield from items.set((number,))
        else:
            (item,) = yield from items.get()
            yield from ensure(item == number, "an item of another turn")
        yield from full.set(putting)
        return True

    @do
    def use(*, putting: bool) -> Any:
        number = 0
        for _ in range(size):
            done = yield from lock.with_lock(turn(number, putting=putting))
            number += done if mended else 1

    yield from together(use(putting=True), use(putting=False))


@do
def nobody_takes(*, mended: bool) -> Any:
    """sync01: the producer waits for room, and the consumer looks without taking anything."""
    (cell,) = yield from made(Ref.make(1))
    consumer = take(cell) if mended else cell.wait_until(lambda n: n > 0)
    yield from together(put(cell), consumer)


@do
def too_much_at_first(items: int, *, mended: bool) -> Any:
    """sync02: there is something already, so the consumer ends before the producer."""
    (cell,) = yield from made(Ref.make(0 if mended else items))

    @do
    def times(one: Any) -> Any:
        for _ in range(items):
            yield from one(cell)

    yield from together(times(put), times(take))


def bug(name: str, program: Any, *args: Any) -> Bug:
    return Bug(name, broken=partial(program, *args, mended=False), mended=partial(program, *args, mended=True))


BUGS = (
    bug("CS.arithmetic_prog(2)", arithmetic, 2),
    bug("CS.deadlock01", crossed_locks),
    bug("CS.fsbench(2)", file_system, 2),
    bug("CS.phase01", phases),
    bug("CS.queue(3)", queue, 3),
    bug("CS.sync01", nobody_takes),
    bug("CS.sync02(2)", too_much_at_first, 2),
)
