"""Random runs that begin where few have been find what needs many steps in the right order."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from effio import IO, Ref, do, fail, par_collect
from effio.testing import explore, replay
from effio.testing.exploration.finding import verdict
from effio.testing.exploration.schedules.frontier import Frontier, Settler
from effio.testing.exploration.schedules.sampling import sample
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.bugs import safestack


@do
def combination(digits: int) -> Any:
    """A lock that opens if two fibers turn it in one order, out of two to the power of `digits`."""
    dial = yield from Ref.make(0, name="dial")
    order = Random(digits).choices((0, 1), k=digits)

    @do
    def turn(me: int) -> Any:
        for _ in range(digits):
            place = yield from dial.modify(lambda n: (n, n + 1 if n < digits and order[n] == me else digits + 1))
            if place == digits - 1 and order[place] == me:
                yield from fail("open")
            if place >= digits:
                return

    yield from par_collect([turn(0), turn(1)])


def runs_until_failure(io: IO[Any, Any], most: int) -> int | None:
    system, frontier = Stepped(io), Frontier()
    for seed in range(most):
        schedule = sample(system, Settler(frontier, Random(seed)), max_steps=400)
        system.learned()
        if not verdict(lambda exit: "open" not in str(exit), schedule.outcome)[0]:
            return seed + 1
    return None


def test_one_order_in_a_thousand_is_found_in_a_few_dozen_runs() -> None:
    """A run that goes on from where few have been needs not guess again what led there."""
    runs = runs_until_failure(combination(10), 100)
    assert runs is not None


def test_frontier_is_the_same_after_it_was_written_down() -> None:
    """What goes through JSON and back chooses the same scenes."""
    frontier = Frontier()
    system = Stepped(combination(6))
    for seed in range(5):
        sample(system, Settler(frontier, Random(seed)))
    again = Frontier(json.loads(json.dumps(frontier.plain())))
    assert len(frontier.plain()) >= 5
    assert again.plain() == frontier.plain()
    assert [again.begin(Random(seed)) for seed in range(9)] == [frontier.begin(Random(seed)) for seed in range(9)]


def test_safestack_fails_with_eight_preemptions() -> None:
    """Two threads own one cell in the run of the token; each step of it is told."""
    run = replay(safestack.BUG.broken(), safestack.TOKEN)
    assert run.preemptions == safestack.PREEMPTIONS
    assert "two own the same cell" in run.ending()
    assert [str(event) for event in run.trace].count("get_and_set owned 1(True) -> True") == 1


def test_mended_safestack_is_right_under_every_schedule() -> None:
    """With one round for each of two threads, every order of the four changes of the stack is run: 4! / (2! 2!)."""
    exploration = explore(safestack.safestack(1, 1, mended=True)).assert_ok()
    assert exploration.exhaustive
    assert exploration.schedules == 6
