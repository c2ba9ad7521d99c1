"""The coroutine of the asyncio task of one fiber. Never compiled: signals arrive here, and tracebacks begin here."""

from __future__ import annotations

from types import coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from effio.interpreter.backends.asyncio_host import Host


async def all_awaited(host: Host) -> None:
    """Await what the fiber of `host` awaits, one thing after the other, until it ends."""
    await host


@coroutine
def begun(values: list[Any], errors: list[BaseException]) -> Generator[Any, Any, None]:
    """Run each coroutine that is sent; what it waits for is given out, and that it is over is known by its outcome.

    A generator that stays, since so no StopIteration is raised, and no caller is part of the traceback of a failure.
    """
    made: Any = yield
    while True:
        try:
            values.append((yield from made))
        except GeneratorExit:
            raise
        except BaseException as error:
            errors.append(error)
        made = None  # Nobody knows when the next one comes.
        made = yield
