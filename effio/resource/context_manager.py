"""Context managers as resources: entered before the use, left after it, in the fiber that uses them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, final

import attrs
from returns.result import Failure

from effio.algebra import argument
from effio.algebra.primitive import Call, FlatMap, Leaf, OnExit, Suspend
from effio.algebra.shape import Program
from effio.data.exit import Exit
from effio.resource.attendant import Opened, Use

CM: TypeAlias = Any
"""A context manager, or what makes one; of either kind."""

ANY_EXCEPTION = (Exception,)


@final
@attrs.frozen
class Kind:
    """How a context manager is entered and left: the name of a method, a function, and the node that calls them."""

    enter: str
    leave: Callable[..., Any]
    node: Callable[..., Program]


def entered(cm: CM, word: str) -> Opened:
    """The resource that `word` makes of it."""
    kind = KINDS[word]
    if not isinstance(cm, type) and hasattr(cm, kind.enter):
        return partial(opened, kind, lambda: cm)
    if not callable(cm):
        way_out = "give one, or a function without arguments that makes one for each use"
        argument.instance(word, cm, type, "a context manager", way_out)
    return partial(opened, kind, cm)


def opened(kind: Kind, make: Callable[[], CM], use: Use) -> Program:
    """Entering is not shielded: a context manager whose entering is cancelled has cleaned up by itself."""

    def enter(cm: CM) -> Program:
        return FlatMap(kind.node(getattr(cm, kind.enter), catches=ANY_EXCEPTION), partial(guarded, cm))

    def guarded(cm: CM, value: Any) -> Program:
        return OnExit(Suspend(partial(use, value)), partial(left, kind, cm))

    return FlatMap(Call(make, catches=ANY_EXCEPTION), enter)


def left(kind: Kind, cm: CM, exit: Exit[Any, Any]) -> Program:
    """Leave it; what it is told are the exception of the use, its class and its traceback."""
    error = exit.failure().to_exception() if isinstance(exit, Failure) else None
    return kind.node(kind.leave, (cm, error), catches=ANY_EXCEPTION)


def leave(cm: CM, error: BaseException | None) -> None:
    """Leave it; to raise what it was told is no failure of its own."""
    try:
        cm.__exit__(*told(error))
    except BaseException as raised:
        if raised is not error:
            raise


async def leave_async(cm: CM, error: BaseException | None) -> None:
    """Do the same with an asynchronous one."""
    try:
        await cm.__aexit__(*told(error))
    except BaseException as raised:
        if raised is not error:
            raise


def told(error: BaseException | None) -> tuple[Any, Any, Any]:
    """What Python tells a context manager."""
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


KINDS = {
    "from_cm": Kind("__enter__", leave, Call),
    "from_async_cm": Kind("__aenter__", leave_async, Leaf),
}
