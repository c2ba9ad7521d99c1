"""What a suspended coroutine has in hand: whether it still deals with a cancel."""

from __future__ import annotations

from asyncio import CancelledError
from gc import get_referents
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Final, cast

INNER: Final = ("cr_await", "gi_yieldfrom", "ag_await")
HOLDERS: Final[tuple[type[Any], ...]] = (CoroutineType, GeneratorType, AsyncGeneratorType, dict)


def holds_cancel(coroutine: object) -> bool:
    """Whether a suspended coroutine, or what it awaits, has a CancelledError in hand, or an error that tells of one.

    A suspended frame shows the garbage collector what it handles right now, and its variables.
    """
    pending = [coroutine]
    seen: set[int] = set()
    while pending:
        suspended = pending.pop()
        if id(suspended) in seen:
            continue
        seen.add(id(suspended))
        held = get_referents(suspended)
        if any(tells_of_cancel(one) for one in held if isinstance(one, BaseException)):
            return True
        pending.extend(awaited_by(suspended, held))
    return False


def awaited_by(suspended: object, held: list[Any]) -> list[Any]:
    """What `suspended` waits for; something that does not tell may wait for any coroutine that it holds."""
    for name in INNER:
        if hasattr(suspended, name):
            return [getattr(suspended, name)]
    return [one for one in held if isinstance(one, HOLDERS) or hasattr(one, "cr_await")]


def tells_of_cancel(error: BaseException) -> bool:
    """Whether an error is a CancelledError, or was raised because of one."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if isinstance(one, CancelledError):
            return True
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        pending.extend((one.__context__, one.__cause__))
        if isinstance(one, BaseExceptionGroup):
            pending.extend(cast("BaseExceptionGroup[BaseException]", one).exceptions)
    return False
