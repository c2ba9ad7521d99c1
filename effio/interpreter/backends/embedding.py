"""How a run begins and ends inside an asyncio event loop: its own one, or that of a host application."""

from __future__ import annotations

import asyncio
import sys
import warnings
from asyncio import Runner
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from returns.result import Failure

from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.interpreter.backends.asyncio import AsyncioBackend
from effio.interpreter.backends.synchronous import Unhosted
from effio.interpreter.clock import Clock
from effio.interpreter.observer import Observer
from effio.interpreter.outcome import outcome
from effio.interpreter.scheduler import Scheduler

__all__ = ["Runner", "finish_in_loop", "run_in_loop"]


def finish_in_loop(loop: asyncio.AbstractEventLoop, scheduler: Scheduler, unhosted: Unhosted) -> None:
    """Go on in `loop` with a run that began without one, until it has ended.

    A KeyboardInterrupt or SystemExit in a task that is not ours stops the loop; the run still closes what is open.
    """
    done: asyncio.Future[None] = loop.create_future()
    scheduler.on_end = lambda: done.set_result(None)
    backend = AsyncioBackend(loop, scheduler)
    unhosted.hand_over(backend, scheduler)
    try:
        while not done.done():
            try:
                loop.run_until_complete(done)
            except (KeyboardInterrupt, SystemExit) as error:
                scheduler.fatal_raised(error)
    finally:
        scheduler.over = True
        backend.disarm()


async def run_in_loop(program: IO[Any, Any], clock: Clock, observer: Observer | None) -> Exit[Any, Any]:
    """Run `program` beside the calling task, which waits for it; see `effio.run_async`."""
    loop = asyncio.get_running_loop()
    unhosted = Unhosted()
    scheduler = Scheduler(program, clock, unhosted, observer=observer)
    backend = AsyncioBackend(loop, scheduler)
    unhosted.hand_over(backend, scheduler)
    try:
        cancelled = await ended(scheduler, loop)
    finally:
        backend.disarm()
        scheduler.close()
    exit = outcome(scheduler)
    if cancelled is None:
        return exit
    if isinstance(exit, Failure) and not exit.failure().is_cancelled_only:
        rearm()
        return exit
    raise cancelled


async def ended(scheduler: Scheduler, loop: asyncio.AbstractEventLoop) -> asyncio.CancelledError | None:
    """Wait for the end of a run; every cancel of the calling task is kept, the first cancels the run."""
    cancelled: asyncio.CancelledError | None = None
    while not scheduler.over:
        # A new future each time: a cancel of the task cancels the future that it waits for.
        end: asyncio.Future[None] = loop.create_future()
        scheduler.on_end = lambda end=end: end.done() or end.set_result(None)
        try:
            with nullcontext() if cancelled is None else shield_from_anyio():
                await end
        except asyncio.CancelledError as error:
            cancelled = error
            scheduler.root.request_cancel("host", None, "the task that awaits the program was cancelled")
        except GeneratorExit:
            abandon(scheduler, loop)
            raise
    return cancelled


def shield_from_anyio() -> AbstractContextManager[Any]:
    """Keep anyio from cancelling the task again and again while the run cleans up."""
    anyio = sys.modules.get("anyio")
    return nullcontext() if anyio is None else anyio.CancelScope(shield=True)


def rearm() -> None:
    """Failures go first; the cancel that came with them hits the task at its next await."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        task.uncancel()
        task.cancel()


def abandon(scheduler: Scheduler, loop: asyncio.AbstractEventLoop) -> None:
    """The awaiting coroutine was closed: nothing can be awaited any more; run what needs no waiting.

    In a loop that is closed nothing is told to end.
    """
    closed = loop.is_closed()
    if not closed:
        scheduler.root.request_cancel("host", None, "the coroutine that awaits the program was closed")
        while scheduler.ready:
            scheduler.turn()
    if not scheduler.over:
        if not closed:
            scheduler.give_up()
        warnings.warn(
            f"program {scheduler.root.name!r} was abandoned while it ran: its finalizers that wait may not complete",
            RuntimeWarning,
            stacklevel=2,
        )
