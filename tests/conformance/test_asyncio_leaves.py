"""Foreign coroutines of asyncio that clean up, give way, leave cancels behind, or are no coroutines at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from effio import IO, fail, from_async, run_async, sleep
from tests.conformance.support import (
    TICK,
    Backend,
    Journal,
    cause_of,
    current_task,
    forever,
    nap,
    rest,
    value_of,
)


def cut(io: IO[Any, Any]) -> IO[Any, Any]:
    """Cancel after a tick."""
    return io.move_on_after(TICK)


def test_cleanup_of_a_coroutine_completes(on_asyncio: Backend) -> None:
    """What a cancelled coroutine awaits in its `finally`, and in its context managers, is not cancelled again."""
    journal = Journal()

    class Transaction:
        async def __aenter__(self) -> None: ...

        async def __aexit__(self, *told: object) -> None:
            await nap(2)
            journal.append("rolled back")

    async def working() -> None:
        try:
            async with Transaction():
                await forever()
        finally:
            await nap(2)
            journal.append("closed")

    assert value_of(on_asyncio.run(cut(from_async(working)))) is None
    assert journal == ["rolled back", "closed"]


def test_cleanup_may_answer_the_cancel(on_asyncio: Backend) -> None:
    """A coroutine that awaits in its `except` block and then gives a value has given it."""

    async def saving() -> str:
        try:
            await forever()
        except asyncio.CancelledError:
            await nap(2)
        return "saved"

    assert value_of(on_asyncio.run(cut(from_async(saving)))) == "saved"


def test_coroutine_that_goes_on_after_its_cleanup_is_cancelled_again(on_asyncio: Backend) -> None:
    """Peace lasts as long as the CancelledError: what the coroutine awaits after it has swallowed that is cut."""
    journal = Journal()

    async def going_on() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            await nap(1)
            journal.append("cleaned up")
        await forever()

    assert value_of(on_asyncio.run(cut(from_async(going_on)))) is None
    assert journal == ["cleaned up"]


def test_coroutine_that_handles_its_own_timeout_is_cancelled(on_asyncio: Backend) -> None:
    """What it awaits because an `asyncio.timeout` inside has passed is cut: nobody's cancel is left by then."""

    async def falling_back() -> None:
        try:
            async with asyncio.timeout(0):
                await forever()
        except TimeoutError:
            await forever()

    assert value_of(on_asyncio.run(cut(from_async(falling_back)))) is None


def test_coroutine_that_only_gives_way_can_be_cancelled(on_asyncio: Backend) -> None:
    """An endless loop around `sleep(0)` ends at its timeout, also if it swallows the first cancel."""
    swallowed: list[int] = []

    async def polling() -> None:
        while True:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                swallowed.append(1)
                if len(swallowed) == 2:
                    raise

    assert value_of(on_asyncio.run(cut(from_async(polling)))) is None
    assert swallowed == [1, 1]


def test_failure_of_an_inner_run_leaves_no_cancel_behind(on_asyncio: Backend) -> None:
    """A run inside a coroutine that fails while it is cancelled does not cut the finalizer of the program around it."""
    journal = Journal()

    async def inner() -> None:
        await run_async(sleep(60).ensuring(fail(KeyError("inner"))))

    async def closing() -> None:
        await nap(1)
        journal.append("closed")

    cause = cause_of(on_asyncio.run(cut(from_async(inner).ensuring(from_async(closing)))))

    assert [type(error) for error in cause.failures()] == [KeyError]
    assert not cause.defects()
    assert journal == ["closed"]


def test_cancel_that_a_coroutine_has_swallowed_is_forgotten(on_asyncio: Backend) -> None:
    """A home-made timeout, which cancels its task and does not take that back, harms no later timeout of the fiber."""

    async def home_made() -> str:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(TICK, task.cancel)
        try:
            await forever()
        except asyncio.CancelledError:
            return "too late"
        return "in time"

    program = from_async(home_made).zip(cut(from_async(forever))).zip(rest(1).as_value("went on"))

    assert value_of(on_asyncio.run(program)) == (("too late", None), "went on")


@pytest.mark.parametrize("before", [rest(0), from_async(nap, 0)], ids=["first", "later"])
def test_function_that_is_no_coroutine_function_is_called_once(foreign: Backend, before: IO[None]) -> None:
    """Its effect happens, and the error names it and says what to use instead."""
    calls: list[object] = []

    def plain() -> Any:
        calls.append(current_task())

    cause = cause_of(foreign.run(before.then(from_async(plain))))

    (error,) = cause.failures()
    assert len(calls) == 1
    assert "plain' gave None" in str(error)
    assert "to_thread" in error.__notes__[0]


def after_a_tick(result: Callable[[asyncio.Future[str]], object]) -> asyncio.Future[str]:
    """A future that is resolved later."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[str] = loop.create_future()
    loop.call_later(TICK, result, future)
    return future


def test_future_is_awaited_like_a_coroutine(on_asyncio: Backend) -> None:
    """A function may give any awaitable, as first coroutine of its fiber and later."""
    leaf = from_async(after_a_tick, lambda future: future.set_result("here"))

    assert value_of(on_asyncio.run(leaf.zip(leaf))) == ("here", "here")
