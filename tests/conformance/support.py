"""Where the programs of the conformance cases run: on every host, in ticks that real time can afford."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import attrs
import sniffio
import trio
import uvloop

from effio import (
    IO,
    Do,
    Exit,
    Failure,
    Runtime,
    Success,
    VirtualClock,
    delay,
    do,
    from_callback,
    now,
    pure,
    run_async_exit,
    run_exit,
    sleep,
)
from effio.algebra.primitive import Named
from effio.cause import Both, Cause
from effio.interpreter.backends.simulated import simulate
from effio.interpreter.scheduler import root_name

T = TypeVar("T")

TICK = 1 / 256
"""The unit of time of all cases, in seconds: about 4 ms, and sums of it are exact."""

PATIENCE = 250
"""How many ticks a real clock may be late before a case counts as hanging."""


# -- Backends ------------------------------------------------------------------------------------------------


@attrs.frozen
class Backend:
    """One way to run a program to its exit; nothing of it may be left afterwards."""

    name: str
    run: Callable[[IO[Any, Any]], Exit[Any, Any]]
    exact: bool = False

    def took(self, ticks: float, expected: float) -> bool:
        """Whether `ticks` is the `expected` duration, as precisely as the clock of this backend allows."""
        if self.exact:
            return ticks == expected
        return expected - 0.5 <= ticks < expected + PATIENCE


def run_virtual(program: IO[Any, Any]) -> Exit[Any, Any]:
    """Run in virtual time; a program with foreign coroutines gets a stock event loop."""
    return run_on(asyncio.new_event_loop, program, clock=VirtualClock())


def run_simulated(program: IO[Any, Any]) -> Exit[Any, Any]:
    """Run in the simulator, in order of arrival."""
    return simulate(program)


def run_on(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
    program: IO[Any, Any],
    clock: VirtualClock | None = None,
) -> Exit[Any, Any]:
    """Run on a loop of its own, if the program needs one, and look at what is left in it."""
    loops: list[asyncio.AbstractEventLoop] = []
    complaints: list[dict[str, Any]] = []

    def make() -> asyncio.AbstractEventLoop:
        loop = new_loop()
        loop.set_exception_handler(lambda loop, context: complaints.append(context))
        loops.append(loop)
        return loop

    with Runtime(loop_factory=make, clock=clock) as runtime:
        if clock is None:
            runtime.run(rest(0.1))  # Making the loop may take longer than the deadlines of a case.
        try:
            return runtime.run_exit(program)
        finally:
            assert [leftovers(loop) for loop in loops] == [[] for _ in loops]
            assert complaints == []


def run_embedded(program: IO[Any, Any]) -> Exit[Any, Any]:
    """Run inside a coroutine of somebody else's loop."""

    async def host() -> Exit[Any, Any]:
        with nothing_left():
            return await run_async_exit(program)

    return asyncio.run(host())


def run_trio(program: IO[Any, Any]) -> Exit[Any, Any]:
    """Run in a trio run of its own, which ends only when no task of the program is left."""
    inner = program.source if isinstance(program, Named) else program
    # Beginning it may take longer than the deadlines of a case.
    return run_exit(rest(0.1).then(inner).named(root_name(program)), backend="trio")


def run_in_trio(program: IO[Any, Any]) -> Exit[Any, Any]:
    """Run inside a task of somebody else's trio run."""

    exits: list[Exit[Any, Any]] = []

    async def host() -> None:
        tasks = trio.lowlevel.current_statistics().tasks_living
        try:
            exits.append(await run_async_exit(program))
        finally:
            assert trio.lowlevel.current_statistics().tasks_living == tasks

    trio.run(host)
    return exits.pop()  # trio itself keeps what its main function returns in a cycle.


def eager_loop() -> asyncio.AbstractEventLoop:
    """A stock loop that runs new tasks at once."""
    loop = asyncio.new_event_loop()
    if sys.version_info >= (3, 12):
        loop.set_task_factory(asyncio.eager_task_factory)
    return loop


@contextmanager
def nothing_left() -> Iterator[None]:
    """Inside a host coroutine: afterwards its own task is alone, no timer waits and nobody complained."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks() | {asyncio.current_task()}
    timers = set(pending_timers(loop))
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda loop, context: complaints.append(context))
    try:
        yield
    finally:
        assert asyncio.all_tasks() - before == set()
        assert set(pending_timers(loop)) - timers == set()
        assert complaints == []


def leftovers(loop: asyncio.AbstractEventLoop) -> list[object]:
    """The tasks and timers that are alive in a loop that does not run."""
    return [*asyncio.all_tasks(loop), *pending_timers(loop)]


def pending_timers(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """The timers that are still to fire; uvloop does not tell."""
    return [timer for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]


VIRTUAL = Backend("virtual", run_virtual, exact=True)
SIMULATED = Backend("simulated", run_simulated, exact=True)
ASYNCIO = Backend("asyncio", lambda program: run_on(asyncio.new_event_loop, program))
UVLOOP = Backend("uvloop", lambda program: run_on(uvloop.new_event_loop, program))
EAGER = Backend("eager", lambda program: run_on(eager_loop, program))
EMBEDDED = Backend("embedded", run_embedded)
TRIO = Backend("trio", run_trio)
IN_TRIO = Backend("in trio", run_in_trio)

HOSTS = (ASYNCIO, UVLOOP, *((EAGER,) if sys.version_info >= (3, 12) else ()), EMBEDDED)
TRIO_HOSTS = (TRIO, IN_TRIO)
BACKENDS = (VIRTUAL, SIMULATED, *HOSTS, *TRIO_HOSTS)


# -- Programs ------------------------------------------------------------------------------------------------


def rest(ticks: float) -> IO[None]:
    """Sleep for some ticks."""
    return sleep(ticks * TICK)


def until(condition: Callable[[], object]) -> IO[None]:
    """Wait until `condition` is true."""

    @do
    def waiting() -> Do[None]:
        while not (yield from delay(condition)):
            yield from rest(0.5)

    return waiting()


def clocked(program: IO[Any, Any]) -> IO[tuple[Exit[Any, Any], float]]:
    """Run `program`; give its exit and the ticks it took."""

    @do
    def clocking() -> Do[tuple[Exit[Any, Any], float]]:
        began = yield from now
        exit: Exit[Any, Any] = yield from program.exit()
        ended = yield from now
        return exit, (ended - began) / TICK

    return clocking()


class Journal(list[str]):
    """What happened, in order."""

    def note(self, line: str) -> IO[None]:
        """Write a line down; an action, so a fiber that is cancelled never gets to it."""
        return delay(self.append, line)

    def seen(self, line: str) -> IO[None]:
        """Write a line down as part of the structure, which no cancel keeps from running."""
        return pure(line).map(self.append)


class Gate:
    """Where any number of fibers wait, to go on in the same tick; once it is open it stays so."""

    def __init__(self) -> None:
        self.opened = False
        self.waiting: list[Callable[[IO[None]], None]] = []

    def wait(self) -> IO[None]:
        """Wait until it opens."""
        return from_callback(self.enlist)

    def enlist(self, resume: Callable[[IO[None]], None]) -> None:
        if self.opened:
            resume(pure(None))
        else:
            self.waiting.append(resume)

    def open(self) -> IO[None]:
        """Wake everybody who waits, in order of arrival."""

        def opening() -> None:
            self.opened = True
            for resume in self.waiting:
                resume(pure(None))

        return delay(opening)


class Lock:
    """A mutex made of nothing but callbacks: a queue of waiters, each given the lock by the one before."""

    def __init__(self) -> None:
        self.held = False
        self.waiting: deque[Callable[[IO[None]], None]] = deque()

    def acquire(self) -> IO[None]:
        """Wait until it is free; a waiter that is cancelled leaves the queue."""
        return from_callback(self.enlist)

    def enlist(self, resume: Callable[[IO[None]], None]) -> IO[object] | None:
        if self.held:
            self.waiting.append(resume)
            return delay(self.waiting.remove, resume)
        self.held = True
        resume(pure(None))
        return None

    def release(self) -> IO[None]:
        """Give it to the next in the queue."""
        return delay(self.hand_over)

    def hand_over(self) -> None:
        if self.waiting:
            self.waiting.popleft()(pure(None))
        else:
            self.held = False


# -- Foreign code --------------------------------------------------------------------------------------------


async def nap(ticks: float) -> None:
    """Sleep as a foreign coroutine does, on either kind of host."""
    await host_library().sleep(ticks * TICK)


async def forever() -> None:
    """Wait until cancelled, on either kind of host."""
    await host_library().Event().wait()


def current_task() -> object:
    """The task that runs now, on either kind of host."""
    return host_library().lowlevel.current_task() if host_library() is trio else asyncio.current_task()


def host_library() -> Any:
    """The library whose task runs now: asyncio or trio."""
    return trio if sniffio.current_async_library() == "trio" else asyncio


async def giving(value: T, before: Awaitable[object] | None = None) -> T:
    """Give a value, perhaps after waiting."""
    if before is not None:
        await before
    return value


def boom(error: BaseException) -> Any:
    """Raise."""
    raise error


# -- Exits ---------------------------------------------------------------------------------------------------


def cause_of(exit: Exit[Any, Any]) -> Cause[Any]:
    """The cause of a failure."""
    assert isinstance(exit, Failure), exit
    return exit.failure()


def value_of(exit: Exit[T, Any]) -> T:
    """The value of a success."""
    assert isinstance(exit, Success), exit
    return exit.unwrap()


def group_of(*causes: Cause[Any], name: str = "task_group") -> Both[Any]:
    """The cause with which a construct fails whose parts fail with `causes`."""
    return Both(causes, name)
