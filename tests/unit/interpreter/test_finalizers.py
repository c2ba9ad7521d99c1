"""Finalizers of a single step, which run where they stand, and the bodies of do-notation that are closed."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, Do, VirtualClock, delay, do, fail, never, run_exit, unit
from effio.algebra.primitive import Ask
from effio.cause import Die, Fail, Then

nothing: IO[Any] = Ask(lambda fiber: None)
"""A question to the fiber, which is no action."""


@pytest.mark.parametrize("program", [unit, fail("no")], ids=["value", "failure"])
def test_finalizer_of_one_step_is_given_its_arguments(program: IO[Any, Any]) -> None:
    """Those by position and those by name, whatever it was run for."""
    given: list[object] = []

    def note(first: int, *, second: int) -> None:
        given.append((first, second))

    run_exit(program.ensuring(delay(note, 1, second=2)))

    assert given == [(1, 2)]


def test_question_as_a_finalizer_leaves_no_shield() -> None:
    """What comes after it can be cancelled."""
    program = unit.ensuring(nothing).then(never).move_on_after(1)

    assert run_exit(program, clock=VirtualClock()).unwrap() is None


def test_failure_of_a_finalizer_of_one_step_follows_that_of_the_program() -> None:
    """Alone it is the failure, behind another it comes second."""
    error = KeyError("closing")

    def close() -> None:
        raise error

    assert run_exit(unit.ensuring(delay(close))).failure() == Die(error)
    assert run_exit(fail("no").ensuring(delay(close))).failure() == Then((Fail("no"), Die(error)))


@pytest.mark.parametrize("error", [RuntimeError("mine"), ValueError("generator ignored GeneratorExit")], ids=repr)
def test_what_a_body_raises_while_it_is_closed_is_told_as_it_is(error: Exception) -> None:
    """Only what Python says of a body that yields there is told in other words."""

    @do
    def body() -> Do[None, str]:
        try:
            yield from fail("no")
        finally:
            raise error

    assert run_exit(body()).failure() == Then((Fail("no"), Die(error)))
