"""The coroutine of the asyncio task of one fiber. Never compiled: signals arrive here, and tracebacks begin here."""

from __future__ import annotations

from asyncio import CancelledError
from types import coroutine
from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Generator

    from effio.interpreter.backends.asyncio import Host


async def hosted(host: Host) -> None:
    """Await what the host says, until it has no more."""
    await all_awaited(host)


@coroutine
def all_awaited(host: Host) -> Generator[Any, Any, None]:
    """Await one thing after the other, and let the fiber run in between.

    The host is told of every cancel that arrives, by a reference that does not keep it: when it is gone, what is
    awaited is done with it.
    """
    error: BaseException | None
    while host.go_on():
        awaited: Any = host.awaited
        waits_for, host.waits_for = host.waits_for, None
        try:
            while True:
                given = error = None
                try:
                    given = yield waits_for
                except BaseException as raised:
                    error = raised
                    if isinstance(raised, CancelledError):
                        host.arrived = ref(raised)
                waits_for = awaited.send(given) if error is None else awaited.throw(error)
        except StopIteration as stop:
            host.value = stop.value
        except BaseException as raised:
            if not host.failed(raised):
                raise
        awaited = waits_for = given = error = None


@coroutine
def next_turn() -> Generator[None, None, None]:
    """Let everything else that the loop has ready run once."""
    yield
