"""The counts of the oracle, got from effio's own primitives and the real interpreter."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from effio import IO, Channel, Ref, Semaphore, delay, do, par_collect
from effio.algebra.desugar.signal import Signal
from effio.algebra.primitive import Operation, Pure
from effio.data.touch import Touch
from effio.testing import explore

Fiber = Callable[..., IO[Any, Any]]


@do
def program(makers: list[IO[Any, Any]], fibers: list[Fiber]) -> Any:
    things = []
    for make in makers:
        things.append((yield from make))
    yield from par_collect([fiber(*things) for fiber in fibers])


def steps(*words: Callable[..., IO[Any, Any]]) -> Fiber:
    """A fiber that does one thing after the other."""

    @do
    def run(*things: Any) -> Any:
        for word in words:
            yield from word(*things)

    return run


@do
def read_and_write(x: Any) -> Any:
    value = yield from x.get()
    yield from x.set(value + 1)


@do
def locked(lock: Any, x: Any) -> Any:
    yield from lock.acquire()
    yield from read_and_write(x)
    yield from lock.release()


def lost_update(n: int) -> IO[Any, Any]:
    return program([Ref.make(0)], [read_and_write] * n)


def mutex(n: int) -> IO[Any, Any]:
    return program([Semaphore.make(1)], [steps(lambda lock: lock.acquire(), lambda lock: lock.release())] * n)


def locked_update(n: int) -> IO[Any, Any]:
    return program([Semaphore.make(1), Ref.make(0)], [locked] * n)


def semaphore(n: int, permits: int) -> IO[Any, Any]:
    worker = steps(
        lambda sem, inside: sem.acquire(),
        lambda sem, inside: inside.update(lambda count: count + 1),
        lambda sem, inside: inside.update(lambda count: count - 1),
        lambda sem, inside: sem.release(),
    )
    return program([Semaphore.make(permits), Ref.make(0)], [worker] * n)


def philosophers(n: int, rounds: int = 1) -> IO[Any, Any]:
    def dine(i: int) -> Fiber:
        left, right = i, (i + 1) % n
        once = (
            lambda *forks: forks[left].acquire(),
            lambda *forks: forks[right].acquire(),
            lambda *forks: forks[right].release(),
            lambda *forks: forks[left].release(),
        )
        return steps(*(once * rounds))

    return program([Semaphore.make(1) for _ in range(n)], [dine(i) for i in range(n)])


class Promise:
    """A value that comes once: waiting for it takes nothing away, and to complete it again changes nothing."""

    def __init__(self) -> None:
        self.signal = Signal("a promise", (Touch(self, "await"),))

    def complete(self, value: int) -> IO[Any, Any]:
        return Operation(self.signal.fire, self.touches, (Pure(value),))

    def touches(self) -> tuple[Touch, ...]:
        return (Touch(self, "read" if self.signal.fired else "write"),)


def race_deferred(n: int) -> IO[Any, Any]:
    fibers: list[Fiber] = [lambda it, i=i: it.complete(i) for i in range(n)]
    return program([delay(Promise)], [*fibers, lambda it: it.signal.wait()])


def producers(count: int, items: int, capacity: float) -> IO[Any, Any]:
    producer = steps(*([lambda channel: channel.send(None)] * items))
    consumer = steps(*([lambda channel: channel.receive()] * (items * count)))
    return program([Channel.make(capacity)], [producer] * count + [consumer])


def readers(n: int) -> IO[Any, Any]:
    return program([Ref.make(0)], [lambda x: x.set(1)] + [lambda x: x.get()] * n)


def same_write(n: int, k: int) -> IO[Any, Any]:
    return program([Ref.make(0)], [steps(*([lambda x: x.set(1)] * k))] * n)


def independent(n: int, k: int) -> IO[Any, Any]:
    fibers = [steps(*([lambda *refs, i=i: refs[i].set(1)] * k)) for i in range(n)]
    return program([Ref.make(0) for _ in range(n)], fibers)


COUNTS: list[tuple[str, IO[Any, Any], int]] = [
    ("indep(3,2)", independent(3, 2), 1),
    ("same_write(2,2)", same_write(2, 2), 6),
    ("same_write(3,2)", same_write(3, 2), 90),
    ("readers(5)", readers(5), 32),
    ("lost_update(2)", lost_update(2), 4),
    ("lost_update(3)", lost_update(3), 36),
    ("mutex(3)", mutex(3), 6),
    ("locked_update(2)", locked_update(2), 2),
    ("locked_update(3)", locked_update(3), 6),
    ("semaphore(3,2)", semaphore(3, 2), 360),
    ("philosophers(2)", philosophers(2), 3),
    ("philosophers(3)", philosophers(3), 7),
    ("philosophers(5)", philosophers(5), 31),
    ("philosophers(2,2)", philosophers(2, 2), 11),
    ("race_deferred(2)", race_deferred(2), 2),
    ("race_deferred(3)", race_deferred(3), 3),
    *((f"spsc(3,{capacity})", producers(1, 3, capacity), 1) for capacity in (inf, 1, 0)),
    *((f"mpsc(2x2,{capacity})", producers(2, 2, capacity), 6) for capacity in (inf, 1)),
]


@pytest.mark.parametrize(("program", "count"), [case[1:] for case in COUNTS], ids=[case[0] for case in COUNTS])
def test_count_is_that_of_the_oracle(program: IO[Any, Any], count: int) -> None:
    """A program written in effio's primitives has as many schedules as the oracle says, all of them are run."""
    exploration = explore(program, lambda exit: True, stop_on_first=False, sampling=0)
    assert (exploration.schedules, exploration.exhaustive) == (count, True)


def test_no_run_is_wasted_on_locks() -> None:
    """Waiting for a lock is queueing for it, so no schedule is begun and given up."""
    assert explore(philosophers(3), lambda exit: True, sampling=0).stats.redundant == 0
