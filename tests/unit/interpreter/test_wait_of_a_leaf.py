"""What observers hear when a fiber begins to wait for a foreign coroutine."""

from __future__ import annotations

from typing import Literal

import pytest

from effio import Observer, from_async, run
from effio.interpreter.fiber import Fiber, Wait


class Waits(Observer):
    """Notes what every fiber waits for, at the moment at which it begins to."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        self.texts.append(wait.describe())


async def fetch() -> None:
    """Wait for nothing."""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_first_coroutine_of_a_fiber_is_named(backend: Literal["asyncio", "trio"]) -> None:
    """The wait says which coroutine it is for, not that there is none."""
    waits = Waits()
    run(from_async(fetch), backend=backend, observers=[waits])
    assert "coroutine fetch" in waits.texts
    assert not any("None" in text for text in waits.texts)
