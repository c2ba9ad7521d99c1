"""What `explore` finds, proves, bounds and reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Deferred,
    Do,
    Failure,
    Ref,
    Success,
    delay,
    do,
    fail,
    par_collect,
    par_zip,
    pure,
    race,
    sleep,
    suspend,
    task_group,
    unit,
    yield_now,
)
from effio.testing import (
    NotRepeatable,
    TokenMismatch,
    assert_outcomes,
    cancel_sweep,
    explore,
    fault_sweep,
    outcomes,
    replay,
)


@do
def counting(fibers: int) -> Any:
    counter = yield from Ref.make(0, name="counter")

    @do
    def worker() -> Any:
        value = yield from counter.get()
        yield from counter.set(value + 1)

    yield from par_collect([worker() for _ in range(fibers)])
    return (yield from counter.get())


def is_three(exit: Any) -> bool:
    return bool(exit == Success(3))


def test_failing_schedule_is_found_with_one_preemption() -> None:
    """The lost update shows in the second schedule, and takes one preemption."""
    exploration = explore(counting(3), is_three)
    (finding,) = exploration.failures
    assert (exploration.schedules, finding.run.preemptions) == (2, 1)


def test_report_shows_the_fibers_side_by_side() -> None:
    """The error of `assert_ok` shows who did what, who had to wait, how it ended and the token."""
    with pytest.raises(AssertionError) as caught:
        explore(counting(2), lambda exit: exit == Success(2)).assert_ok()
    text = str(caught.value)
    for part in ("par_collect[0]", "get counter -> 0", "<- par_collect[0] has to wait", "succeeded with 1", "effio1:"):
        assert part in text


def test_all_schedules_are_judged_if_asked_for() -> None:
    """Without stopping at the first failure every failing schedule is found."""
    exploration = explore(counting(3), is_three, stop_on_first=False)
    assert (exploration.schedules, len(exploration.failures), exploration.exhaustive) == (36, 30, True)


def test_right_program_is_proved() -> None:
    """A program without a race passes, and it is said that nothing was left out."""
    exploration = explore(par_zip(pure(1), delay(int))).assert_ok()
    assert exploration.exhaustive
    assert exploration.bounds == ()


def test_budget_of_schedules_is_kept_and_told() -> None:
    """With too few schedules the exploration ends in time and does not claim to be complete."""
    exploration = explore(counting(3), lambda exit: True, max_schedules=10)
    assert (exploration.schedules, exploration.exhaustive) == (10, False)
    assert "schedules" in exploration.bounds[0]


def test_budget_of_time_is_kept_and_told() -> None:
    """With no time at all nothing is run, which is said."""
    exploration = explore(counting(3), lambda exit: True, max_seconds=0)
    assert not exploration.exhaustive
    assert "time" in exploration.bounds[0]


def test_preemption_bound_is_told() -> None:
    """Schedules with more preemptions are left out, and counted."""
    exploration = explore(counting(3), lambda exit: True, preemption_bound=1)
    assert max(exploration.stats.by_preemptions) == 1
    assert "need more than 1 preemption" in exploration.bounds[0]


def test_long_schedules_are_cut_and_told() -> None:
    """A program that never ends is cut in each schedule, and nothing is claimed of it."""

    def spin() -> IO[Any]:
        return yield_now.flat_map(lambda _: spin())

    exploration = explore(spin(), max_steps=20)
    assert (exploration.schedules, exploration.exhaustive) == (0, False)
    assert "going on" in exploration.bounds[0]


def test_deadlock_is_an_exit_that_the_check_sees() -> None:
    """The check is given the deadlock, whose text says so."""
    seen = []
    waiting: IO[Any] = Deferred.make().flat_map(lambda deferred: deferred.get())
    explore(waiting, lambda exit: seen.append(str(exit)))
    assert "deadlock" in seen[0]


def test_check_may_raise() -> None:
    """What a check raises is a failure, and is shown."""

    def check(exit: Any) -> None:
        assert exit == Success(2), "not two"

    exploration = explore(counting(2), check)
    assert "not two" in exploration.render()


def test_default_check_asks_for_success() -> None:
    """Without a check every failure of the program is one of the exploration."""
    assert explore(fail("no")).failures
    assert not explore(unit).failures


def test_failing_schedule_is_replayed_by_its_token() -> None:
    """The token of a finding gives the same exit and the same actions."""
    (finding,) = explore(counting(3), is_three).failures
    again = replay(counting(3), finding.token)
    assert again.outcome == finding.outcome
    assert [str(event) for event in again.trace] == [str(event) for event in finding.trace]


def test_two_explorations_are_the_same() -> None:
    """Exploring twice takes the same number of steps and finds the same token."""
    one, two = (explore(counting(3), is_three) for _ in range(2))
    assert (one.stats.steps, one.failures[0].token) == (two.stats.steps, two.failures[0].token)


def test_program_that_depends_on_something_else_is_refused() -> None:
    """A program that does not do the same each time is told apart from a race."""
    calls = iter(range(1_000_000))

    def unsteady() -> bool:
        return next(calls) % 2 == 0

    program = delay(unsteady).flat_map(lambda even: fail("odd") if even else unit)
    with pytest.raises(TokenMismatch, match="once and not again"):
        explore(program)


def test_timers_of_one_instant_come_in_every_order() -> None:
    """Two sleeps of the same length end in both orders; a shorter one is always first."""

    @do
    def noted(first: float, second: float) -> Any:
        notes: Any = yield from Ref.make(())

        def note(after: float, name: str) -> IO[None]:
            return sleep(after).then(notes.update(lambda known: (*known, name)))

        yield from par_zip(note(first, "a"), note(second, "b"))
        return (yield from notes.get())

    assert_outcomes(noted(1, 1), {("a", "b"), ("b", "a")})
    assert_outcomes(noted(1, 2), {("a", "b")})


def test_race_is_decided_both_ways() -> None:
    """Either side of a race may win."""
    assert_outcomes(race(delay(lambda: "a"), delay(lambda: "b")), {"a", "b"})


def test_undeclared_calls_are_ordered_both_ways() -> None:
    """Calls that say nothing may touch the same outside thing, so both orders are run."""

    @do
    def appending() -> Any:
        notes: list[str] = []
        yield from par_zip(delay(notes.append, "a"), delay(notes.append, "b"))
        return tuple(notes)

    assert set(outcomes(appending())) == {("a", "b"), ("b", "a")}


def test_outcomes_are_counted() -> None:
    """Each way to end comes with the number of its schedules and the token of one."""
    found = outcomes(counting(3))
    assert {value: count for value, (count, _) in found.items()} == {1: 12, 2: 18, 3: 6}
    assert replay(counting(3), found[1][1]).outcome == Success(1)


def test_missing_and_surplus_outcomes_are_told() -> None:
    """An assertion about outcomes names what was never seen and what was not expected."""
    with pytest.raises(AssertionError, match=r"'four'.*1 \(token"):
        assert_outcomes(counting(2), {2, "four"})


def test_cancel_is_explored_at_every_moment() -> None:
    """With `cancel` a fiber is cancelled before, between and after its actions."""
    seen: set[Any] = set()

    @do
    def main() -> Any:
        counter = yield from Ref.make(0)
        add = counter.update(lambda value: value + 1)

        @do
        def body(group: Any) -> Any:
            child = yield from group.fork(add.then(add))
            yield from child.exit()

        yield from task_group(body)
        return (yield from counter.get())

    def note(exit: Any) -> bool:
        seen.add("failure" if isinstance(exit, Failure) else exit.unwrap())
        return True

    exploration = explore(main(), note, cancel=True)
    assert exploration.exhaustive
    assert seen == {0, 1, 2, "failure"}


def test_failure_after_a_cancel_that_came_too_late_is_written_down() -> None:
    """A fiber that has ended before it is cancelled is told like one that was not cancelled, and replays."""
    program = par_collect([unit, yield_now]).then(pure("done"))
    found = explore(program, check=lambda exit: exit != Success("done"), cancel=True, stop_on_first=False)
    assert len(found.failures) > 3
    for failure in found.failures:
        assert replay(program, failure.token).outcome == Success("done")


def test_cancel_that_came_too_late_is_tried_earlier() -> None:
    """A fiber that cancels another which has usually ended by then also does so before it has."""

    @do
    def main() -> Any:
        done = yield from Ref.make(0)

        @do
        def body(group: Any) -> Any:
            worker = yield from group.fork(done.set(1).then(done.set(2)))
            yield from worker.cancel_soon()

        yield from task_group(body)
        return (yield from done.get())

    assert_outcomes(main(), {0, 1, 2})


def test_progress_is_told() -> None:
    """The function for progress is called after each schedule, with growing counts."""
    counts: list[int] = []
    explore(counting(2), lambda exit: True, on_progress=lambda done: counts.append(done.complete))
    assert counts == [1, 2, 3, 4]


def test_interrupt_gives_what_was_found_so_far() -> None:
    """Ctrl-C ends the exploration, which says so and keeps its findings."""

    def check(exit: Any) -> bool:
        if check.__dict__.setdefault("calls", iter(range(9))).__next__() == 2:
            raise KeyboardInterrupt
        return True

    exploration = explore(counting(3), check)
    assert "interrupted" in exploration.bounds[-1]
    assert not exploration.exhaustive


@pytest.mark.parametrize("check", [explore, outcomes, cancel_sweep, fault_sweep])
def test_program_that_outlives_its_runs_is_told(check: Callable[[IO[Any, Any]], object]) -> None:
    """What does something else in each run, since it changes what it did not make, is told so, with the way out."""
    runs: list[None] = []

    @do
    def counting() -> Do[None]:
        runs.append(None)
        yield from yield_now
        if len(runs) % 2:
            yield from par_collect([yield_now.then(delay(runs.copy))] * 3)

    with pytest.raises(NotRepeatable, match="something else") as caught:
        check(counting())
    assert "suspend(lambda: program())" in caught.value.__notes__[0]
    check(suspend(lambda: par_collect([delay(list[None]().copy)] * 2)))
