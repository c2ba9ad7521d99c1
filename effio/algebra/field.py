"""The fields of a node: private slots, read through properties, so that a program cannot be changed once built."""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import Any


def field(name: str) -> Any:
    """Give a read-only view of the private slot `_name`."""
    return property(attrgetter("_" + name))


def fields(node: Any) -> list[tuple[str, Any]]:
    """List the fields of a node with their names, in the order of its constructor."""
    return [(name, getattr(node, name)) for name in field_names(node.__class__)]


@cache
def field_names(kind: type[object]) -> tuple[str, ...]:
    """List the names of the fields of a class of nodes."""
    members = {name: member for base in reversed(kind.__mro__) for name, member in vars(base).items()}
    return tuple(name for name, member in members.items() if isinstance(member, property))
