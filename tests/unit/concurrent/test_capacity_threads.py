"""A capacity limiter that threads and other runs borrow from, seen from a run in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, Timer
from time import monotonic
from typing import Any

import pytest

from effio import (
    IO,
    CapacityLimiter,
    Semaphore,
    Success,
    VirtualClock,
    from_callback,
    par_collect,
    pure,
    run_exit,
    select,
    to_thread,
    unit,
)
from tests.unit.concurrent.sweep import go

SOON = 0.05


@contextmanager
def held_for_a_while(limiter: CapacityLimiter) -> Iterator[None]:
    """Another thread has the token, and gives it back soon."""
    held, over = Event(), Event()

    def hold() -> None:
        with limiter.held_by_thread():
            held.set()
            over.wait(5)

    thread = Thread(target=hold)
    thread.start()
    held.wait(5)
    Timer(SOON, over.set).start()
    yield
    thread.join(5)


WAITS: dict[str, Callable[[CapacityLimiter], IO[Any]]] = {
    "token": lambda limiter: limiter.with_token(pure("had it")),
    "select": lambda limiter: select(limiter.acquire()).then(limiter.release()).as_value("had it"),
}


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_for_what_a_thread_holds_is_no_deadlock(name: str) -> None:
    """Virtual time stands still until the thread gives its token back."""
    limiter = go(CapacityLimiter.make(1))
    began = monotonic()
    with held_for_a_while(limiter):
        exit: Any = run_exit(WAITS[name](limiter).fail_after(60), clock=VirtualClock())
    assert exit == Success("had it")
    assert monotonic() - began >= SOON / 2
    assert go(limiter.stats()).borrowed == 0


def woken_by(start: Callable[[Callable[[], None]], None]) -> IO[None]:
    """A wait until somebody, in whatever thread, calls what `start` is given."""

    def register(resume: Callable[[IO[None]], None]) -> None:
        start(lambda: resume(unit))

    return from_callback(register)


def test_a_cancelled_wait_for_a_thread_lets_time_go_on() -> None:
    """Afterwards a deadlock is one again, although the thread holds its token still."""
    limiter = go(CapacityLimiter.make(1))
    soon = woken_by(lambda wake: Timer(SOON / 5, wake).start())
    stuck: IO[None] = Semaphore.make(0).flat_map(lambda semaphore: semaphore.acquire())
    with held_for_a_while(limiter):
        exit = run_exit(limiter.acquire().race(soon).then(stuck), clock=VirtualClock())
    assert "Deadlock" in str(exit)


def test_a_wait_for_what_an_abandoned_thread_holds_is_no_deadlock() -> None:
    """The call was let go of, its thread goes on and gives the token back in the end."""
    limiter: CapacityLimiter = go(CapacityLimiter.make(1))
    over, begun = Event(), Event()

    def work() -> None:
        begun.set()
        over.wait(5)

    def tell(wake: Callable[[], None]) -> None:
        begun.wait(5)
        wake()

    begin = woken_by(lambda wake: Thread(target=tell, args=[wake]).start())
    abandoned = to_thread(work, limiter=limiter, abandon=True).race(begin)
    timer = Timer(SOON, over.set)
    timer.start()
    assert run_exit(abandoned.then(limiter.with_token(pure("had it"))), clock=VirtualClock()) == Success("had it")
    timer.join(5)


def test_a_wait_for_what_a_fiber_holds_is_a_deadlock_still() -> None:
    """Nobody out of sight could help."""
    stuck = CapacityLimiter.make(1).flat_map(lambda it: it.acquire(borrower="one").then(it.acquire(borrower="two")))
    assert "Deadlock" in str(run_exit(stuck, clock=VirtualClock()))


def test_who_waits_behind_one_who_waits_for_a_thread_is_patient_too() -> None:
    """Two fibers in the queue behind a thread, of which the second sees only the first."""
    limiter: CapacityLimiter = go(CapacityLimiter.make(1))
    with held_for_a_while(limiter):
        users = par_collect([limiter.with_token(pure(number)) for number in range(2)])
        assert run_exit(users, clock=VirtualClock()) == Success([0, 1])
