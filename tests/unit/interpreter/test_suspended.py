"""Whether a suspended coroutine still deals with a cancel."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from types import coroutine
from typing import Any

import pytest

from effio.interpreter.backends.suspended import holds_cancel

Made = Coroutine[Any, Any, None]


@coroutine
def once() -> Generator[None, None, None]:
    """Suspend once."""
    yield


class Handle(Generator[None, None, None]):
    """Something that is no coroutine and waits for one."""

    def __init__(self, waits_for: Made) -> None:
        self.waits_for = waits_for

    def __await__(self) -> Generator[None, None, None]:
        return self

    def send(self, value: None) -> None:
        self.waits_for.send(value)

    def throw(self, error: Any, *more: Any) -> None:
        self.waits_for.throw(error)


async def finally_block() -> None:
    try:
        await once()
    finally:
        await once()


async def except_block() -> None:
    try:
        await once()
    except CancelledError:
        await once()


async def other_error() -> None:
    try:
        await finally_and_raise()
    except ValueError:
        await once()


async def finally_and_raise() -> None:
    try:
        await once()
    finally:
        raise ValueError("instead")


async def group_of_errors() -> None:
    try:
        try:
            await once()
        except CancelledError as error:
            raise BaseExceptionGroup("several", [ValueError(), error]) from None
    except BaseExceptionGroup:
        await once()


@asynccontextmanager
async def context() -> AsyncIterator[None]:
    try:
        yield
    finally:
        await once()


async def context_manager() -> None:
    async with context():
        await once()


async def numbers() -> AsyncIterator[int]:
    try:
        await once()
        yield 1
    finally:
        await once()


async def generator() -> None:
    async for _ in numbers():
        pass


@coroutine
def old_style() -> Generator[None, None, None]:
    try:
        yield
    finally:
        yield


async def from_old_style() -> None:
    await old_style()


async def from_awaitable() -> None:
    await Handle(finally_block())


async def inner() -> None:
    await finally_block()


async def swallowed() -> None:
    try:
        await once()
    except CancelledError:
        pass
    await once()


async def swallowed_inside() -> None:
    try:
        await swallowed()
    finally:
        pass


async def handled_before() -> None:
    try:
        await once()
    except CancelledError:
        await handled()
    await once()


async def handled() -> None:
    """Nothing."""


def cancelled(function: Callable[[], Made]) -> Made:
    """Give the coroutine of `function`, which was cancelled at its first wait and waits anew."""
    made = function()
    made.send(None)
    made.throw(CancelledError())
    return made


@pytest.mark.parametrize(
    "function",
    [
        finally_block,
        except_block,
        other_error,
        group_of_errors,
        context_manager,
        generator,
        from_old_style,
        from_awaitable,
        inner,
    ],
)
def test_cleanup_is_seen(function: Callable[[], Made]) -> None:
    """A coroutine that waits because of its cancel has it in hand, however deep."""
    made = cancelled(function)
    assert holds_cancel(made)
    made.close()


@pytest.mark.parametrize("function", [swallowed, swallowed_inside, handled_before])
def test_swallowed_cancel_is_gone(function: Callable[[], Made]) -> None:
    """A coroutine that goes on as if it had not been cancelled has no cancel in hand."""
    made = cancelled(function)
    assert not holds_cancel(made)
    made.close()


def test_coroutine_that_was_not_cancelled() -> None:
    """A coroutine that just waits has no cancel in hand."""
    made = swallowed()
    made.send(None)
    assert not holds_cancel(made)
    made.close()
