"""Running inside an asyncio event loop: one callback per turn, and a task of its own for a fiber with foreign leaves.

A fiber is no task. At its first foreign coroutine it gets one real `asyncio.Task` and keeps it until it ends, so that
context variables, `asyncio.timeout`, task groups and the scopes of other libraries hold across its leaves. While a
hosted fiber waits for something of effio's own, its task is parked and the fiber goes on in the ready queue.
"""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final, final

from effio.algebra.io import IO
from effio.algebra.primitive import Halt, Leaf, Pure
from effio.data.cause_text import name_of
from effio.data.errors import ForeignCancelled, ProgramCancelled
from effio.interpreter.backends.hosted import begun, hosted, next_turn
from effio.interpreter.backends.suspended import holds_cancel
from effio.interpreter.fiber import CHECKPOINT, PARKED, Fiber
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.scope import Region, hit_from_outside, visible_cancel

FIRST_PATIENCE: Final = 0.001
LONGEST_PATIENCE: Final = 0.1

# What a task awaits.
NEXT_LEAF: Final = 0
IN_LEAF: Final = 1
NEXT_TURN: Final = 2


@final
class AsyncioBackend:
    """The host of one run in one event loop. `waking` is the turn that was asked for, `timer` the one that is due."""

    sealed = False

    def __init__(self, loop: asyncio.AbstractEventLoop, scheduler: Scheduler) -> None:
        self.loop = loop
        self.scheduler = scheduler
        self.hosts: set[Host] = set()
        self.timer: asyncio.TimerHandle | None = None
        self.timer_at: float | None = None
        self.jump: asyncio.Handle | None = None

    # -- Turns ----

    def wake(self) -> None:
        self.loop.call_soon(self.scheduler.turn)

    def arm(self, when: float | None) -> None:
        if self.scheduler.clock.virtual:
            self.arm_jump(when)
            return
        if when == self.timer_at and self.timer is not None:
            return
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.timer_at = when
        if when is not None:
            delay = when - self.scheduler.clock.now()
            self.timer = self.loop.call_later(max(0.0, delay), self.timer_due)

    def timer_due(self) -> None:
        self.timer = None
        if not self.scheduler.awake:
            self.scheduler.turn()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        self.loop.call_soon_threadsafe(function, *args)

    # -- Virtual time ----

    def arm_jump(self, when: float | None) -> None:
        """Jump when the loop has nothing to do; while anything is in flight, wait as long as the timer says."""
        self.disarm()
        if when is None:
            if not self.scheduler.in_flight and not self.scheduler.outside and not self.scheduler.over:
                self.jump = self.loop.call_soon(self.nothing_left)
        elif self.in_flight():
            delay = max(0.0, when - self.scheduler.clock.now())
            self.timer = self.loop.call_later(delay, self.jump_to, when)
        else:
            self.jump = self.loop.call_soon(self.jump_to, when)

    def in_flight(self) -> bool:
        """Whether something out of sight may still wake a fiber."""
        scheduler = self.scheduler
        if scheduler.in_flight:
            return True
        busy = threading.active_count() > 1 or bool(getattr(self.loop, "_scheduled", ()))
        return scheduler.outside > 0 and busy

    def jump_to(self, when: float) -> None:
        self.jump = None
        self.timer = None
        if not self.scheduler.awake:
            self.scheduler.clock.advance_to(when)
            self.scheduler.turn()

    def nothing_left(self) -> None:
        """Everything waits, and virtual time has nothing to jump to."""
        self.jump = None
        if not self.scheduler.awake and not self.scheduler.over:
            self.scheduler.break_deadlock()

    def disarm(self) -> None:
        """Ask for no timer."""
        for pending in (self.timer, self.jump):
            if pending is not None:
                pending.cancel()
        self.timer = self.jump = None
        self.timer_at = None

    # -- Foreign coroutines ----

    def start_leaf(self, fiber: Fiber, node: Leaf) -> IO[Any, Any] | None:
        host: Host | None = fiber.host
        if host is None:
            host = fiber.host = Host(self, fiber)
            self.hosts.add(host)
        outcome = host.begin(node) if host.stepping else None
        if outcome is not None and self.scheduler.turn_is_over():
            fiber.hold(outcome)
            return None
        if outcome is not None:
            return outcome
        host.leaf = node
        host.unpark()
        fiber.park(host)
        self.scheduler.in_flight += 1
        if host.stepping and fiber.check:
            fiber.interrupt()  # What has begun may have cancelled its own fiber.
        return None

    def release(self, fiber: Fiber) -> bool:
        """A hosted fiber ends when its task has ended."""
        host: Host = fiber.host
        host.stop()
        return False

    def give_up(self) -> None:
        self.disarm()
        for host in self.hosts:
            host.task.cancel()

    def hosted_ended(self, host: Host) -> None:
        """The task of a fiber that has its exit is over."""
        self.hosts.discard(host)
        self.scheduler.hosted_ended(host.fiber)


@final
class Host:
    """The asyncio task of one fiber.

    ::

        parked ── unpark ──> in a leaf ── it ends ──> stepping the fiber ──> in a leaf | parked | over

    The task awaits what `awaited` is: by `place` the coroutine of `leaf`, the next leaf, or only the next turn of the
    loop. It has begun, and waits for `waits_for` first. `outcome` is how the fiber goes on, if not with its value;
    `value` is that of one that did not wait.

    `asked` counts the cancels that this run sent to the task and has not taken back; any other cancel of the task
    comes from outside and cancels the innermost of `blocks`, the scopes that context managers guard, or else the fiber.
    """

    def __init__(self, backend: AsyncioBackend, fiber: Fiber) -> None:
        self.backend = backend
        self.scheduler = backend.scheduler
        self.fiber = fiber
        self.leaf: Leaf | None = None
        self.place = NEXT_LEAF
        self.awaited: Any = None
        self.waits_for: Any = None
        self.value: Any = None
        self.outcome: IO[Any, Any] | None = None
        self.stepping = self.over = self.wanted = False
        self.asked = 0
        self.blocks: list[Region] = []
        self.foreign: BaseException | None = None
        self.cut: object = None
        self.patience: asyncio.Handle | None = None
        self.parked: asyncio.Future[None] | None = None
        self.task: Any = asyncio.Task(hosted(self), loop=backend.loop, name=fiber.name, context=fiber.context)
        self.task.add_done_callback(self.task_over)

    # -- Called by the run ----

    def stop(self) -> None:
        """The fiber has its exit: let the task end."""
        self.over = True
        self.scheduler.in_flight += 1
        self.unpark()

    def unpark(self) -> None:
        if self.parked is not None and not self.parked.done():
            self.parked.set_result(None)

    # -- The wait of the fiber while a leaf runs ----

    def abort(self, fiber: Fiber) -> bool:
        """Cancel the leaf; the fiber goes on when it has ended."""
        if not self.wanted:
            self.wanted = True
            self.insist(0.0)
        return False

    def describe(self) -> str:
        function = self.leaf._function if self.leaf is not None else None
        return f"coroutine {name_of(function)}"

    def insist(self, patience: float) -> None:
        """Cancel the leaf where it waits, and look again later: it may swallow the cancel and wait anew."""
        self.patience = None
        if self.leaf is None or not self.wanted:
            return
        if self.may_cut():
            self.cut = self.task._fut_waiter
            self.asked += 1
            self.task.cancel()
        patience = min(max(patience * 2, FIRST_PATIENCE), LONGEST_PATIENCE)
        self.patience = self.backend.loop.call_later(patience, self.insist, patience)

    def may_cut(self) -> bool:
        """Whether a cancel would do no harm now.

        A leaf that still deals with one, in a `finally` for instance, may do so in peace. A future that is done is
        left alone, since its value would be lost; so is a task that has not begun, or runs right now.
        """
        if self.place != IN_LEAF:
            return False
        waits_for = self.task._fut_waiter
        if waits_for is None:  # It gives way to others for one turn, if it is suspended at all.
            may = bool(self.task.get_coro().cr_suspended) and not self.task._must_cancel
        else:
            may = waits_for is not self.cut and not waits_for.done()
        return may and not (self.task.cancelling() and holds_cancel(self.awaited))

    # -- The task ----

    def go_on(self, value: object) -> Any:
        """Run the fiber, until there is something to await; give that, or None at its end."""
        if self.place != IN_LEAF:
            self.awaited = self.parked = None
        elif self.outcome is None:
            self.outcome = Pure(value)
        while not self.over:
            if self.outcome is None and self.leaf is None:
                self.parked = self.backend.loop.create_future()
                return self.awaits(NEXT_LEAF, self.parked.__await__())
            if self.outcome is None and self.awaited is None and self.leaf is not None:
                self.outcome = CHECKPOINT if self.wanted else self.begin(self.leaf)
            if self.outcome is None:
                self.place = IN_LEAF
                return self.awaited
            if self.task._must_cancel:  # Else the cancel that the leaf has left behind would hit the next one.
                return self.awaits(NEXT_TURN, next_turn())
            self.step()
        return None

    def awaits(self, place: int, awaited: Any) -> Any:
        """Let the task await something that is no leaf."""
        self.place = place
        self.awaited = awaited
        self.waits_for = next(awaited)
        return awaited

    def first_wait(self) -> Any:
        """Give what `awaited` waits for first, and let go of it."""
        waits_for, self.waits_for = self.waits_for, None
        return waits_for

    def begin(self, node: Leaf) -> IO[Any, Any] | None:
        """Run the coroutine of `node` in this task, which runs right now, as far as it does not wait.

        None if it waits; the task goes on with it then.
        """
        if not begun(self, node):
            return None
        outcome = Pure(self.value) if self.outcome is None else self.outcome
        self.value = self.outcome = None
        return outcome

    def failed(self, error: BaseException) -> bool:
        """Take what awaiting raised; false if the task is being destroyed, or the run itself aborted.

        A cancel that comes outside of a leaf is meant for the fiber, unless it is one that a leaf has left behind.
        """
        if self.stepping:
            return False
        if self.place == IN_LEAF and self.leaf is not None:
            if isinstance(error, GeneratorExit) and not self.backend.loop.is_running():
                return False
            self.outcome = self.raised(self.leaf, error)
            return True
        if not isinstance(error, asyncio.CancelledError):
            return False
        if self.place == NEXT_LEAF or self.task.cancelling() > self.asked:
            self.cancelled_from_outside(error)
        return True

    def raised(self, node: Leaf, error: BaseException) -> IO[Any, Any]:
        """How the fiber goes on after a leaf that raised."""
        if isinstance(error, asyncio.CancelledError):
            return self.cancelled(node, error)
        return Halt(self.fiber.raised(error, node._catches))

    def cancelled(self, node: Leaf, error: asyncio.CancelledError) -> IO[Any, Any]:
        """A leaf ended by a cancel: ours, one from outside, or one that nobody asked for."""
        if self.task.cancelling() > self.asked:
            self.cancelled_from_outside(error)
            return self.cut_from_outside()
        if self.asked:
            return CHECKPOINT
        defect = ForeignCancelled(name_of(node._function))
        defect.__cause__ = error
        return Halt(self.fiber.raised(defect))

    def told(self, cancel: ProgramCancelled) -> BaseException:
        """What tells code of asyncio that the program was cancelled."""
        error = asyncio.CancelledError(str(cancel))
        error.__cause__ = cancel
        return error

    def cancelled_from_outside(self, error: BaseException) -> None:
        """Somebody else cancelled the task of this fiber, or closes the loop after a run that was given up."""
        self.over = self.over or self.scheduler.over
        if self.over:
            return
        for _ in range(self.task.cancelling() - self.asked):
            self.task.uncancel()
        target = hit_from_outside(self.blocks, self.fiber)
        if target.request is None:  # Some come again and again until their block is left.
            self.foreign = error
            target.request_cancel("host", None, "its asyncio task was cancelled")

    def cut_from_outside(self) -> IO[Any, Any]:
        """How a leaf ends that somebody else has cancelled: behind a shield the fiber goes on, but has no value."""
        request = hit_from_outside(self.blocks, self.fiber).request
        return CHECKPOINT if request is None or visible_cancel(self.fiber.region) is not None else Halt(request.leaf)

    def leaf_over(self) -> None:
        """Take back our own cancels, and what the leaf has swallowed of others."""
        self.leaf = self.awaited = None
        self.scheduler.in_flight -= 1
        while self.task.cancelling():
            self.task.uncancel()
        if not self.wanted:
            return
        self.wanted = False
        self.cut = None
        self.asked = 0
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def step(self) -> None:
        """Run the fiber right here, as long as it does not wait."""
        fiber = self.fiber
        outcome, self.outcome = self.outcome, None
        assert outcome is not None
        self.leaf_over()
        fiber.node = outcome
        fiber.epoch += 1
        fiber.wait = None
        self.stepping = True
        self.scheduler.step(fiber)
        self.stepping = False

    def task_over(self, task: asyncio.Task[None]) -> None:
        """The fiber ends with its task; if it has no exit, the task was cancelled before its first step."""
        if not task.cancelled():
            task.result()
        if self.scheduler.over:
            self.backend.hosts.discard(self)
            return
        if self.over:
            self.backend.hosted_ended(self)
            return
        fiber = self.fiber
        self.backend.hosts.discard(self)
        self.leaf_over()
        fiber.host = None
        fiber.request_cancel("host", None, "its asyncio task was cancelled")
        if fiber.state == PARKED and fiber.wait is self:
            fiber.wake(self.cut_from_outside())
