"""A failing run made simple: the choices left out that it does not need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from effio.data.exit import Exit
from effio.testing.exploration.simulation import Simulation, follow
from effio.testing.exploration.stepping import Stepped
from effio.testing.exploration.token import Token, TokenMismatch


def shortest(system: Stepped, run: Simulation, fails: Callable[[Exit[Any, Any] | None], bool]) -> Simulation:
    """A run that fails too and differs less from what happens by itself: no single choice can be left out.

    Half of the choices are left out first, then a quarter, and so on (Zeller's delta debugging).
    """
    best = run
    size = len(Token.parse(run.token).choices)
    while size:
        best, improved = without_some(system, best, fails, size)
        size = size if improved and size == 1 else size // 2
    return best


def without_some(
    system: Stepped, run: Simulation, fails: Callable[[Exit[Any, Any] | None], bool], size: int
) -> tuple[Simulation, bool]:
    """The run without as many groups of `size` neighbouring choices as possible, and whether that was any."""
    improved = False
    end = len(Token.parse(run.token).choices)
    while end > 0:
        choices = Token.parse(run.token).choices
        candidate = attempted(system, Token(choices[: max(end - size, 0)] + choices[end:]), 10 * len(run.trace) + 100)
        if candidate is not None and fails(candidate.outcome) and weight(candidate) < weight(run):
            run, improved = candidate, True
        end = min(end - size, len(Token.parse(run.token).choices))
    return run, improved


def attempted(system: Stepped, token: Token, max_steps: int) -> Simulation | None:
    """A run by a token that may not fit, and that may have no end."""
    try:
        return follow(system.anew(), token, max_steps=max_steps)
    except TokenMismatch:
        return None


def weight(run: Simulation) -> tuple[int, int, int]:
    """What makes a run hard to read: preemptions, choices, length."""
    return run.preemptions, len(Token.parse(run.token).choices), len(run.trace)
