"""`@do`: a generator function as a program, in which `yield from io` runs `io` and gives its value."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Never, ParamSpec, TypeVar

from typing_extensions import TypeAliasType
from typing_extensions import TypeVar as TypeVarWithDefault

from effio.algebra import dropped
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Generate
from effio.data.cause_text import short_repr

P = ParamSpec("P")
DoValue = TypeVar("DoValue")
DoError = TypeVarWithDefault("DoError", default=Never)

Do = TypeAliasType("Do", Generator[IO[object, DoError], object, DoValue], type_params=(DoValue, DoError))
"""What a `@do` function returns: `Do[int]` cannot fail, `Do[int, OSError]` can with an `OSError`."""


def do(
    function: Callable[P, Generator[IO[object, NewError], object, NewValue]], /
) -> Callable[P, IO[NewValue, NewError]]:
    """Make a program of each call: it runs the body anew, and each `yield from io` in it runs `io`.

    A failure of `io` ends the body: its `finally` blocks run, `except` sees nothing of it.

    >>> from effio import pure, run
    >>> @do
    ... def double(number: int) -> Do[int]:
    ...     found = yield from pure(number)
    ...     return found * 2
    >>> run(double(21))
    42
    """
    if not inspect.isgeneratorfunction(function):
        problem = TypeError(f"do needs a generator function, not {short_repr(function)}")
        problem.add_note("write `yield from` at least once in the body")
        raise problem
    dropped.watch(function.__code__)

    @functools.wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> IO[NewValue, NewError]:
        return Generate(function, args, kwargs)

    return make
