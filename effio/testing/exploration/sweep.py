"""A cancel or a failure at every action: what a program does when it is hit where nobody expects it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, final

import attrs
from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.cause_text import short_repr
from effio.data.errors import Deadlock, ProgramCancelled
from effio.data.exit import Exit
from effio.testing.exploration.checkpoint import (
    SWEEP,
    VERSION,
    State,
    run_again,
    same_options,
    state_from,
)
from effio.testing.exploration.finding import Check, Finding, Sweep, verdict
from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.schedules.system import CLOCK
from effio.testing.exploration.schedules.token import Choice, Token, TokenMismatch, before
from effio.testing.exploration.shortening.closest import closest
from effio.testing.exploration.simulation import InjectedFault, Simulation, follow, written
from effio.testing.exploration.steps.interrupt import Interrupts
from effio.testing.exploration.steps.stepping import Stepped
from effio.testing.exploration.steps.timing import TimeMode, is_racy
from effio.testing.exploration.steps.ways import Models

INJECTED: Final = ("cancel", "fail")
"""The kinds of choices that no schedule makes by itself."""

BY_ITSELF: Final = ", and does not if nothing is injected"


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
    resume: State | str | Path | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> Sweep:
    """Run `io` again and again, each time with one fiber cancelled at one moment.

    Every fiber that a program can cancel, the main one and those forked into task groups, is cancelled at every turn.

    The schedules are those of `explore`, the simple ones first. Each is run without a cancel before: what it does by
    itself, a cancelled run may do too. Else no run may hang (unless it `may_hang`), go on for ever, or leave a fiber, a
    timer, a permit behind; and if there is no `check` of the exit, none may end with a new defect. `pairs` cancels
    twice in a run. The tokens in `first` are tried before anything else. `on_progress` is told the number of runs.
    Cost: turns times fibers runs for a schedule, the square of that with `pairs`. Ctrl-C ends it as it ends `explore`;
    to go on, `resume` from the `state` of what came of it, or from the file that `save` wrote.
    """
    return Sweeper(
        program("cancel_sweep", io),
        cancel_twice if pairs else cancel_once,
        check,
        max_runs=max_runs,
        max_steps=max_steps,
        racy=is_racy(time),
        may_hang=may_hang,
        stop_on_first=stop_on_first,
        models=models,
        on_progress=on_progress,
    ).sweep(max_schedules, first, resume)


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
    resume: State | str | Path | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> Sweep:
    """Run `io` again and again, each time with one action that fails instead: every action, of every schedule.

    What fails does so with `fault`: as a typed failure where the action catches such an exception, as a defect
    elsewhere. Only what effio's own primitives do in a finalizer, such as giving back a permit, does not fail. What
    the runs may do, and everything else, is as in `cancel_sweep`.
    """
    return Sweeper(
        program("fault_sweep", io),
        fail_once,
        check,
        fault,
        max_runs=max_runs,
        max_steps=max_steps,
        racy=is_racy(time),
        may_hang=may_hang,
        stop_on_first=stop_on_first,
        models=models,
        on_progress=on_progress,
    ).sweep(max_schedules, first, resume)


@attrs.define
class Sweeper:
    """One sweep under way. `reference` is the run that is being swept, as it goes by itself.

    `paid` counts the injections of an earlier call. The token of the first schedule is the `identity` of the program.
    """

    io: IO[Any, Any]
    inject: Callable[[Sweeper, Simulation], object]
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
    paid: int = attrs.field(init=False, default=0)
    identity: str | None = attrs.field(init=False, default=None)
    swept: int = attrs.field(init=False, default=0)
    reference: Simulation = attrs.field(init=False)
    found: list[Finding] = attrs.field(init=False, factory=list[Finding])
    bounds: list[str] = attrs.field(init=False, factory=list[str])
    interrupts: Interrupts = attrs.field(init=False, factory=Interrupts)

    def sweep(self, limit: int, tokens: Iterable[str], resume: State | str | Path | None) -> Sweep:
        """Inject into every schedule, up to a limit, what failed before first; go on from an earlier call, if any."""
        if resume is not None:
            self.resume(state_from(resume, SWEEP))
        interrupted = False
        try:
            with self.interrupts:
                for token in tokens:
                    self.hit_again(Token.parse(token))
                for run in self.schedules(limit):
                    self.inject(self, run)
        except KeyboardInterrupt:
            interrupted = True
        interrupted = interrupted or self.interrupts.came
        if interrupted:
            self.bounds.append("it was interrupted")
        elif self.is_spent():
            self.bounds.append(f"it ended after {self.runs} runs")
        found, bounds = tuple(self.found), tuple(self.bounds)
        return Sweep(self.runs, self.swept, found, bounds, interrupted=interrupted, state=self.state)

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
                self.identity = self.identity or run.token
                yield run
            if self.is_done() or len(swept) >= limit:
                break
        if search.counts.cut:
            self.bounds.append(f"{search.counts.cut} schedules were cut after {self.max_steps} steps")
        elif not self.is_done() and (not search.exhausted or system.knowledge.news):
            self.bounds.append(f"only the first {limit} schedules were swept")

    def is_done(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.is_spent() or self.interrupts.came or bool(self.found and self.stop_on_first)

    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        return self.runs - self.paid >= self.max_runs

    def hit(self, choices: tuple[Choice, ...], place: Choice, *, looked_at: bool = False) -> Simulation | None:
        """Run up to one moment as `choices` say, do there what `place` says, and go on as it comes by itself.

        What an earlier call did is done once more only if the run is `looked_at`.
        """
        if self.is_done():
            return None
        token = Token((*before(choices, place[0]), place))
        if self.runs < self.paid:
            self.runs += 1
            return self.follow(token, self.max_steps) if looked_at else None
        run = self.run(token)
        self.runs += 1
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
        run = self.follow(token, self.max_steps)
        known = self.reference
        accepted, problem = self.judged(run, known)
        if not accepted:
            self.found.append(Finding(run, problem, closest=partial(self.closest, known)))
        return run

    def follow(self, token: Token, most: int) -> Simulation:
        """Run as the token says."""
        return follow(self.afresh(), token, self.fault, max_steps=most)

    def closest(self, known: Simulation, failing: Simulation) -> Simulation | None:
        """The run that may be and goes like a failing one for longest."""
        return closest(failing, self.follow, lambda run: run.outcome is not None and self.judged(run, known)[0])

    # -- Between two calls ----

    def state(self) -> State:
        """How far the sweep came, as plain data."""
        return {
            "kind": SWEEP,
            "version": VERSION,
            "options": self.options,
            "identity": self.identity,
            "runs": self.runs,
            "failures": [finding.token for finding in self.found],
        }

    @property
    def options(self) -> State:
        """What says which injections there are, and so must stay the same."""
        time = "racy" if self.racy else "idle"
        return {"injections": self.inject.__name__, "max_steps": self.max_steps, "time": time}

    def resume(self, state: State) -> None:
        """Go on from a state; what failed then is looked at again."""
        same_options(state, self.options)
        self.identity = state["identity"]
        if self.identity is not None:
            run_again(self.afresh(), self.identity)
        for token in state["failures"]:
            self.hit_again(Token.parse(token))
        self.paid = state["runs"]

    # -- What must not be ----

    def judged(self, run: Simulation, known: Simulation) -> tuple[bool, Exception | None]:
        """Whether a run may be, beside the one that is `known` to happen by itself, and what is wrong with it."""
        problem = self.problem_of(run, known)
        if problem is None and self.check is not None:
            return verdict(self.check, run.outcome)
        return problem is None, problem

    def problem_of(self, run: Simulation, known: Simulation) -> Exception | None:
        """What a run did that it must not do because of an injection, unless it does so by itself."""
        leaks = [leak for leak in run.leaks if leak not in known.leaks]
        defects = [] if self.check is not None else [*self.new_defects(run, known)]
        if run.outcome is None and known.outcome is not None:
            return Broken(f"it goes on for ever{BY_ITSELF}")
        if is_stuck(run.outcome) and not (self.may_hang or is_stuck(known.outcome)):
            return Broken(f"it hangs{BY_ITSELF}")
        if leaks:
            return Broken(f"it leaves behind {', '.join(leaks)}")
        return Broken(f"it dies of {short_repr(defects[0])}{BY_ITSELF}") if defects else None

    def new_defects(self, run: Simulation, known: Simulation) -> Iterator[BaseException]:
        """Yield what a run dies of, except for what was injected, what came of that, and what it dies of anyway."""
        usual = {(type(defect), str(defect)) for defect in defects_of(known)}
        for defect in defects_of(run):
            if (type(defect), str(defect)) not in usual and not self.is_injected(defect):
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
        cancelled = sweeper.hit(choices, place, looked_at=True)
        later = places_to_cancel(cancelled) if cancelled is not None else ()
        for other in [other for other in later if other[0] > place[0]]:
            sweeper.hit((*before(choices, place[0]), place), other)


def fail_once(sweeper: Sweeper, run: Simulation) -> None:
    """Let every action fail."""
    choices = Token.parse(run.token).choices
    for event in run.trace:
        if event.can_fail:
            sweeper.hit(choices, (event.turn, "fail", event.place))


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
