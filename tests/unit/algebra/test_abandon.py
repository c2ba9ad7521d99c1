"""What becomes of a program that may be let go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Failure,
    Success,
    TimedOut,
    VirtualClock,
    cancel_scope,
    delay,
    die,
    fail,
    never,
    now,
    run_async,
    run_exit,
    sleep,
    task_group,
)
from effio.cause import Fail


def outcome(program: IO[Any, Any]) -> Any:
    """The exit, in virtual time."""
    return run_exit(program, clock=VirtualClock())


def test_a_value_in_time_is_given_at_once() -> None:
    """What ends before the time is over was never let go."""
    assert outcome(sleep(1).as_value("done").abandon_after(2).zip(now)) == Success(("done", 1.0))


def test_a_failure_in_time_is_that_of_the_program() -> None:
    """Its own typed error comes out, after as long as it took."""
    assert outcome(sleep(1).then(fail("no")).abandon_after(2)) == Failure(Fail("no"))
    bug = KeyError("bug")
    assert outcome(die(bug).abandon_after(2)).failure().defects() == (bug,)


def test_the_time_is_over() -> None:
    """It fails at once; the finalizer ends behind, before the run does."""
    journal: list[str] = []
    slow = never.ensuring(sleep(5).then(delay(journal.append, "closed")))
    program = slow.abandon_after(2).catch_all(lambda error: now.tap(lambda _: delay(journal.append, str(error))))
    assert outcome(program) == Success(2.0)
    assert journal == [str(TimedOut(2)), "closed"]


def test_what_is_let_go_may_fail_without_being_lost() -> None:
    """A finalizer that fails behind fails the group that it was left to."""
    slow = never.ensuring(sleep(5).then(fail("disk full")))
    program: IO[Any, Any] = task_group(lambda group: slow.abandon_after(2, group=group).either())
    assert outcome(program).failure().failures() == ("disk full",)


def test_a_cancel_from_outside_waits_for_the_program() -> None:
    """Only the time lets go: a timeout around it waits for the finalizer."""
    slow = never.ensuring(sleep(5)).abandon_after(10).move_on_after(1)
    assert outcome(slow.zip(now)) == Success((None, 6.0))


def test_a_program_that_is_let_go_and_succeeds_is_too_late() -> None:
    """A shielded program goes on behind, and what it gives is given to nobody."""
    journal: list[str] = []
    stubborn = sleep(5).then(delay(journal.append, "done")).shielded()
    assert outcome(stubborn.abandon_after(2).either().then(now)) == Success(2.0)
    assert journal == ["done"]


@pytest.mark.parametrize("shielded", [True, False], ids=["shielded", "finalizer"])
def test_cleanup_with_a_limit_is_not_cut_by_a_cancel_of_the_run(shielded: bool) -> None:
    """A program that waits for what may be let go while it is shielded has it done, although the run is cancelled."""
    journal: list[str] = []
    cleanup = sleep(1).then(delay(journal.append, "closed")).abandon_after(5).or_die()

    def waiting(scope: CancelScope) -> IO[Any]:
        return cleanup.shielded().then(never) if shielded else never.ensuring(cleanup)

    async def main() -> None:
        running = asyncio.ensure_future(run_async(cancel_scope(waiting), clock=VirtualClock()))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert journal == ["closed"]


@pytest.mark.parametrize("seconds", [0, 1])
def test_program_that_is_let_go_before_it_began_still_enters_its_structure(seconds: int) -> None:
    """Its finalizer runs behind, also if the time was over from the beginning."""
    journal: list[str] = []
    program = never.ensuring(delay(journal.append, "closed")).abandon_after(seconds).either()
    assert isinstance(outcome(program), Success)
    assert journal == ["closed"]
