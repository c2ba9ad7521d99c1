"""Trio: what a late machine and a leaked cancel must not do to a run."""

from __future__ import annotations

import time

import pytest
import trio

from effio import from_async, par_collect, sleep, yield_now
from effio.cause import Die
from effio.data.errors import ForeignCancelled
from tests.conformance.support import TICK, TRIO_HOSTS, Backend, cause_of, nap, value_of


@pytest.fixture(params=TRIO_HOSTS, ids=lambda backend: str(backend.name))
def on_trio(request: pytest.FixtureRequest) -> Backend:
    """Both ways to run a program on trio."""
    chosen: Backend = request.param
    return chosen


def test_timer_and_coroutine_that_are_due_together(on_trio: Backend) -> None:
    """When the host comes back late, a sleep of the run and one of a coroutine end in one pass, in either order."""

    async def block() -> None:
        await trio.lowlevel.checkpoint()
        time.sleep(4 * TICK)

    napping = from_async(nap, 2).then(yield_now).as_value("nap")
    program = par_collect([sleep(TICK).as_value("sleep"), napping, from_async(block).as_value("block")])
    for _ in range(10):
        assert value_of(on_trio.run(program)) == ["sleep", "nap", "block"]


def test_cancel_of_another_scope_is_a_bug_of_the_coroutine(on_trio: Backend) -> None:
    """A Cancelled that is carried out of the scope that it belongs to is a defect that names the coroutine."""

    async def leaking() -> None:
        leaked: list[trio.Cancelled] = []
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.lowlevel.checkpoint()
            except trio.Cancelled as error:
                leaked.append(error)
        raise leaked[0]

    (bug,) = cause_of(on_trio.run(from_async(leaking))).leaves()
    assert isinstance(bug, Die)
    assert isinstance(bug.exception, ForeignCancelled)
    assert "leaking" in str(bug.exception)
    assert isinstance(bug.exception.__cause__, trio.Cancelled)
