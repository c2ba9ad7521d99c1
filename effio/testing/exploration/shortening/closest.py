"""The run that passes and goes like a failing one for longest: where the two part is what decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final, TypeAlias

from effio.testing.exploration.schedules.token import Token, TokenMismatch, before
from effio.testing.exploration.simulation import Simulation, follow
from effio.testing.exploration.steps.interrupt import Interrupts
from effio.testing.exploration.steps.journal import Event
from effio.testing.exploration.steps.stepping import Stepped

Again: TypeAlias = Callable[[Token, int], Simulation]
"""Runs the same program as a token says, so many actions at most."""

PATIENCE: Final = 20_000
"""After so many actions in runs that fail too, no more are tried."""


def closest(failing: Simulation, again: Again, passes: Callable[[Simulation], bool]) -> Simulation | None:
    """Go another way at the last turn, then at the one before, and on by itself from there, until a run passes."""
    with Interrupts(waits=False):
        return next((run for run in other_runs(failing, again) if passes(run)), None)


def other_runs(failing: Simulation, again: Again) -> Iterator[Simulation]:
    """Yield runs that leave the failing one, the latest first, while patience lasts."""
    left = PATIENCE
    for token in other_ways(failing):
        run = attempted(again, token, 10 * len(failing.trace) + 100)
        left -= len(failing.trace if run is None else run.trace)
        if left < 0:
            return
        if run is not None:
            yield run


def other_ways(failing: Simulation) -> Iterator[Token]:
    """Yield what can be done at each turn instead: what comes by itself, and each of the fibers first."""
    choices = Token.parse(failing.token).choices
    chosen = {choice[0] for choice in choices}
    fibers = len({event.fiber for event in failing.trace})
    for turn in sorted(chosen | {event.turn for event in failing.trace}, reverse=True):
        kept = before(choices, turn)
        if turn in chosen:
            yield Token(kept)
        for place in range(fibers):
            yield Token((*kept, (turn, "run", place)))


def by_token(system: Stepped) -> Again:
    """Run what a system runs."""
    return lambda token, most: follow(system.anew(), token, max_steps=most)


def attempted(again: Again, token: Token, max_steps: int) -> Simulation | None:
    """A run by a token that may not fit, and that may have no end."""
    try:
        return again(token, max_steps)
    except TokenMismatch:
        return None


def parting(failing: Simulation, passing: Simulation) -> str:
    """Say where the passing run leaves the failing one, and how."""
    step = same_steps(failing, passing)
    after = f"the same up to step {step}, then" if step else "from the first step on"
    if step >= len(passing.trace) or step >= len(failing.trace):
        return f"{after} {'it ends' if step >= len(passing.trace) else told(passing.trace[step])}"
    late, first = failing.trace[step], passing.trace[step]
    again = [number for number, event in enumerate(passing.trace) if number > step and is_same(event, late)]
    if first.fiber != late.fiber and again:
        return f"{after} {late.fiber} waits until after {told(passing.trace[again[0] - 1])}"
    return f"{after} {told(first)} instead of {told(late)}"


def same_steps(one: Simulation, other: Simulation) -> int:
    """How many steps two runs have in common."""
    pairs = zip(map(told, one.trace), map(told, other.trace), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def is_same(one: Event, other: Event) -> bool:
    """Whether the same fiber does the same."""
    return (one.fiber, one.text) == (other.fiber, other.text)


def told(event: Event) -> str:
    """Who does what."""
    return f"{event.fiber}: {event}"
