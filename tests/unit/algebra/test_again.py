"""What runs again: repeat, retry, hedge, supervise."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import (
    IO,
    Exit,
    Schedule,
    TimedOut,
    VirtualClock,
    attempt,
    delay,
    die,
    fail,
    from_result,
    hedge,
    never,
    now,
    pure,
    retrying,
    run,
    run_exit,
    sleep,
    supervise,
    supervise_all,
    suspend,
    unit,
)
from effio.cause import Both, Cause, Die, Fail, Then


def outcome(program: IO[Any, Any]) -> Any:
    """The value, in virtual time."""
    return run(program, clock=VirtualClock())


def cause_of(program: IO[Any, Any]) -> Cause[Any]:
    exit: Exit[Any, Any] = run_exit(program, clock=VirtualClock())
    assert isinstance(exit, Failure)
    return exit.failure()


def noting_time(log: list[float], io: IO[Any, Any]) -> IO[Any, Any]:
    return now.tap(lambda moment: delay(log.append, moment)).then(io)


def failing_times(times: int) -> IO[int, int]:
    """A program that fails with 1, 2, ... so many times and then gives the number of the run."""
    runs = iter(range(1, 1_000_000))
    return suspend(lambda: (lambda n: from_result(Failure(n) if n <= times else Success(n)))(next(runs)))


# -- Repeat --------------------------------------------------------------------------------------------------


def test_repeat_follows_the_schedule_and_gives_the_last_value() -> None:
    """The runs begin when the schedule says, and the value is that of the last one."""
    begun: list[float] = []
    runs = iter(range(100))
    program = noting_time(begun, sleep(0.5)).then(delay(next, runs)).repeat(Schedule.fixed(2) & Schedule.recurs(3))
    assert outcome(program.zip(now)) == (3, 6.5)
    assert begun == [0, 2, 4, 6]


def test_repeat_shows_the_schedule_each_value() -> None:
    """Polling ends with the first value for which the condition is false."""
    states = iter(["queued", "running", "done", "gone"])
    program = delay(next, states).repeat(Schedule.spaced(10).while_value(lambda state: state != "done"))
    assert outcome(program.zip(now)) == ("done", 20)


def test_repeat_ends_with_a_failure() -> None:
    """A failing run is the last."""
    assert cause_of(failing_times(1).repeat(Schedule.forever())) == Fail(1)


def test_a_count_is_a_schedule() -> None:
    """Repeating so many times with a delay is what the schedules of both say."""
    said, scheduled = (
        outcome(unit.repeat(3, delay=2).zip(now)),
        outcome(unit.repeat(Schedule.recurs(3) & Schedule.spaced(2)).zip(now)),
    )
    assert said == scheduled == (None, 6)


def test_scheduled_gives_what_the_schedule_tells() -> None:
    """The output of the schedule at its end is the value."""
    assert outcome(unit.scheduled(Schedule.linear(1).up_to(6).collect())) == [1, 2, 3, 4]


def test_cron_counts_virtual_time_from_1970() -> None:
    """In virtual time a program runs at the times that an expression names."""
    begun: list[float] = []
    program = noting_time(begun, unit).repeat(Schedule.cron("*/10 * * * *") & Schedule.recurs(2))
    run(program, clock=VirtualClock(start=3600 * 24 * 365.0 + 30))
    assert [moment - 3600 * 24 * 365 for moment in begun] == [30, 600, 1200]


# -- Retry ---------------------------------------------------------------------------------------------------


def test_retry_follows_the_schedule() -> None:
    """Attempts begin after the delays that the schedule says."""
    begun: list[float] = []
    program = noting_time(begun, failing_times(4)).retry(Schedule.exponential(1) & Schedule.recurs(9))
    assert outcome(program) == 5
    assert begun == [0, 1, 3, 7, 15]


def test_retry_keeps_the_failures_of_all_attempts() -> None:
    """When the schedule ends the tree has each failure, in order."""
    assert cause_of(failing_times(9).retry(Schedule.recurs(2))) == Then((Fail(1), Fail(2), Fail(3)))


def test_retry_keeps_the_first_and_the_last_failures() -> None:
    """Of thirty attempts the first and the last ten are told of, and how many came between."""
    cause = cause_of(failing_times(99).retry(Schedule.recurs(29)))
    assert cause.failures() == (*range(1, 11), *range(21, 31))
    assert "10 more attempts failed before this one" in str(cause)


def test_retry_ends_after_an_error_that_the_schedule_does_not_want() -> None:
    """Only errors of the class are tried again."""
    errors = iter([TimeoutError("slow"), ConnectionError("down"), ValueError("bad")])
    failing: IO[Any, Exception] = suspend(lambda: fail(next(errors)))
    cause = cause_of(failing.retry(Schedule.spaced(1).while_error(OSError)))
    assert [str(error) for error in cause.failures()] == ["slow", "down", "bad"]


def test_retry_of_a_defect_or_a_fatal_error_ends() -> None:
    """Neither a bug nor Ctrl-C is tried again, even as a typed failure."""
    runs: list[int] = []
    for failing in (die(ValueError()), fail(KeyboardInterrupt())):
        runs.clear()
        counted: IO[Any, Any] = delay(runs.append, 1).then(failing)
        with pytest.raises((ValueError, KeyboardInterrupt)):
            outcome(counted.retry(Schedule.forever()))
        assert runs == [1]


def test_retry_can_be_cancelled_between_and_within_attempts() -> None:
    """A timeout ends it while it waits, while an attempt runs, and while attempts fail without an action."""
    waiting = fail("x").retry(Schedule.spaced(10))
    working = sleep(10).then(fail("x")).retry(Schedule.forever())
    for program in (waiting, working):
        assert outcome(program.move_on_after(35).zip(now)) == (None, 35)


@pytest.mark.parametrize("schedule", [Schedule.forever(), Schedule.forever().up_to(1e9)], ids=["timeless", "timed"])
def test_retry_that_never_waits_can_be_cancelled(schedule: Schedule[object, Any]) -> None:
    """A loop of failures without any delay gives way to others and ends when it is cancelled."""
    looping: IO[Any, str] = fail("x").retry(schedule)
    assert run(looping.race(sleep(0.01).as_value("winner"))) == "winner"


def test_retry_waits_for_the_finalizers_of_an_attempt() -> None:
    """The next attempt begins after them."""
    log: list[str] = []
    attempted: IO[Any, str] = delay(log.append, "try").then(fail("x")).ensuring(sleep(1).then(delay(log.append, "end")))
    run_exit(attempted.retry(2), clock=VirtualClock())
    assert log == ["try", "end"] * 3


def test_timeout_of_each_attempt_and_of_all() -> None:
    """Inside, a timeout is one of the errors that are tried again; outside, it ends everything."""
    each = never.fail_after(2).retry(Schedule.spaced(1) & Schedule.recurs(2))
    assert cause_of(each).failures() == (TimedOut(2),) * 3
    assert outcome(each.either().zip(now))[1] == 8
    assert cause_of(each.fail_after(4)).failures() == (TimedOut(4),)


def test_retrying_knows_the_number_of_the_attempt() -> None:
    """The function is given 1, 2, 3."""
    asked: list[int] = []

    def make(number: int) -> IO[str, str]:
        asked.append(number)
        return pure("ready") if number == 3 else fail("busy")

    assert outcome(retrying(make, Schedule.spaced(1)).zip(now)) == ("ready", 2)
    assert asked == [1, 2, 3]


def test_what_the_maker_of_attempts_raises_is_a_defect() -> None:
    """A function that raises is a bug, which is not tried again."""

    def make(number: int) -> IO[str, str]:
        raise RuntimeError(f"attempt {number}")

    assert str(cause_of(retrying(make, 5)).defects()[0]) == "attempt 1"


def test_retry_or_else_is_given_the_last_error_and_the_output() -> None:
    """When the schedule ends, another program goes on."""
    program = failing_times(9).retry_or_else(Schedule.recurs(3), lambda error, times: pure((error, times)))
    assert outcome(program) == (4, 3)
    assert cause_of(die(KeyError()).retry_or_else(Schedule.recurs(3), lambda error, times: pure(0))).has_defect


def test_attempts_that_are_not_told_are_counted_where_they_would_stand() -> None:
    """A note on the first failure after the gap says how many attempts are left out, also if that is one of several."""
    once = fail("x").ensuring(fail("y"))
    leaves = [*cause_of(once.retry(29)).leaves()]
    assert [leaf.error for leaf in leaves if isinstance(leaf, Fail)] == ["x", "y"] * 20
    notes = [leaf.at.notes if leaf.at else () for leaf in leaves]
    assert [number for number, noted in enumerate(notes) if noted] == [20]
    assert notes[20] == ("10 more attempts failed before this one",)


def test_a_condition_that_raises_is_a_defect() -> None:
    """The schedule is part of the program."""
    broken = Schedule.forever().while_error(lambda error: bool(1 / 0))
    assert isinstance(cause_of(fail("x").retry(broken)).defects()[0], ZeroDivisionError)


def test_many_attempts_need_no_stack_and_no_memory() -> None:
    """Five thousand attempts leave nothing but the failures that are told of, and twenty thousand need no stack."""
    once = attempt(int, "x")
    run_exit(once.retry(100))
    tracemalloc.start()
    run_exit(once.retry(5_000))
    gc.collect()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 100_000
    assert len(run_exit(fail("x").retry(20_000)).failure().failures()) == 20


# -- Hedge ---------------------------------------------------------------------------------------------------


def slow_first(*durations: float) -> IO[str]:
    """A program that takes so long at its first, second run, and gives the number of the run."""
    runs = enumerate(durations)
    return suspend(lambda: (lambda run: sleep(run[1]).as_value(f"run {run[0]}"))(next(runs)))


@pytest.mark.parametrize(
    ("durations", "expected"),
    [((0.5, 1), ("run 0", 0.5)), ((9, 1), ("run 1", 3)), ((2.5, 1), ("run 0", 2.5)), ((9, 9), ("run 0", 9))],
)
def test_hedge_runs_a_second_time_after_the_delay(durations: tuple[float, float], expected: tuple[str, float]) -> None:
    """The first success wins, of the first run or of the one that begins after the delay."""
    assert outcome(hedge(slow_first(*durations), after=2).zip(now)) == expected


def test_hedge_begins_the_second_run_when_the_first_fails() -> None:
    """A failure does not wait for the delay; two of them are both told."""
    assert outcome(hedge(failing_times(1), after=60).zip(now)) == (2, 0)
    assert cause_of(hedge(failing_times(9), after=60)).failures() == (1, 2)


def test_hedge_awaits_the_loser_and_disposes_of_a_second_success() -> None:
    """The loser's finalizer is complete before the value; a value that comes too late is given back."""
    log: list[str] = []
    guarded = slow_first(9, 1).ensuring(sleep(1).then(delay(log.append, "closed")))
    assert outcome(hedge(guarded, after=2).zip(now)) == ("run 1", 5)
    assert log == ["closed", "closed"]
    late = hedge(slow_first(9, 1).shielded(), after=2, dispose=lambda value: delay(log.append, value))
    assert outcome(late) == "run 1"
    assert log[-1] == "run 0"


# -- Supervise -----------------------------------------------------------------------------------------------


def test_supervise_restarts_after_failures_and_bugs() -> None:
    """Whatever goes wrong, the service is started again, after the delays of the policy."""
    endings: list[IO[str, str]] = [fail("down"), die(ValueError()), delay(int, "x").as_value(""), pure("done")]
    remaining = iter(endings)
    service = suspend(lambda: next(remaining))
    assert outcome(supervise(service, Schedule.spaced(2)).zip(now)) == ("done", 6)


def test_supervise_shows_the_policy_the_cause() -> None:
    """A policy may end because of a bug."""

    def worth_it(cause: Cause[Any]) -> bool:
        return not cause.has_defect

    policy = Schedule.spaced(1).while_error(worth_it)
    endings: list[IO[str, str]] = [fail("down"), die(ValueError("bug"))]
    remaining = iter(endings)
    cause = cause_of(supervise(suspend(lambda: next(remaining)), policy))
    assert [type(leaf) for leaf in cause.leaves()] == [Fail, Die]


def test_supervise_escalates_with_all_failures() -> None:
    """When the policy ends, the supervisor fails, and a supervisor around it restarts the whole."""
    runs: list[float] = []
    inner = supervise(noting_time(runs, fail("down")), 2)
    assert cause_of(supervise(inner, Schedule.spaced(10) & Schedule.recurs(1))).failures() == ("down",) * 6
    assert runs == [0, 0, 0, 10, 10, 10]


def test_supervise_ends_with_a_cancel() -> None:
    """A cancelled service is not started again."""
    runs: list[float] = []
    assert outcome(supervise(noting_time(runs, never), Schedule.forever()).move_on_after(3)) is None
    assert runs == [0]


def test_supervised_service_that_was_healthy_begins_with_a_short_delay_again() -> None:
    """The back-off grows while the service fails at once, and begins anew after it ran for a minute."""
    lives = iter([0, 0, 0, 100, 0])
    begun: list[float] = []
    service = noting_time(begun, suspend(lambda: sleep(next(lives, 10_000)).then(fail("down"))))
    policy = Schedule.exponential(1).resetting_after(60)
    outcome(supervise(service, policy).move_on_after(200))
    assert begun == [0, 1, 3, 7, 108, 110]


def service(log: list[str], name: str, lives: list[float]) -> IO[None, str]:
    """A service that fails after so many seconds at its first, second start, and then runs for ever."""
    remaining = iter(lives)
    life = suspend(lambda: sleep(next(remaining, 1e9)).then(fail(name)))
    return delay(log.append, f"start {name}").then(life).on_cancel(delay(log.append, f"stop {name}"))


def test_one_for_one_restarts_the_one_that_failed() -> None:
    """The others run on."""
    log: list[str] = []
    services = {"a": service(log, "a", [1, 1]), "b": service(log, "b", [])}
    outcome(supervise_all(services, Schedule.spaced(1)).move_on_after(10))
    assert log == ["start a", "start b", "start a", "start a", "stop a", "stop b"]


def test_one_for_all_restarts_all() -> None:
    """The others are cancelled and awaited before all are started again."""
    log: list[str] = []
    services = {"a": service(log, "a", [1]), "b": service(log, "b", [])}
    outcome(supervise_all(services, Schedule.spaced(1), strategy="one_for_all").move_on_after(10))
    assert log == ["start a", "start b", "stop b", "start a", "start b", "stop a", "stop b"]


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
def test_supervise_all_gives_the_values_or_escalates(strategy: Any) -> None:
    """Services that end give their values by name; one that cannot be kept up takes the others down."""
    ending = {"a": pure(1), "b": sleep(1).as_value(2)}
    assert outcome(supervise_all(ending, 3, strategy=strategy)) == {"a": 1, "b": 2}
    log: list[str] = []
    lasting = {"a": service(log, "a", [1] * 9), "b": service(log, "b", [])}
    cause = cause_of(supervise_all(lasting, 2, strategy=strategy))
    assert cause.failures() == ("a",) * 3
    assert isinstance(cause, Both if strategy == "one_for_one" else Then)
    assert log[-1] == "stop b"


MISTAKES: dict[str, Callable[[], object]] = {
    "retry with a schedule and a delay": lambda: unit.retry(Schedule.forever(), delay=1),  # type: ignore[call-overload]
    "supervise_all with a wrong strategy": lambda: supervise_all({}, 1, strategy="all"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("build", MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_refused_when_built(build: Callable[[], object]) -> None:
    """What does not fit together raises where the program is made."""
    with pytest.raises(ValueError):
        build()
