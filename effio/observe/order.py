"""What in a plan comes before what, what runs beside what, and how many steps run at once.

A fork is no step to wait for: what it starts runs beside all that comes after it, until its task group ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from effio.observe.step import TOGETHER, Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan


def around(plan: Plan, step: Step) -> Iterator[tuple[Step, Step | None]]:
    """Yield the step and those around it, from the inside out, each with the one around it."""
    while step.parent is not None:
        outer = plan.steps()[step.parent - 1]
        yield step, outer
        step = outer
    yield step, None


def before(plan: Plan, step: Step) -> Iterator[Step]:
    """Yield what must have ended before the step begins; what was forked inside it goes on."""
    for below, outer in around(plan, step):
        yield from (other for other in plan.inside(outer) if precedes(other, below) and other.kind != "fork")


def beside(plan: Plan, step: Step) -> Iterator[Step]:
    """Yield what can run at the same time as the step."""
    is_forked = False
    for below, outer in around(plan, step):
        yield from siblings(plan, below, outer)
        if below.kind in {"fork", "group"}:
            is_forked = below.kind == "fork"
        for other in plan.inside(outer):
            if precedes(other, below):
                yield from forks(plan, other)
            elif is_forked and precedes(below, other):
                yield other


def siblings(plan: Plan, below: Step, outer: Step | None) -> Iterator[Step]:
    """Yield what runs at the same time as the step `below` in other branches of the one around it."""
    if outer is not None and outer.kind in TOGETHER and outer.limit != 1:
        same = (other for other in plan.inside(outer) if other.stage == below.stage)
        yield from (other for other in same if other.branch != below.branch)


def precedes(first: Step, second: Step) -> bool:
    """Whether one of two steps with the same parent comes before the other one."""
    return first.stage < second.stage or (first.branch == second.branch and first.number < second.number)


def forks(plan: Plan, root: Step) -> Iterator[Step]:
    """Yield the forks in a step that go on when it has ended: those that are not inside a group of its own."""
    number = root.number
    while number < root.number + plan.size(root):
        step = plan.steps()[number - 1]
        if step.kind == "fork":
            yield step
        number += plan.size(step) if step.kind in {"fork", "group"} else 1


def names(plan: Plan, roots: Iterable[Step], *, ended: bool = False) -> frozenset[str]:
    """List the names of these steps and of those inside them; if they have `ended`, not of what was forked there.

    The name of a function does not count inside a step that was given a name.
    """
    found: set[str] = set()
    for root in roots:
        going_on = {number for fork in forks(plan, root) for number in numbers(plan, fork)} if ended else set[int]()
        covered = 0
        for number in numbers(plan, root):
            step = plan.steps()[number - 1]
            if step.is_named:
                covered = max(covered, number + plan.size(step) - 1)
            if step.name and (step.is_named or number > covered) and number not in going_on:
                found.add(step.name)
    return frozenset(found)


def numbers(plan: Plan, step: Step) -> range:
    """The numbers of a step and of those inside it."""
    return range(step.number, step.number + plan.size(step))


# -- Width ----------------------------------------------------------------------------------------------------


def width(plan: Plan) -> int:
    """Count the steps that can run at the same time, at most. Cost: linear."""
    widths = [1] * len(plan.steps())
    forked = [0] * len(plan.steps())
    for step in reversed(plan.steps()):
        index, inside = step.number - 1, plan.inside(step)
        going_on = sum(forked[each.number - 1] for each in inside)
        widths[index] = width_of(step, inside, widths)
        if step.kind == "fork":
            going_on, widths[index] = going_on + widths[index], 1
        elif step.kind == "group":
            going_on, widths[index] = 0, going_on + widths[index]
        forked[index] = going_on
    outermost = plan.inside()
    return width_of(None, outermost, widths) + sum(forked[each.number - 1] for each in outermost)


def width_of(step: Step | None, inside: Sequence[Step], widths: Sequence[int]) -> int:
    """Count how many of the steps inside this one can run at once, given the widths of those."""
    together = step is not None and step.kind in TOGETHER
    limit = None if step is None else step.limit
    stages: dict[int, dict[int, int]] = {}
    for each in inside:
        times = 1 if not together else each.times if limit is None else min(each.times, limit)
        branches = stages.setdefault(each.stage, {})
        branches[each.branch] = max(branches.get(each.branch, 1), widths[each.number - 1] * times)
    most = limit if together else 1
    return max((sum(sorted(stage.values())[::-1][:most]) for stage in stages.values()), default=1)
