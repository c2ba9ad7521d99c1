"""Running inside trio: one driver task that calls the turns, and a task of its own for a fiber with foreign leaves.

A fiber is no task. At its first foreign coroutine it gets one real trio task, in the fiber's own context, and keeps it
until it ends, so that scopes and nurseries hold across its leaves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import inf
from typing import Any, final

import trio
from returns.result import Failure
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    Task,
    cancel_shielded_checkpoint,
    current_task,
    current_trio_token,
    reschedule,
    spawn_system_task,
    wait_task_rescheduled,
)

from effio.algebra.io import IO
from effio.algebra.primitive import Leaf
from effio.data.exit import Exit
from effio.interpreter.backends.synchronous import Unhosted
from effio.interpreter.backends.trio_host import Host
from effio.interpreter.clock import Clock
from effio.interpreter.fiber import Fiber
from effio.interpreter.observer import Observer
from effio.interpreter.outcome import outcome
from effio.interpreter.scheduler import Scheduler

# -- A run of its own, and one inside a host -----------------------------------------------------------------


def finish_in_trio(scheduler: Scheduler, unhosted: Unhosted) -> None:
    """Go on in a new `trio.run` with a run that began without an event loop, until it has ended."""

    async def main() -> None:
        backend = TrioBackend(scheduler)
        unhosted.hand_over(backend, scheduler)
        try:
            await backend.drive()
        except BaseException:
            scheduler.give_up()
            raise

    try:
        trio.run(main)
    except trio.TrioInternalError as error:
        if scheduler.signalled > 2:
            raise KeyboardInterrupt from error
        raise


async def run_in_trio(program: IO[Any, Any], clock: Clock | None, observer: Observer | None) -> Exit[Any, Any]:
    """Run `program` beside the calling task, which waits for it; see `effio.run_async`."""
    unhosted = Unhosted()
    scheduler = Scheduler(program, clock or TrioClock(), unhosted, observer=observer)
    backend = TrioBackend(scheduler)
    unhosted.hand_over(backend, scheduler)
    spawn_system_task(backend.drive, name=f"effio driver of {scheduler.root.name!r}")
    try:
        cancelled = await ended(backend)
    finally:
        scheduler.close()
    exit = outcome(scheduler)
    # Errors go first: the scope that is cancelled hits the task again at its next checkpoint.
    if cancelled is None or (isinstance(exit, Failure) and not exit.failure().is_cancelled_only):
        return exit
    raise cancelled


async def ended(backend: TrioBackend) -> BaseException | None:
    """Wait for the end of a run; a cancel of the calling task, or Ctrl-C in it, is kept and cancels the run."""
    scheduler = backend.scheduler
    kept: BaseException | None = None
    while not backend.ended.is_set():
        try:
            with trio.CancelScope(shield=kept is not None):
                await backend.ended.wait()
        except trio.Cancelled as error:
            kept = error
            scheduler.root.request_cancel("host", None, "the task that awaits the program was cancelled")
        except KeyboardInterrupt as error:
            kept = error
            scheduler.root.request_cancel("signal", None, "KeyboardInterrupt")
        except GeneratorExit:
            scheduler.give_up()
            raise
    return kept


@final
class TrioClock:
    """The clock of the trio run around, which may be a virtual one of trio's."""

    __slots__ = ()
    virtual = False

    def now(self) -> float:
        return trio.current_time()

    def wall(self) -> float:
        return time.time()

    def advance_to(self, when: float) -> None:
        """Nothing: the host's time moves by itself."""


# -- The backend ---------------------------------------------------------------------------------------------


@final
class TrioBackend:
    """The host of one run. `asked` says that a turn was asked for, `due` when the next timer is.

    ::

        turning <── asked ── resting ── the run is over ──> ended
    """

    sealed = False

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.token = current_trio_token()
        self.hosts: set[Host] = set()
        self.to_start: list[Host] = []
        self.asked = False
        self.due: float | None = None
        self.resting: Task | None = None
        self.ended = trio.Event()
        scheduler.on_end = self.rouse

    # -- Turns ----

    def wake(self) -> None:
        self.asked = True
        self.rouse()

    def arm(self, when: float | None) -> None:
        if when != self.due or self.scheduler.clock.virtual:
            self.due = when
            self.rouse()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        self.token.run_sync_soon(function, *args)

    async def drive(self) -> None:
        """Call the turns until the run is over."""
        while not self.scheduler.over:
            if self.asked:
                self.asked = False
                self.scheduler.turn()
                self.start_hosts()
                await cancel_shielded_checkpoint()
                continue
            try:
                await self.rest()
            except Exception as error:
                self.scheduler.crashed(error)
        self.ended.set()

    async def rest(self) -> None:
        """Wait until a turn is asked for or the next timer is due."""
        if self.scheduler.clock.virtual and not self.in_flight():
            await cancel_shielded_checkpoint()
            if not self.asked and not self.in_flight():
                self.pass_time()
            return
        delay = inf if self.due is None else max(0.0, self.due - self.scheduler.now())
        with trio.CancelScope(deadline=trio.current_time() + delay) as alarm:
            self.resting = current_task()
            await wait_task_rescheduled(self.rung)
        if alarm.cancelled_caught and not self.asked:
            self.advance()

    def rung(self, raise_cancel: RaiseCancelT) -> Abort:
        """The timer ends the rest: from now on nobody else may, although the driver has not run yet."""
        self.resting = None
        return Abort.SUCCEEDED

    def rouse(self) -> None:
        """Let the driver look what there is to do."""
        task, self.resting = self.resting, None
        if task is not None:
            reschedule(task)

    def advance(self) -> None:
        """The timer that was due has come."""
        if self.due is not None:
            self.scheduler.clock.advance_to(self.due)
        self.due = None
        self.asked = True

    # -- Virtual time ----

    def in_flight(self) -> bool:
        """Whether something out of sight may still wake a fiber."""
        if self.scheduler.in_flight:
            return True
        statistics = trio.lowlevel.current_statistics()
        busy = threading.active_count() > 1 or statistics.seconds_to_next_deadline < inf
        return self.scheduler.outside > 0 and (busy or self.due is None)

    def pass_time(self) -> None:
        """Everything waits: jump to the next timer, or tell that there is nothing to wait for."""
        if self.due is not None:
            self.advance()
        else:
            self.scheduler.break_deadlock()

    # -- Foreign coroutines ----

    def start_leaf(self, fiber: Fiber, node: Leaf) -> IO[Any, Any] | None:
        host: Host | None = fiber.host
        if host is None:
            host = fiber.host = Host(self.scheduler, fiber, self.hosted_ended)
            self.hosts.add(host)
            # A task cannot be made here, inside the context that it has to run in.
            self.to_start.append(host)
        host.begin(node)
        fiber.park(host)
        self.scheduler.in_flight += 1
        return None

    def start_hosts(self) -> None:
        """Make the tasks of the fibers that need one now."""
        for host in self.to_start:
            spawn_system_task(host.run, name=host.fiber.name, context=host.fiber.context)
        self.to_start.clear()

    def release(self, fiber: Fiber) -> bool:
        """A hosted fiber ends when its task has ended."""
        host: Host = fiber.host
        host.stop()
        return False

    def give_up(self) -> None:
        for host in self.hosts:
            host.over = True
            host.shield.shield = False
            host.unpark()
        self.rouse()

    def hosted_ended(self, host: Host) -> None:
        """The task of a fiber that has its exit is over."""
        self.hosts.discard(host)
        if not self.scheduler.over:
            self.scheduler.hosted_ended(host.fiber)
