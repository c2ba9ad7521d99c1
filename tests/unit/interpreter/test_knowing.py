"""Whether a fiber that waits still refers to a thing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from effio import IO, Do, Observer, VirtualClock, do, never, pure, run_exit, sleep
from effio.algebra.primitive import Operation
from effio.interpreter import knowing
from effio.interpreter.fiber import Fiber, Wait
from effio.interpreter.knowing import known_to


class Thing:
    """What somebody waits for."""

    def use(self, *others: object) -> None:
        """Do something with it."""


THING = Thing()
BOX = [THING]


class Asking(Observer):
    """Asks of each fiber that begins to wait."""

    def __init__(self) -> None:
        self.answers: list[bool] = []

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        self.answers.append(bool(known_to(fiber, [THING])))


def rest_of(program: IO[Any, Any]) -> bool:
    """Whether a fiber that waits and then runs `program` knows the thing."""
    asking = Asking()
    run_exit(sleep(1).then(program), clock=VirtualClock(), observers=[asking])
    return asking.answers[0]


def enclosing() -> IO[Any, Any]:
    thing = THING
    return pure(1).flat_map(lambda _: pure(thing))


def named() -> IO[Any, Any]:
    return pure(1).flat_map(lambda _: pure(BOX[0]))


def default() -> IO[Any, Any]:
    def give(_: int, thing: Thing = THING) -> IO[Thing]:
        return pure(thing)

    return pure(1).flat_map(give)


@pytest.mark.parametrize(
    "program",
    [
        lambda: pure(THING),
        lambda: Operation(THING.use, ()),
        lambda: Operation(partial(print, THING), ()),
        lambda: pure({"thing": [THING]}),
        enclosing,
        named,
        default,
    ],
    ids=["value", "method", "argument", "inside", "enclosed", "global", "default"],
)
def test_what_the_rest_of_the_program_can_reach_is_known(program: Callable[[], IO[Any, Any]]) -> None:
    """Values, methods, arguments, and what functions enclose, default to and name."""
    assert rest_of(program())


@pytest.mark.parametrize("program", [pure(1), pure(1).map(str), never], ids=["value", "function", "wait"])
def test_what_the_rest_of_the_program_does_not_mention_is_not_known(program: IO[Any, Any]) -> None:
    """That the module has the thing does not matter."""
    assert not rest_of(program)


@do
def holding(thing: object) -> Do[object]:
    yield from sleep(1)
    return thing


def test_local_variable_of_a_body_is_known() -> None:
    """A suspended body knows what it holds."""
    assert rest_of(holding(THING))
    assert not rest_of(holding("another"))


def test_where_there_is_too_much_to_look_at_it_may_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is said to know nothing unless all was looked at."""
    assert not rest_of(pure([*range(50)]))
    monkeypatch.setattr(knowing, "MOST", 3)
    assert rest_of(pure([*range(50)]))
