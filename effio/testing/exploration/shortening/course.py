"""Runs that follow a plan as far as they can: what became of it, step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import groupby
from typing import Any, TypeAlias, final

import attrs

from effio.data.exit import Exit
from effio.testing.exploration.schedules.system import CANCELLER, CLOCK, ROOT, Step
from effio.testing.exploration.simulation import Simulation, written
from effio.testing.exploration.steps.stepping import Stepped, Stepping

Fails: TypeAlias = Callable[[Exit[Any, Any] | None], bool]


@final
@attrs.define
class Course:
    """One run: who took each step, `owners` the fibers behind it, and which of the steps were actions.

    `moves` are the threads of the actions, which is what a plan consists of. What fibers do up to their next action
    comes by itself.
    """

    threads: list[int] = attrs.field(factory=list[int])
    owners: list[int] = attrs.field(factory=list[int])
    steps: list[Step] = attrs.field(factory=list[Step])
    acts: list[bool] = attrs.field(factory=list[bool])
    preemptions: int = 0
    outcome: Exit[Any, Any] | None = None

    @property
    def moves(self) -> list[int]:
        """Who took each action."""
        return [thread for thread, acts in zip(self.threads, self.acts, strict=True) if acts]

    def weight(self) -> tuple[int, int, int]:
        """What makes a run hard to read: preemptions, changes of who acts, length."""
        moves = self.moves
        return self.preemptions, sum(1 for _ in groupby(moves)), len(moves)


@final
class Courses:
    """Runs of one program that follow plans; all of them know what `system` knows now, and what they learn is lost.

    `steps` counts those of all runs; no run takes more than `longest`. When `stop` is true, no more are wanted.
    """

    def __init__(self, system: Stepped, fails: Fails, longest: int, stop: Callable[[], bool] = bool) -> None:
        self.system = copied(system)
        self.fails = fails
        self.longest = longest
        self.stop = stop
        self.steps = 0

    def run(self, plan: Sequence[int]) -> Course | None:
        """Run as planned, leaving out what cannot be done when its turn comes; None if that does not fail."""
        run = Stepping(self.system)
        course = Course()
        guide = Guide(plan)
        ready = run.ready()
        while ready and len(course.threads) < self.longest:
            thread, acts = guide.choose(run, ready)
            owner = thread if thread in run.footprints.fibers else self.system.way_at(thread)[0]
            course.preemptions += acts and guide.preempts(owner, run)
            course.threads.append(thread)
            course.owners.append(owner)
            course.acts.append(acts)
            course.steps.append(run.take(thread))
            ready = run.ready()
        self.steps += len(course.threads)
        course.outcome = run.outcome()
        run.close()
        return None if ready or not self.fails(course.outcome) else course

    def written(self, course: Course) -> Simulation:
        """The same run, written down."""
        return written(copied(self.system), course.threads)


@final
class Guide:
    """Chooses who comes next as a plan says, then whoever acted last, if that is possible."""

    def __init__(self, plan: Sequence[int]) -> None:
        self.left = deque(plan)
        self.last = -1

    def choose(self, run: Stepping, ready: Sequence[int]) -> tuple[int, bool]:
        """The thread of the next step, and whether that is an action."""
        if ready[0] == CLOCK:
            return self.planned(ready, CLOCK) if len(ready) > 1 else (CLOCK, False)
        fibers = run.footprints.fibers
        for thread in ready:
            if thread in fibers and fibers[thread] not in run.held:
                return thread, False
        return self.planned(ready, self.last if self.last in ready else ready[0])

    def planned(self, ready: Sequence[int], usual: int) -> tuple[int, bool]:
        """The next thread of the plan that is ready, or the `usual` one."""
        while self.left and self.left[0] not in ready:
            self.left.popleft()
        return (self.left.popleft() if self.left else usual), True

    def preempts(self, owner: int, run: Stepping) -> bool:
        """Note that a fiber acts; tell whether the one that acted last could have gone on."""
        if owner == CANCELLER:
            return False
        last = run.footprints.fibers.get(self.last)
        stopped = owner != self.last and last in run.scheduler.ready
        if owner >= ROOT:
            self.last = owner
        return stopped


def copied(system: Stepped) -> Stepped:
    """The same program, with what is known about it now."""
    copy = system.anew(cancel=system.cancel)
    copy.places, copy.names = dict(system.places), list(system.names)
    copy.cancellable = set(system.cancellable)
    copy.knowledge = deepcopy(system.knowledge)
    return copy
