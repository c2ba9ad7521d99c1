"""Programs of many steps need no deep stack, however they are nested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio.algebra.create import fail, pure
from effio.algebra.io import IO
from effio.interpreter.runtime import run

many = pytest.mark.parametrize("steps", [100_000, pytest.param(1_000_000, marks=pytest.mark.thorough)])


def nested_left(step: Callable[[IO[int, Any]], IO[int, Any]], steps: int) -> IO[int, Any]:
    """Put one step around the other."""
    program: IO[int, Any] = pure(0)
    for _ in range(steps):
        program = step(program)
    return program


def counted(number: int) -> IO[int]:
    """Bind to the right: each continuation gives the program with the next one."""
    return pure(number - 1).flat_map(counted) if number else pure(number)


@many
@pytest.mark.parametrize(
    "step",
    [
        lambda program: program.flat_map(lambda number: pure(number + 1)),
        lambda program: program.map(lambda number: number + 1),
    ],
    ids=["flat_map", "map"],
)
def test_steps_nested_to_the_left(step: Callable[[IO[int, Any]], IO[int, Any]], steps: int) -> None:
    """A program that was built one around the other gives its value."""
    assert run(nested_left(step, steps)) == steps


@many
def test_steps_nested_to_the_right(steps: int) -> None:
    """A program whose continuations make the next step gives its value."""
    assert run(counted(steps)) == 0


def test_many_handlers_nested_to_the_left() -> None:
    """A program in which every step fails and is handled gives its value."""
    program = nested_left(lambda before: before.flat_map(lambda number: fail(number + 1)).catch_all(pure), 20_000)
    assert run(program) == 20_000
