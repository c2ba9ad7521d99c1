"""One exploration under way: it can stop between any two runs, be written down, and go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random
from time import perf_counter
from typing import Any, Final, final

from effio.algebra.io import IO
from effio.testing.exploration.checkpoint import (
    KIND,
    VERSION,
    State,
    plain_search,
    plain_system,
    restore_search,
    restore_system,
    run_again,
    same_options,
)
from effio.testing.exploration.finding import Exploration, Finding, verdict
from effio.testing.exploration.options import FIXED, Options
from effio.testing.exploration.schedules.frontier import Frontier, Settler
from effio.testing.exploration.schedules.sampling import PORTFOLIO, SAMPLERS, Profile, Sampler, profile_of, sample
from effio.testing.exploration.schedules.search import Counts, Schedule, Search
from effio.testing.exploration.schedules.system import CLOCK
from effio.testing.exploration.schedules.token import Token, TokenMismatch
from effio.testing.exploration.shortening.closest import by_token, closest
from effio.testing.exploration.shortening.shorten import shortest
from effio.testing.exploration.simulation import Simulation, follow, written
from effio.testing.exploration.stats import counted, estimate, next_ones, stats_of
from effio.testing.exploration.steps.interrupt import Interrupted, Interrupts
from effio.testing.exploration.steps.stepping import Stepped
from effio.testing.exploration.steps.timing import is_racy
from effio.testing.exploration.tally import Tally

LAST_STEPS: Final = 50
"""Who acts among the last so many steps of a schedule that is cut goes round and round."""

SIMPLE_FIRST: Final = 200
"""So many systematic schedules come before the random ones: most bugs show there, with few preemptions."""


@final
class Explorer:
    """Explores one system after the other: the program, then, if asked for, the program with one fiber cancelled.

    `search` is that of the system at hand and `tally` what came of it, `done` is what came of those before, `targets`
    are the threads still to be cancelled, None while they are not known. `lucky` are the failures of tokens and of
    random schedules. `paid` counts the runs of an earlier call, `first` is the first schedule; its token is the
    `identity` of the program.
    """

    def __init__(self, io: IO[Any, Any], options: Options) -> None:
        self.io = io
        self.options = options
        self.main = Stepped(
            io,
            options.models,
            racy=is_racy(options.time),
            symmetric=options.symmetric,
            faults=options.faults,
            opaque=options.calls,
        )
        self.targets: list[int] | None = None
        self.begin(self.main)
        self.done = Tally()
        self.lucky: list[Finding] = []
        self.sightings: dict[str, bool] = {}
        self.first: tuple[int, ...] | None = None
        self.identity: str | None = None
        self.complete = False
        self.paid = 0
        self.seconds = 0.0
        self.began = perf_counter()
        self.interrupts = Interrupts()
        self.interrupted = False

    def begin(self, system: Stepped) -> None:
        """Turn to the next system."""
        options = self.options
        self.system = system
        self.search = Search(
            system, preemption_bound=options.preemption_bound, max_steps=options.max_steps, aside=CLOCK
        )
        self.tally = Tally()
        self.restarts = 0
        self.frontier = Frontier()

    def explore(self, tokens: Iterable[str] = ()) -> Exploration:
        """Go on until all is done, or enough."""
        try:
            with self.interrupts:
                self.look_again(tokens)
                self.explore_systems()
        except KeyboardInterrupt:
            self.interrupted = True
            self.forget_run()
        self.interrupted = self.interrupted or self.interrupts.came
        self.seconds += perf_counter() - self.began
        return self.result()

    def forget_run(self) -> None:
        """Let the run under way be run again; what an interrupt in its middle made it do is not learned from."""
        if self.search.under_way is not None:
            self.system.knowledge.news.clear()
            self.search.take_back()

    # -- Whether to go on ----

    def total(self) -> Tally:
        """What came of everything so far."""
        self.tally.counts, self.tally.clashes = self.search.counts, self.search.clashes
        return self.done.plus(self.tally)

    def is_done(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.is_satisfied() or self.is_spent() or self.interrupts.came

    def is_satisfied(self) -> bool:
        """Whether one failure is enough, and there is one."""
        return self.options.stop_on_first and bool(self.lucky or self.done.found or self.tally.found)

    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        limit = self.options.max_seconds
        if limit is not None and perf_counter() - self.began >= limit:
            return True
        return self.runs() - self.paid >= self.options.max_schedules

    def runs(self) -> int:
        """How many schedules were run, random ones too."""
        here, before = self.search.counts, self.done.counts
        return here.complete + here.sampled + before.complete + before.sampled

    # -- Searching ----

    def look_again(self, tokens: Iterable[str]) -> None:
        """Replay what once failed, as far as it still fits the program."""
        for token in tokens:
            try:
                run = follow(self.main.anew(), Token.parse(token))
            except TokenMismatch:
                continue
            if not verdict(self.options.check, run.outcome)[0]:
                self.lucky.append(self.finding(run))

    def explore_systems(self) -> None:
        """Explore the program, then the program with a cancel of one of its fibers after the other."""
        while self.explore_system():
            if self.targets is None:
                self.targets = sorted(self.main.cancellable) if self.options.cancel else []
            if not self.targets:
                self.complete = True
                return
            self.see()
            self.done = self.total()
            self.begin(self.main.cancelling(self.targets.pop(0)))

    def explore_system(self) -> bool:
        """Search systematically, with a share of random schedules if there are many; false if that was not all."""
        search = self.search
        sampled = self.options.sampling <= 0
        for schedule in self.schedules():
            if schedule.cut:
                self.tally.spinning.update(self.system.names[thread] for thread in schedule.threads[-LAST_STEPS:])
            else:
                self.judge(schedule, self.tally.found)
                self.tally.spread[schedule.preemptions] += 1
            search.keep()
            self.tell()
            if not sampled and search.counts.complete >= SIMPLE_FIRST:
                sampled = True
                self.sample(schedule)
        return search.sequence > 0 and not search.branches and not self.system.knowledge.news

    def schedules(self) -> Iterable[Schedule]:
        """Yield what the search runs; what was found before it had to begin anew is forgotten."""
        schedules = self.search.schedules()
        while not self.is_done():
            schedule = next(schedules, None)
            self.see_restart()
            if schedule is None:
                return
            self.first = self.first or schedule.threads
            yield schedule

    def see_restart(self) -> None:
        """Forget what was found in the system if the search has begun anew."""
        if self.search.counts.restarts != self.restarts:
            self.restarts = self.search.counts.restarts
            self.tally = Tally()
            self.paid = min(self.paid, self.runs())

    def sample(self, typical: Schedule) -> None:
        """Run random schedules, by each sampler in turn."""
        profile: Profile = profile_of(typical)
        counts = self.search.counts
        chance = Random(self.options.seed)
        drawn = [chance.random() for _ in range(counts.sampled)]
        left = self.options.max_schedules - (self.runs() - self.paid)
        for turn in range(len(drawn), len(drawn) + int(left * self.options.sampling)):
            if self.is_done():
                return
            if self.system.learned():
                self.search.restart()
                self.see_restart()
            schedule = self.sampled(self.sampler(turn, Random(chance.random()), profile))
            if not (schedule.cut or self.lucky):
                self.judge(schedule, self.lucky)
            self.search.counts.sampled += 1
            self.tell()

    def sampler(self, turn: int, chance: Random, profile: Profile) -> Sampler:
        """Whose turn it is to choose by chance."""
        name = PORTFOLIO[turn % len(PORTFOLIO)]
        return Settler(self.frontier, chance) if name == "frontier" else SAMPLERS[name](chance, profile)

    def sampled(self, sampler: Sampler) -> Schedule:
        """Run one random schedule; one that is interrupted is not learned from."""
        try:
            return sample(self.system, sampler, max_steps=self.options.max_steps)
        except Interrupted:
            self.system.knowledge.news.clear()
            raise

    def tell(self) -> None:
        """Tell who wants to know how far it is."""
        if self.options.on_progress is not None:
            self.options.on_progress(self.total().counts)

    # -- Judging ----

    def judge(self, schedule: Schedule, found: list[Finding]) -> None:
        """Keep a schedule among those `found` if its exit is not accepted."""
        accepted, _ = verdict(self.options.check, schedule.outcome)
        if not accepted:
            found.append(self.finding(written(self.system, schedule.threads)))

    def finding(self, run: Simulation) -> Finding:
        """The failing run, shortened; it was run once more to see that it fails each time."""
        check = self.options.check
        accepted, problem = verdict(check, run.outcome)
        if accepted:
            raise TokenMismatch(None, "a schedule failed once and not again, so the program depends on something else")
        if self.options.stop_on_first:
            least = self.search.branches[0][0] if self.search.branches else 0
            stop = self.interrupts.is_wanted
            run = shortest(self.system, run, lambda outcome: not verdict(check, outcome)[0], least, stop)
            _, problem = verdict(check, run.outcome)
        return Finding(run, problem, closest=self.closest)

    def closest(self, failing: Simulation) -> Simulation | None:
        """The run that is accepted and goes like a failing one for longest."""
        return closest(failing, by_token(self.main), self.passes)

    def passes(self, run: Simulation) -> bool:
        """Whether a run came to an end that is accepted."""
        return run.outcome is not None and verdict(self.options.check, run.outcome)[0]

    # -- The result ----

    def see(self) -> None:
        """Note which properties held sometimes."""
        for name, seen in self.system.sightings.items():
            self.sightings[name] = seen or self.sightings.get(name, False)

    def bounds(self, total: Tally) -> list[str]:
        """Say what was left out."""
        options, counts = self.options, total.counts
        bounds: list[str] = []
        if counts.cut:
            who = " and ".join(map(repr, sorted(total.spinning)))
            bounds.append(f"{counts.cut} schedules were cut after {options.max_steps} steps, with {who} going on")
        if counts.postponed:
            many = counted(options.preemption_bound or 0, "preemption")
            bounds.append(f"{counts.postponed} were left out, which need more than {many}")
        if self.interrupted:
            bounds.append("it was interrupted")
        elif not self.complete and not self.is_satisfied():
            limit = "time" if self.runs() - self.paid < options.max_schedules else "schedules"
            bounds.append(f"the budget of {limit} was used up{next_ones(self.search)}")
        return bounds

    def remaining(self) -> int | None:
        """About how many schedules are still to come; None if nothing is known of the systems after this one."""
        if self.complete:
            return 0
        others = self.options.cancel if self.targets is None else bool(self.targets)
        return None if others or not self.tally.counts.complete else estimate(self.search)

    def result(self) -> Exploration:
        """What there is to tell."""
        self.see()
        total = self.total()
        counts = total.counts
        stats = stats_of(
            counts,
            total.spread,
            total.clashes,
            planned=len(self.search.branches),
            remaining=self.remaining(),
            seconds=self.seconds,
        )
        found = tuple(total.found or self.lucky)
        return Exploration(
            counts.complete,
            self.complete and not (counts.cut or counts.postponed),
            found,
            stats,
            tuple(self.bounds(total)),
            () if found else tuple(name for name, seen in self.sightings.items() if not seen),
            interrupted=self.interrupted,
            state=self.state,
        )

    # -- Between two calls ----

    def state(self) -> State:
        """How far the exploration came, as plain data."""
        if self.identity is None and self.first is not None:
            self.identity = written(self.main.anew(), self.first).token
        return {
            "kind": KIND,
            "version": VERSION,
            "options": {name: getattr(self.options, name) for name in FIXED},
            "identity": self.identity,
            "cancelled": self.system.cancel,
            "targets": self.targets,
            "complete": self.complete,
            "system": plain_system(self.system),
            "search": plain_search(self.search),
            "tally": self.tally.plain(),
            "done": self.done.plain(),
            "frontier": self.frontier.plain(),
            "lucky": [finding.token for finding in self.lucky],
            "sightings": dict(self.sightings),
            "seconds": self.seconds,
        }

    def resume(self, state: State) -> None:
        """Go on from a state."""
        same_options(state, {name: getattr(self.options, name) for name in FIXED})
        self.identity = state["identity"]
        if self.identity is not None:
            run_again(self.main.anew(), self.identity)
        restore_system(self.main, state["system"])
        if state["cancelled"] is not None:
            self.begin(self.main.cancelling(state["cancelled"]))
            restore_system(self.system, state["system"])
        restore_search(self.search, state["search"])
        self.restarts = self.search.counts.restarts
        self.tally, self.done = self.tally_of(state["tally"]), self.tally_of(state["done"])
        self.search.clashes = self.tally.clashes
        self.frontier = Frontier(state["frontier"])
        self.lucky = self.findings_of(state["lucky"])
        self.targets, self.complete = state["targets"], state["complete"]
        self.sightings, self.seconds = dict(state["sightings"]), state["seconds"]
        self.paid = self.runs()

    def tally_of(self, state: State) -> Tally:
        """What came of systems in an earlier call."""
        spread = Counter[int](dict(state["spread"]))
        found = self.findings_of(state["found"])
        clashes = Counter({(what, opaque): races for what, opaque, races in state["clashes"]})
        return Tally(Counts(**state["counts"]), spread, found, set(state["spinning"]), clashes)

    def findings_of(self, tokens: Iterable[str]) -> list[Finding]:
        """The runs of an earlier call that the check still refuses."""
        runs = [run_again(self.main.anew(), token) for token in tokens]
        verdicts = [(run, *verdict(self.options.check, run.outcome)) for run in runs]
        return [Finding(run, problem, closest=self.closest) for run, accepted, problem in verdicts if not accepted]
