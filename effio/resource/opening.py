"""A resource as an asynchronous context manager, for coroutines that hold it: `async with resource.open()`.

A task of its own acquires and releases it, so that both happen in one run, whatever the coroutine does in between.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, Future
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Final, final

from returns.result import Failure, Success

from effio.algebra.create import from_callback
from effio.algebra.shape import Program
from effio.data.cause import Cancelled, Cause, Die, Fail
from effio.data.exit import Exit
from effio.resource.attendant import NOTHING, Opened, as_program

WITHDRAWN: Final = Cancelled(None, "the block that used the resource was cancelled", source="host")


@final
class Opening(AbstractAsyncContextManager[Any, None]):
    """Holds a resource from where the block begins to where it ends, in the task `holder`.

    `acquired` is how the acquisition ended, `used` how the block did.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened

    async def __aenter__(self) -> Any:
        """Acquire; a cancel takes the acquisition back and waits for that. What fails there is raised instead."""
        loop = running_loop()
        self.acquired: Future[Exit[Any, Any]] = loop.create_future()
        self.used: Future[Exit[Any, Any]] = loop.create_future()
        self.holder: asyncio.Task[Exit[Any, Any]] = asyncio.Task(self.hold(), loop=loop, name="resource")
        try:
            await done(self.acquired)
        except CancelledError:
            self.holder.cancel()
            await self.ended()
            raise
        return value_of(self.acquired.result())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release, and wait for it whatever is cancelled; what fails there is raised, after what failed before."""
        self.used.set_result(Success(None) if error is None else Failure(cause_of(error)))
        await self.ended()

    async def ended(self) -> None:
        """Wait for the holder, whatever is cancelled. What fails there wins over a cancel, which comes again then."""
        try:
            await done(self.holder).shielded()
        except CancelledError:
            if not self.failed():
                raise
            cancel_again()
        if self.failed():
            value_of(self.holder.result())

    def failed(self) -> bool:
        """Whether something went wrong in the holder, which has ended, beside what it was told of the block."""
        if self.holder.cancelled():
            return False
        if self.holder.exception() is not None:
            return True
        ended = self.holder.result()
        return isinstance(ended, Failure) and not (self.used.done() and ended == self.used.result())

    async def hold(self) -> Exit[Any, Any]:
        """Acquire, wait for the end of the block, release; give how all of that ended."""
        ended: Exit[Any, Any] = Failure(WITHDRAWN)
        try:
            ended = await self.opened(self.use).exit()
        finally:
            if not self.acquired.done():
                self.acquired.set_result(ended)
        return ended

    def use(self, value: Any) -> Program:
        """Give the value to the block, and end as it ends."""
        self.acquired.set_result(Success(value))
        return done(self.used).flat_map(lambda used: as_program(self.used.result()))


def done(future: Future[Any]) -> Program:
    """Wait until a future is done, and leave it alone if this is cancelled."""

    def register(resume: Callable[[Program], None]) -> None:
        future.add_done_callback(lambda future: resume(NOTHING))

    return from_callback(register)


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop that runs; refuses where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        problem = RuntimeError("cannot open a resource where no asyncio loop runs")
        problem.add_note("use it in a program: resource.use(f); in trio, await that program")
        raise problem from None


def cancel_again() -> None:
    """Let a cancel of the running task that was put off hit it at its next await."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
    task.cancel()


def cause_of(error: BaseException) -> Cause[Any]:
    """What the release is shown of an exception that ends the block: one leaf."""
    if isinstance(error, Exception):
        return Fail(error)
    return WITHDRAWN if isinstance(error, CancelledError) else Die(error)


def value_of(exit: Exit[Any, Any]) -> Any:
    """The value, or what the failure is as an exception."""
    if isinstance(exit, Failure):
        raise exit.failure().to_exception()
    return exit.unwrap()
