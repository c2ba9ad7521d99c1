"""Functions of effio itself that stand in a program: what a plan shows in their place, the user's part of them."""

from __future__ import annotations

from functools import partial
from inspect import getclosurevars
from types import FunctionType, MethodType
from typing import Any, Final

from effio.algebra import describe, shape
from effio.algebra.primitive import Ask, FlatMap, Map, Pure
from effio.observe.placeholder import Placeholder

FLOORS: Final = tuple(f"effio.{floor}." for floor in ("algebra", "concurrent", "resource", "interop", "net"))
BUILDERS: Final = "effio.resource.resource"
"""Its functions make a program of programs, and do nothing else; those of `ASKING` call a function of the user."""
ASKING: Final = frozenset({"chained.<locals>.following", "held_together.<locals>.hold"})
CONCEPTS: Final = {
    "cache.itself": "Cache.get",
    "context_manager.opened": "from_cm",
    "library.while_used": "held while it is used",
    "progress.move": "advance_progress",
    "resource.chained": "flat_map",
    "resource.held_together": "par_zip",
}
"""By module and function: what the user calls it."""

HELD: Final = Placeholder("value")
"""Stands for the value of a resource where a function of effio is called to see what it makes."""


def is_library(function: object) -> bool:
    """Whether a function belongs to effio and the user did not name it: it is private, nested, or given arguments."""
    bare = unwrapped(function)
    if not str(getattr(bare, "__module__", "")).startswith(FLOORS) and bare is not while_used:
        return False
    name = str(getattr(bare, "__qualname__", ""))
    if bare is not function or "<locals>" in name or key_of(bare) in CONCEPTS:
        return True
    return not name or name.rpartition(".")[2].startswith("_")


def asks_first(node: Any) -> bool:
    """Whether the node is something of effio that begins with a question about the run."""
    return isinstance(node, FlatMap) and isinstance(node.source, Ask) and is_library(node.function)


def concept(function: object) -> str:
    """Say what a function of effio belongs to: its class, that of its module, or what the user calls it.

    >>> concept(partial(MethodType(Placeholder.__repr__, HELD)))
    'Placeholder'
    """
    bare = unwrapped(function)
    if not hasattr(bare, "__qualname__"):
        return describe.value_text(bare)
    module, _, outermost = key_of(bare).partition(".")
    if outermost[:1].isupper():
        return outermost
    return CONCEPTS.get(f"{module}.{outermost}") or module.replace("_", " ").title().replace(" ", "")


def key_of(function: Any) -> str:
    """Name the module and the outermost class or function that a function is in."""
    module = str(function.__module__).rpartition(".")[2]
    return f"{module}.{str(getattr(function, '__qualname__', '')).partition('.')[0]}"


def unwrapped(function: Any) -> Any:
    """See through arguments that were given already."""
    while isinstance(function, partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return function  # pyright: ignore[reportUnknownVariableType]


def built(function: Any) -> shape.Program | None:
    """Call a function that does nothing but make a program; None if it may do more."""
    bare = unwrapped(function)
    if getattr(bare, "__module__", "") != BUILDERS or bare.__qualname__ in ASKING:
        return None
    count = bare.__code__.co_argcount - len(getattr(function, "args", ()))
    made: object = function(*(HELD,) * count)
    return made if shape.is_io(made) else None


def is_held(value: object) -> bool:
    """Whether a value is that of a resource, or a tuple with one."""
    return value is HELD or any(map(is_held, several(value)))


def several(value: Any) -> tuple[Any, ...]:
    """The members of a tuple; anything else has none."""
    return tuple(value) if isinstance(value, tuple) else ()  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def takes_held(node: Any) -> bool:
    """Whether a node is given the value of a resource, and nothing before it is a step."""
    return isinstance(node, (FlatMap, Map)) and isinstance(node.source, Pure) and is_held(node.source.value)


def resources(function: Any) -> list[shape.Program]:
    """List what holds the resources that a function of effio puts together, each for as long as they are used."""
    return [opened(while_used) for name, value in given(function) if name == "resources" for opened in value]


def while_used(value: object) -> shape.Program:
    """Stand for the use of a resource that something else holds."""
    return Pure(value)


def held(function: Any) -> list[tuple[str, Any]]:
    """List the programs and functions of the user that a function of effio was given, with what it calls them."""
    found: list[tuple[str, Any]] = []
    pending = [("", function)]
    while pending:
        name, value = pending.pop()
        pending += [(name, each) for each in reversed(several(value))]
        if shape.is_io(value) or (callable(value) and not is_library(value)):
            found.append((name, value))
        elif isinstance(value, (FunctionType, MethodType, partial)):
            pending += (each for each in reversed(given(value)) if each[0] != "resources")
    return found


def given(function: Any) -> list[tuple[str, Any]]:
    """List what a function was given: arguments, and what it closes over."""
    arguments: list[tuple[str, Any]] = []
    while isinstance(function, partial):
        arguments += [("", argument) for argument in function.args]
        function = function.func
    inner = getattr(function, "__func__", function)
    if isinstance(inner, FunctionType):
        arguments += getclosurevars(inner).nonlocals.items()
    return arguments
