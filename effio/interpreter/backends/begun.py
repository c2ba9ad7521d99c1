"""What a leaf makes: how it is begun by hand, and how a task awaits the rest."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Coroutine
from inspect import isawaitable
from types import CoroutineType, coroutine
from typing import TYPE_CHECKING, Any
from weakref import ref

from effio.algebra.primitive import Leaf
from effio.data.cause_text import name_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from effio.interpreter.backends.asyncio import Host


@coroutine
def rest_of(begun: Coroutine[Any, Any, Any], waits_for: Any, host: Host) -> Generator[Any, Any, Any]:
    """Await the rest of `begun`, which waits for `waits_for`: the task has yet to be told of that.

    The host is told of every cancel that arrives, by a reference that does not keep it: when it is gone, `begun` is
    done with it.
    """
    error: BaseException | None
    while True:
        given = error = None
        try:
            given = yield waits_for
        except BaseException as raised:
            error = raised
            if isinstance(raised, CancelledError):
                host.arrived = ref(raised)
        try:
            waits_for = begun.send(given) if error is None else begun.throw(error)
        except StopIteration as stop:
            return stop.value
        finally:
            del error, given


def made_by(node: Leaf) -> Coroutine[Any, Any, Any]:
    """Call the function of `node` for its coroutine; what is awaitable otherwise gets one around it."""
    kwargs = node._kwargs
    made: Any = node._function(*node._args, **kwargs) if kwargs else node._function(*node._args)
    return made if type(made) is CoroutineType else awaiting(made, node)


async def awaiting(made: Any, node: Leaf) -> Any:
    """Await what is no coroutine, if it can be awaited."""
    if not isawaitable(made):
        function = name_of(node._function)
        problem = TypeError(f"from_async needs a coroutine function, but {function!r} gave {made!r:.100}")
        problem.add_note("call a plain function with delay or attempt, or with to_thread if it blocks")
        raise problem
    return await made
