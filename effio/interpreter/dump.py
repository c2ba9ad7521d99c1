"""What runs now: one line for a glance, or the tree of all fibers with what each one waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from effio.interpreter.fiber import Fiber
    from effio.interpreter.scheduler import Scheduler


def line_of(scheduler: Scheduler, asking: Fiber) -> str:
    """Every fiber in tree order, with whether it is the one that runs."""
    return " ".join(f"{fiber.name}[{fiber is asking}]" for fiber in scheduler.fibers())


def tree_of(scheduler: Scheduler, asking: Fiber) -> str:
    """A line for each fiber, indented by its depth: name, state, what it waits for and for how long."""
    now = scheduler.clock.now()
    return "\n".join(f"{'  ' * depth_of(fiber)}{described(fiber, now, asking)}" for fiber in scheduler.fibers())


def described(fiber: Fiber, now: float, asking: Fiber) -> str:
    """One fiber in a few words."""
    if fiber is asking:
        return f"{fiber.name}: running"
    if fiber.wait is None:
        return f"{fiber.name}: ready"
    return f"{fiber.name}: waits for {fiber.wait.describe()}, for {max(0.0, now - fiber.since):.2f} s"


def depth_of(fiber: Fiber) -> int:
    """How many fibers are around it."""
    depth = 0
    family = fiber.family
    while family is not None:
        depth += 1
        family = family.fiber.family
    return depth
