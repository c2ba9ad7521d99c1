"""Schedules by chance, for programs that have too many: ways to choose who goes next.

No sampler is the best: one finds in ten runs what another misses in a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol, final

from effio.testing.exploration.schedules.search import Schedule
from effio.testing.exploration.schedules.system import Run, System


class Sampler(Protocol):
    """Chooses, in one run, who goes next."""

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        """One of the threads that are ready."""
        ...


Profile = dict[int, int]
"""How many steps each thread took in a run without preemptions."""


@final
class Fifo:
    """Whoever ran goes on, else the first in the queue."""

    def __init__(self) -> None:
        self.last = -1

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        if self.last not in ready:
            self.last = ready[0]
        return self.last


@final
class Walk:
    """Everybody is as likely as everybody else."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        return ready[self.chance.randrange(len(ready))] if len(ready) > 1 else ready[0]


@final
class Priorities:
    """Random priorities that change `depth - 1` times: finds each bug of that depth with a known chance.

    Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized Scheduler with Probabilistic Guarantees of Finding
    Bugs", ASPLOS 2010.
    """

    def __init__(self, chance: Random, depth: int, steps: int) -> None:
        self.chance = chance
        self.priorities: dict[int, float] = {}
        self.taken = 0
        self.changes = {chance.randrange(max(steps, 1)): -rank for rank in range(1, depth)}

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        for thread in ready:
            if thread not in self.priorities:
                self.priorities[thread] = self.chance.random()
        first = max(ready, key=self.priorities.__getitem__)
        lowered = self.changes.get(self.taken)
        self.taken += 1
        if lowered is not None:
            self.priorities[first] = lowered
            first = max(ready, key=self.priorities.__getitem__)
        return first


@final
class PartialOrder:
    """Random priorities of steps, drawn again after each conflict: every order of conflicting steps is likely.

    Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling", CAV 2018.
    """

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.priorities: dict[int, float] = {}

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        priorities = self.priorities
        for thread in ready:
            if thread not in priorities:
                priorities[thread] = self.chance.random()
        first = max(ready, key=priorities.__getitem__)
        del priorities[first]
        step = run.pending(first)
        for thread in ready:
            if thread != first and step.conflicts_with(run.pending(thread)):
                del priorities[thread]
        return first


@final
class Weighted:
    """Who has more steps left is more likely, so that every order of the steps is about as likely.

    Zhao, Wolff, Mathur, Roychoudhury: "Selectively Uniform Concurrency Testing", ASPLOS 2025.
    """

    def __init__(self, chance: Random, profile: Profile) -> None:
        self.chance = chance
        self.left = dict(profile)

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        weights = [max(self.left.get(thread, 1), 1) for thread in ready]
        (thread,) = self.chance.choices(ready, weights)
        self.left[thread] = self.left.get(thread, 1) - 1
        return thread


# -- Running -------------------------------------------------------------------------------------------------


def sample(system: System, sampler: Sampler, *, max_steps: int = 100_000) -> Schedule:
    """Run once as `sampler` chooses; cut after `max_steps`."""
    run = system.start()
    threads: list[int] = []
    preemptions = 0
    ready = run.ready()
    while ready and len(threads) < max_steps:
        thread = sampler.choose(run, ready)
        if threads and thread != threads[-1] and threads[-1] in ready:
            preemptions += 1
        run.take(thread)
        threads.append(thread)
        ready = run.ready()
    outcome = run.outcome()
    run.close()
    return Schedule(tuple(threads), outcome, preemptions=preemptions, cut=bool(ready))


def profile_of(schedule: Schedule) -> Profile:
    """How many steps each thread took."""
    profile: Profile = {}
    for thread in schedule.threads:
        profile[thread] = profile.get(thread, 0) + 1
    return profile


SAMPLERS: Final[dict[str, Callable[[Random, Profile], Sampler]]] = {
    "walk": lambda chance, profile: Walk(chance),
    "pct1": lambda chance, profile: Priorities(chance, 1, sum(profile.values())),
    "pct2": lambda chance, profile: Priorities(chance, 2, sum(profile.values())),
    "pct3": lambda chance, profile: Priorities(chance, 3, sum(profile.values())),
    "pos": lambda chance, profile: PartialOrder(chance),
    "urw": Weighted,
    "fifo": lambda chance, profile: Fifo(),
}

PORTFOLIO: Final = ("walk", "pct1", "pos", "pct2", "urw", "frontier")
"""The ways that an exploration tries by turns; the last one remembers where the runs before came to."""
