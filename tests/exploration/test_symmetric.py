"""Fibers that nobody can tell apart are explored up to their names."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import pytest

from effio import IO, Ref, Semaphore, do, pure
from effio.testing import Exploration, explore, replay
from tests.exploration.bugs.refs import reorder
from tests.exploration.test_counts_of_programs import lost_update, mutex, program, semaphore, steps

Check = Callable[[Any], object]


def explored(io: IO[Any, Any], *, symmetric: bool, check: Check = lambda exit: True) -> Exploration:
    return explore(io, check, symmetric=symmetric, stop_on_first=False, sampling=0, max_schedules=60_000)


def setters(n: int) -> IO[Any, Any]:
    """`n` fibers that write two refs, one that reads both."""
    setter = steps(lambda a, b: a.set(1), lambda a, b: b.set(1))
    return program([Ref.make(0), Ref.make(0)], [setter] * n + [steps(lambda a, b: a.get(), lambda a, b: b.get())])


def test_there_are_many_more_if_they_are_told_apart() -> None:
    """Without `symmetric` two writers of two refs and a reader have (3!)^2 schedules."""
    assert explored(setters(2), symmetric=False).schedules == factorial(3) ** 2


@pytest.mark.parametrize("n", [2, 3])
def test_fibers_that_write_first_are_divided_by_all_their_orders(n: int) -> None:
    """Where the first steps conflict, n! times fewer schedules are run: ((n + 1)!)^2 / n!."""
    found = explored(setters(n), symmetric=True)
    assert (found.schedules, found.exhaustive) == (factorial(n + 1) ** 2 // factorial(n), True)


@pytest.mark.parametrize(
    ("io", "reduced"),
    [(mutex(4), 1), (lost_update(3), 15), (semaphore(3, 2), 60)],
    ids=["mutex", "lost update", "semaphore"],
)
def test_fewer_schedules_are_run(io: IO[Any, Any], reduced: int) -> None:
    """As many are left of 24, 36 and 360 as there are schedules in which the fibers begin in order."""
    assert explored(io, symmetric=True).schedules == reduced


@do
def counted(n: int) -> Any:
    """Lost updates: the number that is left."""
    counter = yield from Ref.make(0, name="counter")
    gate = yield from Semaphore.make(2)
    add = gate.with_permit(counter.get().flat_map(lambda value: counter.set(value + 1)))
    yield from program([pure(None)], [lambda nothing: add] * n)
    return (yield from counter.get())


def test_nothing_is_lost_for_a_check_that_treats_them_alike() -> None:
    """The same numbers can be left whether the fibers are told apart or not."""

    def values(*, symmetric: bool) -> set[Any]:
        seen: set[Any] = set()
        explored(counted(3), symmetric=symmetric, check=lambda exit: seen.add(exit.unwrap()))
        return seen

    assert values(symmetric=True) == values(symmetric=False) == {1, 2, 3}


def test_failure_found_so_is_shown_again_by_its_token() -> None:
    """A token of a symmetric exploration needs no more than the program."""
    (finding,) = explore(reorder(4, mended=False), symmetric=True).failures
    assert str(replay(reorder(4, mended=False), finding.token).outcome) == str(finding.outcome)


def test_fibers_with_different_arguments_are_not_the_same() -> None:
    """Writers of different values are told apart, so none of their orders is left out."""
    writers = [steps(lambda x, value=value: x.set(value)) for value in range(3)]
    io = program([Ref.make(0)], writers)
    assert explored(io, symmetric=True).schedules == explored(io, symmetric=False).schedules == 6
