"""Programs travel as values do, if what they hold can."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from operator import add
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    attempt,
    catch,
    collect,
    delay,
    do,
    effect,
    fail,
    if_,
    never,
    now,
    par_zip,
    pure,
    run,
    run_exit,
    sleep,
    unit,
)
from effio.algebra.primitive import Operation


def load(key: object) -> IO[Any]:
    return pure(key)


@do
def doubled(key: int, *, plus: int = 0) -> Do[int]:
    value: int = yield from load(key)
    return value * 2 + plus


@effect(catches=ValueError)
def parse(text: str) -> int:
    return int(text)


class Store:
    """Methods that make programs."""

    def __repr__(self) -> str:
        return "Store()"

    @do
    def get(self, key: int) -> Do[int]:
        value: int = yield from load(key)
        return value


PROGRAMS: list[IO[Any, Any]] = [
    pure(1).map(str).flat_map(len),  # type: ignore[arg-type]
    pure(1).map(partial(add, 1)).zip(pure(2)).then(unit),
    fail("no").or_else(pure(1)),
    fail(KeyError("no")) | catch(KeyError, load),
    delay(int, "1").fail_after(5).named("one"),
    attempt(int, "x").retry(1),
    par_zip(pure(1), sleep(0).as_value(2)),
    collect([pure(1), pure(2)]).on_error(unit),
    if_(True, pure(1), never),
    doubled(3, plus=1),
    Store().get(1),
    parse("7"),
    parse("x").either(),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=repr)
def test_program_does_the_same_elsewhere(program: IO[Any, Any]) -> None:
    """A copy through pickle looks the same and has the same exit."""
    travelled = pickle.loads(pickle.dumps(program))
    assert repr(travelled) == repr(program)
    assert str(run_exit(travelled)) == str(run_exit(program))


def test_words_travel_too() -> None:
    """A word without arguments is still a word afterwards."""
    travelled = pickle.loads(pickle.dumps(now))
    assert repr(travelled()) == "<IO now>"


def test_programs_can_be_copied() -> None:
    """A copy is a program of its own that looks the same."""
    program = pure(1).fail_after(2)
    assert repr(copy.copy(program)) == repr(copy.deepcopy(program)) == repr(program)


def test_operation_on_something_shared_is_taken_along() -> None:
    """What a primitive does to its object pickles with the function and what that is called with."""
    operation = Operation(add, (), (1, 2))
    assert run(pickle.loads(pickle.dumps(operation))) == run(operation) == 3
