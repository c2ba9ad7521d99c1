"""How a program ended: with a value, or with the tree of everything that went wrong."""

from __future__ import annotations

from typing import TypeVar

from returns.result import Failure, Success
from typing_extensions import TypeAliasType

from effio.data.cause import Cause
from effio.data.cause_text import short_repr

Value = TypeVar("Value")
Error = TypeVar("Error")

Exit = TypeAliasType("Exit", Success[Value] | Failure[Cause[Error]], type_params=(Value, Error))


def render_exit(exit: Exit[object, object], /) -> str:
    """Show the value, or draw the error tree.

    >>> print(render_exit(Success(3)))
    succeeded with 3
    """
    if isinstance(exit, Failure):
        return exit.failure().render()
    return f"succeeded with {short_repr(exit.unwrap())}"
