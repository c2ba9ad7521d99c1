"""Section D: when a deadline counts, what it gives, and which of several wins."""

from __future__ import annotations

import time
from math import inf
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    TaskGroup,
    TimedOut,
    cancel_scope,
    delay,
    do,
    effective_deadline,
    fail,
    from_async,
    from_callback,
    never,
    now,
    par_zip,
    pure,
    sleep,
    task_group,
    unit,
    yield_now,
)
from effio.cause import Fail, Then
from tests.conformance.support import TICK, Backend, Gate, Journal, cause_of, clocked, forever, rest, value_of


@pytest.mark.parametrize("action", [yield_now, rest(1), unit.map(str).then(sleep(0))], ids=str)
def test_b55_expired_deadline_cuts_the_first_action(backend: Backend, action: IO[None]) -> None:
    """A deadline of 0 cancels the first action, also one that would not wait."""
    exit = backend.run(action.fail_after(0))

    assert cause_of(exit) == Fail(TimedOut(0))


def test_b55_expired_deadline_without_an_action_is_no_timeout(backend: Backend) -> None:
    """A body that has no action gives its value."""
    assert value_of(backend.run(pure("value").map(str.upper).fail_after(0))) == "VALUE"


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan")])
def test_b55_negative_delay_is_refused(seconds: float) -> None:
    """A negative or undefined number of seconds is a ValueError when the program is built."""
    for build in (sleep, unit.fail_after, unit.move_on_after):
        with pytest.raises(ValueError, match="must"):
            build(seconds)


def test_b56_deadline_moved_later_while_asleep(backend: Backend) -> None:
    """A deadline moved behind the end of the sleep does not cut it."""

    def body(scope: CancelScope) -> IO[str]:
        moving = rest(1).then(scope.set_deadline(200 * TICK))
        return par_zip(rest(4).as_value("slept"), moving).map(lambda values: values[0])

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body, deadline=2 * TICK))))

    assert value_of(exit) == "slept"
    assert backend.took(ticks, 4)


@pytest.mark.parametrize("to", [0, 1])
def test_b57_deadline_moved_earlier_while_asleep(backend: Backend, to: int) -> None:
    """The sleeper wakes at once, or when the new deadline comes, and stays cancelled afterwards."""
    journal = Journal()
    scopes: list[CancelScope] = []

    @do
    def body(group: TaskGroup) -> Do[None]:
        def sleeping(scope: CancelScope) -> IO[None]:
            scopes.append(scope)
            return rest(1000).ensuring(rest(1)).exit().then(journal.note("went on"))

        sleeper = yield from group.fork(cancel_scope(sleeping, deadline=500 * TICK))
        yield from rest(1)
        yield from scopes[0].set_deadline(to * TICK)
        yield from sleeper.join()

    exit, ticks = value_of(backend.run(clocked(task_group(body))))

    value_of(exit)
    assert journal == []
    assert scopes[0].cancelled_caught
    assert backend.took(ticks, 2 + to)


def test_b57_many_moves_leave_no_timer(backend: Backend) -> None:
    """A deadline that is moved a thousand times cuts once, at the last time it was moved to."""

    def body(scope: CancelScope) -> IO[Any]:
        moves: IO[None] = unit
        for _ in range(1000):
            moves = moves.then(scope.set_deadline(3 * TICK))
        return par_zip(never, rest(1).then(moves))

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body))))

    assert value_of(exit) is None
    assert backend.took(ticks, 4)


def test_b58_deadline_counts_from_entry(backend: Backend) -> None:
    """A timeout built at tick 0 and run at tick 3 expires 5 ticks later, at every run of the same value."""
    limited = clocked(never.move_on_after(5 * TICK)).map(lambda outcome: outcome[1])

    first, second = value_of(backend.run(rest(3).then(limited).zip(limited)))

    assert backend.took(first, 5)
    assert backend.took(second, 5)


def test_b59_nested_timeouts_of_the_same_instant(backend: Backend) -> None:
    """Only the outer one reports, and the code between them does not run."""
    journal = Journal()
    between = never.fail_after(2 * TICK).catch_all(lambda error: journal.note("between"))

    assert value_of(backend.run(between.timeout_to(2 * TICK, pure("outer")))) == "outer"
    assert journal == []


def test_b61_timeout_inside_the_cleanup_of_a_timeout(backend: Backend) -> None:
    """The finalizer sees its own `TimedOut`, and the program ends with the outer one."""
    seen: list[object] = []
    finalizer = never.fail_after(TICK).either().map(lambda outcome: seen.append(outcome.failure()))

    exit = backend.run(never.ensuring(finalizer).fail_after(2 * TICK))

    assert seen == [TimedOut(TICK)]
    assert cause_of(exit) == Fail(TimedOut(2 * TICK))


def test_b61_failing_cleanup_of_a_timeout_is_kept(backend: Backend) -> None:
    """An unhandled timeout of the finalizer follows the outer one in the cause and in the context."""
    program = never.ensuring(never.fail_after(TICK)).fail_after(2 * TICK)

    cause = cause_of(backend.run(program))

    assert cause == Then((Fail(TimedOut(2 * TICK)), Fail(TimedOut(TICK))))
    assert cause.to_exception().__context__ == TimedOut(2 * TICK)


def test_b63_foreign_cancel_is_no_timeout(backend: Backend) -> None:
    """A fiber that is cancelled long before its deadline is cancelled, not timed out."""

    @do
    def body(group: TaskGroup) -> Do[object]:
        fiber = yield from group.fork(never.fail_after(1000 * TICK))
        yield from rest(1)
        return (yield from fiber.cancel())

    exit: Any = value_of(backend.run(task_group(body)))

    assert [leaf.source for leaf in cause_of(exit).cancellations()] == ["explicit"]
    assert cause_of(exit).is_cancelled_only


def test_b64_completion_and_timeout_in_the_same_tick(backend: Backend) -> None:
    """A value that is there when the deadline comes wins over it."""
    gate = Gate()

    def body(scope: CancelScope) -> IO[str]:
        waiting = gate.wait().as_value("value")
        opening = rest(1).then(gate.open()).then(scope.set_deadline(0)).shielded()
        return par_zip(waiting, opening).map(lambda values: values[0])

    assert value_of(backend.run(cancel_scope(body))) == "value"


def test_b64_sleep_that_ends_at_its_deadline_gives_its_value(exact: Backend) -> None:
    """A sleep and a deadline that are due at the same instant: the sleep is over."""
    assert value_of(exact.run(rest(2).as_value("slept").fail_after(2 * TICK))) == "slept"


def test_b64_loop_blocked_past_both(backend: Backend) -> None:
    """A completion that was due before the deadline wins, though both are late."""

    def body(group: TaskGroup) -> IO[str | None]:
        blocking = rest(1).then(delay(time.sleep, 8 * TICK))
        return group.fork(blocking).then(rest(3).as_value("value").move_on_after(5 * TICK))

    assert value_of(backend.run(task_group(body))) == "value"


def test_b65_coroutine_suppresses_the_cancel_and_returns(foreign: Backend) -> None:
    """The value of a coroutine that was cut by a deadline is given, and there is no timeout."""

    async def suppressing() -> int:
        try:
            await forever()
        except BaseException:
            return 42
        return 0

    assert value_of(foreign.run(from_async(suppressing).fail_after(12 * TICK))) == 42


def test_b66_effective_deadline(backend: Backend) -> None:
    """It is the earliest around, infinite under a shield, and minus infinite in a cancelled scope."""

    @do
    def program() -> Do[list[float]]:
        began = yield from now
        free = yield from effective_deadline
        nearest = yield from around(effective_deadline, 40, 20, 30)
        shielded = yield from around(effective_deadline.shielded(), 20)
        inside = yield from around(around(effective_deadline, 30).shielded(), 20)
        cancelled = yield from cancel_scope(lambda scope: scope.cancel().then(effective_deadline))
        return [free, nearest - began, shielded, inside - began, cancelled or 0.0]

    free, nearest, shielded, inside, cancelled = value_of(backend.run(program()))

    assert (free, shielded, cancelled) == (inf, inf, -inf)
    assert backend.took(nearest / TICK, 20)
    assert backend.took(inside / TICK, 30)


def around(program: IO[float], *ticks: int) -> IO[float]:
    """Put timeouts around a program, the innermost first."""
    for limit in ticks:
        program = program.move_on_after(limit * TICK).map(lambda value: value or 0.0)
    return program


def test_late_value_of_a_shielded_step_is_given(backend: Backend) -> None:
    """A shielded step that ends after the deadline with a value gives the value, no timeout."""
    assert value_of(backend.run(rest(3).as_value("late").shielded().fail_after(TICK))) == "late"


def test_error_raised_while_timing_out(backend: Backend) -> None:
    """The timeout is recorded, and the error of the cleanup follows it."""
    program = never.ensuring(fail(KeyError("cleanup"))).fail_after(TICK)

    assert cause_of(backend.run(program)) == Then((Fail(TimedOut(TICK)), Fail(KeyError("cleanup"))))


def test_callback_that_answers_at_the_deadline_is_not_lost(backend: Backend) -> None:
    """A callback that answers during its own registration wins over an expired deadline that comes later."""
    answered: IO[str] = from_callback(lambda resume: resume(pure("answer")))

    assert value_of(backend.run(answered.fail_after(TICK))) == "answer"
