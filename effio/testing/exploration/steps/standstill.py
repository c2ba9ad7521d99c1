"""Why a run can go no further: since which steps its fibers wait, and when who took what they wait for."""

# The explorer reads the slots of nodes and waits, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any, Final, TypeAlias

from effio.interpreter.backends.simulated import drive
from effio.interpreter.dump import awaited_by, standstill, thing_of
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler
from effio.testing.exploration.steps.journal import Journal, touched_by

TAKING: Final = ("take", "write")
"""What a fiber does to a thing that it holds afterwards."""

Steps: TypeAlias = dict[Fiber, list[tuple[int, Any]]]
"""Their numbers, and the actions."""


def end(scheduler: Scheduler, journal: Journal | None) -> None:
    """End a run in which nothing is left to wait for, its finalizers in order of arrival."""
    if journal is None or scheduler.over or scheduler.for_quiet:
        drive(scheduler)
        return
    steps = steps_of(journal)
    stuck = standstill(scheduler, [known_of(fiber, steps) for fiber in scheduler.fibers()])
    drive(scheduler)
    if scheduler.stuck is not None:
        scheduler.stuck = stuck


def steps_of(journal: Journal) -> Steps:
    """The steps of each fiber, with their numbers."""
    steps: Steps = {}
    for number, ((fiber, _), node) in enumerate(zip(journal.moves, journal.nodes, strict=True), 1):
        if fiber is not None:
            steps.setdefault(fiber, []).append((number, node))
    return steps


def known_of(fiber: Fiber, steps: Steps) -> str:
    """Since which step a fiber waits, and in which ones those that it waits for took what they hold."""
    if fiber.wait is None or fiber not in steps:
        return ""
    number, _ = steps[fiber][-1]
    thing = thing_of(fiber.wait)
    holders = () if thing is None else awaited_by(fiber.wait)
    taken = [
        f"taken by {holder.name!r} in step {step}" for holder in holders if (step := taken_in(steps, holder, thing))
    ]
    return ", ".join([f"since step {number}", *taken])


def taken_in(steps: Steps, holder: Fiber, thing: object) -> int:
    """The last step in which a fiber took a thing, but for the one in which it waits; 0 if there is none."""
    done = steps.get(holder, [])[: None if holder.wait is None else -1]
    return next((number for number, node in reversed(done) if takes(node, thing)), 0)


def takes(node: Any, thing: object) -> bool:
    """Whether an action is one by which a thing is taken."""
    return any(touch.object is thing and touch.mode in TAKING for touch in touched_by(node))
