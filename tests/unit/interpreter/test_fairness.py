"""Fibers that never wait share the time, whatever the length of a turn is to the length of their own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from effio import IO, delay, from_async, par_zip, pure, run, yield_now
from effio.interpreter import scheduler

ROUNDS = 4_000


def counting(counts: dict[str, int], name: str, at_end: Callable[[], object]) -> IO[object]:
    """Count to ROUNDS, a step at a time, then look."""

    def step() -> None:
        counts[name] += 1

    return delay(step).repeat(ROUNDS).then(delay(at_end))


@pytest.mark.parametrize("looks", [10, 90, 129, 150, 190])
def test_cut_fiber_gets_the_rest_of_its_turn(looks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first has ended the other is nearly done, also when every turn ends within the second fiber's."""
    clock = count()
    monkeypatch.setattr(scheduler, "SECONDS_PER_TURN", looks)
    monkeypatch.setattr(scheduler, "perf_counter", lambda: next(clock))
    counts = {"a": 0, "b": 0}
    behind: list[int] = []

    def look() -> None:
        behind.append(2 * ROUNDS - counts["a"] - counts["b"])

    run(par_zip(counting(counts, "a", look), counting(counts, "b", look)))

    assert behind[0] < ROUNDS // 8


async def gives_at_once() -> None:
    """Wait for nothing."""


@pytest.mark.parametrize("step", [delay(int), from_async(gives_at_once)], ids=["delay", "coroutine"])
def test_fiber_that_never_waits_is_cut_at_its_deadline(step: IO[object]) -> None:
    """The timer of a scope is set when a turn ends in it, though nothing has ever waited there."""
    assert run(step.repeat(10**9).move_on_after(0.005)) is None


def test_fiber_that_only_leaves_scopes_is_cut_too() -> None:
    """A fiber that is ready meanwhile ends before one that has thousands of scopes to leave."""
    order: list[str] = []
    deep: IO[object] = pure(None)
    for _ in range(3_000):
        deep = deep.move_on_after(60)

    run(par_zip(deep.then(delay(order.append, "deep")), yield_now.then(delay(order.append, "quick"))))

    assert order == ["quick", "deep"]
