"""The hosts that compete: effio, asyncio, trio, anyio, and variants; one that is not installed stays away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

from effio import IO, run
from tests.benchmarks.benchmark import Competitor, timed

Program: TypeAlias = Callable[[int], IO[object, object]]
Main: TypeAlias = Callable[[int], Coroutine[Any, Any, object]]
Work: TypeAlias = Callable[[int], object]

PORTION = 100


def optional(name: str) -> Any:
    """The module, or None if it is not installed."""
    return import_module(name) if find_spec(name) else None


trio = optional("trio")
anyio = optional("anyio")
uvloop = optional("uvloop")
eager_task_factory = getattr(asyncio, "eager_task_factory", None)


def works(
    *, effio: Program, asyncio: Main, trio: Main | None = None, anyio: Main | None = None, tasks: bool = False
) -> dict[str, Work]:
    """The same work on every host that is there; with `tasks`, on asyncio's eager tasks too (Python 3.12)."""
    found: dict[str, Work | None] = {
        "effio": lambda size: run(effio(size)),
        "asyncio": on_asyncio(asyncio),
        "eager": on_eager_tasks(asyncio) if tasks else None,
        "uvloop": on_uvloop(asyncio),
        "trio": on_trio(trio),
        "anyio": on_anyio(anyio),
    }
    return {name: work for name, work in found.items() if work is not None}


def timings(
    *, effio: Program, asyncio: Main, trio: Main | None = None, anyio: Main | None = None, tasks: bool = False
) -> dict[str, Competitor]:
    """The processor time of the same work on every host; starting and closing an event loop is part of it."""
    found = works(effio=effio, asyncio=asyncio, trio=trio, anyio=anyio, tasks=tasks)
    return {name: timed(work) for name, work in found.items()}


def portions(size: int) -> Iterator[tuple[int, int]]:
    """The bounds of chains that make `size` steps, for libraries that cannot make so many at once."""
    for first in range(0, size, PORTION):
        yield first, min(first + PORTION, size)


def on_asyncio(main: Main) -> Work:
    return lambda size: asyncio.run(main(size))


def on_eager_tasks(main: Main) -> Work | None:
    if eager_task_factory is None:
        return None

    async def eagerly(size: int) -> object:
        asyncio.get_running_loop().set_task_factory(eager_task_factory)
        return await main(size)

    return on_asyncio(eagerly)


def on_uvloop(main: Main) -> Work | None:
    if uvloop is None:
        return None

    def work(size: int) -> object:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main(size))

    return work


def on_trio(main: Main | None) -> Work | None:
    return None if main is None or trio is None else lambda size: trio.run(main, size)


def on_anyio(main: Main | None) -> Work | None:
    return None if main is None or anyio is None else lambda size: anyio.run(main, size)


async def trio_turn() -> None:
    """Let every trio task that is ready run; two checkpoints, since the order within a batch is random."""
    await trio.lowlevel.checkpoint()
    await trio.lowlevel.checkpoint()
