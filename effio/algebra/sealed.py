"""What compiled nodes need beside what the compiler makes of them.

They would take new fields, so assignments are refused. And Python runs `yield from` fastest over its own generators.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, NoReturn, cast

from effio.algebra import primitive
from effio.algebra.derived.word import Word
from effio.algebra.io import IO
from effio.algebra.shape import Derived

NODES: Final[tuple[type[Any], ...]] = tuple(
    cast("type[Any]", kind)
    for kind in vars(primitive).values()
    if isinstance(kind, type) and "_tag" in vars(kind) and kind is not IO
)


def refuse(node: IO[Any, Any], name: str, value: object) -> NoReturn:
    """Raise, since programs do not change."""
    raise AttributeError(f"cannot set {name!r} of {node!r}: programs do not change")


def yielded(node: IO[Any, Any]) -> Generator[IO[Any, Any], Any, Any]:
    """Do the same as `IO.__iter__`."""
    value: Any = yield node
    return value


if "__dict__" in vars(primitive.Pure):
    for kind in (*NODES, Derived, Word):
        setattr(kind, "__setattr__", refuse)  # noqa: B010  # for assignments from outside alone
    setattr(IO, "__iter__", yielded)  # noqa: B010  # as above
