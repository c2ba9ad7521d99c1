"""Classes whose objects come from elsewhere: whoever calls such a class is told where from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import signature
from typing import Any, Final, TypeVar

from effio.data.cause_text import short_repr

Class = TypeVar("Class", bound=type)

INIT: Final = "__init__"
A_PROGRAM: Final = "the program {make} gives one"


def made_elsewhere(first: Any, by: str = A_PROGRAM) -> Callable[[Class], Class]:
    """Refuse a call of the class whose first argument is no `first`, which only the library itself has.

    `by` says what makes an object of the class; `{make}` in it is the call of its method `make` that was meant.
    """

    def decorate(kind: Class) -> Class:
        fill: Callable[..., None] = getattr(kind, INIT)

        @functools.wraps(fill)
        def fill_own(made: object, own: object = None, /, *given: Any, **options: Any) -> None:
            if not isinstance(own, first):
                raise refused(kind, by, (() if own is None else (own,)) + given, options)
            fill(made, own, *given, **options)

        setattr(kind, INIT, fill_own)
        return kind

    return decorate


def refused(kind: type[Any], by: str, given: tuple[Any, ...], options: dict[str, Any]) -> TypeError:
    """The error for a call of the class."""
    name = kind.__name__
    texts = [*map(short_repr, given), *(f"{key}={short_repr(value)}" for key, value in options.items())]
    arguments = ", ".join(texts)
    make = f"{name}.make({arguments if is_taken(getattr(kind, 'make', None), given, options) else '...'})"
    problem = TypeError(f"{name}({arguments}) makes no {name}: {by.format(make=make)}")
    if by is A_PROGRAM:
        problem.add_note(f"write `yield from {make}` in a @do function, or {make}.flat_map(...)")
    return problem


def is_taken(make: Any, given: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether `make` can be called so."""
    try:
        signature(make).bind(*given, **options)
    except TypeError:
        return False
    return True
