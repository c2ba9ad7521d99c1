"""What a simulated program finds around it: the context variables of whoever runs it, anew in each run."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from effio import IO, Do, Success, do, par_zip, run, yield_now
from effio.testing import cancel_sweep, explore, fault_sweep, outcomes, replay, simulate
from effio.testing.order import Order

SERVICE: ContextVar[str] = ContextVar("SERVICE", default="real")


@do
def user(seen: list[str]) -> Do[str]:
    """Look which service there is, then put another one in its place."""
    seen.append(SERVICE.get())
    SERVICE.set("replaced by the program")
    yield from yield_now
    return SERVICE.get()


def users(seen: list[str]) -> IO[tuple[str, str]]:
    return par_zip(user(seen), user(seen))


RUNNERS: dict[str, Callable[[IO[Any, Any]], object]] = {
    "run": run,
    "simulate": lambda io: simulate(io, seed=1),
    "replay": lambda io: replay(io, simulate(io).token),
    "explore": explore,
    "outcomes": outcomes,
    "cancel_sweep": cancel_sweep,
    "fault_sweep": fault_sweep,
    "Order": Order(((0, 0),)).simulate,
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_run_begins_with_the_context_of_the_caller(runner: str) -> None:
    """Each run sees what the caller set, never what an earlier run or another fiber did, and leaves it as it was."""

    def within() -> str:
        SERVICE.set("of the test")
        RUNNERS[runner](users(seen))
        return SERVICE.get()

    seen: list[str] = []
    assert copy_context().run(within) == "of the test"
    assert set(seen) == {"of the test"}
    assert len(seen) >= 2


def test_fibers_have_contexts_of_their_own() -> None:
    """What a fiber sets stays with it, in every order."""
    values = ("replaced by the program", "replaced by the program")
    assert explore(users([]), lambda exit: exit == Success(values)).assert_ok().exhaustive
