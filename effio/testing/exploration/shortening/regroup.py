"""The steps of one run in the equivalent order that has the fewest preemptions, found without running anything."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, final

from effio.testing.exploration.schedules.system import ROOT
from effio.testing.exploration.schedules.trail import Trail
from effio.testing.exploration.shortening.course import Course

MOST: Final = 50_000
"""So many steps of so many fibers at so many moments are looked at, in all."""


@final
class Moment(NamedTuple):
    """A part of the steps, `done` as a set, that may have come first: the last of the fibers, and how to come here."""

    cost: int
    done: int
    last: int
    path: Any


def regrouped(course: Course) -> list[int] | None:
    """The moves of the run in the best order; None if none is better, or too many orders had to be looked at.

    Orders are equivalent if no two steps that conflict have changed places.
    """
    order = Order(course)
    every = (1 << len(course.threads)) - 1
    todo = deque([Moment(0, 0, -1, None)])
    seen: set[tuple[int, int]] = set()
    while todo and len(seen) * len(order.lines) < MOST:
        moment = todo.popleft()
        if moment.cost >= course.preemptions:
            return None
        if moment.done == every:
            return [course.threads[step] for step in path_to(moment) if course.acts[step]]
        if (moment.done, moment.last) in seen:
            continue
        seen.add((moment.done, moment.last))
        for following in order.after(moment):
            if following.cost == moment.cost:
                todo.appendleft(following)
            else:
                todo.append(following)
    return None


@final
class Order:
    """What must come before what: `before` for the order to be equivalent, `enabled` for a step to be possible."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.lines: dict[int, list[int]] = {}
        self.enabled: list[int] = []
        trail = Trail()
        for number, (owner, step) in enumerate(zip(course.owners, course.steps, strict=True)):
            line = self.lines.setdefault(owner, [])
            trail.add(owner, step.footprint, step.enablers)
            self.enabled.append(sum({1 << needed for needed in (*step.enablers, *line[-1:])}))
            line.append(number)
        self.before = [past & ~(1 << number) for number, past in enumerate(trail.before)]
        self.masks = {owner: sum(1 << number for number in line) for owner, line in self.lines.items()}

    def after(self, moment: Moment) -> Iterator[Moment]:
        """Yield what can come next: whoever acted goes on if that is possible."""
        nexts = {owner: self.next_of(owner, moment.done) for owner in self.lines}
        possible = {owner: step for owner, step in nexts.items() if step >= 0 and not self.before[step] & ~moment.done}
        last = nexts.get(moment.last, -1)
        stops = last >= 0 and not self.enabled[last] & ~moment.done
        for owner, step in possible.items():
            if owner == moment.last or moment.last not in possible:
                yield self.moment_after(moment, owner, step, stops=stops)

    def moment_after(self, moment: Moment, owner: int, step: int, *, stops: bool) -> Moment:
        """The moment after one more step, by which the fiber that acted last may be stopped."""
        acts = self.course.acts[step] and owner >= ROOT
        cost = moment.cost + (acts and stops and owner != moment.last)
        return Moment(cost, moment.done | 1 << step, owner if acts else moment.last, (moment.path, step))

    def next_of(self, owner: int, done: int) -> int:
        """The next step of a fiber, -1 if there is none."""
        line = self.lines[owner]
        count = (done & self.masks[owner]).bit_count()
        return line[count] if count < len(line) else -1


def path_to(moment: Moment) -> list[int]:
    """The steps up to a moment, in order."""
    path = moment.path
    steps: list[int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    steps.reverse()
    return steps
