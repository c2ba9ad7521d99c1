"""A cancel or a failure at every action: what a program does when it is hit where nobody expects it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, final

import attrs
from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.cause_text import short_repr
from effio.data.errors import Deadlock, ProgramCancelled
from effio.data.exit import Exit
from effio.testing.exploration.finding import Check, Finding, interruption, verdict
from effio.testing.exploration.interrupt import Interrupts
from effio.testing.exploration.search import Search
from effio.testing.exploration.simulation import InjectedFault, Simulation, follow, written
from effio.testing.exploration.stepping import Stepped
from effio.testing.exploration.system import CLOCK
from effio.testing.exploration.timing import TimeMode, is_racy
from effio.testing.exploration.token import Choice, Token, TokenMismatch
from effio.testing.exploration.ways import Models

INJECTED: Final = ("cancel", "fail")
"""The kinds of choices that no schedule makes by itself."""

BY_ITSELF: Final = ", and does not if nothing is injected"


@final
@attrs.frozen
class Sweep:
    """What a sweep found: `runs` injections into `schedules` schedules.

    `bounds` tells what was left out, `interrupted` whether Ctrl-C ended it.
    """

    runs: int
    schedules: int
    failures: tuple[Finding, ...]
    bounds: tuple[str, ...] = ()
    interrupted: bool = attrs.field(default=False, kw_only=True)

    @property
    def exhaustive(self) -> bool:
        """Whether every place of every schedule was hit."""
        return not self.bounds

    def assert_ok(self) -> Sweep:
        """Raise an AssertionError that shows the first failing run, if there is one.

        A sweep that was interrupted before it found anything raises KeyboardInterrupt.
        """
        if self.failures:
            raise AssertionError(self.render())
        if self.interrupted:
            raise interruption(self.render())
        return self

    def render(self) -> str:
        """Say what was found, with the first failing run."""
        lines = [self.headline()]
        lines += [f"not complete: {bound}" for bound in self.bounds]
        lines += [finding.render() for finding in self.failures[:1]]
        return "\n".join(lines)

    def headline(self) -> str:
        runs = f"{self.runs} {'injection' if self.runs == 1 else 'injections'}"
        schedules = f"{self.schedules} {'schedule' if self.schedules == 1 else 'schedules'}"
        if self.failures and not self.runs:
            return "an injection that failed before fails again"
        return f"{len(self.failures) or 'no'} failing among {runs} into {schedules}"

    def __str__(self) -> str:
        return self.render()


@final
@attrs.frozen
class Broken(Exception):
    """What a run must not do whatever the program is: hang, die, or leave something behind."""

    problem: str

    def __str__(self) -> str:
        return self.problem


def cancel_sweep(
    io: IO[Any, Any],
    /,
    check: Check | None = None,
    *,
    max_schedules: int = 10,
    max_runs: int = 10_000,
    max_steps: int = 10_000,
    pairs: bool = False,
    time: TimeMode = "idle",
    may_hang: bool = False,
    stop_on_first: bool = True,
    models: Models | None = None,
    first: Iterable[str] = (),
    on_progress: Callable[[int], object] | None = None,
) -> Sweep:
    """Run `io` again and again, each time with one fiber cancelled at one moment.

    Every fiber that a program can cancel, the main one and those forked into task groups, is cancelled at every turn.

    The schedules are those of `explore`, the simple ones first. Each is run without a cancel before: what it does by
    itself, a cancelled run may do too. Else no run may hang (unless it `may_hang`), go on for ever, or leave a fiber, a
    timer, a permit behind; and if there is no `check` of the exit, none may end with a new defect. `pairs` cancels
    twice in a run. The tokens in `first` are tried before anything else. `on_progress` is told the number of runs.
    Cost: turns times fibers runs for a schedule, the square of that with `pairs`. Ctrl-C ends it as it ends `explore`.
    """
    sweeper = Sweeper(
        program("cancel_sweep", io),
        check,
        max_runs=max_runs,
        max_steps=max_steps,
        racy=is_racy(time),
        may_hang=may_hang,
        stop_on_first=stop_on_first,
        models=models,
        on_progress=on_progress,
    )
    return sweeper.sweep(max_schedules, cancel_twice if pairs else cancel_once, first)


def fault_sweep(
    io: IO[Any, Any],
    /,
    check: Check | None = None,
    *,
    fault: BaseException | None = None,
    max_schedules: int = 10,
    max_runs: int = 10_000,
    max_steps: int = 10_000,
    time: TimeMode = "idle",
    may_hang: bool = False,
    stop_on_first: bool = True,
    models: Models | None = None,
    first: Iterable[str] = (),
    on_progress: Callable[[int], object] | None = None,
) -> Sweep:
    """Run `io` again and again, each time with one action that fails instead: every action, of every schedule.

    What fails does so with `fault`: as a typed failure where the action catches such an exception, as a defect
    elsewhere. Only what effio's own primitives do in a finalizer, such as giving back a permit, does not fail. What
    the runs may do, and everything else, is as in `cancel_sweep`.
    """
    sweeper = Sweeper(
        program("fault_sweep", io),
        check,
        fault,
        max_runs=max_runs,
        max_steps=max_steps,
        racy=is_racy(time),
        may_hang=may_hang,
        stop_on_first=stop_on_first,
        models=models,
        on_progress=on_progress,
    )
    return sweeper.sweep(max_schedules, fail_once, first)


@attrs.define
class Sweeper:
    """One sweep under way. `reference` is the run that is being swept, as it goes by itself."""

    io: IO[Any, Any]
    check: Check | None
    fault: BaseException | None = None
    max_runs: int = attrs.field(kw_only=True)
    max_steps: int = attrs.field(kw_only=True)
    racy: bool = attrs.field(kw_only=True)
    may_hang: bool = attrs.field(kw_only=True)
    stop_on_first: bool = attrs.field(kw_only=True)
    models: Models | None = attrs.field(kw_only=True)
    on_progress: Callable[[int], object] | None = attrs.field(kw_only=True)
    runs: int = attrs.field(init=False, default=0)
    swept: int = attrs.field(init=False, default=0)
    reference: Simulation = attrs.field(init=False)
    found: list[Finding] = attrs.field(init=False, factory=list[Finding])
    bounds: list[str] = attrs.field(init=False, factory=list[str])
    interrupts: Interrupts = attrs.field(init=False, factory=Interrupts)

    def sweep(self, limit: int, inject: Callable[[Sweeper, Simulation], object], tokens: Iterable[str] = ()) -> Sweep:
        """Inject into every schedule, up to a limit, what failed before first."""
        interrupted = False
        try:
            with self.interrupts:
                for token in tokens:
                    self.hit_again(Token.parse(token))
                for run in self.schedules(limit):
                    inject(self, run)
        except KeyboardInterrupt:
            interrupted = True
        interrupted = interrupted or self.interrupts.came
        if interrupted:
            self.bounds.append("it was interrupted")
        elif self.runs >= self.max_runs:
            self.bounds.append(f"it ended after {self.runs} runs")
        return Sweep(self.runs, self.swept, tuple(self.found), tuple(self.bounds), interrupted=interrupted)

    def afresh(self) -> Stepped:
        """The program, with nothing known about it."""
        return Stepped(self.io, self.models, racy=self.racy)

    def schedules(self, limit: int) -> Iterator[Simulation]:
        """Yield the runs to sweep, written down; those that a search that began anew has had before are left out."""
        system = self.afresh()
        search = Search(system, max_steps=self.max_steps, aside=CLOCK)
        swept: set[str] = set()
        for schedule in search.schedules():
            run = written(system, schedule.threads)
            if run.token not in swept:
                swept.add(run.token)
                self.swept, self.reference = len(swept), run
                yield run
            if self.is_done() or len(swept) >= limit:
                break
        if search.counts.cut:
            self.bounds.append(f"{search.counts.cut} schedules were cut after {self.max_steps} steps")
        elif not self.is_done() and (not search.exhausted or system.knowledge.news):
            self.bounds.append(f"only the first {limit} schedules were swept")

    def is_done(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.runs >= self.max_runs or self.interrupts.came or bool(self.found and self.stop_on_first)

    def hit(self, choices: tuple[Choice, ...], place: Choice) -> Simulation | None:
        """Run up to one moment as `choices` say, do there what `place` says, and go on as it comes by itself."""
        if self.is_done():
            return None
        self.runs += 1
        run = self.run(Token((*before(choices, place[0]), place)))
        if self.on_progress is not None:
            self.on_progress(self.runs)
        return run

    def hit_again(self, token: Token) -> None:
        """Inject once more what a token tells, if that still fits the program."""
        try:
            by_itself = tuple(choice for choice in token.choices if choice[1] not in INJECTED)
            self.reference = follow(self.afresh(), Token(by_itself), max_steps=self.max_steps)
            self.run(Token(token.choices))
        except TokenMismatch:
            return

    def run(self, token: Token) -> Simulation:
        """Run as the token says, and keep the run if it must not be."""
        run = follow(self.afresh(), token, self.fault, max_steps=self.max_steps)
        problem = self.problem_of(run)
        accepted = problem is None
        if accepted and self.check is not None:
            accepted, problem = verdict(self.check, run.outcome)
        if not accepted:
            self.found.append(Finding(run, problem))
        return run

    # -- What must not be ----

    def problem_of(self, run: Simulation) -> Exception | None:
        """What a run did that it must not do because of an injection, unless it does so by itself."""
        known = self.reference
        leaks = [leak for leak in run.leaks if leak not in known.leaks]
        defects = [] if self.check is not None else [*self.new_defects(run)]
        if run.outcome is None and known.outcome is not None:
            return Broken(f"it goes on for ever{BY_ITSELF}")
        if is_stuck(run.outcome) and not (self.may_hang or is_stuck(known.outcome)):
            return Broken(f"it hangs{BY_ITSELF}")
        if leaks:
            return Broken(f"it leaves behind {', '.join(leaks)}")
        return Broken(f"it dies of {short_repr(defects[0])}{BY_ITSELF}") if defects else None

    def new_defects(self, run: Simulation) -> Iterator[BaseException]:
        """Yield what a run dies of, except for what was injected, what came of that, and what it dies of anyway."""
        known = {(type(defect), str(defect)) for defect in defects_of(self.reference)}
        for defect in defects_of(run):
            if (type(defect), str(defect)) not in known and not self.is_injected(defect):
                yield defect

    def is_injected(self, defect: BaseException | None) -> bool:
        """Whether an exception is what was injected, or was raised because of it."""
        while defect is not None:
            if defect is self.fault or isinstance(defect, (InjectedFault, ProgramCancelled, Deadlock)):
                return True
            defect = defect.__cause__ or defect.__context__
        return False


# -- What is injected ----------------------------------------------------------------------------------------


def cancel_once(sweeper: Sweeper, run: Simulation) -> None:
    """Cancel every fiber at every turn."""
    choices = Token.parse(run.token).choices
    for place in places_to_cancel(run):
        sweeper.hit(choices, place)


def cancel_twice(sweeper: Sweeper, run: Simulation) -> None:
    """Cancel every fiber at every turn, and then another one, or the same, at every later turn."""
    choices = Token.parse(run.token).choices
    for place in places_to_cancel(run):
        cancelled = sweeper.hit(choices, place)
        later = places_to_cancel(cancelled) if cancelled is not None else ()
        for other in [other for other in later if other[0] > place[0]]:
            sweeper.hit((*before(choices, place[0]), place), other)


def fail_once(sweeper: Sweeper, run: Simulation) -> None:
    """Let every action fail."""
    choices = Token.parse(run.token).choices
    for event in run.trace:
        if event.can_fail:
            sweeper.hit(choices, (event.turn, "fail", event.place))


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
    return isinstance(outcome, Failure) and any(isinstance(error, Deadlock) for error in outcome.failure().defects())


def defects_of(run: Simulation) -> tuple[BaseException, ...]:
    """What a run died of."""
    return run.outcome.failure().defects() if isinstance(run.outcome, Failure) else ()
