"""Trio: what goes wrong in coroutines and around a run, and what comes of it."""

from __future__ import annotations

import pytest
import trio

from effio import Schedule, VirtualClock, delay, from_async, never, run_async, run_exit
from effio.cause import Die
from effio.data.errors import Deadlock
from tests.conformance.support import TICK, TRIO_HOSTS, Backend, cause_of, nap, value_of


@pytest.fixture(params=TRIO_HOSTS, ids=lambda backend: str(backend.name))
def on_trio(request: pytest.FixtureRequest) -> Backend:
    """Both ways to run a program on trio."""
    chosen: Backend = request.param
    return chosen


def test_error_raised_while_timing_out_is_told(on_trio: Backend) -> None:
    """What a coroutine raises instead of the cancel that it was sent is the failure of the program."""

    async def clumsy() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            raise OSError("while closing") from None

    cause = cause_of(on_trio.run(from_async(clumsy).move_on_after(TICK)))
    assert [str(error) for error in cause.failures()] == ["while closing"]


def test_group_raised_while_timing_out_loses_its_cancels_alone(on_trio: Backend) -> None:
    """Of what the tasks of a nursery raise, everything but the cancel is told."""

    async def clumsy() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("while closing")

    async def nursery() -> None:
        async with trio.open_nursery() as tasks:
            tasks.start_soon(clumsy)
            tasks.start_soon(trio.sleep_forever)

    cause = cause_of(on_trio.run(from_async(nursery).move_on_after(TICK)))
    (group,) = cause.failures()
    assert isinstance(group, ExceptionGroup)
    assert [str(error) for error in group.exceptions] == ["while closing"]


def test_second_coroutine_after_one_that_was_cut(on_trio: Backend) -> None:
    """The task of a fiber that was cancelled in one coroutine awaits the next ones as usual."""
    cut = from_async(trio.sleep_forever).move_on_after(TICK)
    assert value_of(on_trio.run(cut.then(from_async(nap, 1)).as_value("slept"))) == "slept"
    twice = cut.then(cut.shielded()).then(from_async(nap, 1).shielded()).as_value("slept")
    assert value_of(on_trio.run(twice)) == "slept"


def test_deadlock_after_a_coroutine_is_told_in_virtual_time() -> None:
    """When nothing is left that could go on, the run ends and says who waits."""
    program = from_async(trio.lowlevel.checkpoint).then(never)
    (bug,) = cause_of(run_exit(program, clock=VirtualClock(), backend="trio")).leaves()
    assert isinstance(bug, Die)
    assert isinstance(bug.exception, Deadlock)


def test_schedule_that_looks_at_the_calendar_follows_that_of_the_machine() -> None:
    """A program inside an application of trio knows the time of day, whatever trio's clock shows."""
    ran: list[str] = []
    program = delay(ran.append, "once").repeat(Schedule.cron("0 0 1 1 *")).move_on_after(TICK)
    trio.run(run_async, program)
    assert ran == ["once"]
