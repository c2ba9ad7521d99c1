"""What keeping count of a program means: a counter that is current inside it, and one step for each of its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from effio.algebra import derived
from effio.algebra.primitive import Ask, FlatMap, Map, Named, OnExit
from effio.algebra.progress import begin, end, move
from effio.algebra.shape import Contest, ManySources, Program, WithItems, changed, is_io


def with_progress(node: derived.WithProgress) -> Program:
    source, parts = counted(node.source)
    total = parts if node.total is None else node.total
    closing = Ask(end, peek=True)
    return FlatMap(Ask(partial(begin, node.label, total), peek=True), lambda _: OnExit(source, lambda exit: closing))


# -- Counting by itself --------------------------------------------------------------------------------------


def counted(source: Program) -> tuple[Program, int | None]:
    """The same program, each of its parts moving the count when it succeeds, and how many parts there are."""
    if isinstance(source, WithItems):
        return changed(source, function=partial(made, source.function)), len(source.items)
    if isinstance(source, ManySources) and not isinstance(source, Contest):
        return changed(source, ios=tuple(map(moving, source.ios))), len(source.ios)
    return source, None


def made(function: Callable[[Any], Any], item: Any) -> Any:
    return moving(function(item))


def moving(part: Any) -> Any:
    """The same part, under the same name, moving the count after it; what is no program stays what it is."""
    if isinstance(part, Named):
        return Named(moving(part.source), part.name)
    return FlatMap(part, moved) if is_io(part) else part


def moved(value: Any) -> Program:
    return Map(Ask(partial(move, 1), peek=True), lambda _: value)


ROWS: Final[dict[type, Callable[[Any], Program]]] = {derived.WithProgress: with_progress}
