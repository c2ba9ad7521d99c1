"""A child of a parallel construct whose own task the host cancels has no value, and that is its failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import IO, first_completed, from_async, never, par_settle, par_validate, par_zip, race, run_async_exit


def run_with_children_cancelled(make: Callable[[IO[None, Exception]], IO[Any, Any]]) -> Any:
    """Run the program that `make` makes of a leaf that waits until somebody cancels its task, as the host then does."""

    async def wait() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: loop.call_soon(task.cancel))
        await asyncio.Event().wait()

    async def main() -> Any:
        return await run_async_exit(make(from_async(wait)))

    return asyncio.run(main())


@pytest.mark.parametrize(
    "make",
    [
        lambda leaf: par_zip(leaf, never),
        lambda leaf: par_validate([leaf, from_async(asyncio.sleep, 0)]),
        lambda leaf: first_completed(leaf, never),
        lambda leaf: race(leaf, leaf),
    ],
    ids=["par_zip", "par_validate", "first_completed", "race"],
)
def test_construct_fails_with_the_cancel(make: Callable[[IO[Any, Any]], IO[Any, Any]]) -> None:
    """The exit is a failure that tells of the cancel, and nothing but that."""
    exit = run_with_children_cancelled(make)
    assert isinstance(exit, Failure)
    assert {leaf.source for leaf in exit.failure().cancellations()} == {"host"}
    assert exit.failure().is_cancelled_only


def test_race_goes_on_with_the_others() -> None:
    """A contestant that is cancelled has not won."""
    exit = run_with_children_cancelled(lambda leaf: race(leaf, from_async(asyncio.sleep, 0.005, "winner")))
    assert exit == Success("winner")


def test_settle_gives_the_cancel_as_an_exit() -> None:
    """The list holds the exit of the child that was cancelled."""
    (cancelled, other) = run_with_children_cancelled(
        lambda leaf: par_settle([leaf, from_async(asyncio.sleep, 0, "value")])
    ).unwrap()
    assert cancelled.failure().is_cancelled_only
    assert other == Success("value")
