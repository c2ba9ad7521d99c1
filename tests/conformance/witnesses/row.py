"""What a witness is: one scenario written for asyncio, anyio, trio and effio, each run and asked what it saw.

A witness notes what happens in a journal, and gives a value or raises. The words of the table come from that alone.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeAlias

import attrs
import trio

from effio import IO, run
from tests.conformance.support import TICK, Journal

Main: TypeAlias = Callable[[Journal], Coroutine[Any, Any, object]]

LONG: Final = 1000 * TICK
"""Longer than any witness takes, in seconds."""


@attrs.frozen
class Seen:
    """How a witness ended, its value or the names of what it raised, and what it had noted until then."""

    ended: object
    noted: tuple[str, ...]

    @property
    def story(self) -> str:
        """What it noted, in one line."""
        return ", ".join(self.noted)


class Row(ABC):
    """A row of the table: its docstring tells the scenario, which there is a witness of for each runtime."""

    @abstractmethod
    async def asyncio(self, journal: Journal) -> object:
        """The scenario as asyncio has it."""

    @abstractmethod
    async def anyio(self, journal: Journal) -> object:
        """The scenario as anyio has it, run on asyncio and on trio."""

    @abstractmethod
    async def trio(self, journal: Journal) -> object:
        """The scenario as trio has it."""

    @abstractmethod
    def effio(self, journal: Journal) -> IO[Any, Any]:
        """The scenario as effio has it."""

    @abstractmethod
    def words(self, seen: Seen) -> str:
        """What the table says of what a witness saw."""

    def cells(self) -> dict[str, str]:
        """Run every witness; the words for what each saw, by the name of its runtime."""
        seen = {
            "asyncio": on_asyncio(self.asyncio),
            "anyio on asyncio": on_asyncio(self.anyio),
            "anyio on trio": on_trio(self.anyio),
            "trio": on_trio(self.trio),
            "effio": on_effio(self.effio),
        }
        return {name: self.words(what) for name, what in seen.items()}


# -- Running -------------------------------------------------------------------------------------------------


def on_asyncio(main: Main) -> Seen:
    """Run on a loop that is looked at as soon as it stops, and swept afterwards."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    journal = Journal()
    try:
        return seen(lambda: loop.run_until_complete(main(journal)), journal)
    finally:
        sweep(loop)


def on_trio(main: Main) -> Seen:
    """Run under trio."""
    journal = Journal()
    return seen(lambda: trio.run(main, journal), journal)


def on_effio(program: Callable[[Journal], IO[Any, Any]]) -> Seen:
    """Run as a program."""
    journal = Journal()
    return seen(lambda: run(program(journal)), journal)


def seen(ending: Callable[[], object], journal: Journal) -> Seen:
    """How `ending` ends."""
    try:
        ended = ending()
    except BaseException as error:
        ended = told(error)
    return Seen(ended, tuple(journal))


def told(error: BaseException) -> str:
    """The name of an error, with the names of those that are in it."""
    if isinstance(error, BaseExceptionGroup):
        return f"group[{', '.join(map(told, error.exceptions))}]"
    return type(error).__name__


def sweep(loop: asyncio.AbstractEventLoop) -> None:
    """End what a witness left in its loop."""
    while left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        with suppress(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait(left))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
