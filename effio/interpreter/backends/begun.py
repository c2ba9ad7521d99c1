"""A foreign coroutine that was begun outside of the task that awaits it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, final


@final
class Begun:
    """Awaits the rest of `coroutine`, which waits for `waits_for`: the task has yet to be told of that."""

    __slots__ = ("coroutine", "waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self.coroutine = coroutine
        self.waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        coroutine, waits_for = self.coroutine, self.waits_for
        step: Callable[[Any], Any]
        while True:
            try:
                given: Any = yield waits_for
            except BaseException as error:
                step, given = coroutine.throw, error
            else:
                step = coroutine.send
            try:
                waits_for = step(given)
            except StopIteration as stop:
                return stop.value
