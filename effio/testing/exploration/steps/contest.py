"""What fibers race for, in words: a shared object by its name or its line, a call by the line of its function."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from functools import partial
from pathlib import PurePath
from types import CodeType
from typing import Any, Final

from effio.algebra.primitive import Invoked
from effio.data.call_site import CallSite
from effio.testing.exploration.steps.journal import describe, name_of, thing_text

OF_FIBERS: Final = {"end": "the end of", "family": "the children of", "region": "the cancel of"}
"""What is shared that no program made: it belongs to a fiber."""

WHOLE: Final = {"deadlines": "the clock", "time": "the clock", "watched": "what is watched"}
"""What is shared by all."""


def called(kind: str, thing: Any) -> str:
    """What is touched, in words: `counter`, `Ref bank.py:36`, `the cancel of worker`."""
    if kind == "named":
        return str(thing)
    if kind in WHOLE:
        return WHOLE[kind]
    if kind in OF_FIBERS:
        return f"{OF_FIBERS[kind]} {thing.owner.name}"
    if kind == "forks":
        return f"forks into {thing.name}"
    is_shared = getattr(thing, "name", None) is not None or isinstance(getattr(thing, "site", None), CallSite)
    return thing_text(thing) if is_shared else type(thing).__name__


def calls(one: Any, other: Any) -> str:
    """Two actions that say nothing of what they touch, by their places."""
    return " and ".join(sorted({place(one), place(other)}))


def place(node: Any) -> str:
    """Where the function is written that an action calls; what it is called if it is not written in Python."""
    if node is None:
        return "a cancel from outside"
    if not isinstance(node, Invoked):
        return describe(node, thing_text)
    function = node._function
    code = code_of(function)
    if code is None:
        return str(getattr(function, "__qualname__", None) or name_of(function))
    return f"{PurePath(code.co_filename).name}:{code.co_firstlineno}"


def code_of(function: Any) -> CodeType | None:
    """The code of a function, or of a callable object; None if it is not written in Python."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None
