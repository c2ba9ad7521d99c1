"""A program cannot be changed once it is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import IO, bracket, delay, fail, never, par_zip, pure, race_staggered, sleep
from effio.algebra import describe
from effio.algebra.field import fields

PROGRAMS: list[IO[Any, Any]] = [
    pure(1),
    pure(1).map(str),
    pure(1).flat_map(pure),
    fail("no"),
    delay(print, 1),
    sleep(1),
    never,
    pure(1).named("one"),
    pure(1).then(pure(2)),
    pure(1).fail_after(1),
    par_zip(pure(1), pure(2)),
    race_staggered([pure(1)]),
    bracket(pure(1), pure, pure),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=describe.word)
def test_fields_cannot_be_assigned(program: IO[Any, Any]) -> None:
    """Assigning to a field raises, and leaves it as it was."""
    for name, value in fields(program):
        with pytest.raises(AttributeError):
            setattr(program, name, None)
        assert getattr(program, name) == value


@pytest.mark.parametrize("program", PROGRAMS, ids=describe.word)
def test_fields_cannot_be_added(program: IO[Any, Any]) -> None:
    """Assigning to a name that is no field raises."""
    with pytest.raises(AttributeError):
        program.note = "mine"  # type: ignore[attr-defined]


def test_programs_are_compared_by_identity() -> None:
    """Two programs that look alike are different, since each may be run on its own."""
    assert pure(1) != pure(1)
    assert len({pure(1), pure(1)}) == 2


@pytest.mark.parametrize("build", [lambda io: io.then(io), lambda io: par_zip(io, io)])
def test_a_program_can_stand_in_two_places(build: Callable[[IO[int]], IO[object]]) -> None:
    """A program is a value: using it twice shares it."""
    program = build(pure(1))
    assert repr(program).count("pure(1)") == 2
