"""A choice that the explorer makes: something outside of the program that may go this way or that."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from effio.algebra import argument
from effio.algebra.combine import par_collect
from effio.algebra.create import shield
from effio.algebra.do_notation import do
from effio.algebra.io import IO
from effio.concurrent.deferred import Deferred


def choice(count: int, /) -> IO[int]:
    """Give a number below `count`: in `explore` each one in schedules of its own, in a plain run always 0.

    In `simulate` the seed chooses. It cannot be cancelled.
    """
    argument.count("choice", "count", count, 1)
    return shield(lambda restore: first_of(count))


@do
def first_of(count: int) -> Generator[Any, Any, int]:
    """Let `count` fibers compete, and give the number of the first: the explorer knows all orders that differ."""
    first: Deferred[int] = yield from Deferred[int].make(name="choice")
    yield from par_collect([first.complete(number) for number in range(count)])
    return (yield from first.get())
