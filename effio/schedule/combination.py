"""The schedules that are made of others: limits, conditions, chance, and two at once or in turn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from math import inf
from random import Random, getrandbits
from typing import Any, final

import attrs

from effio.schedule.rule import TOLERANCE, UNKNOWN, Moment, Rule, Step

# -- One schedule, changed -----------------------------------------------------------------------------------


@attrs.frozen
class Around(Rule):
    """What changes the rule `inner`."""

    inner: Rule

    def parts(self) -> tuple[Rule, ...]:
        return (self.inner,)

    def start(self, moment: Moment) -> Any:
        return self.inner.start(moment)


@final
@attrs.frozen
class UpTo(Around):
    """End when the next run would begin more than `seconds` after the start."""

    seconds: float
    timed = True

    def start(self, moment: Moment) -> Any:
        return moment.now, self.inner.start(moment)

    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        began, inner = state
        step = self.inner.step(inner, given, moment)
        left = self.seconds - (moment.now - began)
        return attrs.evolve(step, state=(began, step.state), within=min(step.within, left))

    def __str__(self) -> str:
        return f"{operand(self.inner)}.up_to({self.seconds:g})"


@final
@attrs.frozen
class Jittered(Around):
    """Multiply each delay by a random number between `low` and `high`; the same `seed` gives the same numbers."""

    low: float
    high: float
    seed: int | None

    def start(self, moment: Moment) -> Any:
        seed = getrandbits(32) if self.seed is None else self.seed
        return seed, 0, None, self.inner.start(moment)

    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        seed, count, due, inner = state
        step = self.inner.step(inner, given, moment.inside(due))
        delay = step.delay
        if delay is not None and delay != inf:
            share = Random(f"{seed}/{count}").random()
            delay *= self.low + share * (self.high - self.low)
        return attrs.evolve(step, delay=delay, state=(seed, count + 1, moment.now + (delay or 0.0), step.state))

    def __str__(self) -> str:
        return f"{operand(self.inner)}.jittered({'' if self.seed is None else self.seed})"


@final
@attrs.frozen
class ResettingAfter(Around):
    """Begin anew after a run that took `seconds` or longer."""

    seconds: float
    timed = True

    def start(self, moment: Moment) -> Any:
        return moment.now, self.inner.start(moment)

    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        due, inner = state
        if moment.now - (due if moment.began is None else moment.began) >= self.seconds:
            inner = self.inner.start(moment)
        step = self.inner.step(inner, given, moment)
        return attrs.evolve(step, state=(moment.now + (step.delay or 0.0), step.state))

    def __str__(self) -> str:
        return f"{operand(self.inner)}.resetting_after({self.seconds:g})"


@final
@attrs.frozen
class While(Around):
    """End as soon as a run ends with something for which `test` is false; `word` is what the user wrote."""

    test: Callable[[Any], bool]
    word: str

    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        step = self.inner.step(state, given, moment)
        return step if given is UNKNOWN or self.test(given) else attrs.evolve(step, delay=None)

    def __str__(self) -> str:
        return f"{operand(self.inner)}.{self.word}({getattr(self.test, '__qualname__', self.test)})"


@final
@attrs.frozen
class OneOf:
    """Tests whether something is of one of the `kinds`."""

    kinds: tuple[type[Any], ...]

    def __call__(self, given: object) -> bool:
        return isinstance(given, self.kinds)

    def __str__(self) -> str:
        return " | ".join(kind.__qualname__ for kind in self.kinds)


@final
@attrs.frozen
class Collected(Around):
    """Give the list of all outputs so far."""

    def start(self, moment: Moment) -> Any:
        return (), self.inner.start(moment)

    def step(self, state: Any, given: Any, moment: Moment) -> Step[list[Any]]:
        earlier, inner = state
        step = self.inner.step(inner, given, moment)
        outputs = (*earlier, step.output)
        return Step([*outputs], step.delay, (outputs, step.state), within=step.within)

    def __str__(self) -> str:
        return f"{operand(self.inner)}.collect()"


@final
@attrs.frozen
class Mapped(Around):
    """Give what `function` makes of each output."""

    function: Callable[[Any], Any]

    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        step = self.inner.step(state, given, moment)
        return Step(self.function(step.output), step.delay, step.state, within=step.within)

    def __str__(self) -> str:
        return f"{operand(self.inner)}.map({getattr(self.function, '__qualname__', self.function)})"


# -- Two schedules -------------------------------------------------------------------------------------------


@attrs.frozen
class Two(Rule):
    """What is made of two rules."""

    left: Rule
    right: Rule

    def parts(self) -> tuple[Rule, ...]:
        return self.left, self.right


@final
@attrs.frozen
class Both(Two):
    """Go on as long as both want to, after the longer delay."""

    def start(self, moment: Moment) -> Any:
        return None, self.left.start(moment), self.right.start(moment)

    def step(self, state: Any, given: Any, moment: Moment) -> Step[tuple[Any, Any]]:
        due, *inner = state
        inside = moment.inside(due)
        left, right = self.left.step(inner[0], given, inside), self.right.step(inner[1], given, inside)
        delay = None if left.delay is None or right.delay is None else max(left.delay, right.delay)
        following = (moment.now + (delay or 0.0), left.state, right.state)
        return Step((left.output, right.output), delay, following, within=min(left.within, right.within))

    def __str__(self) -> str:
        return f"{operand(self.left)} & {operand(self.right)}"


@final
@attrs.frozen
class Either(Two):
    """Go on as long as one of them wants to, after the shorter delay of those that do.

    The other one has then not waited as long as it wanted to, and is told so at the next step.
    """

    def start(self, moment: Moment) -> Any:
        return None, (True, self.left.start(moment)), (True, self.right.start(moment))

    def step(self, state: Any, given: Any, moment: Moment) -> Step[tuple[Any, Any]]:
        due, *inner = state
        steps = [
            rule.step(before, given, moment.inside(due, waited=waited))
            for rule, (waited, before) in zip(self.parts(), inner, strict=True)
        ]
        delay = min((step.delay for step in steps if step.goes_on and step.delay is not None), default=None)
        waited = [delay is None or step.delay is None or step.delay <= delay + TOLERANCE for step in steps]
        left, right = steps
        following = (moment.now + (delay or 0.0), (waited[0], left.state), (waited[1], right.state))
        return Step((left.output, right.output), delay, following)

    def __str__(self) -> str:
        return f"{operand(self.left)} | {operand(self.right)}"


# -- Many schedules ------------------------------------------------------------------------------------------


@final
@attrs.frozen
class InTurn(Rule):
    """Follow each of `rules` to its end, one after another: flat, so that a long row needs no deep stack."""

    rules: tuple[Rule, ...]

    def parts(self) -> tuple[Rule, ...]:
        return self.rules

    def start(self, moment: Moment) -> Any:
        return 0, self.rules[0].start(moment)

    def step(self, state: Any, given: Any, moment: Moment) -> Step[Any]:
        index: int
        index, inner = state
        step = self.rules[index].step(inner, given, moment)
        while not step.goes_on and index < len(self.rules) - 1:
            index += 1
            step = self.rules[index].step(self.rules[index].start(moment), given, moment)
        return attrs.evolve(step, state=(index, step.state))

    def __str__(self) -> str:
        first, *others = self.rules
        return "".join([operand(first), *(f".and_then({other})" for other in others)])


def in_turn(left: Rule, right: Rule) -> InTurn:
    """Follow the left one to its end, then the right one."""
    rows = (rule.rules if isinstance(rule, InTurn) else (rule,) for rule in (left, right))
    return InTurn(tuple(chain.from_iterable(rows)))


def operand(rule: Rule) -> str:
    """The rule as text, in parentheses if it is written with an operator."""
    return f"({rule})" if isinstance(rule, Both | Either) else str(rule)
