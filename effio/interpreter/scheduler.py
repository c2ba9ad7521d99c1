"""Who runs next: one queue in order of arrival, one heap of timers, turns of bounded length."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from math import inf
from threading import active_count, get_ident
from time import perf_counter
from typing import Any, Final, TypeVar

from effio.algebra.io import IO
from effio.algebra.primitive import Generate, Named
from effio.data.cause import Cancelled
from effio.data.errors import Deadlock
from effio.interpreter.backend import Backend
from effio.interpreter.callers import forget_callers
from effio.interpreter.clock import Clock
from effio.interpreter.dump import standstill
from effio.interpreter.fiber import DONE, NOTHING, NOWHERE, YIELDED, Fiber
from effio.interpreter.frames import END, exit_as
from effio.interpreter.observer import Observer, Steering
from effio.interpreter.scope import Region
from effio.interpreter.step import advance
from effio.interpreter.supervision import Background
from effio.interpreter.timers import Timers
from effio.interpreter.turns import turns

Kept = TypeVar("Kept")

FIBERS_PER_TURN: Final = 1024
SECONDS_PER_TURN: Final = 0.002
FIBERS_PER_LOOK: Final = 15  # a mask: the clock is read after every sixteenth fiber

run_in: Final = Context.run  # not called as a method, since the compiled core would look it up each time


class Scheduler:
    """One run: its root fiber, its queue, its timers, its clock.

    `awake` is true while a turn is under way or asked for. `in_flight` counts foreign coroutines, `outside` the waits
    that something out of sight may end; virtual time stands still while there are any. `fatal` is the first
    KeyboardInterrupt or SystemExit that anything raised, `crash` the first error of the run itself; `signalled` counts
    the interrupts of the user, `cancels` the cancelled regions, `current` is the fiber that ran last. `for_quiet` waits
    for a moment at which every fiber waits, `quiet` is true while it seems to have come. `observer` hears what happens,
    `steering` decides who may act next.
    """

    __slots__ = (
        "advance",
        "awake",
        "backend",
        "background_",
        "cancels",
        "clock",
        "crash",
        "current",
        "fatal",
        "for_quiet",
        "in_flight",
        "kept",
        "late",
        "now",
        "observer",
        "on_end",
        "outside",
        "over",
        "queue",
        "quiet",
        "ready",
        "rest",
        "root",
        "signalled",
        "steering",
        "stuck",
        "thread",
        "timers",
        "turn",
        "turn_began",
        "turn_end",
        "virtual",
    )

    advance: Callable[[Fiber], None]
    now: Callable[[], float]
    queue: Callable[[Fiber], None]

    def __init__(
        self,
        program: IO[Any, Any],
        clock: Clock,
        backend: Backend,
        *,
        observer: Observer | None = None,
        steering: Steering | None = None,
    ) -> None:
        self.observer = observer
        self.steering = steering
        self.advance = advance if observer is None else self.observed_advance
        self.clock, self.virtual, self.now = clock, clock.virtual, clock.now
        self.backend = backend
        self.over = self.late = False
        self.on_end: Callable[[], object] | None = None
        self.stuck: Deadlock | None = None
        self.thread = get_ident()
        self.ready: deque[Fiber] = deque()
        self.queue = self.ready.append
        self.timers = Timers()
        self.awake = True
        self.turn_began, self.turn_end = clock.now(), 0.0
        self.for_quiet: dict[Callable[[IO[Any, Any]], bool], None] = {}
        self.quiet = False
        self.in_flight = self.outside = self.rest = self.signalled = self.cancels = 0
        self.fatal: BaseException | None = None
        self.crash: Exception | None = None
        self.kept: dict[object, Any] = {}
        self.background_: Background | None = None
        self.root = Fiber(self, program, None, copy_context(), [END])
        self.root.label = root_name(program)
        if type(program) is Named:
            self.root.node = program._source
        self.current = self.root
        self.turn: Callable[[], None] = turns(self.run_turn, self.crashed).__next__
        self.root.check = steering is not None
        self.enqueue(self.root)
        if observer is not None:
            observer.on_fork(self.root)

    # -- The queue ----

    def enqueue(self, fiber: Fiber) -> None:
        """Let `fiber` run when its turn comes."""
        self.queue(fiber)
        if not self.awake:
            self.awake = True
            self.backend.wake()

    def run_turn(self) -> None:
        """Run what is ready and what is due, but not so long that the host waits."""
        if self.ready:
            self.quiet = False
        self.begin_turn()
        left = self.drain(FIBERS_PER_TURN)
        while not self.over and self.fire_due() and left > 0:
            left = self.drain(left)
        self.end_turn()

    def begin_turn(self) -> None:
        """Fibers run from here on, for a while."""
        self.awake = True
        self.turn_began = self.now()
        # A virtual run is the same every time: how long a step really took must not show.
        self.turn_end = inf if self.virtual else perf_counter() + SECONDS_PER_TURN

    def end_turn(self) -> None:
        """Ask for another turn if something is ready, else for one when the next timer is due."""
        if self.ready:
            self.backend.wake()
        elif self.for_quiet:
            # What the host has ready may wake a fiber: it gets a turn in between.
            if self.quiet:
                self.fall_quiet()
            self.quiet = True
            self.backend.wake()
        else:
            self.awake = False
            self.rearm()

    def fall_quiet(self) -> None:
        """Every fiber waits: wake those that waited for just that."""
        waiting, self.for_quiet = self.for_quiet, {}
        for resume in waiting:
            resume(NOTHING)

    def drain(self, budget: int) -> int:
        """Run fibers until none is ready; give what is left of the budget, zero if the time is over."""
        ready = self.ready
        popleft, advance = ready.popleft, self.advance
        fiber: Fiber | None = None
        while ready and budget > 0:
            fiber = popleft()
            run_in(fiber.context, advance, fiber)
            budget -= 1
            if self.late or (not budget & FIBERS_PER_LOOK and self.turn_is_over()):
                self.late = False
                self.keep_turn(fiber, budget == FIBERS_PER_TURN - 1)
                budget = 0
        fiber = None  # A traceback may keep this frame.
        return budget

    def keep_turn(self, fiber: Fiber, first: bool) -> None:
        """Let a fiber that was cut by the end of the turn go on in the next, else the same one is cut every time."""
        if self.rest and fiber.state <= YIELDED and not first:
            self.ready.rotate()
        else:
            self.rest = 0

    def observed_advance(self, fiber: Fiber) -> None:
        """Run `fiber`, and tell the observer when it begins and stops."""
        assert self.observer is not None
        self.observer.on_resume(fiber)
        try:
            advance(fiber)
        finally:
            self.observer.on_pause(fiber)

    def step(self, fiber: Fiber) -> None:
        """Run `fiber` outside of a turn, in the task that hosts it, as long as it does not wait."""
        awake, changes = self.awake, self.timers.changes
        try:
            self.begin_turn()
            self.advance(fiber)
            if not awake and (self.ready or self.for_quiet or self.virtual or self.timers.changes != changes):
                self.end_turn()
            elif not awake:  # The next timer is the one that it was.
                self.awake = False
        except Exception as error:
            self.crashed(error)

    def turn_is_over(self) -> bool:
        """Whether a fiber that runs long should let the others run."""
        return perf_counter() > self.turn_end

    # -- Time ----

    def fire_due(self) -> bool:
        """Fire the timers of the earliest instant that has come; false if there is none."""
        due = self.timers.pop_due(self.now())
        for target in due:
            target.timer_fired()
        return bool(due)

    def rearm(self) -> None:
        """Tell the backend when the next timer is due; while a turn is under way its end does."""
        if not self.awake and not self.over:
            self.backend.arm(self.timers.next())

    # -- Ends ----

    def end(self, fiber: Fiber) -> None:
        """A fiber has its exit; it ends as soon as nothing that hosts it is left."""
        if fiber is self.root and self.background_ is not None and self.background_.children:
            self.background_.waiting = True
        elif fiber.host is None or self.backend.release(fiber):
            self.ended(fiber)

    def ended(self, fiber: Fiber) -> None:
        """Tell whoever waits for the fiber."""
        fiber.state = DONE
        fiber.closed = True
        fiber.host = None
        fiber.region = NOWHERE
        if fiber.cause_ is not None and type(fiber.cause_) is not Cancelled:
            forget_callers(fiber.cause_)
        fiber.node = NOTHING
        if self.observer is not None:
            self.observer.on_end(fiber)
        if fiber.watchers:
            watchers, fiber.watchers = fiber.watchers, None
            for watcher, how in watchers.items():
                watcher.wake(exit_as(how, fiber))
        if fiber.family is not None:
            fiber.family.ended(fiber)
        else:
            if self.background_ is not None:
                fiber.cause_ = self.background_.added_to(fiber.cause_)
            self.finish()

    def hosted_ended(self, fiber: Fiber) -> None:
        """The task that hosted `fiber`, which has its exit, is gone."""
        self.in_flight -= 1
        try:
            self.ended(fiber)
            self.rearm()
        except Exception as error:
            self.crashed(error)

    def background(self) -> Background:
        """The family of what was let go; the root ends after it."""
        if self.background_ is None:
            self.background_ = Background(self.root)
        return self.background_

    def finish(self) -> None:
        """The run is over."""
        self.over = True
        if self.on_end is not None:
            self.on_end()

    def give_up(self) -> None:
        """Run nothing any more; what is hosted is told to end."""
        self.over = True
        self.ready.clear()
        self.backend.give_up()

    def crashed(self, error: Exception) -> None:
        """The run itself is broken: nothing can go on, and it raises `error`."""
        if self.crash is None:
            self.crash = error
        if not self.over:
            self.give_up()
            self.finish()

    def fatal_raised(self, error: BaseException) -> None:
        """KeyboardInterrupt or SystemExit: the whole run is cancelled, and raises it bare in the end.

        A KeyboardInterrupt of the user's third Ctrl-C is no data: it goes through everything.
        """
        if self.signalled > 2:
            raise error
        if self.fatal is None:
            self.fatal = error
        self.root.request_cancel("signal", None, type(error).__name__)

    def interrupted(self) -> None:
        """The user asked the run to stop, or the system."""
        kind = KeyboardInterrupt if self.fatal is None else type(self.fatal)
        self.root.request_cancel("signal", None, kind.__name__)

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Call `function` on the thread of the run, from any thread."""
        self.backend.call(function, *args)

    # -- What lives as long as the run ----

    def kept_for(self, kind: Callable[[Scheduler], Kept]) -> Kept:
        """The `kind` of this run, made when it is first asked for and closed by `close`."""
        kept: Kept | None = self.kept.get(kind)
        if kept is None:
            kept = self.kept[kind] = kind(self)
        return kept

    def close(self) -> None:
        """The run is over, or given up: close what was kept for it."""
        self.over = True
        while self.kept:
            self.kept.popitem()[1].close()

    # -- Looking ----

    def fibers(self) -> Iterator[Fiber]:
        """Every fiber that has not ended, in tree order, the root first."""
        pending = [self.root]
        while pending:
            fiber = pending.pop()
            if fiber.state == DONE:
                continue
            yield fiber
            families: list[Region] = []
            region: Region | None = fiber.region
            while region is not None and region is not fiber:
                families.append(region)
                region = region.outer
            families.append(fiber)
            inner_last = [child for family in reversed(families) for child in family.members() or ()]
            pending.extend(reversed(inner_last))

    def pass_time(self) -> bool:
        """Nothing can run now: jump to the next timer, or break the deadlock; false if that was done already."""
        if self.for_quiet:
            self.fall_quiet()
            return True
        when = self.timers.next()
        if when is None:
            return self.break_deadlock()
        self.clock.advance_to(when)
        return True

    # -- Deadlock ----

    def may_be_woken(self) -> bool:
        """Whether a thread or a callback out of sight may still wake a fiber."""
        return self.in_flight > 0 or (self.outside > 0 and active_count() > 1)

    def break_deadlock(self) -> bool:
        """Everything waits: cancel the run, so that finalizers run; false if that was done already."""
        if self.stuck is None:
            self.stuck = standstill(self)
            self.root.request_cancel("host", None, "deadlock")
        if not self.ready:
            self.finish()
        return not self.over


def root_name(program: IO[Any, Any]) -> str:
    """A run is called after the do-notation function it was made of, or by its name."""
    if type(program) is Named:
        return str(program._name)
    if type(program) is Generate:
        return str(getattr(program._function, "__name__", "main"))
    return "main"
