"""One call in a worker thread: how a fiber starts it, waits for it, and what the thread may ask meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from functools import partial
from inspect import iscoroutinefunction
from threading import current_thread
from types import TracebackType
from typing import Any, Final, final

import attrs

from effio.algebra import argument
from effio.algebra.handle import TaskGroup
from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Call, FlatMap, Group, Halt, Map, OnExit, Park, Pure, Shield, Then
from effio.concurrent.capacity_limiter import CapacityLimiter
from effio.data.cause_text import name_of, short_repr
from effio.data.exit import Exit
from effio.interop.workers import Workers
from effio.interpreter.fiber import CHECKPOINT, Fiber
from effio.interpreter.scope import visible_cancel

NOTHING: Final = Pure(None)
CURRENT: Final[ContextVar[RunningCall]] = ContextVar("effio_thread_call")
"""The call that a worker thread is busy with."""


class ThreadCancelled(BaseException):
    """The program that waits for this thread was cancelled; raised in the thread when it asks.

    Let it go through: the program then ends as cancelled. It is no `Exception`, so that only clean-up sees it.
    """


@final
@attrs.frozen(repr=False)
class ThreadCall:
    """What is to be called in a thread; calling this gives the program of one such call.

    With `interrupt`, a cancel calls that, which makes the function end soon, and waits for the end.
    """

    word: str
    work: Call
    limiter: CapacityLimiter | None
    title: str
    limit: int
    abandon: bool = False
    interrupt: Callable[[], None] | None = None

    def __call__(self) -> IO[Any, Any]:
        return RunningCall(self).program()

    def __repr__(self) -> str:
        return self.title


@final
class RunningCall:
    """A call that has begun, and the fiber that waits for it.

    ::

        waiting ── the thread has ended ──> over
           └──── a cancel, of a call that may be abandoned or interrupted ──> left ── the thread has ended ──> over

    The thread is in `work` and may use `is_cancelled`; everything else happens on the thread of the run.
    `counted` is true while the run counts the thread as in flight, so that virtual time stands still.
    """

    def __init__(self, call: ThreadCall) -> None:
        self.call = call
        self.name = call.title
        self.resume: Any = None
        self.outcome: IO[Any, Any] | None = None
        self.context: Context | None = None
        self.started = False
        self.left = False
        self.counted = False

    # -- The program ----

    def program(self) -> IO[Any, Any]:
        """Borrow a token, which the thread gives back, and make the call."""
        return FlatMap(FlatMap(Ask(self.find_limiter), itself), self.borrow)

    def find_limiter(self, fiber: Fiber) -> IO[CapacityLimiter]:
        """Give the limiter of the call, or the one of the run."""
        if fiber.scheduler.backend.sealed:
            problem = RuntimeError(f"cannot run the thread call {self.call!r} in a simulated run")
            problem.add_note("give the program a model of it, or run it with run(..., clock=VirtualClock())")
            raise problem
        workers = fiber.scheduler.kept_for(Workers)
        word = self.call.word
        limiter = self.call.limiter or workers.limiters.get(word)
        if limiter is not None:
            return Pure(limiter)
        return Map(CapacityLimiter.make(self.call.limit, name=word), partial(workers.limiters.setdefault, word))

    def borrow(self, limiter: CapacityLimiter) -> IO[Any, Any]:
        """Hold a token from here until the thread ends, or to the end if none is started."""
        self.limiter = limiter
        waiting = Then(Ask(self.begin), Group(self.inside, name=self.call.word))
        return Then(limiter.acquire(borrower=self), OnExit(FlatMap(waiting, itself), self.give_back))

    def give_back(self, exit: Exit[Any, Any]) -> IO[None]:
        """Give the token back if no thread was started that does it."""
        if not self.started:
            self.limiter.give_back(self)
        return NOTHING

    def begin(self, fiber: Fiber) -> None:
        """Look at the world around; an action, so that in a cancelled scope no thread is started."""
        self.fiber = fiber
        self.name = fiber.name
        self.scheduler = fiber.scheduler
        self.context = copy_context()

    def inside(self, group: TaskGroup) -> IO[IO[Any, Any]]:
        """Wait for the thread, which may fork into the group, and give the program to go on with outside of it."""
        self.group = group
        self.region = self.fiber.region
        waiting = Park(self.enlist, self.withdraw, self.describe)
        if self.call.abandon or self.call.interrupt is not None:
            return OnExit(waiting, self.leave)
        return Shield(lambda restore: waiting)

    def leave(self, exit: Exit[Any, Any]) -> IO[object]:
        """Wait for the end of a thread that was interrupted."""
        return Park(self.enlist, None, self.describe) if self.interrupted else NOTHING

    def describe(self) -> str:
        return f"thread call {self.call!r}"

    # -- The wait ----

    def enlist(self, resume: Any) -> IO[Any, Any] | None:
        if not self.started:
            self.scheduler.kept_for(Workers).start(self.work, daemon=self.call.abandon)
            self.started = True
            self.count(True)
        self.resume = resume
        return self.outcome

    def withdraw(self, resume: Any) -> None:
        self.resume = None
        self.left = True
        if self.call.interrupt is None:
            self.count(False)
        else:
            self.call.interrupt()

    def ended(self, ending: IO[Any, Any]) -> None:
        """The thread has ended: let the fiber go on with `ending`, if it still waits."""
        self.count(False)
        resume, self.resume = self.resume, None  # It knows this call, and so does an error by its traceback.
        if resume is not None:
            resume(Pure(ending))
        elif self.interrupted:
            self.outcome = Pure(ending)

    def ending_of(self, error: BaseException) -> IO[Any, Any]:
        """What to go on with if `error` was raised."""
        failing = FlatMap(Ask(partial(failure_of, error, self.call.work.catches), peek=True), itself)
        return Then(CHECKPOINT, failing) if isinstance(error, ThreadCancelled) else failing

    @property
    def interrupted(self) -> bool:
        """Whether the wait was cancelled, but goes on until the function has ended."""
        return self.left and self.call.interrupt is not None

    def count(self, counted: bool) -> None:
        if self.counted != counted:
            self.counted = counted
            self.scheduler.in_flight += 1 if counted else -1

    def waits(self, waiting: bool) -> None:
        """The thread waits for a program that it forked, or goes on."""
        if not self.left:
            self.count(not waiting)

    # -- In the thread ----

    def work(self) -> Callable[[], object]:
        """Call the function in a copy of the fiber's context; give what is to be done on the thread of the run."""
        work = self.call.work
        context, self.context = self.context, None
        assert context is not None
        context.run(CURRENT.set, self)
        try:
            value = context.run(work.function, *work.args, **(work.kwargs or {}))
        except BaseException as error:
            error.__traceback__ = users_part(error.__traceback__)
            return partial(self.ended, self.ending_of(error))
        finally:
            self.limiter.give_back(self)
        return partial(self.ended, Pure(value))

    @property
    def out_of_sight(self) -> bool:
        """Whether the thread may outlive the wait for it, which still has its token then."""
        return self.call.abandon

    def is_cancelled(self) -> bool:
        """Whether the fiber was asked to stop."""
        return self.left or visible_cancel(self.region) is not None


def failure_of(error: BaseException, catches: tuple[type[BaseException], ...], fiber: Fiber) -> IO[Any, Any]:
    """Fail in `fiber` with what the thread raised."""
    return Halt(fiber.raised(error, catches))


def users_part(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins with the user's own function."""
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next
    return trace


def plain(word: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse what is no plain function."""
    if iscoroutinefunction(argument.function(word, function)):
        problem = TypeError(f"{word} needs a plain function, not the coroutine function {function.__qualname__!r}")
        problem.add_note("await a coroutine with from_async")
        raise problem
    return function


def checked_limiter(word: str, limiter: object) -> None:
    """Refuse what is no limiter; a program that makes one is not one yet."""
    if limiter is not None:
        way_out = "make one first: limiter = yield from CapacityLimiter.make(4)"
        argument.instance(word, limiter, CapacityLimiter, "a CapacityLimiter as its limiter", way_out)


def title(word: str, work: Call) -> str:
    """How a call is shown to people."""
    function = work.function
    shown = [name_of(function), *map(short_repr, work.args)]
    return f"{word}({', '.join(shown)})"


def itself(program: IO[Any, Any]) -> IO[Any, Any]:
    """Go on with a program that came as a value."""
    return program


def running_call(word: str) -> RunningCall:
    """The call that this thread is busy with."""
    call = CURRENT.get(None)
    if call is None:
        problem = RuntimeError(f"{word} was called in thread {current_thread().name!r}, which runs no to_thread call")
        problem.add_note("call it in a function that a program runs by to_thread")
        raise problem
    return call
