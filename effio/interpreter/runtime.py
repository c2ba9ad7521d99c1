"""Running programs: at the end of the world, or inside somebody else's event loop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from importlib.util import find_spec
from inspect import iscoroutinefunction
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Never, TypeVar, final, get_args

from returns.result import Success

from effio.algebra import argument, port
from effio.algebra.argument import way_to_a_program
from effio.algebra.io import IO
from effio.algebra.shape import is_io
from effio.data.exit import Exit
from effio.data.source_text import full_traceback
from effio.interpreter.backend import in_trio
from effio.interpreter.backends.synchronous import Unhosted, drive
from effio.interpreter.clock import Clock, MonotonicClock
from effio.interpreter.observer import Observer, Observers
from effio.interpreter.outcome import outcome
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.signals import Interrupts

if TYPE_CHECKING:
    import asyncio

Value = TypeVar("Value")
Error = TypeVar("Error")

REAL_TIME = MonotonicClock()


def run(
    program: IO[Value, object],
    /,
    *,
    backend: BackendName = "asyncio",
    clock: Clock | None = None,
    loop_factory: LoopFactory | None = None,
    observers: Sequence[Observer] = (),
) -> Value:
    """Run `program` to its end and give its value.

    Raises what `Cause.to_exception` makes of a failure: a single error is raised as it is, what failed side by side
    as an exception group. Ctrl-C cancels the program, lets its finalizers run and raises KeyboardInterrupt; SIGTERM
    does the same and raises SystemExit(143).
    A program that never waits needs no event loop; for any other a new asyncio loop is made, by `loop_factory` if
    given (`uvloop.new_event_loop`), or, with `backend="trio"`, a trio run. `clock` may be a `VirtualClock`.
    `observers` are told of what happens.

    >>> from effio import pure
    >>> run(pure(20).map(lambda n: n + 1))
    21
    """
    with Runtime(backend=backend, loop_factory=loop_factory, clock=clock, observers=observers) as runtime:
        __tracebackhide__ = True
        return runtime.run(program)


def run_exit(
    program: IO[Value, Error],
    /,
    *,
    backend: BackendName = "asyncio",
    clock: Clock | None = None,
    loop_factory: LoopFactory | None = None,
    observers: Sequence[Observer] = (),
) -> Exit[Value, Error]:
    """Run `program` to its end and give its exit: `Success(value)` or `Failure(cause)`.

    Only KeyboardInterrupt and SystemExit are raised.

    >>> from effio import fail
    >>> run_exit(fail("no")).failure().failures()
    ('no',)
    """
    with Runtime(backend=backend, loop_factory=loop_factory, clock=clock, observers=observers) as runtime:
        return runtime.run_exit(program)


def run_total(
    program: IO[Value, Never],
    /,
    *,
    backend: BackendName = "asyncio",
    clock: Clock | None = None,
    loop_factory: LoopFactory | None = None,
    observers: Sequence[Observer] = (),
) -> Value:
    """Run a `program` that cannot fail, as a type checker confirms, and give its value; a defect is raised."""
    return run(program, backend=backend, clock=clock, loop_factory=loop_factory, observers=observers)


async def run_async(
    program: IO[Value, object], /, *, clock: Clock | None = None, observers: Sequence[Observer] = ()
) -> Value:
    """Run `program` on the running event loop and give its value, as `await program` does.

    A cancel of the calling task cancels the program and waits for its finalizers, however often it comes; then the
    task's own CancelledError goes on. Failures are raised as `run` does, and win over a cancel.
    """
    __tracebackhide__ = True
    return value_of(await run_async_exit(program, clock=clock, observers=observers))


async def run_async_exit(
    program: IO[Value, Error], /, *, clock: Clock | None = None, observers: Sequence[Observer] = ()
) -> Exit[Value, Error]:
    """Run `program` on the running event loop and give its exit; a cancel of the calling task is raised."""
    if in_trio():
        from effio.interpreter.backends.trio import run_in_trio

        return await run_in_trio(program, clock, together(observers))
    from effio.interpreter.backends.embedding import run_in_loop

    return await run_in_loop(program, clock or REAL_TIME, together(observers))


LoopFactory = Callable[[], "asyncio.AbstractEventLoop"]
BackendName = Literal["asyncio", "trio"]
BACKENDS: Final = get_args(BackendName)


@final
class Runtime:
    """Runs many programs, one after the other, on one event loop that is made when the first of them needs it.

    With `backend="trio"` each program that needs one has a trio run of its own.

    >>> from effio import pure, sleep
    >>> with Runtime() as runtime:
    ...     runtime.run(sleep(0.001).then(pure("a"))), runtime.run(pure("b"))
    ('a', 'b')
    """

    __slots__ = ("_backend", "_clock", "_loop_factory", "_observer", "_runner", "_turn")

    def __init__(
        self,
        *,
        backend: BackendName = "asyncio",
        loop_factory: LoopFactory | None = None,
        clock: Clock | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        check_backend(backend, loop_factory)
        check_clock(clock)
        self._backend = backend
        self._observer = together(observers)
        self._loop_factory = loop_factory
        self._clock = clock or REAL_TIME
        self._runner: asyncio.Runner | None = None
        self._turn = RLock()

    def run(self, program: IO[Value, object], /) -> Value:
        """Run `program` and give its value; see `effio.run`."""
        __tracebackhide__ = True
        return value_of(self.run_exit(program))

    def run_exit(self, program: IO[Value, Error], /) -> Exit[Value, Error]:
        """Run `program` and give its exit; see `effio.run_exit`."""
        if not is_io(program):
            raise no_program(program)
        refuse_running_loop()
        if not self._turn.acquire(blocking=False):
            raise in_use()
        unhosted = Unhosted()
        scheduler = Scheduler(program, self._clock, unhosted, observer=self._observer)
        try:
            with Interrupts(scheduler):
                if not drive(scheduler):
                    self._finish(scheduler, unhosted)
        finally:
            scheduler.close()
            self._turn.release()
        return outcome(scheduler)

    def close(self) -> None:
        """Close the event loop, if there is one; the runtime can be used again."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _finish(self, scheduler: Scheduler, unhosted: Unhosted) -> None:
        """Go on with a run that needs an event loop."""
        if self._backend == "trio":
            from effio.interpreter.backends.trio import finish_in_trio

            return finish_in_trio(scheduler, unhosted)
        from effio.interpreter.backends.embedding import Runner, finish_in_loop

        if self._runner is None:
            self._runner = Runner(loop_factory=self._loop_factory)
        return finish_in_loop(self._runner.get_loop(), scheduler, unhosted)


def together(observers: Sequence[Observer]) -> Observer | None:
    """One observer that stands for several, or None."""
    if not observers:
        return None
    way_out = "give for example observers=[Recorder()]"
    argument.instance("observers=", observers, Iterable, "a list", way_out)
    for observer in observers:
        argument.instance("observers=", observer, Observer, "a list of observers", way_out)
    return Observers(observers)


def value_of(exit: Exit[Value, Any]) -> Value:
    """The value of a success; a failure is raised, without the frames that an earlier raise of it left."""
    __tracebackhide__ = True
    if isinstance(exit, Success):
        return exit.unwrap()
    error = exit.failure().to_exception()
    raise error.with_traceback(trace_before_runs(error.__traceback__))


def trace_before_runs(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that comes after its last frame of this module."""
    kept = trace
    while trace is not None and not full_traceback():
        if trace.tb_frame.f_globals is globals():
            kept = trace.tb_next
        trace = trace.tb_next
    return kept


def no_program(value: object) -> TypeError:
    """The error for running something else."""
    error = TypeError(f"cannot run {value!r:.100} of type {type(value).__name__}: it is no program (IO)")
    forgotten = "call the function first: run(main()) instead of run(main)"
    if iscoroutinefunction(value):
        forgotten = "make a program of the async function: run(from_async(main)) instead of run(main)"
    error.add_note(forgotten if callable(value) else way_to_a_program(value))
    return error


def in_use() -> RuntimeError:
    """The error for running a program on a runtime on which another thread runs one."""
    error = RuntimeError("cannot run a program on a runtime on which another thread runs one")
    error.add_note("give each thread a Runtime of its own, or let all hand their programs in at one Portal.open()")
    return error


def refuse_running_loop() -> None:
    """Programs that are run inside an event loop must be awaited."""
    module = sys.modules.get("asyncio")
    if in_trio() or (module is not None and module._get_running_loop() is not None):
        error = RuntimeError("run() cannot block inside a running event loop")
        error.add_note("await the program instead: `await program`, or `await run_async(program)`")
        raise error


def check_backend(backend: str, loop_factory: object) -> None:
    """Refuse a backend that there is not, and a loop for one that has none."""
    if backend not in BACKENDS:
        unknown = ValueError(f"backend must be one of {BACKENDS}, not {backend!r}")
        unknown.add_note("uvloop is a loop of asyncio: loop_factory=uvloop.new_event_loop")
        raise unknown
    if loop_factory is not None:
        argument.function("loop_factory", loop_factory)
    if backend == "trio":
        if loop_factory is not None:
            raise ValueError(f"backend 'trio' cannot use loop_factory={loop_factory!r}")
        if find_spec("trio") is None:
            problem = ModuleNotFoundError("backend 'trio' needs the package trio, which is not installed", name="trio")
            problem.add_note("pip install 'effio[trio]'")
            raise problem


def check_clock(clock: object) -> None:
    """Refuse a class of clocks."""
    if isinstance(clock, type):
        problem = TypeError(f"clock must be a clock, not the class {clock.__name__}")
        problem.add_note(f"make one: {clock.__name__}()")
        raise problem


def await_program(program: IO[Any, Any]) -> Generator[Any, Any, Any]:
    """What `await program` does."""
    return run_async(program).__await__()


port.register(await_program)
