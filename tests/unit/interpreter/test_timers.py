"""The heap of timers: order, staleness, and what it keeps."""

from __future__ import annotations

from math import inf
from typing import cast

import pytest

from effio.interpreter.timers import DEADLINE, RESULT, STALE_BEFORE_SWEEP, Timed, Timers


class Target(Timed):
    """Something with an epoch, as fibers and scopes have."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = 0


def names(due: object) -> list[str]:
    return [target.name for target in cast("list[Target]", due)]


def test_results_come_before_deadlines_of_the_same_instant() -> None:
    """What is due at one instant comes by kind, each kind in the order it was set, one kind at a time."""
    timers = Timers()
    for name, rank in [("d1", DEADLINE), ("r1", RESULT), ("d2", DEADLINE), ("r2", RESULT)]:
        timers.add(1.0, rank, Target(name))

    assert names(timers.pop_due(1.0)) == ["r1", "r2"]
    assert names(timers.pop_due(1.0)) == ["d1", "d2"]
    assert names(timers.pop_due(1.0)) == []


def test_timer_that_is_not_due_stays() -> None:
    """Before its time a timer is the next one, and is not taken."""
    timers = Timers()
    timers.add(2.0, RESULT, Target("later"))

    assert names(timers.pop_due(1.9)) == []
    assert timers.next() == 2.0


def test_infinite_timer_is_no_timer() -> None:
    """A deadline that never comes takes no room."""
    timers = Timers()
    timers.add(inf, DEADLINE, Target("never"))
    assert (timers.next(), len(timers)) == (None, 0)


def test_target_that_moved_on_is_passed_over() -> None:
    """An entry whose target has another epoch by now means nothing."""
    timers = Timers()
    gone, there = Target("gone"), Target("there")
    timers.add(1.0, RESULT, gone)
    timers.add(2.0, RESULT, there)
    gone.epoch += 1
    timers.forget_one()

    assert timers.next() == 2.0
    assert len(timers) == 1


@pytest.mark.parametrize("moves", [10 * STALE_BEFORE_SWEEP])
def test_many_moves_leave_few_entries(moves: int) -> None:
    """A deadline that is moved again and again does not fill the heap."""
    timers = Timers()
    target = Target("moved")
    for move in range(moves):
        timers.add(100.0 + move, DEADLINE, target)
        target.epoch += 1
        timers.forget_one()

    assert len(timers._heap) <= 2 * STALE_BEFORE_SWEEP
