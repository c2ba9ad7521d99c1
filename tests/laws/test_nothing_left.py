"""After a run nothing of it is left, whatever failed or was cancelled: not in its loop, its process or its memory."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from effio import VirtualClock, run_async_exit
from effio.interpreter.fiber import Fiber
from effio.interpreter.scope import Region
from effio.testing import program_strategies
from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.injection import (
    cancelled_at_each_action,
    cancelled_at_each_instant,
    failing_after_each_action,
    failing_in_each_finalizer,
    marked,
)
from effio.testing.observation import Log
from effio.testing.program_strategies import any_size

Variations = Callable[[p.Program], Iterator[p.Program]]

INJECTIONS: dict[str, Variations] = {
    "a failure after each action": lambda program: failing_after_each_action(program, p.Fail("injected")),
    "a bug after each action": lambda program: failing_after_each_action(program, p.Die("injected")),
    "a cancel at each action": cancelled_at_each_action,
    "a timeout at each instant": lambda program: cancelled_at_each_instant(program, 4),
    "a failure in each finalizer": lambda program: failing_in_each_finalizer(program, p.Fail("injected")),
}

injections = st.sampled_from(list(INJECTIONS)).map(INJECTIONS.__getitem__)
some = settings(any_size, max_examples=max(20, settings().max_examples // 4))


# -- In the loop and the process -----------------------------------------------------------------------------


@attrs.frozen
class Held:
    """What a process and its loop hold, as seen from the task of a host."""

    tasks: frozenset[str]
    callbacks: int
    timers: int
    cancels: int
    threads: int
    descriptors: int


def held() -> Held:
    """Look at the running loop."""
    loop: Any = asyncio.get_running_loop()
    own = asyncio.current_task()
    assert own is not None
    return Held(
        tasks=frozenset(task.get_name() for task in asyncio.all_tasks() if task is not own),
        callbacks=sum(not handle.cancelled() for handle in loop._ready),
        timers=sum(not timer.cancelled() for timer in loop._scheduled),
        cancels=own.cancelling(),
        threads=threading.active_count(),
        descriptors=len(os.listdir("/dev/fd")),
    )


async def run_in_virtual_time(program: p.Program) -> bool:
    """Run beside the calling task; whether it could not go on, so that its fibers never end."""
    clock = VirtualClock()
    exit = await run_async_exit(to_io(program, Log(clock.now)), clock=clock)
    return "Deadlock" in repr(exit)


@some
@given(program=program_strategies.programs.map(marked), injection=injections)
def test_nothing_is_left_in_the_loop(program: p.Program, injection: Variations) -> None:
    """The host's task is alone again: no task, callback, timer, thread or descriptor more, and no cancel counted."""

    async def host() -> None:
        before = held()
        for variation in (program, *injection(program)):
            await run_in_virtual_time(variation)
            assert held() == before, variation

    asyncio.run(host())


@some
@given(program=program_strategies.programs.map(marked), turns=st.integers(0, 6), cancels=st.integers(1, 3))
def test_nothing_is_left_when_the_host_is_cancelled(program: p.Program, turns: int, cancels: int) -> None:
    """The host's task is cancelled as often as somebody asked, and nothing of the program is left."""

    async def host() -> None:
        before = held()
        task = asyncio.create_task(run_in_virtual_time(program))
        for turn in range(turns + cancels):
            if turn >= turns:
                task.cancel()
            await asyncio.sleep(0)
        asked = task.cancelling()
        await ended(task)
        assert task.cancelling() == asked
        assert task.cancelled() == (asked > 0)
        assert held() == before

    asyncio.run(host())


async def ended(awaitable: Awaitable[object]) -> None:
    """Wait for a task that may have been cancelled, and a turn more for its callbacks."""
    await asyncio.wait([asyncio.ensure_future(awaitable)])
    await asyncio.sleep(0)


# -- In memory -----------------------------------------------------------------------------------------------


@contextmanager
def no_collector() -> Iterator[None]:
    """Switch the collector of cycles off, and set apart for good what is alive."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def remains() -> list[object]:
    """The bugs, regions and fibers that are alive, but for main fibers, which the collector may find later."""
    found = [part for part in gc.get_objects() if isinstance(part, (Region, p.Bug))]
    return [part for part in found if not (isinstance(part, Fiber) and part.family is None)]


@some
@given(program=program_strategies.programs.map(marked), injection=injections)
def test_no_cycle_keeps_what_ran_alive(program: p.Program, injection: Variations) -> None:
    """With the collector off, scopes, children, what they held and what they raised are gone with the run."""

    async def host() -> None:
        for variation in (program, *injection(program)):
            stuck = await run_in_virtual_time(variation)
            if stuck:
                gc.collect()
            assert remains() == [], variation

    with no_collector():
        asyncio.run(host())
