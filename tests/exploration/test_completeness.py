"""The search through effio programs misses no outcome: it is held to all interleavings of random programs."""

from __future__ import annotations

from random import Random

import pytest

from effio.testing.exploration.search import Search
from effio.testing.exploration.stepping import Stepped
from tests.exploration.generated import TooMany, all_outcomes, plain, random_program

FEW = 150


def found_by_search(system: Stepped) -> set[object]:
    search = Search(system)
    found: set[object] = set()
    restarts = 0
    for schedule in search.schedules():
        if search.counts.restarts != restarts:
            restarts = search.counts.restarts
            found.clear()
        found.add(plain(schedule.outcome))
    return found


def check(seed: int, limit: int) -> None:
    program = random_program(seed)
    cancel = Random(seed).choice([None, None, 2, 3])
    try:
        expected = all_outcomes(Stepped(program, cancel=cancel, merge=False), limit)
    except TooMany:
        return
    assert found_by_search(Stepped(program, cancel=cancel)) == expected, seed


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_search_finds_every_outcome_of_a_random_program(start: int) -> None:
    """The outcomes of the search are those of all interleavings, with cancels, failures, races and timeouts."""
    for seed in range(start, start + 20):
        check(seed, FEW)


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(1000, 1350, 50))
def test_search_finds_every_outcome_of_many_random_programs(start: int) -> None:
    """The same of more and bigger programs."""
    for seed in range(start, start + 50):
        check(seed, 3000)
