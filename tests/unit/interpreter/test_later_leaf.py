"""What a coroutine does that is not the first one of its fiber: it begins in the task that the first one got."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable
from typing import Any

import pytest

from effio import IO, Failure, Success, from_async, pure, run_async_exit, run_exit, sleep
from effio.cause import Die, Fail


async def first() -> None:
    await asyncio.sleep(0)


def after_another(program: IO[Any, Any]) -> IO[Any, Any]:
    """The program in a fiber that has a task already."""
    return from_async(first).then(program)


def test_function_that_raises_before_there_is_a_coroutine() -> None:
    """What it raises is its failure, as if the coroutine had raised it."""
    error = OSError("no route")

    def connect() -> Awaitable[None]:
        raise error

    assert run_exit(after_another(from_async(connect))) == Failure(Fail(error))


def test_function_that_gives_a_future() -> None:
    """Whatever can be awaited is awaited, not coroutines alone."""

    def soon() -> Awaitable[str]:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, "done")
        return future

    assert run_exit(after_another(from_async(soon))) == Success("done")


def test_coroutine_that_ends_at_once() -> None:
    """It gives its value, or its failure, without a turn of the loop in between."""

    async def quick(value: int) -> int:
        if value < 0:
            raise ValueError(value)
        return value

    assert run_exit(after_another(from_async(quick, 1).zip(from_async(quick, 2)))) == Success((1, 2))
    assert run_exit(after_another(from_async(quick, -1).or_else_succeed(7))) == Success(7)


@pytest.mark.parametrize("waits", [False, True])
def test_coroutine_that_raises_the_signal_of_closing(waits: bool) -> None:
    """A GeneratorExit of its own is a defect like any other, and the next coroutine runs in the same task."""
    tasks: set[object] = set()

    async def closes() -> None:
        tasks.add(asyncio.current_task())
        if waits:
            await asyncio.sleep(0)
        raise GeneratorExit

    async def later() -> None:
        tasks.add(asyncio.current_task())
        await asyncio.sleep(0)
        tasks.add(asyncio.current_task())

    assert run_exit(after_another(from_async(closes).ensuring(from_async(later).or_die()))) == Failure(
        Die(GeneratorExit())
    )
    assert len(tasks) == 1


def test_cancel_of_nobody_is_a_bug_of_the_coroutine() -> None:
    """A CancelledError that nobody asked for is a defect, also where nothing was awaited."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    (defect,) = run_exit(after_another(from_async(cancelled))).failure().leaves()
    assert isinstance(defect, Die)
    assert "cancelled" in str(defect.exception)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_loop_is_closed_while_a_coroutine_waits(turns: int) -> None:
    """A coroutine whose loop goes away is destroyed without a complaint, its own `finally` done."""
    journal: list[str] = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            journal.append("closed")

    loop = asyncio.new_event_loop()
    task = loop.create_task(run_async_exit(after_another(from_async(waiting)).zip(sleep(60).then(pure(1)))))
    for _ in range(turns):
        loop.run_until_complete(asyncio.sleep(0.001))
    for left in asyncio.all_tasks(loop):
        left.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()
    gc.collect()
    assert task.cancelled()
    assert journal == ["closed"]
