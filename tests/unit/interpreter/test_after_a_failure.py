"""After a part that failed a fiber is again where it was before: its path, and what it is shielded from."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, VirtualClock, fail, never, run_exit, shield
from effio.data.cause import Fail

SHIELDED: dict[str, IO[Any, str]] = {
    "shield": fail("no").shielded(),
    "restored": shield(lambda restore: restore(fail("no"))),
    "finalizer": fail("no").ensuring(fail("closing").shielded()),
}


@pytest.mark.parametrize("program", SHIELDED.values(), ids=SHIELDED)
def test_shield_ends_with_a_failure_inside(program: IO[Any, str]) -> None:
    """What handles the failure can be cancelled."""
    cut = program.catch_all(lambda error: never).move_on_after(1)

    assert run_exit(cut, clock=VirtualClock()).unwrap() is None


def test_name_ends_with_a_failure_inside() -> None:
    """What fails later is not told to have failed in the named part."""
    program = fail("no").named("inner").catch_all(lambda error: fail("yes")).named("outer")
    cause = run_exit(program).failure()

    assert isinstance(cause, Fail)
    assert cause.at is not None
    assert str(cause.at.path) == "outer"
