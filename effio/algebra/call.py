"""What makes a program of a value or a function in hand: the words of which loops make one for every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from effio.algebra import argument
from effio.algebra.io import IO, NewError, NewValue, T
from effio.algebra.primitive import Call, Pure, Suspend

P = ParamSpec("P")


def pure(value: T, /) -> IO[T]:
    """Succeed with `value`."""
    return Pure(value)


def delay(f: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> IO[T]:
    """Call `f` and give its result. What it raises is a defect."""
    given: object = f
    if not callable(given):
        raise argument.not_a_function("delay", given)
    return Call(f, args, kwargs or None)


def suspend(thunk: Callable[[], IO[NewValue, NewError]], /) -> IO[NewValue, NewError]:
    """Run the program that `thunk` makes, which is made anew each time."""
    given: object = thunk
    if not callable(given):
        raise argument.not_a_function("suspend", given)
    return Suspend(thunk)
