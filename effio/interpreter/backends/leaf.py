"""The coroutine of a leaf: what its function makes, whatever that is."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# What somebody's function gives may be anything.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Coroutine
from inspect import isawaitable
from types import CoroutineType
from typing import Any

from effio.algebra.primitive import Leaf
from effio.data.cause_text import name_of


def made_by(node: Leaf) -> Coroutine[Any, Any, Any]:
    """Call the function of `node` for its coroutine; what is awaitable otherwise gets one around it."""
    kwargs = node._kwargs
    made: Any = node._function(*node._args, **kwargs) if kwargs else node._function(*node._args)
    return made if type(made) is CoroutineType else awaiting(made, node)


async def awaiting(made: Any, node: Leaf) -> Any:
    """Await what is no coroutine, if it can be awaited."""
    if not isawaitable(made):
        function = name_of(node._function)
        problem = TypeError(f"from_async needs a coroutine function, but {function!r} gave {made!r:.100}")
        problem.add_note("call a plain function with delay or attempt, or with to_thread if it blocks")
        raise problem
    return await made
