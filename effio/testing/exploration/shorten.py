"""A failing run made simple: the choices left out that it does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.testing.exploration.simulation import Simulation, follow
from effio.testing.exploration.stepping import Stepped
from effio.testing.exploration.token import Token, TokenMismatch


def shortest(io: IO[Any, Any], run: Simulation, fails: Callable[[Exit[Any, Any] | None], bool]) -> Simulation:
    """A run that fails too and differs less from what happens by itself: no single choice can be left out."""
    best = run
    progress = True
    while progress:
        progress = False
        for shorter in shortened(Token.parse(best.token)):
            candidate = attempted(io, shorter)
            if candidate is not None and fails(candidate.outcome) and weight(candidate) < weight(best):
                best = candidate
                progress = True
                break
    return best


def shortened(token: Token) -> Iterator[Token]:
    """Yield the token without one choice after the other, the later ones first."""
    choices = token.choices
    for index in reversed(range(len(choices))):
        yield Token(choices[:index] + choices[index + 1 :])


def attempted(io: IO[Any, Any], token: Token) -> Simulation | None:
    """A run by a token that may not fit."""
    try:
        return follow(Stepped(io), token)
    except TokenMismatch:
        return None


def weight(run: Simulation) -> tuple[int, int, int]:
    """What makes a run hard to read: preemptions, choices, length."""
    return run.preemptions, len(Token.parse(run.token).choices), len(run.trace)
