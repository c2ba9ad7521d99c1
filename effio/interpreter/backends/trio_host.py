"""The trio task of one fiber with foreign coroutines, and how one of them is cancelled there.

A leaf that a cancel can reach runs in a scope that is made anew after each cancel. There are two exceptions, since
trio's scopes have to nest. What acquires and releases a resource is shielded and runs outside of that scope: a leaf may
open a nursery, and another one close it. And after a leaf that left something open inside the scope, the next ones may
close it. To cancel one of those, a shield is opened that stands between the whole task and a scope which is cancelled
from the beginning: trio cannot take a cancel back, but a shield can be closed again.
"""

# The interpreter reads the slots of nodes, and trio does not tell otherwise which scope is the innermost one.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, cast, final

import trio
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    Task,
    current_task,
    disable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from effio.algebra.io import IO
from effio.algebra.primitive import Halt, Leaf, Pure
from effio.data.cause import Die, then
from effio.data.cause_text import name_of
from effio.data.errors import ForeignCancelled, ProgramCancelled
from effio.interpreter.backend import in_trio
from effio.interpreter.backends.leaf import made_by
from effio.interpreter.fiber import CHECKPOINT, Fiber
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.scope import SHIELD, Region, hit_from_outside


@final
class Host:
    """The trio task of one fiber.

    ::

        parked ── begin ──> in a leaf ── it ends ──> stepping the fiber ──> in a leaf | parked | over

    `wanted` is true while the leaf is being cancelled: by `scope`, if it runs `inside` that one and nothing in between,
    else by opening `shield`, which is around them all. `foreign` is the cancel of a scope that a leaf has left open: it
    cancels the innermost of `blocks`, the scopes that context managers guard, or else the fiber.
    """

    def __init__(self, scheduler: Scheduler, fiber: Fiber, on_end: Callable[[Host], None]) -> None:
        self.scheduler = scheduler
        self.fiber = fiber
        self.on_end = on_end
        self.leaf: Leaf | None = None
        self.over = False
        self.wanted = False
        self.blocks: list[Region] = []
        self.foreign: BaseException | None = None
        self.parked: Task | None = None
        self.shield = trio.CancelScope(shield=True)
        self.scope: trio.CancelScope | None = None
        self.inside = False

    # -- Called by the run ----

    def begin(self, node: Leaf) -> None:
        """Run the coroutine of `node` next."""
        self.leaf = node
        self.unpark()

    def stop(self) -> None:
        """The fiber has its exit: let the task end."""
        self.over = True
        self.scheduler.in_flight += 1
        self.unpark()

    def unpark(self) -> None:
        task, self.parked = self.parked, None
        if task is not None:
            reschedule(task)

    def give_in(self, raise_cancel: RaiseCancelT) -> Abort:
        """When the run is given up, let that end the wait, and nothing else after it."""
        self.parked = None
        return Abort.SUCCEEDED

    # -- The wait of the fiber while a leaf runs ----

    def abort(self, fiber: Fiber) -> bool:
        """Cancel the leaf; the fiber goes on when it has ended."""
        self.wanted = True
        if self.scope is not None and self.inside:
            self.scope.cancel()
        else:
            self.shield.shield = False
        return False

    def describe(self) -> str:
        function = self.leaf._function if self.leaf is not None else None
        return f"coroutine {name_of(function)}"

    # -- The task ----

    async def run(self) -> None:
        """Run the leaves, and end the fiber with the task."""
        with trio.CancelScope() as cancelled:
            cancelled.cancel()
            with self.shield:
                await self.run_leaves()
                if self.is_in_scope():
                    self.leave_scope()
                if current_task()._cancel_status is not self.shield._cancel_status:
                    await self.close_scopes()
        self.on_end(self)

    async def run_leaves(self) -> None:
        """Run one leaf after the other; between them the fiber runs in this task, or in the ready queue."""
        while not self.over:
            if self.leaf is None:
                await self.park()
                continue
            await self.run_leaf(self.leaf)
            if not self.scheduler.over:
                self.scheduler.step(self.fiber)

    async def park(self) -> None:
        """Wait for the next leaf, or for a cancel of what a leaf has left open."""
        with trio.CancelScope(shield=self.foreign is not None):
            self.parked = current_task()
            try:
                await wait_task_rescheduled(self.give_in)
            except trio.Cancelled as error:
                self.cancelled_from_outside(error)

    def told(self, cancel: ProgramCancelled) -> BaseException:
        """What tells code of trio that the program was cancelled: nobody can make a Cancelled of trio's."""
        return cancel

    def cancelled_from_outside(self, error: BaseException) -> None:
        """A cancel came that is not ours."""
        target = hit_from_outside(self.blocks, self.fiber)
        if target.request is None and not self.over:
            self.foreign = error
            target.request_cancel("host", None, "a scope of trio that one of its coroutines opened was cancelled")

    async def run_leaf(self, node: Leaf) -> None:
        """Await one foreign coroutine and keep what comes of it for the fiber."""
        outcome: IO[Any, Any]
        if self.wanted:
            outcome = CHECKPOINT
        else:
            try:
                self.settle_in()
                outcome = Pure(await interruptible(node))
            except BaseException as error:
                if isinstance(error, GeneratorExit) and not in_trio():
                    raise  # The loop is gone, and the task is being destroyed.
                outcome = self.failed(node, error)
        self.leaf_over()
        self.fiber.epoch += 1
        self.fiber.wait = None
        self.fiber.node = outcome

    # -- Its scope ----

    def settle_in(self) -> None:
        """Be in the scope that can cancel the next leaf, or out of it if no cancel can reach that leaf."""
        shielded = self.fiber.region.kind == SHIELD
        if self.scope is not None and (shielded or self.scope.cancel_called) and self.is_in_scope():
            self.leave_scope()
        if self.scope is None and not shielded:
            self.scope = trio.CancelScope()
            self.scope.__enter__()
        self.inside = self.is_in_scope()

    def is_in_scope(self) -> bool:
        """Whether the task is in the scope, and in no other one inside of it."""
        return self.scope is not None and self.scope._cancel_status is current_task()._cancel_status

    def leave_scope(self) -> None:
        if self.scope is not None:
            self.scope.__exit__(None, None, None)
        self.scope = None
        self.inside = False

    # -- How it ends ----

    def failed(self, node: Leaf, error: BaseException) -> IO[Any, Any]:
        """A leaf raised: our own cancel, or what it has to tell beside that, or a cancel that nobody asked for."""
        if self.wanted:
            rest = without_cancelled(error)
            return CHECKPOINT if rest is None else Halt(self.fiber.raised(rest, node._catches))
        if isinstance(error, trio.Cancelled) and trio.current_effective_deadline() == -inf:
            self.cancelled_from_outside(error)
            return CHECKPOINT
        if isinstance(error, trio.Cancelled):
            defect = ForeignCancelled(name_of(node._function))
            defect.__cause__ = error
            return Halt(self.fiber.raised(defect))
        return Halt(self.fiber.raised(error, node._catches))

    def leaf_over(self) -> None:
        """Take back our own cancel."""
        self.leaf = None
        if self.wanted:
            self.wanted = False
            self.shield.shield = True
            if self.inside and self.is_in_scope():
                self.leave_scope()
        self.scheduler.in_flight -= 1

    async def close_scopes(self) -> None:
        """Close what the leaves have left open, which would bring down the whole trio run, and fail because of it."""
        task = current_task()
        nurseries = task.child_nurseries
        while task._cancel_status is not self.shield._cancel_status:
            scope = task._cancel_status._scope
            if nurseries and nurseries[-1].cancel_scope is scope:
                scope.cancel()
                await nurseries[-1]._nested_child_finished(None)
            scope.__exit__(None, None, None)
        problem = RuntimeError(f"a coroutine of fiber {self.fiber.name!r} left a scope or a nursery of trio open")
        problem.add_note("use bracket, so that what one coroutine enters another one leaves")
        cause = Die(problem, self.fiber.at(None))
        self.fiber.cause_ = cause if self.fiber.cause_ is None else then(self.fiber.cause_, cause)


@disable_ki_protection
async def interruptible(node: Leaf) -> Any:
    """Await the coroutine of `node`, which Ctrl-C may break into, as it may into any other task of the host."""
    return await made_by(node)


def without_cancelled(error: BaseException) -> BaseException | None:
    """What `error` tells beside that it was cancelled."""
    if isinstance(error, trio.Cancelled):
        return None
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.split(trio.Cancelled)[1]
    return error
