"""A cancel or a failure at every action: what a program does when it is hit where nobody expects it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, final

import attrs
from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.cause import Die
from effio.data.errors import Deadlock
from effio.data.exit import Exit
from effio.testing.exploration.finding import Check, Finding, verdict
from effio.testing.exploration.search import Search
from effio.testing.exploration.simulation import Simulation, follow, written
from effio.testing.exploration.stepping import Models, Stepped
from effio.testing.exploration.token import Choice, Token


@final
@attrs.frozen
class Sweep:
    """What a sweep found: `runs` injections into `schedules` schedules; `bounds` tells what was left out."""

    runs: int
    schedules: int
    failures: tuple[Finding, ...]
    bounds: tuple[str, ...] = ()

    @property
    def exhaustive(self) -> bool:
        """Whether every place of every schedule was hit."""
        return not self.bounds

    def assert_ok(self) -> Sweep:
        """Raise an AssertionError that shows the first failing run, if there is one."""
        if self.failures:
            raise AssertionError(self.render())
        return self

    def render(self) -> str:
        """Say what was found, with the first failing run."""
        lines = [f"{len(self.failures)} failing among {self.runs} injections into {self.schedules} schedules"]
        lines += [f"not complete: {bound}" for bound in self.bounds]
        lines += [finding.render() for finding in self.failures[:1]]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


@final
@attrs.frozen
class Broken(Exception):
    """What a run must not do whatever the program is: hang, or leave something behind."""

    problem: str

    def __str__(self) -> str:
        return self.problem


def anything(exit: Exit[Any, Any]) -> bool:
    """The check that accepts every exit."""
    return True


def cancel_sweep(
    io: IO[Any, Any],
    /,
    check: Check = anything,
    *,
    max_schedules: int = 10,
    max_runs: int = 10_000,
    pairs: bool = False,
    may_hang: bool = False,
    stop_on_first: bool = True,
    models: Models | None = None,
) -> Sweep:
    """Run `io` again and again, each time with one fiber cancelled at one moment.

    Every fiber that a program can cancel, the main one and those forked into task groups, is cancelled at every turn.

    The schedules are those of `explore`, the simple ones first. Beside what `check` says of the exit, no run may hang
    (unless it `may_hang`) or leave a fiber, a timer, a permit behind if it does not without the cancel. `pairs` cancels
    twice in a run.
    Cost: turns times fibers runs for a schedule, the square of that with `pairs`.
    """
    sweeper = Sweeper(
        program("cancel_sweep", io),
        check,
        max_runs=max_runs,
        may_hang=may_hang,
        stop_on_first=stop_on_first,
        models=models,
    )
    for run in sweeper.schedules(max_schedules):
        choices = Token.parse(run.token).choices
        for place in places_to_cancel(run):
            cancelled = sweeper.hit(choices, place)
            later = places_to_cancel(cancelled) if pairs and cancelled is not None else ()
            for other in [other for other in later if other[0] > place[0]]:
                sweeper.hit((*before(choices, place[0]), place), other)
    return sweeper.result()


def fault_sweep(
    io: IO[Any, Any],
    /,
    check: Check = anything,
    *,
    fault: BaseException | None = None,
    max_schedules: int = 10,
    max_runs: int = 10_000,
    stop_on_first: bool = True,
    models: Models | None = None,
) -> Sweep:
    """Run `io` again and again, each time with one action that fails instead: every action, of every schedule.

    What fails does so with `fault`: as a typed failure where the action catches such an exception, as a defect
    elsewhere. Only what effio's own primitives do in a finalizer, such as giving back a permit, does not fail. Beside
    what `check` says of the exit, no run may hang or leave anything behind if it does not without the fault.
    """
    sweeper = Sweeper(
        program("fault_sweep", io), check, fault, max_runs=max_runs, stop_on_first=stop_on_first, models=models
    )
    for run in sweeper.schedules(max_schedules):
        choices = Token.parse(run.token).choices
        for event in run.trace:
            if event.can_fail:
                sweeper.hit(choices, (event.turn, "fail", event.place))
    return sweeper.result()


@attrs.define
class Sweeper:
    """One sweep under way."""

    io: IO[Any, Any]
    check: Check
    fault: BaseException | None = None
    max_runs: int = attrs.field(kw_only=True)
    stop_on_first: bool = attrs.field(kw_only=True)
    may_hang: bool = attrs.field(default=False, kw_only=True)
    models: Models | None = attrs.field(default=None, kw_only=True)
    runs: int = attrs.field(init=False, default=0)
    swept: int = attrs.field(init=False, default=0)
    hangs: bool = attrs.field(init=False, default=False)
    leaks: set[str] = attrs.field(init=False, factory=set[str])
    found: list[Finding] = attrs.field(init=False, factory=list[Finding])
    bounds: list[str] = attrs.field(init=False, factory=list[str])

    def schedules(self, limit: int) -> Iterator[Simulation]:
        """Yield the runs to sweep, written down."""
        system = Stepped(self.io, self.models)
        search = Search(system)
        for schedule in islice(search.schedules(), limit):
            if self.is_done():
                break
            if not schedule.cut:
                self.swept += 1
                run = written(system, schedule.threads)
                self.hangs = is_stuck(run.outcome)
                self.leaks = set(run.leaks)
                yield run
        if not search.exhausted and not self.is_done():
            self.bounds.append(f"only the first {limit} schedules were swept")

    def is_done(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.runs >= self.max_runs or bool(self.found and self.stop_on_first)

    def hit(self, choices: tuple[Choice, ...], place: Choice) -> Simulation | None:
        """Run up to one moment as `choices` say, do there what `place` says, and go on as it comes by itself."""
        if self.is_done():
            return None
        self.runs += 1
        run = follow(Stepped(self.io, self.models), Token((*before(choices, place[0]), place)), self.fault)
        accepted, problem = verdict(self.judge(run), run.outcome)
        if not accepted:
            self.found.append(Finding(run, problem))
        return run

    def judge(self, run: Simulation) -> Check:
        def check(exit: Exit[Any, Any]) -> object:
            if is_stuck(exit) and not (self.hangs or self.may_hang):
                raise Broken("it hangs, and does not if nothing is injected")
            leaks = [leak for leak in run.leaks if leak not in self.leaks]
            if leaks:
                raise Broken(f"it leaves behind {', '.join(leaks)}")
            return self.check(exit)

        return check

    def result(self) -> Sweep:
        if self.runs >= self.max_runs:
            self.bounds.append(f"it ended after {self.runs} runs")
        return Sweep(self.runs, self.swept, tuple(self.found), tuple(self.bounds))


def before(choices: tuple[Choice, ...], turn: int) -> tuple[Choice, ...]:
    """The choices of the turns before `turn`."""
    return tuple(choice for choice in choices if choice[0] < turn)


def places_to_cancel(run: Simulation) -> Iterator[Choice]:
    """Yield every fiber that could be cancelled, at every turn of a run."""
    for turn, places in enumerate(run.census):
        for place in places:
            yield turn, "cancel", place


def is_stuck(outcome: Exit[Any, Any] | None) -> bool:
    """Whether a run ended because nobody could go on."""
    if not isinstance(outcome, Failure):
        return False
    return any(isinstance(leaf, Die) and isinstance(leaf.exception, Deadlock) for leaf in outcome.failure().leaves())
