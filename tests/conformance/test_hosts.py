"""What a foreign coroutine may rely on inside a fiber, and what it cannot do to the run."""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import anyio
import pytest
import sniffio

from effio import (
    IO,
    CancelScope,
    VirtualClock,
    cancel_scope,
    collect,
    delay,
    fail,
    from_async,
    never,
    par_collect,
    par_zip,
    run,
    run_exit,
    sleep,
)
from tests.conformance.support import (
    ASYNCIO,
    TICK,
    UVLOOP,
    Backend,
    Journal,
    cause_of,
    current_task,
    forever,
    nap,
    rest,
    value_of,
)


def test_asyncio_timeout_inside_a_coroutine(on_asyncio: Backend) -> None:
    """A timeout of asyncio inside a coroutine fires, is a typed failure of it, and harms nothing."""

    async def limited() -> None:
        async with asyncio.timeout(TICK):
            await forever()

    program = from_async(limited).either().zip(from_async(nap, 1)).zip(rest(1))
    (outcome, _), _ = value_of(on_asyncio.run(program))

    assert isinstance(outcome.failure(), TimeoutError)


def test_asyncio_task_group_inside_a_coroutine(on_asyncio: Backend) -> None:
    """A task group of asyncio inside a coroutine works, and a cancel of the fiber reaches its tasks."""
    journal = Journal()

    async def napping(name: str, ticks: float) -> None:
        try:
            await nap(ticks)
            journal.append(f"{name} ended")
        finally:
            journal.append(f"{name} closed")

    async def grouped(ticks: float) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(napping("first", ticks))
            group.create_task(napping("second", ticks))

    value_of(on_asyncio.run(from_async(grouped, 1)))
    assert sorted(journal) == ["first closed", "first ended", "second closed", "second ended"]

    journal.clear()
    value_of(on_asyncio.run(from_async(grouped, 200).move_on_after(2 * TICK)))
    assert sorted(journal) == ["first closed", "second closed"]


def test_anyio_inside_a_coroutine(foreign: Backend) -> None:
    """Scopes and task groups of anyio work inside a coroutine, and a cancel of the fiber goes through them."""
    journal = Journal()

    async def with_anyio() -> str:
        assert sniffio.current_async_library() in {"asyncio", "trio"}
        with anyio.move_on_after(TICK) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, TICK)
            group.start_soon(anyio.sleep, 2 * TICK)
        return "done"

    async def stuck() -> None:
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.sleep_forever)
        finally:
            journal.append("closed")

    assert value_of(foreign.run(from_async(with_anyio).then(rest(1)).then(from_async(with_anyio)))) == "done"
    assert value_of(foreign.run(from_async(stuck).move_on_after(2 * TICK))) is None
    assert journal == ["closed"]


SCOPES: dict[str, Any] = {
    "asyncio.timeout": lambda: asyncio.timeout(3),
    "asyncio.TaskGroup": asyncio.TaskGroup,
    "anyio.create_task_group": anyio.create_task_group,
}


@pytest.mark.parametrize("name", SCOPES)
def test_context_manager_entered_and_left_by_different_coroutines(on_asyncio: Backend, name: str) -> None:
    """What one coroutine of a fiber enters another one leaves, with waits of all kinds in between."""
    opened: list[AbstractAsyncContextManager[Any]] = []

    async def enter() -> None:
        opened.append(SCOPES[name]())
        await opened[0].__aenter__()

    async def leave() -> None:
        await opened[0].__aexit__(None, None, None)

    program = from_async(enter).then(rest(1)).then(from_async(nap, 1)).then(from_async(leave))

    value_of(on_asyncio.run(program.zip(from_async(nap, 1))))


def test_timeout_entered_by_one_coroutine_cuts_the_next(on_asyncio: Backend) -> None:
    """A timeout of asyncio that is held open across coroutines of a fiber fires inside a later one."""
    stack = AsyncExitStack()

    async def enter() -> None:
        await stack.enter_async_context(asyncio.timeout(2 * TICK))

    async def cut() -> str:
        try:
            await forever()
        except asyncio.CancelledError as error:
            if await stack.__aexit__(type(error), error, error.__traceback__):
                return "swallowed"
            raise
        return "not cut"

    cause = cause_of(on_asyncio.run(from_async(enter).then(from_async(cut))))

    assert isinstance(cause.failures()[0], TimeoutError)


def test_coroutines_of_one_fiber_run_in_one_task(foreign: Backend) -> None:
    """Every coroutine of a fiber sees the same task, whatever the fiber waited for meanwhile."""

    async def task() -> object:
        return current_task()

    program = collect([from_async(task), rest(1).then(from_async(task)), from_async(task)])
    first, second = value_of(foreign.run(par_zip(program, program)))

    assert len(set(map(id, first))) == len(set(map(id, second))) == 1
    assert first[0] is not second[0]


# -- Coroutines that resist ----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [ASYNCIO, UVLOOP], ids=lambda backend: str(backend.name))
def test_coroutine_that_refuses_its_cancel_is_not_hammered(backend: Backend) -> None:
    """A coroutine that refuses for 0.3 s is cancelled some ten times, not thousands, and waited for."""
    cancels: list[str] = []

    async def refusing() -> str:
        work = asyncio.ensure_future(asyncio.sleep(0.3))
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                cancels.append("refused")
        return "ended"

    assert value_of(backend.run(from_async(refusing).fail_after(TICK))) == "ended"
    assert 1 <= len(cancels) <= 30


def test_coroutine_that_waits_in_its_cleanup_is_not_cut_short_at_once(on_asyncio: Backend) -> None:
    """A coroutine that counts the cancels of its task finds that somebody asked."""
    counts: list[int] = []

    async def looking() -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await forever()
        finally:
            counts.append(task.cancelling())

    value_of(on_asyncio.run(from_async(looking).move_on_after(TICK).zip(from_async(nap, 1))))

    assert counts == [1]


def test_cancel_of_a_coroutine_is_taken_back_when_it_has_ended(on_asyncio: Backend) -> None:
    """The next coroutine of the fiber runs in a task that nobody wants to cancel."""

    async def count() -> int:
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    program = from_async(forever).move_on_after(TICK).then(from_async(count))

    assert value_of(on_asyncio.run(program)) == 0


def test_cancel_before_the_first_step_of_a_coroutine(foreign: Backend) -> None:
    """A coroutine that was cancelled before it began leaves no coroutine that was never awaited."""
    journal = Journal()

    async def never_begun() -> None:
        journal.append("begun")
        await forever()

    def body(scope: CancelScope) -> IO[Any, Any]:
        return par_zip(from_async(never_begun).ensuring(journal.note("closed")), scope.cancel())

    assert value_of(foreign.run(cancel_scope(body))) is None
    assert journal[-1] == "closed"


def test_tasks_survive_the_garbage_collector(foreign: Backend) -> None:
    """A fiber whose coroutine nobody else refers to is not collected while it waits."""
    program = par_collect([from_async(nap, 3), rest(1).then(delay(gc.collect))]).as_value("ended")

    assert value_of(foreign.run(program)) == "ended"


# -- Order and errors ----------------------------------------------------------------------------------------


def test_equal_deadlines_fire_in_order(backend: Backend) -> None:
    """A hundred sleepers of the same length wake in the order in which they went to sleep."""
    woken: list[int] = []

    def sleeper(number: int) -> IO[None]:
        return rest(2).map(lambda _: woken.append(number))

    value_of(backend.run(par_collect([sleeper(number) for number in range(100)])))

    assert woken == list(range(100))


def test_fibers_start_in_order(backend: Backend) -> None:
    """Children begin in the order in which they were forked."""
    journal = Journal()

    value_of(backend.run(par_collect([journal.note(str(number)) for number in range(8)])))

    assert journal == list("01234567")


def test_one_error_raised_many_times_does_not_grow() -> None:
    """The traceback of an error that fifty runs raise again does not get longer."""
    error = ValueError("once")
    lengths: list[int] = []
    for _ in range(50):
        with pytest.raises(ValueError, match="once") as raised:
            run(fail(error))
        lengths.append(len(traceback.extract_tb(raised.value.__traceback__)))

    assert lengths[0] == lengths[-1]


async def busy() -> None:
    time.sleep(0.001)


def failing() -> Awaitable[None]:
    time.sleep(0.001)
    raise ValueError("before there is a coroutine")


@pytest.mark.parametrize(
    "step",
    [delay(time.sleep, 0.001), from_async(busy), from_async(failing).or_else_succeed(None)],
    ids=["call", "leaf", "failing leaf"],
)
def test_foreign_tasks_get_their_turn(step: IO[None]) -> None:
    """A fiber that never waits lets the other tasks of its loop run every ten milliseconds or so."""
    turns: list[int] = []

    async def foreign_task() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def host() -> None:
        task = asyncio.create_task(foreign_task())
        await collect([step] * 30)
        task.cancel()

    asyncio.run(host())

    assert len(turns) >= 5


def test_deadlock_is_reported_and_finalizers_run() -> None:
    """A run in which nothing can ever happen ends, names who waits, and closes what was open."""
    journal = Journal()
    exit = run_exit(never.ensuring(journal.note("closed")).named("stuck"), clock=VirtualClock())

    (defect,) = cause_of(exit).defects()
    assert "deadlock" in str(defect)
    assert journal == ["closed"]


def test_timers_of_an_endless_sleep_end_with_the_run(backend: Backend) -> None:
    """An infinite sleep has no timer, and is cancelled as any other wait."""
    assert value_of(backend.run(sleep(float("inf")).move_on_after(TICK))) is None
