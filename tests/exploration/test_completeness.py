"""The search through effio programs misses no outcome: it is held to all interleavings of random programs."""

from __future__ import annotations

from random import Random

import pytest

from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.generated import TooMany, all_outcomes, found_by_search, random_program

FEW = 150

PROGRAMS = (2, 4, 5, 8, 10, 15, 18, 19, 20, 23, 26, 28, 29, 31, 32, 33, 34, 42, 49, 52, 53, 54, 56, 57, 58, 59)
"""The seeds among the first sixty of programs that have so few interleavings."""


def check(seed: int, limit: int) -> None:
    program = random_program(seed)
    cancel = Random(seed).choice([None, None, 2, 3])
    try:
        expected = all_outcomes(Stepped(program, cancel=cancel, merge=False), limit)
    except TooMany:
        return
    assert found_by_search(Stepped(program, cancel=cancel)) == expected, seed


@pytest.mark.parametrize("start", range(3))
def test_search_finds_every_outcome_of_a_random_program(start: int) -> None:
    """The outcomes of the search are those of all interleavings, with cancels, failures, races and timeouts."""
    for seed in PROGRAMS[start::3]:
        check(seed, FEW)


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(1000, 1350, 50))
def test_search_finds_every_outcome_of_many_random_programs(start: int) -> None:
    """The same of more and bigger programs."""
    for seed in range(start, start + 50):
        check(seed, 3000)
