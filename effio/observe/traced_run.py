"""Running a program under a recorder: its exit, and the trace of what ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.interpreter.clock import Clock
from effio.interpreter.observer import Observer
from effio.interpreter.runtime import BackendName, LoopFactory, run_async_exit, run_exit
from effio.observe.recorder import LIMIT, Recorder
from effio.observe.trace import Trace

Value = TypeVar("Value")
Error = TypeVar("Error")


def run_traced(
    program: IO[Value, Error],
    /,
    *,
    backend: BackendName = "asyncio",
    clock: Clock | None = None,
    loop_factory: LoopFactory | None = None,
    observers: Sequence[Observer] = (),
    limit: int = LIMIT,
    sample: float = 1.0,
) -> tuple[Exit[Value, Error], Trace]:
    """Run `program` to its end and give its exit, and the trace of what ran.

    `limit` and `sample` bound the trace as they do for a `Recorder`; everything else is as for `run_exit`.

    >>> from effio import VirtualClock, par_zip, sleep
    >>> exit, trace = run_traced(par_zip(sleep(1).named("a"), sleep(2).named("b")), clock=VirtualClock())
    >>> [(span.name, trace.length(span)) for span in trace.spans]
    [('main', 2.0), ('par_zip', 2.0), ('a', 1.0), ('b', 2.0)]
    """
    recorder = Recorder(limit=limit, sample=sample)
    exit = run_exit(program, backend=backend, clock=clock, loop_factory=loop_factory, observers=(*observers, recorder))
    return exit, recorder.trace()


async def run_traced_async(
    program: IO[Value, Error],
    /,
    *,
    clock: Clock | None = None,
    observers: Sequence[Observer] = (),
    limit: int = LIMIT,
    sample: float = 1.0,
) -> tuple[Exit[Value, Error], Trace]:
    """Run `program` on the running event loop and give its exit, and the trace of what ran; see `run_traced`."""
    recorder = Recorder(limit=limit, sample=sample)
    exit = await run_async_exit(program, clock=clock, observers=(*observers, recorder))
    return exit, recorder.trace()
