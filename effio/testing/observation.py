"""What can be seen of a run: how it ended, what it noted and when, and whether anything is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
from returns.result import Failure, Success

from effio.algebra.io import IO
from effio.data.cause import Die, then
from effio.data.errors import Deadlock
from effio.data.exit import Exit
from effio.interpreter.backends.simulated import Simulated, drive
from effio.interpreter.clock import VirtualClock
from effio.interpreter.outcome import outcome
from effio.interpreter.runtime import run_async_exit
from effio.interpreter.scheduler import Scheduler

Entry: TypeAlias = tuple[float, str, object]
Observe: TypeAlias = "Callable[[Callable[[Log], IO[Any, Any]]], Observation]"


@attrs.define
class Log:
    """What was noted so far, each entry with the time that `now` gave."""

    now: Callable[[], float]
    entries: list[Entry] = attrs.field(factory=list[Entry])

    def note(self, text: str, detail: object = None) -> None:
        """Append an entry."""
        self.entries.append((self.now(), text, detail))


@attrs.frozen
class Observation:
    """Two runs that are observed equally are the same to everybody."""

    exit: Exit[Any, Any]
    log: tuple[Entry, ...]
    time: float
    left: tuple[str, ...] = ()


def simulated(program: Callable[[Log], IO[Any, Any]], *, seed: int | None = None) -> Observation:
    """Run the program that `program` makes of a log, in virtual time, in the order that `seed` chooses."""
    clock = VirtualClock()
    log = Log(clock.now)
    scheduler = Scheduler(program(log), clock, Simulated())
    drive(scheduler, seed=seed)
    return Observation(comparable(outcome(scheduler)), tuple(log.entries), clock.now(), left_of(scheduler))


def left_of(scheduler: Scheduler) -> tuple[str, ...]:
    """What a run left behind; what it could not end because of a deadlock is not counted."""
    if scheduler.stuck is not None:
        return ()
    left = [fiber.name for fiber in scheduler.fibers()]
    left += ["ready"] * len(scheduler.ready) + ["timer"] * len(scheduler.timers)
    left += ["outside"] * scheduler.outside + ["in flight"] * scheduler.in_flight
    return tuple(left)


def in_asyncio(program: Callable[[Log], IO[Any, Any]]) -> Observation:
    """Run it beside a task of an asyncio loop, in virtual time."""
    clock = VirtualClock()
    log = Log(clock.now)

    async def main() -> tuple[Exit[Any, Any], tuple[str, ...]]:
        exit = await run_async_exit(program(log), clock=clock)
        own = asyncio.current_task()
        return exit, tuple(str(task.get_name()) for task in asyncio.all_tasks() if task is not own)

    exit, left = asyncio.run(main())
    return Observation(comparable(exit), tuple(log.entries), clock.now(), left)


def comparable(exit: Exit[Any, Any]) -> Exit[Any, Any]:
    """The same exit, a deadlock in it without the text that says who waits for what."""
    if isinstance(exit, Success):
        return exit
    cause = exit.failure()
    first, *rest = cause.parts or (cause,)
    if isinstance(first, Die) and isinstance(first.exception, Deadlock):
        return Failure(then(Die(Deadlock(()), first.at), *rest))
    return exit
