"""What the page about choosing says of other Python libraries is what they do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest


@pytest.fixture
def effectpy() -> Any:
    """The library, if it is installed."""
    return pytest.importorskip("effectpy")


def ended(effect: Any) -> object:
    """The value of an effect of effectpy, or the error that it fails with."""
    core = pytest.importorskip("effectpy.core")
    try:
        return asyncio.run(effect._run(core.Context()))
    except core.Failure as failure:
        return failure.error


def test_failure_wins_a_race_of_effectpy(effectpy: Any) -> None:
    """The first contestant that ends has won, also if it failed."""
    slower = effectpy.from_async(lambda: asyncio.sleep(0.001, "value"))
    assert ended(effectpy.race(effectpy.fail("failed"), slower)) == "failed"


def test_loser_of_a_race_of_effectpy_is_awaited(effectpy: Any) -> None:
    """The cleanup of the loser is complete when the race ends."""
    log = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            log.append("clean")

    assert ended(effectpy.race(effectpy.succeed("value"), effectpy.from_async(slow))) == "value"
    assert log == ["clean"]


def test_first_of_two_errors_is_left_by_effectpy(effectpy: Any) -> None:
    """Of two that fail at once, and of a failure and that of its finalizer, the first one is told."""
    assert ended(effectpy.zip_par(effectpy.fail("one"), effectpy.fail("other"))) == "one"
    assert ended(effectpy.fail("body").ensuring(effectpy.fail("finalizer"))) == "body"


def test_timeout_fires_in_what_effectpy_must_not_cut(effectpy: Any) -> None:
    """It is inside the part, so it does not wait for what it is around."""
    endless = effectpy.from_async(lambda: asyncio.sleep(60))
    assert ended(effectpy.uninterruptible(endless.timeout(0.001))) is None


def test_effect_of_stateless_runs_once() -> None:
    """Run again, an effect gives None."""
    stateless = pytest.importorskip("stateless")

    def two() -> Any:
        one = yield from stateless.success(1)
        return one + 1

    effect = two()
    assert [stateless.run(effect), stateless.run(effect)] == [2, None]


def test_future_of_returns_gives_its_old_result() -> None:
    """Awaited again, a future does nothing and gives what it gave."""
    future = pytest.importorskip("returns.future")
    calls: list[object] = []

    @future.future_safe
    async def call() -> int:
        calls.append(None)
        return len(calls)

    made = call()
    first, second = asyncio.run(made.awaitable()), asyncio.run(made.awaitable())
    assert (first, len(calls)) == (second, 1)
