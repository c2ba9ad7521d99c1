"""Waits that are over before they have begun."""

from __future__ import annotations

from typing import Any

from effio import pure, run
from effio.algebra.primitive import Park


def test_wait_that_is_ended_by_who_enlists() -> None:
    """The fiber goes on with what it was given, also if that comes before the list is left."""

    def at_once(resume: Any) -> None:
        resume(pure(1))

    assert run(Park(at_once, None, "nothing")) == 1
