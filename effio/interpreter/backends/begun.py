"""A foreign coroutine that was begun outside of the task that awaits it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any


@coroutine
def rest_of(begun: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """Await the rest of `begun`, which waits for `waits_for`: the task has yet to be told of that."""
    step: Callable[[Any], Any]
    while True:
        try:
            given: Any = yield waits_for
        except BaseException as error:
            step, given = begun.throw, error
        else:
            step = begun.send
        try:
            waits_for = step(given)
        except StopIteration as stop:
            return stop.value
