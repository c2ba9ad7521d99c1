"""The schedules that are not made of others: how often, and how long in between."""

from __future__ import annotations

from math import floor, inf
from typing import Any, final

import attrs

from effio.schedule.rule import TOLERANCE, Moment, Rule, Step

# -- How often -----------------------------------------------------------------------------------------------


@final
@attrs.frozen
class Recurs(Rule):
    """Go on `times` times, at once."""

    times: int

    def start(self, moment: Moment) -> int:
        return 0

    def step(self, state: int, given: Any, moment: Moment) -> Step[int]:
        if state < self.times:
            return Step(state, 0.0, state + 1)
        return Step(state, None, state)

    def __str__(self) -> str:
        return f"Schedule.recurs({self.times})"


@final
@attrs.frozen
class Forever(Rule):
    """Go on for ever, at once."""

    def start(self, moment: Moment) -> int:
        return 0

    def step(self, state: int, given: Any, moment: Moment) -> Step[int]:
        return Step(state, 0.0, state + 1)

    def __str__(self) -> str:
        return "Schedule.forever()"


@final
@attrs.frozen
class During(Rule):
    """Go on, at once, as long as the next run begins within `seconds` of the start."""

    seconds: float
    timed = True

    def start(self, moment: Moment) -> float:
        return moment.now

    def step(self, state: float, given: Any, moment: Moment) -> Step[float]:
        elapsed = moment.now - state
        return Step(elapsed, 0.0, state, within=self.seconds - elapsed)

    def __str__(self) -> str:
        return f"Schedule.during({self.seconds:g})"


# -- How long in between -------------------------------------------------------------------------------------


@final
@attrs.frozen
class Spaced(Rule):
    """Wait for `seconds` between the end of a run and the begin of the next."""

    seconds: float

    def start(self, moment: Moment) -> int:
        return 0

    def step(self, state: int, given: Any, moment: Moment) -> Step[int]:
        return Step(state, self.seconds, state + 1)

    def __str__(self) -> str:
        return f"Schedule.spaced({self.seconds:g})"


@final
@attrs.frozen
class Linear(Rule):
    """Wait for one, two, three times `first` seconds, and so on."""

    first: float

    def start(self, moment: Moment) -> int:
        return 1

    def step(self, state: int, given: Any, moment: Moment) -> Step[float]:
        delay = self.first * state
        return Step(delay, delay, state + 1)

    def __str__(self) -> str:
        return f"Schedule.linear({self.first:g})"


@final
@attrs.frozen
class Exponential(Rule):
    """Wait for `first` seconds, then `factor` times as long each time."""

    first: float
    factor: float

    def start(self, moment: Moment) -> float:
        return self.first

    def step(self, state: float, given: Any, moment: Moment) -> Step[float]:
        return Step(state, state, state * self.factor)

    def __str__(self) -> str:
        factor = "" if self.factor == 2 else f", factor={self.factor:g}"
        return f"Schedule.exponential({self.first:g}{factor})"


@final
@attrs.frozen
class Fibonacci(Rule):
    """Wait for `first` seconds twice, then each time as long as the two times before together."""

    first: float

    def start(self, moment: Moment) -> tuple[float, float]:
        return self.first, self.first

    def step(self, state: tuple[float, float], given: Any, moment: Moment) -> Step[float]:
        delay, following = state
        return Step(delay, delay, (following, delay + following))

    def __str__(self) -> str:
        return f"Schedule.fibonacci({self.first:g})"


# -- On a grid of time ---------------------------------------------------------------------------------------


@final
@attrs.frozen
class Grid:
    """Where a series stands that began at `began`: its run number `slot` begins at that multiple of the interval."""

    began: float
    slot: int = 0


@final
@attrs.frozen
class Fixed(Rule):
    """Begin a run every `seconds`; one that is late begins at once, and those it has missed are left out."""

    seconds: float
    timed = True

    def start(self, moment: Moment) -> tuple[int, Grid]:
        return 0, Grid(moment.now)

    def step(self, state: tuple[int, Grid], given: Any, moment: Moment) -> Step[int]:
        count, grid = state
        # Slots are counted instead of computed from the time, so that an inexact clock cannot hit one twice.
        slot = max(1, grid.slot + moment.waited, passed(grid, self.seconds, moment))
        delay = max(0.0, grid.began + slot * self.seconds - moment.now)
        return Step(count, delay, (count + 1, attrs.evolve(grid, slot=slot)))

    def __str__(self) -> str:
        return f"Schedule.fixed({self.seconds:g})"


@final
@attrs.frozen
class Windowed(Rule):
    """Wait for the next multiple of `seconds` after the start; one that a run has missed is left out."""

    seconds: float
    timed = True

    def start(self, moment: Moment) -> tuple[int, Grid]:
        return 0, Grid(moment.now)

    def step(self, state: tuple[int, Grid], given: Any, moment: Moment) -> Step[int]:
        count, grid = state
        slot = max(grid.slot - (not moment.waited), passed(grid, self.seconds, moment)) + 1
        delay = max(0.0, grid.began + slot * self.seconds - moment.now)
        return Step(count, delay, (count + 1, attrs.evolve(grid, slot=slot)))

    def __str__(self) -> str:
        return f"Schedule.windowed({self.seconds:g})"


def passed(grid: Grid, seconds: float, moment: Moment) -> int:
    """The last slot that has begun."""
    return 0 if seconds == inf else floor((moment.now - grid.began + TOLERANCE) / seconds)
