"""What the tools for tests take and give."""

from __future__ import annotations

from typing import assert_type

from hypothesis import strategies as st

from effio import IO, pure
from effio.testing import Exploration, Simulation, explore, simulate
from effio.testing.strategies import cancels, given_sim

log: list[str] = []

assert_type(simulate(pure(1), seed=1), Simulation)
assert_type(simulate(pure(1)).coverage.missed, tuple[str, ...])
assert_type(explore(pure(1), touches={log.append: (), print: "console", len: {"sizes": "read"}}), Exploration)
assert_type(explore(pure(1)).stats.remaining, int | None)
assert_type(explore(pure(1)).stats.opaque_share, float)

simulate(1)  # error
explore(pure(1), opaque="nothing")  # error
explore(pure(1), touches={print: 3})  # error
explore(pure(1), touches={print: {"console": "append"}})  # error


def doubled(number: int) -> IO[int]:
    return pure(2 * number)


@given_sim(program=doubled, number=st.integers(), cancels=cancels())
def test_doubled(number: int, run: Simulation) -> None:
    assert run.outcome == number


given_sim(program=3)  # error
given_sim(program=doubled, number=3)  # error
given_sim(program=doubled, time="late")  # error
