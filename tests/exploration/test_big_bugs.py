"""The programs of SCTBench with many threads: a random run finds the bug, and it comes down to one preemption."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import pytest

from effio import IO
from effio.testing import explore, replay
from effio.testing.exploration.explore import succeeds
from effio.testing.exploration.finding import verdict
from effio.testing.exploration.schedules.sampling import SAMPLERS, sample
from effio.testing.exploration.shortening.shorten import shortest
from effio.testing.exploration.simulation import written
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.bugs.case import Program
from tests.exploration.bugs.locks import two_stage, wrong_lock
from tests.exploration.bugs.refs import reorder


def fails(outcome: Any) -> bool:
    return not verdict(succeeds, outcome)[0]


def first_failure(io: IO[Any, Any], sampler: str, runs: int) -> tuple[Stepped, Any]:
    """The first of so many random runs that fails."""
    system = Stepped(io)
    for seed in range(runs):
        system.learned()
        schedule = sample(system, SAMPLERS[sampler](Random(seed), {}))
        if fails(schedule.outcome):
            return system, written(system, schedule.threads)
    raise AssertionError(f"no failure in {runs} runs by {sampler}")


@pytest.mark.parametrize(
    ("program", "sampler", "runs"),
    [
        (partial(reorder, 10, mended=False), "walk", 10),
        (partial(reorder, 20, mended=False), "walk", 20),
        (partial(wrong_lock, 4, mended=False), "walk", 20),
    ],
    ids=["reorder_10", "reorder_20", "wronglock"],
)
def test_bug_among_many_threads_is_found_and_made_simple(program: Program, sampler: str, runs: int) -> None:
    """However often threads were stopped in the random run, once is enough, and the token of that run replays."""
    system, run = first_failure(program(), sampler, runs)
    short = shortest(system, run, fails)
    assert short.preemptions == 1
    assert fails(replay(program(), short.token).outcome)


@pytest.mark.parametrize(
    ("program", "schedules"),
    [
        (partial(reorder, 5, mended=True), 6),
        (partial(reorder, 10, mended=True), 11),
        (partial(reorder, 20, mended=True), 21),
        (partial(two_stage, 5, mended=True), 6),
        (partial(wrong_lock, 8, mended=True), 9),
    ],
    ids=["reorder_5", "reorder_10", "reorder_20", "twostage_5", "wronglock"],
)
def test_mended_form_with_many_threads_is_proved_up_to_their_names(program: Program, schedules: int) -> None:
    """Threads that do the same may change names: what is left is when the one that does something else comes."""
    exploration = explore(program(), symmetric=True, sampling=0).assert_ok()
    assert exploration.exhaustive
    assert exploration.schedules == schedules


def test_two_stages_among_a_hundred_threads() -> None:
    """One of a hundred threads has done the first stage and not the second when the last one looks."""
    _, run = first_failure(two_stage(100, mended=False), "pos", 2)
    assert "only one stage is done" in run.ending()
    assert fails(replay(two_stage(100, mended=False), run.token).outcome)
