"""One fiber: its stack, its state, and how a cancel reaches it."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, final

from returns.result import Failure, Success

from effio.algebra.io import IO
from effio.algebra.primitive import Fail as FailNode
from effio.algebra.primitive import Pure, Sleep
from effio.algebra.tag import FOLD, Tagged
from effio.data.call_site import Site
from effio.data.cause import Cause, Die, Fail
from effio.data.errors import fatal_of
from effio.data.fiber_dump import FiberDump
from effio.data.identity import Path
from effio.data.location import Location
from effio.data.native import mypyc_attr
from effio.data.origin import raised_at
from effio.data.source_text import full_traceback
from effio.interpreter import dump
from effio.interpreter.callers import is_own
from effio.interpreter.scope import (
    FAMILY,
    Region,
    Request,
    ScopeRegion,
    any_cancel,
    effective_deadline,
    visible_cancel,
)

if TYPE_CHECKING:
    from effio.data.exit import Exit
    from effio.interpreter.scheduler import Scheduler
    from effio.interpreter.supervision import Family

QUEUED: Final = 0
PREEMPTED: Final = 1
YIELDED: Final = 2
RUNNING: Final = 3
PARKED: Final = 4
DONE: Final = 5

STATE_NAMES: Final = ("ready", "ready", "ready", "running", "waiting", "done")

CHECKPOINT: Final = Sleep(0.0)
"""Any action: a fiber that is woken by a cancel resumes with it and is cancelled there."""

NOWHERE: Final = Region(None)
"""Where a fiber is that has ended, so that it does not keep itself alive."""

STOPS: Final = (StopIteration, StopAsyncIteration)

NOTHING: Final = Pure(None)

GIVEN: Final = Pure(None)
"""What an action or a frame gives that has left its value in the fiber."""


class Wait(Protocol):
    """What a parked fiber waits for."""

    def abort(self, fiber: Fiber) -> bool:
        """Stop waiting because of a cancel; False if the wait goes on until it ends by itself."""
        ...

    def describe(self) -> str:
        """Say it in a few words, for dumps."""
        ...


class Watcher(Protocol):
    """Who is told that a fiber has ended."""

    def wake(self, node: IO[Any, Any]) -> None:
        """Go on with `node`, which gives the exit of the fiber, or takes it on."""
        ...


@final
@mypyc_attr(free_list_len=1, acyclic=True)
class Sleeping:
    """The wait for a timer; the timer's entry becomes stale when it is aborted."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def abort(self, fiber: Fiber) -> bool:
        fiber.scheduler.timers.forget_one()
        return True

    def describe(self) -> str:
        return f"sleep({self.seconds:g})"


@final
@mypyc_attr(free_list_len=1)
class Fiber(Region):
    """A running program: a stack of frames, the next node, and the innermost region it is in.

    ::

        queued ──> running ──> parked ──> queued ...
                      ├──> preempted ──> running ...
                      ├──> yielded ──> running ...
                      └──> done

    Preempted is a fiber whose turn was over, yielded one that gave way by an action, or had nothing but structure in
    its turn, which counts as one: only there a cancel is looked for when it goes on, since no value is in its hands.

    `check` is set by a cancel of any region around the fiber and makes the next action look whether it is meant;
    `unwinding` is true from there until the region that catches the cancel, and skips handlers meanwhile.
    `epoch` counts the times it parked: a wake-up that belongs to an earlier time is void. `unarmed` counts the
    scopes of this fiber whose deadline has no timer. `began` is when it was forked, `since` when it last parked.
    `value` and `cause` are its exit, once it has ended; `hit` is the cancel that ended it where it waited, if one did.
    """

    __slots__ = (
        "began",
        "cause_",
        "check",
        "context",
        "family",
        "hit",
        "host",
        "index",
        "label",
        "node",
        "path_",
        "region",
        "scheduler",
        "since",
        "stack",
        "state",
        "unarmed",
        "unwinding",
        "value",
        "wait",
        "watchers",
    )

    def __init__(
        self,
        scheduler: Scheduler,
        node: IO[Any, Any],
        family: Family | None,
        context: Context,
        stack: list[Any],
        index: int = 0,
        label: str | None = None,
    ) -> None:
        self.outer = family
        self.request = None
        self.closed = False
        self.epoch = 0
        self.scheduler = scheduler
        self.node = node
        self.family = family
        self.context = context
        self.region: Region = self
        self.stack = stack
        self.state = QUEUED
        self.check: bool = family is not None and (family.request is not None or family.fiber.check)
        self.unwinding = False
        self.unarmed = 0
        self.index = index
        self.began = self.since = scheduler.turn_began
        self.label = label
        self.path_: Path | None = None
        self.value: Any = None
        self.cause_: Cause[Any] | None = None
        self.hit: Request | None = None
        self.wait: Wait | None = None
        self.host: Any = None
        self.watchers: dict[Watcher, str] | None = None

    @property
    def owner(self) -> Fiber:
        return self

    def members(self) -> dict[Fiber, None] | None:
        """The root has the fibers that were let go; any other has none of its own."""
        background = self.scheduler.background_ if self.family is None else None
        return None if background is None else background.children

    # -- Names ----

    @property
    def name(self) -> str:
        """The name it was forked with, or its place in what forked it."""
        if self.label is not None:
            return self.label
        return "main" if self.family is None else f"{self.family.name}[{self.index}]"

    @property
    def path(self) -> Path:
        """The names around what runs now, outermost first."""
        return self.path_ or path_of(self)

    def at(self, origin: Site | None) -> Location:
        """The place of a failure that happens now."""
        return Location(self.path, origin, fiber=self.name)

    @property
    def cause(self) -> Cause[Any] | None:
        """What it failed with."""
        return self.cause_ if self.cause_ is not None or self.hit is None else self.hit.leaf

    @property
    def exit(self) -> Exit[Any, Any]:
        """Its exit, for others to see, the same for all; a cancellation in it says where it hit."""
        cause = self.cause
        if cause is None:
            return Success(self.value)
        self.cause_ = cause.placed(self.at(None))
        return Failure(self.cause_)

    # -- What questions may ask (`Ask`) ----

    def now(self) -> float:
        """The time of the run's clock."""
        return self.scheduler.now()

    def wall(self) -> float:
        """The calendar time of the run, in seconds since the beginning of 1970."""
        return self.scheduler.clock.wall()

    @property
    def finished(self) -> bool:
        """Whether it has its exit."""
        return self.state == DONE

    def effective_deadline(self) -> float:
        """The earliest deadline that can cut this fiber where it is."""
        return effective_deadline(self.region)

    def show_fibers(self) -> str:
        """All fibers of the run in one line."""
        return dump.line_of(self.scheduler, self)

    def dump_fibers(self) -> FiberDump:
        """All fibers of the run, a line each."""
        return dump.tree_of(self.scheduler, self)

    # -- Cancellation ----

    def poll(self) -> Cause[Any] | None:
        """At an action: the cancel that hits this fiber here, if any; from then on it unwinds."""
        scheduler = self.scheduler
        if scheduler.signalled:
            scheduler.interrupted()
        if not scheduler.cancels:
            self.check = scheduler.steering is not None
            return None
        target = visible_cancel(self.region)
        if target is None:
            self.check = any_cancel(self.region) or scheduler.steering is not None
            return None
        self.unwinding = True
        assert target.request is not None
        return target.request.leaf

    def interrupt(self) -> None:
        """Look at the next action whether a cancel is meant for this fiber; if it waits, look now."""
        self.check = True
        if self.state != PARKED or (self.region.kind == FAMILY and cast("Family", self.region).waiting):
            return  # It looks when it runs, or when its children have ended.
        target = visible_cancel(self.region)
        if target is None or target.request is None or self.wait is None:
            return
        if type(self.wait) is Sleeping:  # the wait of most that are cancelled
            self.scheduler.timers.forget_one()
        elif not self.wait.abort(self):
            return
        self.unwinding = True
        if self.nothing_left():
            self.end_by(target.request)
        else:
            self.wake(target.request.node)

    def nothing_left(self) -> bool:
        """Whether a cancel that unwinds it runs no code on the way: then it ends where it waits, and takes no turn."""
        family, stack, place = self.family, self.stack, len(self.stack) - 1
        steered = self.scheduler.steering is not None
        if steered or self.host is not None or family is None or stack[0] is not family.bottom:
            return False
        while place > 0:
            frame: Tagged = stack[place]
            if frame._tag > FOLD:
                return False
            place -= 1
        return True

    def end_by(self, request: Request) -> None:
        """End where it waited, because of a cancel."""
        self.epoch += 1
        self.wait = None
        self.hit = request
        self.stack.clear()
        if self.scheduler.observer is not None:
            self.scheduler.observer.on_wake(self)
        self.scheduler.end(self)

    # -- Waiting ----

    def park(self, wait: Wait) -> None:
        """Stop running until somebody wakes this fiber."""
        self.state = PARKED
        self.wait = wait
        self.since = self.scheduler.turn_began
        if self.unarmed:
            self.arm_deadlines()
        if self.scheduler.observer is not None:
            self.scheduler.observer.on_park(self, wait)

    def hold(self, node: IO[Any, Any]) -> None:
        """Go back to the queue, `node` still to be run."""
        self.node = node
        self.state = PREEMPTED
        if self.unarmed:
            self.arm_deadlines()
        self.scheduler.enqueue(self)

    def arm_deadlines(self) -> None:
        """Set the timers of the scopes of this fiber that had none, the outermost first."""
        waiting: list[ScopeRegion] = []
        region: Region | None = self.region
        while region is not self and region is not None:
            if isinstance(region, ScopeRegion) and region.wants_timer():
                waiting.append(region)
            region = region.outer
        for scope in reversed(waiting):
            scope.arm()

    def wake(self, node: IO[Any, Any]) -> None:
        """Go on with `node` when its turn comes."""
        self.epoch += 1
        self.wait = None
        self.node = node
        self.state = QUEUED
        self.scheduler.enqueue(self)
        if self.scheduler.observer is not None:
            self.scheduler.observer.on_wake(self)

    def timer_fired(self) -> None:
        """The sleep is over."""
        self.wake(NOTHING)

    # -- Failures ----

    def failure(self, node: FailNode) -> Cause[Any]:
        """The cause that `node` fails with here."""
        return Fail(node.error, self.at(node.site))

    def raised(self, error: BaseException, catches: tuple[type[BaseException], ...] = ()) -> Cause[Any]:
        """The cause of what user code raised; its traceback begins at the user's own frame."""
        stopped = error.__cause__
        if type(error) is RuntimeError and isinstance(stopped, STOPS) and "raised Stop" in str(error):
            # Python hides what a generator or coroutine raises of this kind; here it is data like any other.
            error = stopped
        trace = error.__traceback__
        while trace is not None and is_own(trace.tb_frame):
            trace = trace.tb_next
        if not full_traceback():
            error.__traceback__ = trace
        origin = None if trace is None else raised_at(trace)
        if catches and isinstance(error, catches):
            return Fail(error, self.at(origin))
        if not isinstance(error, Exception):
            fatal = fatal_of(error)
            if fatal is not None:
                self.scheduler.fatal_raised(fatal)
        return Die(error, self.at(origin))


def path_of(place: Fiber | Family) -> Path:
    """The names around a fiber or a family, its own last; in a loop, since they may be thousands deep."""
    unnamed: list[Fiber | Family] = []
    around: Fiber | Family | None = place
    known: Path | None = None
    while around is not None and known is None:
        known = around.path_
        if known is None:
            unnamed.append(around)
            if isinstance(around, Fiber):
                around = around.family
            else:
                known, around = around.around, around.fiber
    for part in reversed(unnamed):
        known = part.path_ = Path(known, part.name)
    assert known is not None
    return known
