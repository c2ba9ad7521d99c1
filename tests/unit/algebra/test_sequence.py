"""What the words for one program after another do."""

from __future__ import annotations

from typing import Any

import pytest
from returns.result import Success

from effio import (
    IO,
    Failure,
    VirtualClock,
    collect,
    delay,
    fail,
    from_exit,
    from_result,
    if_,
    memoize,
    now,
    pure,
    run,
    run_exit,
    sleep,
    suspend,
    traverse,
    unit,
    when,
    zip_all,
)
from effio.cause import Cause, Die, Fail, Then


def cause_of(program: IO[Any, Any]) -> Cause[Any]:
    exit = run_exit(program, clock=VirtualClock())
    assert isinstance(exit, Failure)
    return exit.failure()


def test_then_runs_the_second_and_gives_its_value() -> None:
    """The first runs too, its value is dropped."""
    log: list[str] = []
    assert run(delay(log.append, "first").then(delay(log.append, "second").as_value(2))) == 2
    assert log == ["first", "second"]


def test_memoised_program_that_runs_itself_is_a_defect() -> None:
    """It would wait for its own end, so the error names the fiber that would."""
    kept: list[IO[Any]] = []
    once = memoize(suspend(lambda: kept[0])).tap(lambda io: delay(kept.append, io))
    (defect,) = cause_of(once.flatten().named("circle")).defects()
    assert str(defect) == "'circle' cannot wait for the end of a memoised program that it is part of"


def test_tap_keeps_the_value() -> None:
    """The program of the function runs, the value stays."""
    log: list[int] = []
    assert run(pure(1).tap(lambda n: delay(log.append, n))) == 1
    assert log == [1]


def test_tap_that_returns_no_program_is_named() -> None:
    """The defect names the function of the user."""

    def forgetful(number: int) -> Any:
        return number

    (defect,) = cause_of(pure(1).tap(forgetful)).defects()
    assert "forgetful must return a program, not 1" in str(defect)


def test_zip_gives_both_values() -> None:
    """The values come as a pair, in order."""
    assert run(pure(1).zip(pure("a"))) == (1, "a")


def test_zip_after_a_failure_runs_nothing() -> None:
    """The second program does not run if the first fails."""
    log: list[str] = []
    assert cause_of(fail("no").zip(delay(log.append, "ran"))) == Fail("no")
    assert log == []


def test_flatten_runs_the_inner_program() -> None:
    """A program that gives a program becomes one program."""
    assert run(pure(pure(1)).flatten()) == 1


@pytest.mark.parametrize(("condition", "value"), [(True, 1), (False, 2)])
def test_if_runs_the_chosen_program_only(condition: bool, value: int) -> None:
    """A plain condition and one that a program gives choose alike."""
    defect: IO[int] = suspend(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    yes, no = (pure(1), defect) if condition else (defect, pure(2))
    assert run(if_(condition, yes, no)) == value
    assert run(if_(pure(condition), yes, no)) == value


def test_when_gives_none_if_not() -> None:
    """Without the condition nothing runs."""
    assert run(when(True, pure(1))) == 1
    assert run(when(pure(False), pure(1))) is None


def test_collect_and_traverse_keep_the_order() -> None:
    """Values come in argument order, one after another."""
    assert run(collect([pure(2), pure(1)])) == [2, 1]
    assert run(traverse([3, 1], lambda n: sleep(n).then(now)), clock=VirtualClock()) == [3.0, 4.0]
    assert run(zip_all(pure(1), pure("a"))) == (1, "a")
    assert run(collect([])) == []


def test_the_first_failure_ends_collect() -> None:
    """What comes after a failure does not run."""
    log: list[int] = []
    steps = [delay(log.append, 1), fail("no"), delay(log.append, 2)]
    assert cause_of(collect(steps)) == Fail("no")
    assert log == [1]


@pytest.mark.slow
def test_a_hundred_thousand_steps_in_order() -> None:
    """Long sequences need no deep stack."""
    count = 100_000
    assert run(collect([pure(1)] * count).map(sum)) == count
    assert run(traverse(range(count), lambda n: pure(1)).map(sum)) == count


def test_repeat_runs_the_times_more() -> None:
    """One run, then two more; the last value; a delay between them only."""
    log: list[float] = []
    program = now.tap(lambda moment: delay(log.append, moment)).repeat(2, delay=5)
    assert run(program.zip(now), clock=VirtualClock()) == (10.0, 10.0)
    assert log == [0.0, 5.0, 10.0]


def failing_times(count: int) -> IO[str, int]:
    """Fails with the number of the attempt, `count` times, then succeeds."""
    attempts: list[int] = []

    def attempt() -> IO[str, int]:
        attempts.append(1)
        return fail(len(attempts)) if len(attempts) <= count else pure("done")

    return suspend(attempt)


def test_retry_stops_at_success() -> None:
    """As soon as an attempt succeeds its value is given, and no delay follows."""
    program = failing_times(2).retry(5, delay=1).zip(now)
    assert run(program, clock=VirtualClock()) == ("done", 2.0)


def test_retry_keeps_the_errors_of_all_attempts() -> None:
    """If the last attempt fails too, all causes stand one after another."""
    assert cause_of(failing_times(9).retry(2)) == Then((Fail(1), Fail(2), Fail(3)))
    assert cause_of(failing_times(9).retry(0)) == Fail(1)


def test_retry_does_not_repeat_a_bug() -> None:
    """After a defect there is no further attempt."""
    log: list[str] = []

    def buggy() -> IO[None, str]:
        log.append("ran")
        return fail("no") if len(log) == 1 else unit.map(lambda value: 1 // 0).as_value(None)

    first, second = cause_of(suspend(buggy).retry(5)).parts
    assert first == Fail("no")
    assert isinstance(second, Die)
    assert log == ["ran", "ran"]


def test_outcomes_become_programs() -> None:
    """A result or an exit is taken on, with its whole cause."""
    assert run(from_result(Success(1))) == 1
    assert cause_of(from_result(Failure("no"))) == Fail("no")
    assert run(from_exit(Success(1))) == 1
    cause = Then((Fail(1), Die(ValueError())))
    assert cause_of(from_exit(Failure(cause))) == cause
