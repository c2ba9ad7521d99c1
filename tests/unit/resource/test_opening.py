"""`async with resource.open()`: a resource held by a coroutine of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import pytest
from returns.result import Failure, Success

from effio import IO, Exit, Pool, Resource, delay, fail, from_async, never, run, sleep, unit
from effio.cause import Cancelled, Fail

Log = list[Any]


def noted(log: Log, *, opening: IO[Any, Any] = unit, closing: IO[Any, Any] = unit) -> Resource[str, Any]:
    """A resource that notes what happens to it, and how its use ended."""
    acquire = delay(log.append, "opening").then(opening).then(delay(log.append, "open")).as_value("door")

    def release(value: str, exit: Exit[Any, Any]) -> IO[None, Any]:
        return closing.then(delay(log.append, exit))

    return Resource.make(acquire, release)


def test_block_has_the_value_between_acquisition_and_release() -> None:
    """The block is given the value, and the release is shown that it ended well."""
    log: Log = []

    async def hold() -> None:
        async with noted(log).open() as value:
            log.append(value)

    asyncio.run(hold())
    assert log == ["opening", "open", "door", Success(None)]


def test_exception_of_the_block_is_shown_to_the_release_and_goes_on() -> None:
    """What the block raises is the same object outside of it."""
    log: Log = []
    error = KeyError("lamp")

    async def hold() -> None:
        async with noted(log, closing=sleep(0.001)).open():
            raise error

    with pytest.raises(KeyError) as raised:
        asyncio.run(hold())
    assert raised.value is error
    assert log[2:] == [Failure(Fail(error))]


def test_acquisition_that_fails_is_raised() -> None:
    """The block is not entered, and there is nothing to release."""
    log: Log = []

    async def hold() -> None:
        async with noted(log, opening=fail(OSError("locked"))).open():
            log.append("inside")

    with pytest.raises(OSError, match="locked"):
        asyncio.run(hold())
    assert log == ["opening"]


def test_release_that_fails_is_raised_after_what_the_block_raised() -> None:
    """The failure of the release is raised, with the one of the block as its context."""

    async def hold() -> None:
        async with noted([], closing=fail(OSError("jammed"))).open():
            raise KeyError("lamp")

    with pytest.raises(OSError, match="jammed") as raised:
        asyncio.run(hold())
    assert isinstance(raised.value.__context__, KeyError)


def test_cancel_of_the_block_waits_for_the_release() -> None:
    """Cancelled again and again, the coroutine goes on only when the release is complete."""
    log: Log = []

    async def hold() -> None:
        async with noted(log, closing=sleep(0.01)).open():
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.ensure_future(hold())
        while "open" not in log:
            await asyncio.sleep(0)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.001)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [type(exit.failure()) for exit in log[2:]] == [Cancelled]

    asyncio.run(main())


def test_cancel_of_the_acquisition_takes_it_back() -> None:
    """What waits before it is open is cancelled, and nothing of it is left."""
    log: Log = []
    slow = Resource.from_io(never.on_cancel(delay(log.append, "taken back")))

    async def main() -> None:
        entering = asyncio.ensure_future(slow.open().__aenter__())
        await asyncio.sleep(0.001)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert log == ["taken back"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_failure_of_a_cancelled_acquisition_is_raised() -> None:
    """What fails while an acquisition is taken back is not lost."""
    slow = Resource.from_io(never.ensuring(fail(OSError("stuck"))))

    async def main() -> None:
        entering = asyncio.ensure_future(slow.open().__aenter__())
        await asyncio.sleep(0.001)
        entering.cancel()
        with pytest.raises(OSError, match="stuck"):
            await entering

    asyncio.run(main())


def test_failure_of_a_release_wins_over_a_cancel_that_comes_again() -> None:
    """A release that fails while the coroutine is cancelled is raised, and the next await is cancelled."""

    async def hold(releasing: asyncio.Event) -> None:
        closing = delay(releasing.set).then(sleep(0.005)).then(fail(OSError("jammed")))
        try:
            async with noted([], closing=closing).open():
                pass
        except OSError:
            await asyncio.sleep(0)

    async def main() -> None:
        releasing = asyncio.Event()
        holding = asyncio.ensure_future(hold(releasing))
        await releasing.wait()
        holding.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await holding
        assert str(raised.value.__context__) == "jammed"

    asyncio.run(main())


def test_context_manager_is_entered_and_left_in_one_task() -> None:
    """A context variable that is set at the beginning can be reset at the end, wherever the block runs."""
    place: ContextVar[str] = ContextVar("place", default="outside")

    @asynccontextmanager
    async def inside() -> AsyncIterator[str]:
        token = place.set("inside")
        yield "value"
        place.reset(token)

    async def main() -> None:
        opening = Resource.from_async_cm(inside).open()
        assert await asyncio.create_task(opening.__aenter__()) == "value"
        await asyncio.create_task(opening.__aexit__(None, None, None))

    asyncio.run(main())


def test_pool_is_used_by_programs_that_are_awaited_meanwhile() -> None:
    """A pool that is held open lends to every program on the same loop, and all it lent is closed at the end."""
    log: Log = []

    async def main() -> None:
        async with Pool.make(noted(log), max=1).open() as pool:
            using = [pool.use(lambda value: sleep(0.001).then(delay(log.append, value))) for _ in range(2)]
            await asyncio.gather(*using)
        log.append("left")

    asyncio.run(main())
    assert log == ["opening", "open", "door", "door", Success(None), "left"]


def test_anyio_deadline_around_the_block_waits_for_the_release() -> None:
    """A cancel scope of anyio that expires inside the block does not cut the release."""
    log: Log = []

    async def main() -> None:
        with anyio.move_on_after(0.005):
            async with noted(log, closing=from_async(asyncio.sleep, 0.01)).open():
                await anyio.sleep(10)
        assert [type(exit.failure()) for exit in log[2:]] == [Cancelled]

    asyncio.run(main())


def test_loop_that_ends_first_releases() -> None:
    """When the loop cancels everything at its end, a block that was never left is released."""
    log: Log = []

    async def main() -> None:
        await noted(log).open().__aenter__()

    asyncio.run(main())
    assert [type(exit.failure()) for exit in log[2:]] == [Cancelled]


def test_resource_is_refused_where_no_loop_runs() -> None:
    """Outside of asyncio the error says what to do instead."""
    with pytest.raises(RuntimeError, match="cannot open a resource where no asyncio loop runs") as raised:
        noted([]).open().__aenter__().send(None)
    assert "resource.use(f)" in raised.value.__notes__[0]


def test_open_may_be_used_many_times() -> None:
    """Each `open` acquires anew, also from a program of another run."""
    log: Log = []

    async def twice() -> None:
        door = noted(log)
        async with door.open(), door.open():
            pass

    run(from_async(twice))
    assert log == ["opening", "open", "opening", "open", Success(None), Success(None)]
