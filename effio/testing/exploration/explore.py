"""All inequivalent schedules of a program, as far as a budget lasts, each judged by a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Any

import attrs
from returns.result import Success

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.exit import Exit
from effio.testing.exploration.finding import Check, Exploration, Finding, Stats, verdict
from effio.testing.exploration.sampling import PORTFOLIO, SAMPLERS, Profile, profile_of, sample
from effio.testing.exploration.search import Counts, Schedule, Search
from effio.testing.exploration.shorten import shortest
from effio.testing.exploration.simulation import Simulation, written
from effio.testing.exploration.stepping import Models, Stepped
from effio.testing.exploration.system import CLOCK
from effio.testing.exploration.timing import TimeMode, is_racy
from effio.testing.exploration.token import TokenMismatch

LAST_STEPS = 50
"""Who acts among the last so many steps of a schedule that is cut goes round and round."""

SIMPLE_FIRST = 200
"""So many systematic schedules come before the random ones: most bugs show there, with few preemptions."""


def succeeds(exit: Exit[Any, Any]) -> bool:
    """The check that asks for a success."""
    return isinstance(exit, Success)


def explore(
    io: IO[Any, Any],
    /,
    check: Check = succeeds,
    *,
    max_schedules: int = 10_000,
    max_seconds: float | None = None,
    max_steps: int = 10_000,
    preemption_bound: int | None = None,
    time: TimeMode = "idle",
    stop_on_first: bool = True,
    sampling: float = 0.25,
    cancel: bool = False,
    seed: int = 0,
    models: Models | None = None,
    on_progress: Callable[[Counts], object] | None = None,
) -> Exploration:
    """Run `io` under every inequivalent schedule, fewest preemptions first, and judge each exit by `check`.

    Two schedules are equivalent if one comes from the other by swapping neighbouring actions that do not touch the
    same shared object in conflicting ways. `sampling` is the share of the budget that goes to random schedules where
    the program has many. `cancel` also cancels each fiber once, at every moment: the main one, and those forked into
    task groups. A deadlock is an exit with a `Deadlock` defect. Time is virtual, and stands still while a fiber can
    run; with `time="racy"` the next timer may fire at any moment. Foreign coroutines are refused, but for those with
    one of `models`, as in `simulate`. Ctrl-C ends the exploration, which tells what it found so far.
    """
    explorer = Explorer(
        program("explore", io),
        check,
        max_schedules=max_schedules,
        max_seconds=max_seconds,
        max_steps=max_steps,
        preemption_bound=preemption_bound,
        racy=is_racy(time),
        stop_on_first=stop_on_first,
        sampling=sampling,
        seed=seed,
        models=models,
        on_progress=on_progress,
    )
    return explorer.explore(cancel=cancel)


@attrs.define(kw_only=True)
class Explorer:
    """One exploration under way: it can be stopped by Ctrl-C, and gives what it has found so far.

    `found` are the failures of the systematic search, `lucky` the first one of a random schedule.
    """

    io: IO[Any, Any] = attrs.field(kw_only=False)
    check: Check = attrs.field(kw_only=False)
    max_schedules: int
    max_seconds: float | None
    max_steps: int
    preemption_bound: int | None
    racy: bool
    stop_on_first: bool
    sampling: float
    seed: int
    models: Models | None
    on_progress: Callable[[Counts], object] | None
    total: Counts = attrs.field(init=False, factory=Counts)
    sampled: int = attrs.field(init=False, default=0)
    found: list[Finding] = attrs.field(init=False, factory=list[Finding])
    lucky: list[Finding] = attrs.field(init=False, factory=list[Finding])
    spread: Counter[int] = attrs.field(init=False, factory=Counter[int])
    bounds: list[str] = attrs.field(init=False, factory=list[str])
    spinning: set[str] = attrs.field(init=False, factory=set[str])
    planned: int = attrs.field(init=False, default=0)
    sightings: dict[str, bool] = attrs.field(init=False, factory=dict[str, bool])
    began: float = attrs.field(init=False, factory=perf_counter)

    def explore(self, *, cancel: bool) -> Exploration:
        """Explore the program, then, if asked for, the program with a cancel of one of its fibers after the other."""
        system = Stepped(self.io, self.models, racy=self.racy)
        try:
            self.search(system)
            if cancel:
                for thread in sorted(system.cancellable):
                    self.search(system.cancelling(thread))
        except KeyboardInterrupt:
            self.bounds.append("it was interrupted")
        return self.result()

    def is_done(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.is_spent() or self.is_satisfied()

    def is_satisfied(self) -> bool:
        """Whether one failure is enough, and there is one."""
        return self.stop_on_first and bool(self.found or self.lucky)

    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        if self.max_seconds is not None and perf_counter() - self.began >= self.max_seconds:
            return True
        return self.total.complete + self.sampled >= self.max_schedules

    # -- Searching ----

    def search(self, system: Stepped) -> None:
        """Search systematically, with a share of random schedules if the program has many."""
        search = Search(system, preemption_bound=self.preemption_bound, max_steps=self.max_steps, aside=CLOCK)
        before = self.total
        known = len(self.found), Counter(self.spread)
        restarts = 0
        schedules = search.schedules()
        sampled = self.sampling <= 0
        finished = False
        while not self.is_done():
            schedule = next(schedules, None)
            if schedule is None:
                finished = True
                break
            if search.counts.restarts != restarts:
                restarts = search.counts.restarts
                del self.found[known[0] :]
                self.spread = Counter(known[1])
            self.total = added(before, search.counts)
            if schedule.cut:
                self.spinning.update(system.names[thread] for thread in schedule.threads[-LAST_STEPS:])
            else:
                self.spread[schedule.preemptions] += 1
                self.judge(system, schedule, self.found)
            if not sampled and search.counts.complete >= SIMPLE_FIRST:
                sampled = True
                self.sample(system, search, schedule)
            if self.on_progress is not None:
                self.on_progress(self.total)
        self.total = added(before, search.counts)
        self.conclude(system, search, finished=finished or search.exhausted)

    def sample(self, system: Stepped, search: Search, typical: Schedule) -> None:
        """Run random schedules, by each sampler in turn."""
        profile: Profile = profile_of(typical)
        chance = Random(self.seed)
        for turn in range(int((self.max_schedules - self.total.complete) * self.sampling)):
            if self.is_done():
                return
            make, seed = SAMPLERS[PORTFOLIO[turn % len(PORTFOLIO)]], chance.random()
            schedule = sample(system, make(Random(seed), profile), max_steps=self.max_steps)
            self.sampled += 1
            if not (schedule.cut or self.lucky):
                self.judge(system, schedule, self.lucky)
            if not self.is_satisfied() and system.learned():
                search.restart()

    def judge(self, system: Stepped, schedule: Schedule, found: list[Finding]) -> None:
        """Keep a schedule among those `found` if its exit is not accepted."""
        accepted, _ = verdict(self.check, schedule.outcome)
        if not accepted:
            found.append(self.finding(system, written(system, schedule.threads)))

    def finding(self, system: Stepped, run: Simulation) -> Finding:
        """The failing run, shortened; it is run once more to see that it fails each time."""
        accepted, problem = verdict(self.check, run.outcome)
        if accepted:
            raise TokenMismatch(None, "a schedule failed once and not again, so the program depends on something else")
        if self.stop_on_first:
            run = shortest(system, run, lambda outcome: not verdict(self.check, outcome)[0])
            _, problem = verdict(self.check, run.outcome)
        return Finding(run, problem)

    # -- The result ----

    def conclude(self, system: Stepped, search: Search, *, finished: bool) -> None:
        """Note what was left out."""
        self.planned += len(search.branches)
        for name, seen in system.sightings.items():
            self.sightings[name] = seen or self.sightings.get(name, False)
        counts = search.counts
        if counts.cut:
            who = " and ".join(map(repr, sorted(self.spinning)))
            self.bounds.append(f"{counts.cut} schedules were cut after {self.max_steps} steps, with {who} going on")
        if counts.postponed:
            self.bounds.append(f"{counts.postponed} have more than {self.preemption_bound} preemptions")
        if not finished and not self.is_satisfied():
            least = search.branches[0][0] if search.branches else 0
            limit = "time" if self.total.complete + self.sampled < self.max_schedules else "schedules"
            done = f"; those known with less than {least} preemptions are done" if least else ""
            self.bounds.append(f"the budget of {limit} was used up{done}")

    def result(self) -> Exploration:
        total = self.total
        stats = Stats(
            complete=total.complete,
            redundant=total.redundant,
            sampled=self.sampled,
            cut=total.cut,
            postponed=total.postponed,
            planned=self.planned,
            steps=total.steps,
            repeated_steps=total.repeated,
            races=total.races,
            restarts=total.restarts,
            seconds=perf_counter() - self.began,
            by_preemptions=dict(self.spread),
        )
        exhaustive = not self.planned and not self.bounds
        found = tuple(self.found or self.lucky)
        never = () if found else tuple(name for name, seen in self.sightings.items() if not seen)
        return Exploration(total.complete, exhaustive, found, stats, tuple(self.bounds), never)


def added(one: Counts, other: Counts) -> Counts:
    """The sums of two counts."""
    fields = [field.name for field in attrs.fields(Counts)]
    return Counts(**{name: getattr(one, name) + getattr(other, name) for name in fields})
