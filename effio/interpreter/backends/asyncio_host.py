"""The asyncio task of one fiber with foreign coroutines, and how one of them is cancelled there."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, final

from effio.algebra.io import IO
from effio.algebra.primitive import Halt, Leaf, Pure
from effio.data.cause_text import name_of
from effio.data.errors import ForeignCancelled, ProgramCancelled
from effio.interpreter.backends.hosted import all_awaited, begun
from effio.interpreter.backends.leaf import awaiting
from effio.interpreter.backends.suspended import holds_cancel
from effio.interpreter.fiber import CHECKPOINT, PARKED, Fiber
from effio.interpreter.scope import Region, hit_from_outside, visible_cancel

if TYPE_CHECKING:
    from effio.interpreter.backends.asyncio import AsyncioBackend

FIRST_PATIENCE: Final = 0.001
LONGEST_PATIENCE: Final = 0.1

COROUTINE: Final = CoroutineType  # a name of this module, which the compiled core need not look up

# What a task awaits.
NEXT_LEAF: Final = 0
IN_LEAF: Final = 1
NEXT_TURN: Final = 2


@final
class Host:
    """The asyncio task of one fiber.

    ::

        parked ── unpark ──> in a leaf ── it ends ──> stepping the fiber ──> in a leaf | parked | over

    Its task awaits this: by `place` the coroutine of `leaf`, which `running` runs, the next leaf, or only the next turn
    of the loop. A coroutine that is over leaves `values` or `errors`; else it waits for `waits_for`. `outcome` is how
    the fiber goes on. `leaves` counts those that did not wait.

    `asked` counts the cancels that this run sent to the task and has not taken back; any other cancel of the task
    comes from outside and cancels the innermost of `blocks`, the scopes that context managers guard, or else the fiber.
    """

    def __init__(self, backend: AsyncioBackend, fiber: Fiber) -> None:
        self.backend = backend
        self.scheduler = backend.scheduler
        self.fiber = fiber
        self.leaf: Leaf | None = None
        self.place = NEXT_LEAF
        self.waits_for: Any = None
        self.outcome: IO[Any, Any] | None = None
        self.values: list[Any] = []
        self.errors: list[BaseException] = []
        self.renew()
        self.leaves = 0
        self.stepping = self.over = self.wanted = False
        self.asked = 0
        self.blocks: list[Region] = []
        self.foreign: BaseException | None = None
        self.cut: object = None
        self.patience: asyncio.Handle | None = None
        self.parked: asyncio.Future[None] | None = None
        self.task: Any = asyncio.Task(all_awaited(self), loop=backend.loop, name=fiber.name, context=fiber.context)
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
        return may and not (self.task.cancelling() and holds_cancel(self.running))

    # -- The task ----

    def __await__(self) -> Any:
        return self

    def __next__(self) -> Any:
        """Go on after a wait; give the next one."""
        if self.place == IN_LEAF and self.leaf is not None:
            self.outcome = self.run(self.send, None, self.leaf)
        return self.go_on()

    def throw(self, error: BaseException) -> Any:
        """Go on with an error instead.

        A cancel that comes outside of a leaf is meant for the fiber, unless it is one that a leaf has left behind.
        """
        if self.place == IN_LEAF and self.leaf is not None:
            self.outcome = self.run(self.running.throw, error, self.leaf)
        elif not isinstance(error, asyncio.CancelledError):
            raise error
        elif self.place == NEXT_LEAF or self.task.cancelling() > self.asked:
            self.cancelled_from_outside(error)
        return self.go_on()

    def close(self) -> None:
        """The task is being destroyed."""
        try:
            self.throw(GeneratorExit())
        except (GeneratorExit, StopIteration):
            return
        raise RuntimeError("coroutine ignored GeneratorExit")

    def go_on(self) -> Any:
        """Run the fiber until there is something to wait for, and give that."""
        while not self.over:
            if self.outcome is None and self.leaf is None:
                self.place = NEXT_LEAF
                self.parked = self.backend.loop.create_future()
                return next(self.parked.__await__())
            if self.outcome is None and self.place != IN_LEAF and self.leaf is not None:
                self.outcome = CHECKPOINT if self.wanted else self.start(self.leaf)
            if self.outcome is None:
                waits_for, self.waits_for = self.waits_for, None
                return waits_for
            if self.task._must_cancel:  # Else the cancel that the leaf has left behind would hit the next one.
                self.place = NEXT_TURN
                return None
            self.step()
        raise StopIteration

    # -- The coroutines of its leaves ----

    def renew(self) -> None:
        """Have a generator that runs coroutines, at the beginning and when one has broken."""
        self.running: Any = begun(self.values, self.errors)
        next(self.running)
        self.send: Callable[[Any], Any] = self.running.send

    def start(self, node: Leaf) -> IO[Any, Any] | None:
        """Run the coroutine of `node` in this task, which runs right now, as far as it does not wait.

        None if it waits; the task goes on with it then.
        """
        function, kwargs = node._function, node._kwargs
        try:
            made: Any = function(*node._args, **kwargs) if kwargs else function(*node._args)
        except BaseException as error:
            return self.raised(node, error)
        if type(made) is not COROUTINE:
            made = awaiting(made, node)
        outcome = self.run(self.send, made, node)
        if outcome is None:
            self.place = IN_LEAF
        return outcome

    def run(self, go_on: Callable[[Any], Any], given: Any, node: Leaf) -> IO[Any, Any] | None:
        """Run the coroutine of `node` as far as it does not wait; how the fiber goes on, if it is over."""
        try:
            self.waits_for = go_on(given)
        except BaseException as error:
            self.renew()
            if isinstance(error, GeneratorExit) and not self.backend.loop.is_running():
                raise
            return self.raised(node, error)
        if self.values:
            return Pure(self.values.pop())
        return self.raised(node, self.errors.pop()) if self.errors else None

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
        self.leaf = None
        self.place = NEXT_LEAF
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
