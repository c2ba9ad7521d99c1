"""Cancels and faults at every action."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from effio import (
    IO,
    Channel,
    Ref,
    Semaphore,
    Success,
    attempt,
    bracket,
    delay,
    do,
    par_collect,
    pure,
    shield,
    suspend,
    task_group,
    unit,
    yield_now,
)
from effio.testing import cancel_sweep, fault_sweep, replay


@do
def holding(*, careful: bool) -> Any:
    permits = yield from Semaphore.make(1, name="slots")
    careless = permits.acquire().then(yield_now).then(permits.release())
    yield from par_collect([permits.with_permit(yield_now) if careful else careless for _ in range(2)])


def test_careless_holder_is_found() -> None:
    """A permit that a cancelled fiber keeps is found, and the report names who holds it."""
    sweep = cancel_sweep(holding(careful=False))
    assert "slots" in sweep.render()
    with pytest.raises(AssertionError, match="slots"):
        sweep.assert_ok()


def test_careful_holder_passes_at_every_moment() -> None:
    """`with_permit` gives back its permit wherever it is cancelled, also twice."""
    sweep = cancel_sweep(holding(careful=True), max_schedules=1_000).assert_ok()
    assert sweep.exhaustive
    assert sweep.runs >= 20
    cancel_sweep(holding(careful=True), pairs=True, max_schedules=2, max_runs=2_000).assert_ok()


def test_finding_of_a_sweep_is_replayed() -> None:
    """The token of a cancelled run gives that run again, cancel included."""
    (finding,) = cancel_sweep(holding(careful=False)).failures
    again = replay(holding(careful=False), finding.token)
    assert [str(event) for event in again.trace] == [str(event) for event in finding.trace]
    assert any("cancelled from outside" in str(event) for event in again.trace)


def test_check_sees_every_exit() -> None:
    """The check is asked about each run, and may refuse one."""
    sweep = cancel_sweep(pure(1).then(yield_now), lambda exit: "Cancelled" not in repr(exit))
    assert sweep.failures


def test_shielded_action_is_not_cut() -> None:
    """What is shielded is done whole or not at all, wherever the cancel hits."""

    @do
    def both_or_none() -> Any:
        one, two = (yield from Ref.make(0)), (yield from Ref.make(0))
        values: list[int] = []

        def look() -> IO[None]:
            return one.get().zip(two.get()).map(values.extend)

        write = shield(lambda restore: one.set(1).then(yield_now).then(two.set(1)))
        yield from yield_now.then(write).ensuring(look()).ensuring(delay(same, values))

    def same(values: list[int]) -> None:
        assert len({*values}) <= 1

    cancel_sweep(both_or_none(), lambda exit: "AssertionError" not in str(exit)).assert_ok()


def test_fault_is_injected_at_every_call() -> None:
    """Each call fails once, and the release of a bracket runs all the same."""
    log: list[str] = []

    def program() -> IO[Any, Any]:
        return bracket(
            delay(log.append, "open"), lambda _: delay(log.append, "use"), lambda _: delay(log.append, "close")
        )

    sweep = fault_sweep(program())
    assert sweep.runs == 3
    assert (log.count("open"), log.count("close")) == (4, 3)


def test_fault_is_typed_where_it_is_caught() -> None:
    """An attempt that catches such exceptions fails with the fault as its typed error."""
    seen: list[Any] = []
    program = attempt(Path("/dev/null").read_text, catch=OSError).catch_all(lambda e: delay(seen.append, e))
    fault = OSError("disk on fire")
    fault_sweep(program, fault=fault, stop_on_first=False)
    assert fault in seen


def test_leaky_program_is_found_by_faults() -> None:
    """Who takes a permit and fails before giving it back is found."""

    @do
    def main() -> Any:
        permits = yield from Semaphore.make(1, name="slots")
        yield from permits.acquire()
        yield from delay(int)
        yield from permits.release()

    assert "slots" in fault_sweep(main()).render()


def test_hang_that_only_a_cancel_causes_is_found() -> None:
    """A receiver whose sender is cancelled waits for ever, which the sweep tells."""

    @do
    def main() -> Any:
        channel: Any = yield from Channel.make(0)

        @do
        def body(group: Any) -> Any:
            yield from group.fork(yield_now.then(channel.send(1)))
            yield from channel.receive()

        yield from task_group(body)

    assert "it hangs" in cancel_sweep(main()).render()


def test_bounds_are_told() -> None:
    """A sweep that ended early says so."""
    assert cancel_sweep(holding(careful=True), max_runs=5).bounds
    assert cancel_sweep(holding(careful=True), max_schedules=1).bounds


@do
def failing_by_itself() -> Any:
    permits = yield from Semaphore.make(1, name="slots")
    yield from permits.acquire()
    yield from yield_now
    yield from delay(int, "no number")


@pytest.mark.parametrize("sweep", [cancel_sweep, fault_sweep])
def test_what_a_program_does_by_itself_it_may_do(sweep: Any) -> None:
    """A program that fails and leaves a permit behind without any injection passes, if it does nothing else."""
    assert sweep(failing_by_itself()).assert_ok().runs > 2


@pytest.mark.parametrize("sweep", [cancel_sweep, fault_sweep])
def test_new_defect_is_found_without_a_check(sweep: Any) -> None:
    """A finalizer that breaks when it comes too early is found; with a check only that decides."""
    made: list[int] = []

    def program() -> IO[Any]:
        made.clear()
        return yield_now.then(delay(made.append, 1)).ensuring(delay(made.pop))

    (finding,) = sweep(suspend(program)).failures
    assert "it dies of IndexError" in str(finding.problem)
    sweep(suspend(program), lambda exit: True).assert_ok()


def test_error_that_comes_of_a_fault_is_no_new_defect() -> None:
    """Who turns the fault into an exception of its own is not to blame."""

    def wrapped(exit: Any) -> IO[Any]:
        def again() -> None:
            if not isinstance(exit, Success):
                raise RuntimeError("broken") from exit.failure().defects()[0]

        return delay(again)

    fault_sweep(yield_now.exit().flat_map(wrapped)).assert_ok()


def test_program_that_a_cancel_makes_endless_is_found() -> None:
    """A finalizer without an end is cut after `max_steps`, and found."""

    @do
    def forever() -> Any:
        number = yield from Ref.make(0)
        while True:
            yield from number.update(lambda value: value + 1)

    program = yield_now.on_exit(lambda exit: unit if isinstance(exit, Success) else forever())
    assert "it goes on for ever" in cancel_sweep(program, max_steps=50).render()


def test_program_without_an_end_is_swept_too() -> None:
    """A server is cancelled at each of its first actions, and it is said that its runs were cut."""

    @do
    def serve() -> Any:
        permits = yield from Semaphore.make(1, name="slots")
        served = yield from Ref.make(0)
        while True:
            yield from permits.with_permit(served.update(lambda value: value + 1))

    sweep = cancel_sweep(serve(), max_steps=20).assert_ok()
    assert sweep.runs >= 20
    assert "were cut after 20 steps" in sweep.bounds[0]


@pytest.mark.parametrize("sweep", [cancel_sweep, fault_sweep])
def test_first_tokens_are_tried_before_anything_else(sweep: Any) -> None:
    """The token of a finding fails again without any further injection; in the mended program it is passed over."""
    (finding,) = sweep(holding(careful=False)).failures
    again = sweep(holding(careful=False), first=[finding.token])
    assert (again.runs, len(again.failures)) == (0, 1)
    sweep(holding(careful=True), first=[finding.token]).assert_ok()


def test_timers_of_a_sweep_may_be_racy() -> None:
    """With `time="racy"` a sweep also injects into the schedules in which a timer fires early."""
    hasty = yield_now.as_value(1).move_on_after(1)
    assert cancel_sweep(hasty).schedules == 1
    assert cancel_sweep(hasty, time="racy").schedules == 3
    assert fault_sweep(hasty, time="racy").schedules == 3


def test_progress_of_a_sweep_is_told() -> None:
    """`on_progress` hears the number of each run."""
    told: list[int] = []
    sweep = cancel_sweep(holding(careful=True), on_progress=told.append, max_runs=7)
    assert told == [1, 2, 3, 4, 5, 6, 7]
    assert sweep.runs == 7
