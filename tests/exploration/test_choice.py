"""Choices that the explorer makes."""

from __future__ import annotations

import pytest

from effio import fail, par_zip, pure, run
from effio.testing import choice, explore, outcomes, simulate


def test_every_choice_is_explored_once() -> None:
    """Each number is chosen in one schedule, each pair of numbers too."""
    assert {value: count for value, (count, _) in outcomes(choice(3)).items()} == {0: 1, 1: 1, 2: 1}
    pairs = outcomes(par_zip(choice(2), choice(3)))
    assert {pair: count for pair, (count, _) in pairs.items()} == {(a, b): 1 for a in range(2) for b in range(3)}


def test_failing_choice_is_found() -> None:
    """A program that fails for one choice only is caught."""
    exploration = explore(choice(4).flat_map(lambda number: fail(number) if number == 3 else pure(number)))
    assert len(exploration.failures) == 1


def test_plain_run_chooses_nothing() -> None:
    """Outside of tests a choice is 0."""
    assert run(choice(5)) == 0


def test_seed_chooses() -> None:
    """Simulations with different seeds choose differently."""
    exits = [simulate(choice(3), seed=seed).outcome for seed in range(20)]
    assert {exit.unwrap() for exit in exits if exit is not None} == {0, 1, 2}


def test_nothing_is_no_choice() -> None:
    """There must be something to choose from."""
    with pytest.raises(ValueError, match="choice"):
        choice(0)
