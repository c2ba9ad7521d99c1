"""How a thread hands programs to a run that goes on in another thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from functools import partial
from threading import Event, Thread, get_ident
from typing import TYPE_CHECKING, Any, final

from returns.result import Success

from effio.algebra import argument
from effio.algebra.create import from_async, from_callback, task_group
from effio.algebra.handle import TaskGroup
from effio.algebra.io import IO, NewValue
from effio.algebra.primitive import Fold, Named, OnExit
from effio.algebra.shape import program
from effio.data.cause import Cause
from effio.data.errors import ScopeClosed
from effio.data.exit import Exit
from effio.interop.thread_call import CURRENT, NOTHING, RunningCall, ThreadCancelled, running_call
from effio.interpreter.fiber import Fiber
from effio.interpreter.runtime import BackendName, LoopFactory, Runtime
from effio.interpreter.scheduler import Scheduler

if TYPE_CHECKING:
    from concurrent.futures import Future


@final
class Portal:
    """The way into a task group from any thread: each program that is handed in becomes a child of the group.

    Its failure goes to whoever handed it in, not to the group.

    >>> from effio import run, sleep, task_group, to_thread
    >>> def blocking(portal: Portal) -> str:
    ...     return portal.run(sleep(0.001).as_value("done"))
    >>> run(task_group(lambda group: to_thread(blocking, Portal(group))))
    'done'
    """

    __slots__ = ("_family",)

    def __init__(self, group: TaskGroup, /) -> None:
        argument.instance("Portal", group, TaskGroup, "a task group", "without a group use Portal.open()")
        self._family: Any = group._core  # pyright: ignore[reportPrivateUsage]  # the portal is another handle of it

    @staticmethod
    def current() -> Portal:
        """In a thread that `to_thread` runs: the way back into the program, which waits for what is handed in."""
        return Portal(running_call("Portal.current").group)

    @staticmethod
    @contextmanager
    def open(
        *, backend: BackendName = "asyncio", loop_factory: LoopFactory | None = None
    ) -> Generator[Portal, None, None]:
        """Run what is handed in inside a run of its own, in a background thread, as long as the `with` block lasts.

        The end of the block waits for what still runs; if the block raises, or Ctrl-C comes while it waits, that is
        cancelled first. If a program raises KeyboardInterrupt or SystemExit, that ends the run, and is raised at the
        end of the block.

        >>> from effio import sleep
        >>> with Portal.open() as portal:
        ...     portal.run(sleep(0.001).as_value("done"))
        'done'
        """
        background = Background(backend, loop_factory)
        portal = Portal(background.group())
        try:
            yield portal
            background.end()
        except BaseException:
            with suppress(ScopeClosed):
                portal.submit(background.group().cancel())
            background.end()
            raise
        if background.fatal is not None:
            raise background.fatal

    def run(self, io: IO[NewValue, object], /) -> NewValue:
        """Run `io` in the group, block this thread until it has ended, and give its value; a failure is raised.

        If it was cancelled because the program that waits for this thread was, `ThreadCancelled` is raised.
        """
        if self._family.fiber.scheduler.thread == get_ident():
            problem = RuntimeError("portal.run would block the thread of the run for ever")
            problem.add_note("run the program there: `yield from` it, or hand it in with portal.submit")
            raise problem
        call = CURRENT.get(None)
        waiting = call if call is not None and call.scheduler is self._family.fiber.scheduler else None
        return self._hand_in(program("Portal.run", io), waiting).result()

    def submit(self, io: IO[NewValue, object], /) -> Future[NewValue]:
        """Run `io` in the group and give a future of its value at once; cancelling the future cancels the fiber."""
        return self._hand_in(program("Portal.submit", io), None)

    def _hand_in(self, io: IO[NewValue, object], waiting: RunningCall | None) -> Future[NewValue]:
        from concurrent.futures import Future

        submission = Submission(self._family, Future(), waiting)
        try:
            self._family.fiber.scheduler.call(submission.begin, io, copy_context())
        except RuntimeError as error:
            raise submission.too_late() from error  # The event loop is closed.
        if self._family.closed:
            submission.refuse()
        return submission.future

    def __repr__(self) -> str:
        return f"<Portal into {self._family.name!r}>"


@final
class Background:
    """A run in a thread of its own: an empty task group that stays open until `end`."""

    def __init__(self, backend: BackendName, loop_factory: LoopFactory | None) -> None:
        from concurrent.futures import Future

        self.opened: Future[TaskGroup] = Future()
        self.resume: Callable[[IO[None]], None]
        self.fatal: BaseException | None = None
        self.over = Event()
        self.runtime = Runtime(backend=backend, loop_factory=loop_factory)
        self.thread = Thread(target=self.work, name="effio portal")
        self.thread.start()

    def work(self) -> None:
        """Run, in the thread."""
        try:
            with self.runtime:
                self.runtime.run(task_group(self.body, name="portal"))
        except BaseException as error:
            if self.opened.done():
                self.fatal = error
            else:
                self.opened.set_exception(error)
        finally:
            self.over.set()

    def body(self, group: TaskGroup) -> IO[None]:
        """Open when there is an event loop, which may not come about."""

        def register(resume: Callable[[IO[None]], None]) -> None:
            self.resume = resume
            self.opened.set_result(group)

        return from_async(nothing).or_die().then(from_callback(register))

    def group(self) -> TaskGroup:
        """The group, as soon as it is open."""
        return self.opened.result()

    def end(self) -> None:
        """Let the group end, and wait for that. A Ctrl-C in `join` would make Python forget the thread."""
        self.resume(NOTHING)
        self.over.wait()
        self.thread.join()


@final
class Submission:
    """One program on its way; `waiting` is the thread call that goes on when it has ended, if there is one."""

    def __init__(self, family: Any, future: Future[Any], waiting: RunningCall | None) -> None:
        self.family = family
        self.future = future
        self.waiting = waiting

    def begin(self, io: IO[Any, Any], context: Context) -> None:
        """Fork the program, on the thread of the run."""
        if self.family.closed:
            self.refuse()
            return
        scheduler: Scheduler = self.family.fiber.scheduler
        scheduler.kept_for(Unanswered).submissions.add(self)
        if self.waiting is not None:
            self.waiting.waits(True)
        name = io.name if isinstance(io, Named) else None
        fiber = self.family.fork(Fold(OnExit(io, self.answer), swallowed), name, context)
        self.future.add_done_callback(partial(cancel_if_asked, fiber))

    def answer(self, exit: Exit[Any, Any]) -> IO[None]:
        """Give the exit to the thread that handed the program in."""
        self.family.fiber.scheduler.kept_for(Unanswered).submissions.discard(self)
        if self.waiting is not None:
            self.waiting.waits(False)
        if self.future.set_running_or_notify_cancel():
            if isinstance(exit, Success):
                self.future.set_result(exit.unwrap())
            else:
                self.future.set_exception(self.error_of(exit.failure()))
        return NOTHING

    def error_of(self, cause: Cause[Any]) -> BaseException:
        """What the thread sees of a failure."""
        if self.waiting is not None and cause.is_cancelled_only and self.waiting.is_cancelled():
            return ThreadCancelled()
        return cause.to_exception()

    def refuse(self) -> None:
        """Nobody will run the program any more."""
        if not self.future.done() and self.future.set_running_or_notify_cancel():
            self.future.set_exception(self.too_late())

    def too_late(self) -> ScopeClosed:
        return ScopeClosed("a program from a thread", self.family.name, self.family.site)


def cancel_if_asked(fiber: Fiber, future: Future[Any]) -> None:
    """The future is done; cancel the fiber if it was cancelled. From any thread."""
    if future.cancelled():
        fiber.scheduler.call(fiber.request_cancel, "explicit", None, "its future was cancelled")


@final
class Unanswered:
    """The submissions of one run whose threads still wait for an answer."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.submissions: set[Submission] = set()

    def close(self) -> None:
        """The run was given up: let no thread wait for ever."""
        for submission in self.submissions:
            submission.refuse()


async def nothing() -> None:
    """Needs an event loop."""


def swallowed(cause: Cause[Any]) -> IO[None]:
    """The failure was told already, to whoever wants to know."""
    return NOTHING
