"""The moment at which nothing can go on by itself."""

from __future__ import annotations

from typing import Any

from effio.algebra.io import IO
from effio.algebra.primitive import Park


def wait_all_blocked() -> IO[None]:
    """Wait until every other fiber waits for something that is not due yet.

    It ends before virtual time jumps. A foreign coroutine that is under way counts as waiting, after the event loop
    had a turn to let it go on. Source: trio's `wait_all_tasks_blocked`.
    """
    return Park(enlist, withdraw, "all other fibers to wait")


def enlist(resume: Any) -> None:
    """Begin to wait."""
    resume.fiber.scheduler.for_quiet[resume] = None


def withdraw(resume: Any) -> None:
    """Wait no longer."""
    del resume.fiber.scheduler.for_quiet[resume]
