"""Programs that somebody looks at while they run, for example whenever the process gets a signal."""

from __future__ import annotations

import signal as signals
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Final, TextIO, TypeVar

from effio.algebra import shape
from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Call, FlatMap, Named, OnExit
from effio.interpreter.dump import tree_of
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler, root_name

Value = TypeVar("Value")
Error = TypeVar("Error")

DUMP_SIGNAL: Final = getattr(signals, "SIGUSR1", None)


def dump_on_signal(
    program: IO[Value, Error], /, signum: int | None = DUMP_SIGNAL, *, stream: TextIO | None = None
) -> IO[Value, Error]:
    """Run `program`, and print what all its fibers do whenever the process gets the signal, by default SIGUSR1.

    Prints to the standard error stream, or to `stream`. Works where signal handlers do: in the main thread; what
    handled the signal before handles it again afterwards.
    """
    if signum is None:
        raise ValueError("this system has no SIGUSR1: choose a signal")
    chosen = signals.Signals(signum)

    def begin(scheduler: Scheduler) -> Callable[[], object]:
        before = signals.signal(chosen, partial(print_dump, scheduler, stream))
        return lambda: signals.signal(chosen, before)

    return watched("dump_on_signal", program, begin)


def print_dump(scheduler: Scheduler, stream: TextIO | None, number: int, frame: FrameType | None) -> None:
    """Print what the fibers of a run do; called in the middle of a step."""
    out = stream or sys.stderr
    out.write(f"{tree_of(scheduler)}\n")
    out.flush()


def watched(
    word: str, program: IO[Value, Error], begin: Callable[[Scheduler], Callable[[], object]]
) -> IO[Value, Error]:
    """Run `program`; before, call `begin` with the run that it is part of, and afterwards what that gave."""
    inner = program.source if isinstance(program, Named) else shape.program(word, program)

    def around(end: Callable[[], object]) -> IO[Value, Error]:
        return OnExit(inner, lambda exit: Call(end))

    def started(fiber: Fiber) -> Callable[[], object]:
        return begin(fiber.scheduler)

    return Named(FlatMap(Ask(started, peek=True), around), root_name(program))
