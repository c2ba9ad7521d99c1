"""Pictures of runs: what comes again and again is drawn once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from effio import Ref, do, par_collect, pure, yield_now
from effio.testing import simulate
from effio.testing.exploration.report import FEWEST_ROUNDS, columns, rounds


@do
def spinning() -> Any:
    flag = yield from Ref.make(0, name="flag")

    @do
    def spin() -> Any:
        while (yield from flag.get()) == 0:
            yield from yield_now

    yield from par_collect([spin().named("ann")])


def test_picture_of_a_fiber_that_spins_is_short() -> None:
    """The round is drawn once, with how often it came and where the steps go on."""
    head, *lines = simulate(spinning()).render().splitlines()
    assert [line.split("|")[0].strip() for line in lines[:6]] == ["1", "2", "3", "4", "...", "41"]
    assert "the same 18 times more, up to step 40" in lines[4]
    assert "livelock: 2 actions again and again" in "".join(lines[6:])
    assert head.startswith("step |")


def test_run_without_an_action_has_no_picture() -> None:
    """There is no head without a body."""
    assert columns(simulate(pure(1)).trace) == ""


@given(st.text(alphabet="ab", max_size=40))
def test_rounds_give_every_action_once_and_in_order(actions: str) -> None:
    """Written out, the rounds are the actions, and none is folded that comes too seldom."""
    folded = list(rounds(actions))
    assert "".join(actions[start : start + length] * times for start, length, times in folded) == actions
    assert all(times == 1 or times >= FEWEST_ROUNDS for _, _, times in folded)
