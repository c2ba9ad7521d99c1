"""What happens when a part of the run itself breaks, such as a clock: the run ends with it, wherever it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trio

from effio import IO, from_async, par_zip, run, sleep
from effio.interpreter.clock import MonotonicClock


class BrokenClock:
    """A clock that stops to work when it was asked so often."""

    virtual = False

    def __init__(self, times: int) -> None:
        self.left = times

    def now(self) -> float:
        self.left -= 1
        if self.left < 0:
            raise OSError("the clock is broken")
        return MonotonicClock().now()

    def wall(self) -> float:
        return 0.0

    def advance_to(self, when: float) -> None:
        """Nothing: real time moves by itself."""


def on_asyncio(program: IO[Any, Any], clock: BrokenClock) -> None:
    run(program, clock=clock)


def on_trio(program: IO[Any, Any], clock: BrokenClock) -> None:
    run(program, clock=clock, backend="trio")


def inside_asyncio(program: IO[Any, Any], clock: BrokenClock) -> None:
    from effio import run_async

    asyncio.run(asyncio.wait_for(run_async(program, clock=clock), 5))


def inside_trio(program: IO[Any, Any], clock: BrokenClock) -> None:
    from effio import run_async

    async def main() -> None:
        with trio.fail_after(5):
            await run_async(program, clock=clock)

    trio.run(main)


async def nap() -> None:
    """A coroutine that any event loop can run."""


PROGRAMS: dict[str, Callable[[], IO[Any, Any]]] = {
    "sleeping": lambda: sleep(0.001).repeat(1000),
    "in its own task": lambda: from_async(nap).then(sleep(0.001)).repeat(1000),
    "beside a leaf": lambda: par_zip(from_async(nap).repeat(1000), sleep(0.001).repeat(1000)),
}


@pytest.mark.parametrize("place", [on_asyncio, on_trio, inside_asyncio, inside_trio])
@pytest.mark.parametrize("program", PROGRAMS)
def test_break_of_the_run_itself_is_raised(place: Callable[[IO[Any, Any], BrokenClock], None], program: str) -> None:
    """However far the run has come, what broke it is raised by it, and nothing waits for ever."""
    for times in range(1, 20):
        with pytest.raises(OSError, match="the clock is broken"):
            place(PROGRAMS[program](), BrokenClock(times))
