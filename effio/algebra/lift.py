"""`@effect`: a plain or async function whose calls are programs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, Never, ParamSpec, TypeVar, final, overload

from effio.algebra import argument
from effio.algebra.io import IO, X1, X2, X3, X4, NewValue
from effio.algebra.primitive import Call, Leaf

P = ParamSpec("P")
Raised = TypeVar("Raised", covariant=True)

CALLS: Final = "effio calls"
"""The attribute of an `@effect` function that holds the function below it."""


@final
class Effect(Generic[Raised]):
    """`@effect(catches=...)`: exceptions of these classes are typed failures, any other one is a defect."""

    __slots__ = ("_catches",)

    def __init__(self, *catches: type[Any]) -> None:
        self._catches = catches

    @overload
    def __call__(
        self, function: Callable[P, Coroutine[Any, Any, NewValue]], /
    ) -> Callable[P, IO[NewValue, Raised]]: ...
    @overload
    def __call__(self, function: Callable[P, NewValue], /) -> Callable[P, IO[NewValue, Raised]]: ...
    def __call__(self, function: Callable[..., Any], /) -> Callable[..., IO[Any, Any]]:
        """Make a function that gives programs: each runs `function` with the arguments of the call."""
        refuse_generators(argument.function("effect", function))
        node = Leaf if inspect.iscoroutinefunction(function) else Call
        catches = self._catches

        @functools.wraps(function)
        def make(*args: Any, **kwargs: Any) -> IO[Any, Any]:
            return node(function, args, kwargs or None, catches)

        vars(make)[CALLS] = function
        return make


def refuse_generators(function: Callable[..., Any]) -> None:
    """Refuse what gives a generator, which nobody would run."""
    way_out = "write @do instead, if the body runs programs by `yield from`"
    if inspect.isasyncgenfunction(function):
        way_out = "take its items one by one: from_async(anext, iterator)"
    elif not inspect.isgeneratorfunction(function):
        return
    problem = TypeError(f"effect needs a function that gives its result, not the generator {function.__qualname__}")
    problem.add_note(way_out)
    raise problem


def function_of(given: Any) -> Any:
    """The function that an `@effect` function calls; anything else is itself."""
    return getattr(given, "__dict__", {}).get(CALLS, given)


@overload
def effect(function: Callable[P, Coroutine[Any, Any, NewValue]], /) -> Callable[P, IO[NewValue, Exception]]: ...
@overload
def effect(function: Callable[P, NewValue], /) -> Callable[P, IO[NewValue, Exception]]: ...
@overload
def effect(*, catches: tuple[()]) -> Effect[Never]: ...
@overload
def effect(*, catches: type[X1] | tuple[type[X1]]) -> Effect[X1]: ...
@overload
def effect(*, catches: tuple[type[X1], type[X2]]) -> Effect[X1 | X2]: ...
@overload
def effect(*, catches: tuple[type[X1], type[X2], type[X3]]) -> Effect[X1 | X2 | X3]: ...
@overload
def effect(*, catches: tuple[type[X1], type[X2], type[X3], type[X4]]) -> Effect[X1 | X2 | X3 | X4]: ...
def effect(function: Callable[..., Any] | None = None, /, *, catches: Any = Exception) -> Any:
    """Make a function that gives programs: each runs `function` with the arguments of the call.

    An `Exception` that it raises is a typed failure. With `catches=`, a class or a tuple, only such
    exceptions are, and any other one is a defect. A coroutine function is awaited in the fiber's own host
    task.

    >>> from effio import run_exit
    >>> @effect(catches=ValueError)
    ... def parse(text: str) -> int:
    ...     return int(text)
    >>> run_exit(parse("7"))
    <Success: 7>
    """
    decorator: Effect[Any] = Effect(*argument.types("effect", catches))
    return decorator if function is None else decorator(function)
