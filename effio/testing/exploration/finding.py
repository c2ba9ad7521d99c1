"""What an exploration or a sweep found: failing runs, and how much was looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, final

import attrs
from returns.result import Failure

from effio.data.cause import Cause, Die
from effio.data.exit import Exit
from effio.testing.exploration.checkpoint import State, save_state
from effio.testing.exploration.report import columns
from effio.testing.exploration.shortening.closest import parting
from effio.testing.exploration.simulation import Simulation
from effio.testing.exploration.stats import Stats
from effio.testing.exploration.steps.assertion import PropertyViolated
from effio.testing.exploration.steps.journal import Event

Check: TypeAlias = Callable[[Exit[Any, Any]], object]
"""Judges an exit: false, or an exception, if it must not be. Anything else, None too, is good."""


@final
@attrs.frozen
class Finding:
    """A schedule that the check does not accept, shortened: the run, and what the check raised if it did."""

    run: Simulation
    problem: Exception | None = None
    _closest: Callable[[Simulation], Simulation | None] = attrs.field(
        default=lambda run: None, alias="closest", kw_only=True, eq=False, repr=False
    )

    def closest(self) -> Simulation | None:
        """The passing run that goes like this one for longest, found by running again; None if none comes to light."""
        return self._closest(self.run)

    @property
    def outcome(self) -> Exit[Any, Any]:
        """How the run ended; one that had to be cut died of the problem."""
        if self.run.outcome is None:
            return Failure(Die(self.problem or AssertionError("the run had to be cut")))
        return self.run.outcome

    @property
    def token(self) -> str:
        """What `replay` takes."""
        return self.run.token

    @property
    def trace(self) -> tuple[Event, ...]:
        """What the fibers did, in order."""
        return self.run.trace

    def render(self) -> str:
        """Draw the run, a column for each fiber, and say where one that passes leaves it, and how it ended."""
        count = self.run.preemptions
        lines = [f"{count} {'preemption' if count == 1 else 'preemptions'}"]
        if self.run.trace:
            lines.append(columns(self.run.trace))
        passing = self.closest()
        if passing is not None:
            lines.append(f"closest passing run: {parting(self.run, passing)}")
        lines += ["", self.run.ending()]
        if self.problem is not None:
            lines.append(f"check: {type(self.problem).__name__}: {self.problem}")
        lines.append(f"token: {self.token}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


@attrs.frozen
class Resumable:
    """What was found by something that can go on where it stopped."""

    _state: Callable[[], State] = attrs.field(default=dict[str, Any], alias="state", kw_only=True, eq=False, repr=False)

    @property
    def state(self) -> State:
        """What the same call needs to go on where this one stopped: plain data, for `json` or another process."""
        return self._state()

    def save(self, path: str | Path) -> None:
        """Write `state` to a file, all of it or nothing; the same call with `resume=path` goes on from there."""
        save_state(path, self.state)


@final
@attrs.frozen
class Exploration(Resumable):
    """What was found: `schedules` inequivalent complete runs, all there are if `exhaustive`.

    Without `exhaustive` nothing is said about the rest; `bounds` tells what kept the exploration from being complete,
    and `interrupted` whether that was Ctrl-C. `never` are the properties that should have held `sometimes`.
    """

    schedules: int
    exhaustive: bool
    failures: tuple[Finding, ...]
    stats: Stats
    bounds: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    interrupted: bool = attrs.field(default=False, kw_only=True)

    def assert_ok(self) -> Exploration:
        """Raise an AssertionError that shows the first failing schedule, or what never held, if there is any.

        An exploration that was interrupted before it found anything raises KeyboardInterrupt.
        """
        if self.failures or (self.never and not self.interrupted):
            raise AssertionError(self.render())
        if self.interrupted:
            raise interruption(self.render())
        return self

    def render(self) -> str:
        """Say what was found, with the first failing schedule."""
        lines = [self.headline()]
        lines += [f"not complete: {bound}" for bound in self.bounds]
        advice = self.stats.advice()
        lines += [advice] if advice and not self.failures else []
        lines += [str(PropertyViolated("sometimes", name)) for name in self.never]
        lines += [finding.render() for finding in self.failures[:1]]
        return "\n".join(lines)

    def headline(self) -> str:
        count = f"{self.schedules} {'schedule' if self.schedules == 1 else 'schedules'}"
        scope = "all there are" if self.exhaustive else "not all there are"
        sampled = self.stats.sampled
        chance = f" and {sampled} random {'one' if sampled == 1 else 'ones'}" if sampled else ""
        if self.failures and not (self.schedules or sampled):
            return "a schedule that failed before fails again"
        if self.failures:
            return f"{len(self.failures)} failing among {count} ({scope}){chance}"
        return f"no failure in {count} ({scope}){chance}"

    def __str__(self) -> str:
        return self.render()


@final
@attrs.frozen
class Sweep(Resumable):
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


def interruption(found: str) -> KeyboardInterrupt:
    """The Ctrl-C that ended a search, which tells what was found until then."""
    interrupt = KeyboardInterrupt()
    interrupt.add_note(found)
    return interrupt


def verdict(check: Check, outcome: Exit[Any, Any] | None) -> tuple[bool, Exception | None]:
    """Whether `check` accepts an exit, and what it raised if not; a broken property is never accepted."""
    if outcome is None:
        return True, None
    if isinstance(outcome, Failure) and is_violation(outcome.failure()):
        return False, None
    try:
        return check(outcome) is not False, None
    except Exception as problem:
        return False, problem


def is_violation(cause: Cause[Any]) -> bool:
    """Whether a run ended because a property did not hold."""
    return isinstance(cause, Die) and isinstance(cause.exception, PropertyViolated)
