"""The coroutine of the asyncio task of one fiber. Never compiled: signals arrive here, and tracebacks begin here."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# What somebody's function gives may be anything.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from types import CoroutineType, coroutine
from typing import TYPE_CHECKING, Any

from effio.algebra.primitive import Leaf
from effio.interpreter.backends.leaf import awaiting

if TYPE_CHECKING:
    from collections.abc import Generator

    from effio.interpreter.backends.asyncio import Host


async def hosted(host: Host) -> None:
    """Await what the host says, until it has no more."""
    await all_awaited(host)


@coroutine
def all_awaited(host: Host) -> Generator[Any, Any, None]:
    """Await one thing after the other, all of which have begun to wait, and let the fiber run in between."""
    awaited: Any = host.go_on(None)
    while awaited is not None:
        try:
            try:
                yield host.first_wait()
            except BaseException as error:
                awaited = thrown(awaited, error)
            awaited = host.go_on((yield from awaited))
            continue
        except BaseException as error:
            if not host.failed(error):
                raise
        awaited = host.go_on(None)


@coroutine
def thrown(awaited: Any, error: BaseException | None) -> Generator[Any, Any, Any]:
    """Throw `error` into what waits, and await the rest of it."""
    while error is not None:
        try:
            waits_for = awaited.throw(error)
        except StopIteration as stop:
            return stop.value
        error = None
        try:
            yield waits_for
        except BaseException as raised:
            error = raised
        waits_for = None
    return (yield from awaited)


def begun(host: Host, node: Leaf) -> bool:
    """Run the coroutine of `node` as far as it does not wait; whether it is over. The host gets what comes of it."""
    kwargs = node._kwargs
    try:
        made: Any = node._function(*node._args, **kwargs) if kwargs else node._function(*node._args)
    except BaseException as error:
        host.outcome = host.raised(node, error)
        return True
    if type(made) is not CoroutineType:
        made = awaiting(made, node)
    try:
        host.waits_for = made.send(None)
    except StopIteration as stop:
        host.value = stop.value
        return True
    except BaseException as error:
        host.outcome = host.raised(node, error)
        return True
    host.awaited = made
    return False


@coroutine
def next_turn() -> Generator[None, None, None]:
    """Let everything else that the loop has ready run once."""
    yield
