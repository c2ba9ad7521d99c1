"""Counts of how far a program is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from effio import (
    IO,
    VirtualClock,
    advance_progress,
    collect,
    dump_fibers,
    fail,
    par_collect,
    par_traverse,
    par_zip,
    pure,
    race,
    run,
    run_exit,
    sleep,
    traverse,
)
from effio.data.fiber_dump import ProgressState
from effio.testing.building import to_io
from effio.testing.observation import Log, comparable
from effio.testing.program_strategies import programs
from effio.testing.programs import Program


def seen(program: IO[Any, Any], after: float) -> dict[str, str]:
    """The counts after some time, by the fiber that keeps each."""
    look = sleep(after).then(dump_fibers)
    _, dump = run(par_zip(program.named("work"), look), clock=VirtualClock())
    return {fiber.name: str(fiber.progress) for fiber in dump.fibers if fiber.progress is not None}


@pytest.mark.parametrize(
    "program",
    [
        par_traverse(range(1, 5), sleep, limit=4),
        traverse([1, 1, 1, 1], sleep),
        collect([sleep(1)] * 4),
        par_collect([sleep(1), sleep(2), sleep(3), sleep(4)]),
        par_zip(sleep(1), sleep(2), sleep(3), sleep(4)),
    ],
    ids=["par_traverse", "traverse", "collect", "par_collect", "par_zip"],
)
def test_many_programs_count_themselves(program: IO[Any, Any]) -> None:
    """Each part of what runs many moves the count when it has succeeded, and the total is their number."""
    assert seen(program.with_progress("pages"), 2.5) == {"work": "pages 2/4 (50%)"}


def test_count_is_moved_by_hand() -> None:
    """`advance_progress` moves the innermost count, also from a child."""
    step = sleep(1).then(advance_progress(20))
    program = step.then(par_zip(step.named("child"), sleep(9))).with_progress("bytes", total=80)
    assert seen(program, 1.5) == {"work": "bytes 20/80 (25%)"}
    assert seen(program, 2.5) == {"work": "bytes 40/80 (50%)"}


def test_given_total_counts_more_than_the_parts() -> None:
    """A total that is given is kept, and so is none where nothing is known."""
    assert seen(collect([sleep(1)] * 4).with_progress("pages", total=8), 1.5) == {"work": "pages 1/8 (12%)"}
    assert seen(sleep(9).with_progress("lines"), 1) == {"work": "lines 0"}


def test_race_does_not_count_its_contestants() -> None:
    """Of a race only one ends, which is no progress of the whole."""
    assert seen(race(sleep(5), sleep(9)).with_progress("answer"), 1) == {"work": "answer 0"}


def test_count_ends_with_its_program() -> None:
    """After the program, however it ended, the count around is the current one again."""
    for inner in (pure(1), fail("no").exit(), sleep(9).with_progress("deep").move_on_after(1)):
        program = inner.with_progress("inner").then(advance_progress(3)).then(sleep(9)).with_progress("outer")
        assert seen(program, 5) == {"work": "outer 3"}


def test_names_and_results_stay() -> None:
    """Counting changes neither results nor the paths of failures."""

    def job(number: int) -> IO[int, str]:
        return fail("no").named("broken") if number == 2 else sleep(number).as_value(number).named(f"job {number}")

    assert run(par_traverse([3, 1], job).with_progress("jobs"), clock=VirtualClock()) == [3, 1]
    (leaf,) = run_exit(par_traverse([2], job).with_progress("jobs")).failure().leaves()
    assert leaf.at is not None
    assert str(leaf.at.path) == "main > par_traverse > broken"


def test_moving_without_a_count_does_nothing() -> None:
    """A program that tells its progress can run where nobody asked."""
    assert run(advance_progress().then(pure(1))) == 1


@pytest.mark.parametrize("total", [0, -1, float("nan"), float("inf")])
def test_senseless_total_is_refused(total: float) -> None:
    """A total that cannot be reached is an error when the program is built."""
    with pytest.raises(ValueError, match="with_progress needs a positive total"):
        sleep(1).with_progress("pages", total=total)


def test_amount_must_be_a_number() -> None:
    """What is no number is an error when the program is built."""
    with pytest.raises(TypeError, match="advance_progress needs a number"):
        advance_progress("1")  # type: ignore[arg-type]


def test_count_of_nothing_is_complete() -> None:
    """A total of 0, as an empty collection has, is shown as all done."""
    assert str(ProgressState("pages", 0, 0)) == "pages 0/0 (100%)"


@given(programs)
def test_program_does_not_notice_that_it_is_counted(program: Program) -> None:
    """The exit with a count is the exit without."""
    plain, counted = to_io(program, Log(float)), to_io(program, Log(float)).with_progress("work")
    exits = [run_exit(each, clock=VirtualClock()) for each in (plain, counted)]
    assert comparable(exits[0]) == comparable(exits[1])
