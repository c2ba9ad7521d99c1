"""A trio run that goes on between the tests: a guest of the test session, which lets it run while it waits for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import Any, final

import attrs
import trio

from effio.algebra.create import delay, from_async
from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.interpreter.clock import Clock
from effio.interpreter.runtime import Runtime, run_async_exit, value_of
from effio.resource.resource import Resource


@final
@attrs.define(eq=False)
class Job:
    """Something to do inside of the trio run."""

    function: Callable[[], Awaitable[Any]]
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    over: bool = False
    value: Any = None
    error: BaseException | None = None
    interrupted: bool = False

    async def run(self) -> None:
        """Do it, and keep what comes of it."""
        try:
            with self.scope:
                self.value = await self.function()
        except BaseException as error:
            self.error = error
        self.over = True

    def result(self) -> Any:
        """What came of it."""
        if self.interrupted:
            raise KeyboardInterrupt
        if self.error is not None:
            raise self.error
        return self.value


@final
class TrioHost:
    """A program that needs nothing that is held open has a trio run of its own, any other is a guest's job."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self.nursery: trio.Nursery | None = None
        self.token: trio.lowlevel.TrioToken | None = None
        self.ended = False

    def run_exit(self, program: IO[Any, Any], clock: Clock | None) -> Exit[Any, Any]:
        if self.nursery is not None:
            exit: Exit[Any, Any] = self.done(lambda: run_async_exit(program, clock=clock))
            return exit
        with Runtime(backend="trio", clock=clock) as runtime:
            return runtime.run_exit(program)

    def hold(self, resource: Resource[Any, Any]) -> tuple[Any, Callable[[], None]]:
        if self.nursery is None:
            self.start()
        assert self.nursery is not None
        held = Held(resource, self.nursery)
        return self.done(held.open), lambda: self.done(held.close)

    def close(self) -> None:
        if self.nursery is not None and self.token is not None:
            self.token.run_sync_soon(self.nursery.cancel_scope.cancel)
            self.wait(lambda: self.ended)
            self.nursery = None

    # -- The guest ----

    def start(self) -> None:
        """Begin the trio run, which leaves Ctrl-C alone since somebody else handles it then."""
        with handling(ignored):
            trio.lowlevel.start_guest_run(
                self.serve,
                run_sync_soon_threadsafe=self.calls.put,
                done_callback=self.end,
                host_uses_signal_set_wakeup_fd=True,
            )
            self.wait(lambda: self.nursery is not None)

    async def serve(self) -> None:
        """Be there for jobs until the end of the session."""
        async with trio.open_nursery() as nursery:
            self.token = trio.lowlevel.current_trio_token()
            self.nursery = nursery
            await trio.sleep_forever()

    def end(self, outcome: Any) -> None:
        self.ended = True

    def wait(self, is_over: Callable[[], bool]) -> None:
        """Let the guest run until something has happened."""
        while not (is_over() or self.ended):
            self.calls.get()()

    def done(self, function: Callable[[], Awaitable[Any]]) -> Any:
        """Do something inside of the trio run; Ctrl-C cancels it, and is raised when that has ended or comes again."""
        token, nursery = self.token, self.nursery
        assert token is not None
        assert nursery is not None
        job = Job(function)

        def interrupt(number: int, frame: FrameType | None) -> None:
            if job.interrupted:
                raise KeyboardInterrupt
            job.interrupted = True
            token.run_sync_soon(job.scope.cancel)

        token.run_sync_soon(nursery.start_soon, job.run)
        with handling(interrupt):
            self.wait(lambda: job.over)
        return job.result()


def ignored(number: int, frame: FrameType | None) -> None:
    """For the moment in which nothing can be cancelled yet."""


@contextmanager
def handling(handler: Callable[[int, FrameType | None], object]) -> Generator[None]:
    """Have SIGINT handled so for a while, if nobody else does."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not (in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler):
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@final
class Held:
    """A resource in use by nobody but a program that waits to be told that it is needed no longer."""

    def __init__(self, resource: Resource[Any, Any], nursery: trio.Nursery) -> None:
        self.resource = resource
        self.nursery = nursery
        self.decided = trio.Event()
        self.over = trio.Event()
        self.ended = trio.Event()
        self.use: Job | None = None

    async def open(self) -> Any:
        """Acquire; raises what the acquiring failed with."""
        self.use = Job(lambda: run_async_exit(self.resource.use(self.lend)))
        self.nursery.start_soon(self.keep, self.use)
        await self.decided.wait()
        return value_of(self.use.result()) if self.use.over else self.value

    async def keep(self, use: Job) -> None:
        """Use the resource until it is over."""
        await use.run()
        self.decided.set()
        self.ended.set()

    def lend(self, value: Any) -> IO[Any, Any]:
        self.value = value
        return delay(self.decided.set).then(from_async(self.over.wait))

    async def close(self) -> None:
        """Release; raises what the releasing failed with."""
        assert self.use is not None
        self.over.set()
        await self.ended.wait()
        value_of(self.use.result())
