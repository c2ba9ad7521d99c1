"""A world that is all invented: virtual time, a chosen order, nothing foreign. The place to begin reading.

The same program with the same seed runs the same way, step by step. Without a seed fibers run in order of arrival,
as everywhere; with one, whoever is ready may be next.
"""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, final

from effio.algebra.io import IO
from effio.algebra.primitive import Halt, Leaf
from effio.data.cause import Die
from effio.data.cause_text import name_of
from effio.data.exit import Exit
from effio.interpreter.clock import VirtualClock
from effio.interpreter.fiber import Fiber
from effio.interpreter.outcome import outcome
from effio.interpreter.scheduler import Scheduler


@final
class Simulated:
    """A host that does nothing by itself; `calls` are those that came from callbacks."""

    __slots__ = ("calls",)
    sealed = True

    def __init__(self) -> None:
        self.calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()

    def wake(self) -> None:
        """Nothing: the run is being driven."""

    def arm(self, when: float | None) -> None:
        """Nothing: the driver looks at the timers itself."""

    def start_leaf(self, fiber: Fiber, node: Leaf) -> IO[Any, Any] | None:
        """Refuse: what a foreign coroutine does cannot be repeated."""
        name = name_of(node._function)
        problem = RuntimeError(f"cannot await the foreign coroutine {name!r} in a simulated run")
        problem.add_note("give the program a model of it, or run it with run(..., clock=VirtualClock())")
        return Halt(Die(problem, fiber.at(None)))

    def release(self, fiber: Fiber) -> bool:
        return True

    def give_up(self) -> None:
        """Nothing: no fiber is hosted."""

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        self.calls.append((function, args))


def simulate(program: IO[Any, Any], *, seed: int | None = None) -> Exit[Any, Any]:
    """Run `program` in virtual time, in the order that `seed` chooses, and give its exit.

    If nothing can run any more the exit is a `Deadlock` defect that tells who waits for what.
    """
    scheduler = Scheduler(program, VirtualClock(), Simulated())
    drive(scheduler, seed=seed)
    return outcome(scheduler)


def drive(scheduler: Scheduler, *, seed: int | None = None) -> None:
    """Run a simulated scheduler to the end; whoever is ready may be next, unless there is no seed."""
    backend = scheduler.backend
    assert isinstance(backend, Simulated)
    chance = None if seed is None else Random(seed)
    scheduler.begin_turn()
    while not scheduler.over:
        if backend.calls:
            function, args = backend.calls.popleft()
            function(*args)
        elif scheduler.ready:
            if chance is not None:
                scheduler.ready.rotate(-chance.randrange(len(scheduler.ready)))
            scheduler.drain(1)
        elif not scheduler.fire_due() and not scheduler.pass_time():
            break
