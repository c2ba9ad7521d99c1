"""Section E: virtual time jumps when everything waits, and stands still while anything foreign is under way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from effio import (
    IO,
    VirtualClock,
    collect,
    from_async,
    from_callback,
    par_collect,
    par_zip,
    pure,
    run_exit,
    sleep,
    task_group,
    yield_now,
)
from effio.testing import wait_all_blocked
from tests.conformance.support import TICK, VIRTUAL, Backend, Journal, clocked, nap, rest, value_of


def test_b68_autojump(exact: Backend) -> None:
    """Sleeps of 450 s, alone and side by side, take no real time, and the clock shows what they say."""
    sleeps = [sleep(seconds) for seconds in (100, 200, 150)]
    began = time.perf_counter()

    _, one_by_one = value_of(exact.run(clocked(collect(sleeps))))
    _, together = value_of(exact.run(clocked(par_collect(sleeps))))

    assert (one_by_one * TICK, together * TICK) == (450, 200)
    assert time.perf_counter() - began < 1


def test_b69_no_jump_while_a_coroutine_is_in_flight() -> None:
    """A timeout does not fire because virtual time jumped over the coroutine that it limits."""
    program = from_async(nap, 3).as_value("done").fail_after(3600)

    assert value_of(VIRTUAL.run(program)) == "done"


def test_b69_no_jump_while_a_thread_is_in_flight() -> None:
    """The same for a callback that a thread will make."""

    def answer_from_a_thread(resume: Callable[[IO[str]], None]) -> None:
        threading.Timer(3 * TICK, resume, [pure("answered")]).start()

    program: IO[str] = from_callback(answer_from_a_thread)

    assert value_of(VIRTUAL.run(program.fail_after(3600))) == "answered"


def test_b69_jumps_go_on_when_the_coroutine_has_ended() -> None:
    """An hour of sleep around a coroutine takes no hour."""
    clock = VirtualClock()
    program = sleep(1800).then(from_async(nap, 1)).then(sleep(1800))

    value_of(run_exit(program, clock=clock))

    assert 3600 <= clock.now() < 3601


def test_sleeper_beside_a_coroutine_waits_as_long_as_it_says() -> None:
    """A timer fires while a coroutine still waits, after that much real time."""
    over = asyncio.Event()
    waiting = from_async(over.wait)
    began = time.monotonic()

    value_of(VIRTUAL.run(par_collect([waiting, sleep(TICK).map(lambda _: over.set())])))

    assert time.monotonic() - began > 0.9 * TICK


def test_b70_wait_all_blocked(backend: Backend) -> None:
    """It ends when every other fiber waits, two of them together, and before a sleep does."""
    journal = Journal()
    busy = yield_now.then(yield_now).then(yield_now).then(journal.note("waits now")).then(rest(100))
    program = task_group(
        lambda group: (
            collect(
                [
                    group.fork(wait_all_blocked().then(journal.note("first"))),
                    group.fork(busy.then(journal.note("slept"))),
                    wait_all_blocked().then(journal.note("second")),
                ]
            )
            .then(rest(1))
            .then(group.cancel())
        )
    )

    value_of(backend.run(program))

    assert sorted(journal) == ["first", "second", "waits now"]
    assert journal[0] == "waits now"


def test_b70_cancelled_wait_is_forgotten(backend: Backend) -> None:
    """A cancel ends the wait, and nothing of it is left to be woken."""
    busy = collect([yield_now] * 100)

    assert value_of(backend.run(par_zip(wait_all_blocked().move_on_after(0), busy)))[0] is None
