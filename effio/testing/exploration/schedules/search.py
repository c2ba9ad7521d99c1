"""The search through all inequivalent schedules: source sets and sleep sets, few preemptions first.

Two schedules are equivalent if one can be made from the other by swapping neighbouring steps that do not conflict. The
search runs one schedule, looks for pairs of steps in it that conflict and could have come in the other order, and
plans for each pair one more run that begins like this one and then goes the other way (Abdulla, Aronsson, Jonsson,
Sagonas: "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", J. ACM 2017). Planned runs wait in a
heap, ordered by the number of preemptions, so that simple schedules come first and none is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple, final

import attrs

from effio.testing.exploration.schedules.preemptions import Moment, can_be_taken
from effio.testing.exploration.schedules.system import Clash, Run, Step, System
from effio.testing.exploration.schedules.trail import Trail


@final
class Node:
    """A state that was reached: the step that led here, and what is to be tried from here.

    `asleep` are the threads whose next step is tried first elsewhere, and need not come next here; `planned` are those
    that were tried from here or will be. `preemptions` counts how often a thread had to stop although it was ready;
    `busy` says that the one that led here is. `before` are the steps that happened before that step, `needs` those
    without which it could not have been taken.
    """

    __slots__ = ("asleep", "before", "busy", "needs", "parent", "planned", "preemptions", "ready", "thread")

    def __init__(self, parent: Node | None, thread: int, before: int, needs: int = 0) -> None:
        self.parent = parent
        self.thread = thread
        self.before = before
        self.needs = needs
        self.preemptions = 0 if parent is None else parent.preemptions_before(thread)
        self.planned = 0
        self.asleep = 0
        self.ready = 0
        self.busy = False

    def preemptions_before(self, thread: int) -> int:
        """How many preemptions there are when `thread` comes next."""
        return self.preemptions + (self.busy and thread != self.thread)

    def schedule(self) -> list[Node]:
        """The states after each step, up to this one."""
        nodes: list[Node] = []
        node = self
        while node.parent is not None:
            nodes.append(node)
            node = node.parent
        nodes.reverse()
        return nodes


@final
class Schedule(NamedTuple):
    """One complete run: the thread of each step, how it ended, and how often a thread was stopped though ready.

    One that was too long is `cut`.
    """

    threads: tuple[int, ...]
    outcome: Any
    preemptions: int
    cut: bool


@attrs.define
class Counts:
    """What the search did: complete, redundant and random runs, steps taken and repeated, races, fresh starts."""

    complete: int = 0
    redundant: int = 0
    sampled: int = 0
    cut: int = 0
    steps: int = 0
    repeated: int = 0
    races: int = 0
    restarts: int = 0
    postponed: int = 0

    def copy(self) -> Counts:
        """The same numbers, to be kept."""
        runs = self.complete, self.redundant, self.sampled, self.cut
        return Counts(*runs, self.steps, self.repeated, self.races, self.restarts, self.postponed)


Branch = tuple[int, int, int, int, Node]


@final
class Search:
    """Runs the inequivalent schedules of a system, each once.

    `preemption_bound` leaves out schedules that need more preemptions, `max_steps` cuts longer ones; `counts` says how
    many.
    The thread `aside` goes on by itself only when no other can. Between two runs `branches` is all that is left to do;
    `marks` are the nodes for which the run under way planned something, as they were before. `clashes` counts the races
    by what they are for, those of the run under way are in `met`; its first `repeated` steps were taken before.
    """

    def __init__(
        self, system: System, *, preemption_bound: int | None = None, max_steps: int = 100_000, aside: int = -1
    ) -> None:
        self.system = system
        self.bound = preemption_bound
        self.max_steps = max_steps
        self.aside = aside
        self.counts = Counts()
        self.branches: list[Branch] = []
        self.sequence = 0
        self.trail = Trail()
        self.nodes: list[Node] = []
        self.repeated = 0
        self.under_way: tuple[Branch, int, Counts] | None = None
        self.marks: list[tuple[Node, int]] = []
        self.clashes: Counter[Clash] = Counter()
        self.met: list[Clash] = []

    @property
    def exhausted(self) -> bool:
        """Whether every schedule has been run, none cut and none left out."""
        left_out = self.branches or self.counts.cut or self.counts.postponed
        return self.sequence > 0 and not left_out

    def schedules(self) -> Iterator[Schedule]:
        """Run one schedule after another, from the first one or from where a search stopped."""
        if not self.sequence:
            self.begin()
        elif self.system.learned():
            self.restart()
        while self.branches:
            self.marks.clear()
            branch = self.branches[0]
            self.under_way = branch, self.sequence, self.counts.copy()
            _, _, thread, asleep, node = heappop(self.branches)
            schedule = self.follow(node, thread, asleep)
            self.count()
            if schedule is not None:
                yield schedule
            self.keep()
            if self.system.learned():
                self.restart()

    def count(self) -> None:
        """Add up what the run did."""
        counts = self.counts
        counts.repeated += self.repeated
        counts.steps += len(self.nodes) - self.repeated
        counts.races += len(self.met)

    def keep(self) -> None:
        """The schedule that was given last has been looked at, and need not be run again."""
        self.under_way = None
        self.clashes.update(self.met)
        self.met.clear()

    def take_back(self) -> None:
        """Forget the run under way, or the one whose schedule was given last, so that it is run again."""
        if self.under_way is None:
            return
        branch, self.sequence, self.counts = self.under_way
        self.under_way = None
        self.met.clear()
        for node, planned in reversed(self.marks):
            node.planned = planned
        self.branches = [other for other in self.branches if other[1] <= self.sequence and other is not branch]
        self.branches.append(branch)
        heapify(self.branches)

    def restart(self) -> None:
        """Begin anew: a run touched something that was not foretold, so that earlier runs may have missed a race."""
        restarts = self.counts.restarts + 1
        self.counts = attrs.evolve(self.counts, complete=0, redundant=0, cut=0, postponed=0, restarts=restarts)
        self.begin()

    def begin(self) -> None:
        """Plan the first run, and nothing else."""
        self.branches = []
        root = Node(None, -1, 0)
        run = self.system.start()
        ready = run.ready()
        root.ready = bits(ready)
        if ready:
            self.plan(root, ready[0])
        else:
            self.plan(root, -1)

    def plan(self, node: Node, thread: int, step: int = -1) -> None:
        """Let a run go on with `thread` from `node` some day; if known, its `step` there is that of the run under way.

        If that takes too many preemptions, in this order and in every one that is equivalent, it is left out.
        """
        preemptions = node.preemptions_before(thread)
        asleep = node.asleep | node.planned
        self.marks.append((node, node.planned))
        node.planned |= 1 << thread if thread >= 0 else 0
        if self.bound is not None and preemptions > self.bound and not self.is_within(self.bound, node, step):
            self.counts.postponed += 1
            return
        self.sequence += 1
        heappush(self.branches, (preemptions, self.sequence, thread, asleep, node))

    def is_within(self, bound: int, node: Node, step: int = -1) -> bool:
        """Whether there is an equivalent way to `node`, and to take `step` from there, with so few preemptions."""
        moments = [Moment(each.thread, each.before, each.needs) for each in node.schedule()]
        if step >= 0:
            before = self.trail.before_at(step, len(moments))
            moments.append(Moment(self.trail.threads[step], before, self.trail.needs[step]))
        return can_be_taken(moments, bound, self.aside)

    def fewest(self, node: Node) -> int:
        """How many preemptions the way to `node` has; with a bound, those that an equivalent way needs at least."""
        if self.bound is None:
            return node.preemptions
        most = min(node.preemptions, self.bound)
        return next((count for count in range(most) if self.is_within(count, node)), most)

    # -- One run ----

    def follow(self, start: Node, thread: int, asleep: int) -> Schedule | None:
        """Run to the end the schedule that goes on with `thread` from `start`.

        None if it turns out redundant, or to need more preemptions than allowed.
        """
        run = self.system.start()
        self.repeat(run, start.schedule())
        node = start
        while thread >= 0:
            if len(self.nodes) >= self.max_steps:
                self.counts.cut += 1
                return self.done(run, node.preemptions, cut=True)
            asleep = awake_after(run, thread, asleep)
            origin, node = node, self.advance(run, node, thread)
            node.asleep = asleep
            ready: list[int] = run.ready()
            node.ready = bits(ready)
            if thread != self.aside:
                self.keep_aside(origin, node)
            node.busy = thread in ready and thread != self.aside
            thread = choose(ready, thread if node.busy else -1, asleep)
            if self.bound is not None and node.preemptions > self.bound and not self.is_within(self.bound, node):
                self.counts.postponed += 1
                run.close()
                return None
            if thread < 0 and ready:
                self.counts.redundant += 1
                run.close()
                return None
            node.planned = 1 << thread if thread >= 0 else 0
        self.counts.complete += 1
        return self.done(run, self.fewest(node))

    def repeat(self, run: Run, path: list[Node]) -> None:
        """Bring a new run to where a planned one branches off."""
        self.trail = trail = Trail()
        self.nodes = []
        for node in path:
            trail.repeat(node.thread, run.take(node.thread).footprint, node.before, node.needs)
            self.nodes.append(node)
        self.repeated = len(path)

    def advance(self, run: Run, node: Node, thread: int) -> Node:
        """Take one step, and plan the runs in which those that it races with come later."""
        step: Step = run.take(thread)
        trail = self.trail
        races = trail.add(thread, step.footprint, step.enablers)
        reached = Node(node, thread, trail.before[-1], trail.needs[-1])
        self.nodes.append(reached)
        for rival in races:
            self.met.append(run.clash(rival, trail.contested(rival)))
            self.reverse(rival)
        for other in step.others:
            if not (node.asleep | node.planned) >> other & 1:
                self.plan(node, other)
        return reached

    def reverse(self, rival: int) -> None:
        """See to it that some run has the last step before step `rival`."""
        origin = self.nodes[rival].parent
        assert origin is not None
        covered = origin.asleep | origin.planned
        chosen = -1
        for thread in self.trail.initials(rival):
            if covered >> thread & 1:
                return
            chosen = thread
        if origin.ready >> chosen & 1:
            self.plan(origin, chosen, self.trail.threads.index(chosen, rival + 1))

    def keep_aside(self, origin: Node, reached: Node) -> None:
        """See to it that the thread `aside` also goes on before a step after which it cannot any more."""
        aside = 1 << self.aside if self.aside >= 0 else 0
        if origin.ready & ~reached.ready & ~(origin.asleep | origin.planned) & aside:
            self.plan(origin, self.aside)

    def done(self, run: Run, preemptions: int, *, cut: bool = False) -> Schedule:
        outcome = run.outcome()
        run.close()
        return Schedule(tuple(self.trail.threads), outcome, preemptions=preemptions, cut=cut)


def bits(threads: list[int]) -> int:
    """A set of threads."""
    found = 0
    for thread in threads:
        found |= 1 << thread
    return found


def choose(ready: list[int], last: int, asleep: int) -> int:
    """Who comes next without a need: the thread that ran, else the first in the queue; -1 if all sleep."""
    first = -1
    for thread in ready:
        if asleep >> thread & 1:
            continue
        if thread == last:
            return thread
        if first < 0:
            first = thread
    return first


def awake_after(run: Run, thread: int, asleep: int) -> int:
    """Those of `asleep` whose next step does not conflict with that of `thread`, which comes next."""
    asleep &= ~(1 << thread)
    if not asleep:
        return 0
    step = run.pending(thread)
    still = asleep
    while asleep:
        bit = asleep & -asleep
        asleep ^= bit
        if step.conflicts_with(run.pending(bit.bit_length() - 1)):
            still ^= bit
    return still
