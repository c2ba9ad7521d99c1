"""Asyncio itself, with a cancel of one task at any turn of its loop: how what it offers stands a cancel sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import attrs


class Stuck(Exception):
    """Nothing is ready, no timer is set, and the main task has not ended."""


class SteppedLoop(asyncio.SelectorEventLoop):
    """Cancels the task of a name at the beginning of the turn of a number, and notices when nothing can go on."""

    def __init__(self, victim: str, number: int) -> None:
        super().__init__()
        self.victim = victim
        self.number = number
        self.turns = 0
        self.asked = False

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns == self.number:
            for task in asyncio.all_tasks(self):
                if task.get_name() == self.victim:
                    self.asked = task.cancel()
        ready: Any = self._ready  # type: ignore[attr-defined] # the queue of the loop, which it has always had
        if not ready and not self._scheduled:  # type: ignore[attr-defined] # its timers
            raise Stuck
        super()._run_once()  # type: ignore[misc] # one turn, as asyncio's own tests override it


@attrs.frozen
class Sweep:
    """What a scenario gave with a cancel at each turn; None where it got stuck."""

    outcomes: tuple[object, ...]

    def stuck(self) -> int:
        """How often nothing could go on."""
        return sum(outcome is None for outcome in self.outcomes)

    def others(self, expected: object) -> int:
        """How often something else than `expected` came out, or nothing."""
        return sum(outcome != expected for outcome in self.outcomes)


def swept(main: Callable[[], Awaitable[object]], victim: str) -> Sweep:
    """Run `main` with the task of that name cancelled at every turn of the loop."""
    return Sweep(tuple(outcomes_of(main, victim)))


def outcomes_of(main: Callable[[], Awaitable[object]], victim: str) -> Iterator[object]:
    number = 1
    while True:
        loop = SteppedLoop(victim, number)
        try:
            yield run_on(loop, main)
            if loop.turns < number:
                return
        finally:
            loop.close()
        number += 1


def run_on(loop: SteppedLoop, main: Callable[[], Awaitable[object]]) -> object:
    """The value of `main`; None if it got stuck."""
    try:
        return loop.run_until_complete(main())
    except Stuck:
        return None
    finally:
        loop.victim = ""
        loop.run_until_complete(tidied(asyncio.all_tasks(loop)))


async def tidied(left: set[asyncio.Task[Any]]) -> None:
    """End what hangs."""
    for each in left:
        each.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def cancel_was_asked() -> bool:
    """Whether the victim was cancelled before it had ended."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteppedLoop)
    return loop.asked


def task(name: str, coroutine: Any) -> asyncio.Task[Any]:
    """Start a coroutine under a name."""
    return asyncio.get_running_loop().create_task(coroutine, name=name)
