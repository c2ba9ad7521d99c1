"""The primitive nodes as values: where they are compiled they would take new fields, so assignments are refused."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from effio.algebra import primitive
from effio.algebra.io import IO
from effio.algebra.shape import Derived, Word

NODES: Final[tuple[type[IO[Any, Any]], ...]] = tuple(
    kind
    for kind in vars(primitive).values()
    if isinstance(kind, type) and issubclass(kind, IO) and "_tag" in vars(kind)
)


def refuse(node: IO[Any, Any], name: str, value: object) -> NoReturn:
    """Raise, since programs do not change."""
    raise AttributeError(f"cannot set {name!r} of {node!r}: programs do not change")


if "__dict__" in vars(primitive.Pure):
    for kind in (*NODES, Derived, Word):
        kind.__setattr__ = refuse  # type: ignore[method-assign,assignment]  # for assignments from outside only
