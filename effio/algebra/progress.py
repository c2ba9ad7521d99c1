"""How far a program is: a count under a label, which the program moves and a live view shows."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, final

from effio.algebra import argument
from effio.algebra.io import IO
from effio.algebra.primitive import Ask
from effio.data.fiber_dump import ProgressState


@final
class Progress:
    """One count: `done` of `total`, if that is known, until it is `over`; `outer` is the one around it."""

    __slots__ = ("done", "label", "outer", "over", "total")

    def __init__(self, label: str, total: float | None, outer: Progress | None) -> None:
        self.label = label
        self.total = total
        self.outer = outer
        self.done: float = 0
        self.over = False

    def state(self) -> ProgressState:
        """How far it is now."""
        return ProgressState(self.label, self.done, self.total)


CURRENT: Final[ContextVar[Progress | None]] = ContextVar("effio_progress", default=None)
"""The innermost count around; children have that of what forked them."""


LISTENER: Final[ContextVar[Callable[[Progress], object] | None]] = ContextVar("effio_progress_listener", default=None)
"""Who is told of each new count."""


def advance_progress(by: float = 1, /) -> IO[None]:
    """Move the count of the innermost `with_progress` around forward; without one nothing happens."""
    argument.instance("advance_progress", by, (int, float), "a number", "say how much was done, 1 if it was one thing")
    return Ask(partial(move, by), peek=True)


def begin(label: str, total: float | None, fiber: Any) -> None:
    """Make a new count the current one of the running fiber."""
    progress = Progress(label, total, CURRENT.get())
    CURRENT.set(progress)
    listener = LISTENER.get()
    if listener is not None:
        listener(progress)


def end(fiber: Any) -> None:
    """Make the count around the current one again."""
    progress = CURRENT.get()
    if progress is not None:
        progress.over = True
        CURRENT.set(progress.outer)


def move(by: float, fiber: Any) -> None:
    """Move the count that is current in the running fiber."""
    progress = CURRENT.get()
    if progress is not None:
        progress.done += by
