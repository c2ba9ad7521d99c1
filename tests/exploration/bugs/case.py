"""What a known bug is: a program that goes wrong under some schedule, and one that does not under any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from effio import IO, Exit, do, fail, par_collect, unit
from effio.testing import Exploration, explore
from effio.testing.exploration.explore import succeeds

Program = Callable[[], IO[Any, Any]]


@attrs.frozen(kw_only=True)
class Bug:
    """`check` must accept every exit of the mended form and refuse one of the broken one; `cancel` explores cancels."""

    name: str = attrs.field(kw_only=False)
    broken: Program
    mended: Program
    check: Callable[[Exit[Any, Any]], object] = succeeds
    cancel: bool = False

    def find(self, *, stop_on_first: bool = True) -> Exploration:
        """Look for the bug."""
        return explore(self.broken(), self.check, cancel=self.cancel, stop_on_first=stop_on_first)

    def prove(self) -> Exploration:
        """Look for it in the mended form, everywhere."""
        return explore(self.mended(), self.check, cancel=self.cancel, max_schedules=60_000, sampling=0)


def ensure(holds: bool, problem: str) -> IO[None, str]:
    """Fail with `problem` unless it holds."""
    return unit if holds else fail(problem)


def no_deadlock(exit: Exit[Any, Any]) -> bool:
    """Accepts every exit but a deadlock."""
    return "deadlock" not in str(exit).lower()


@do
def made(*makers: IO[Any, Any]) -> Any:
    """Make several shared things."""
    things = []
    for maker in makers:
        things.append((yield from maker))
    return things


def together(*fibers: IO[Any, Any]) -> IO[Any, Any]:
    """Run all at once."""
    return par_collect(fibers)
