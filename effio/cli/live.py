"""A live picture of the fibers while a program runs."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar, final

from effio import IO, Exit, run_exit
from effio.algebra.primitive import Ask
from effio.interpreter.dump import depth_of
from effio.interpreter.fiber import STATE_NAMES, Fiber
from effio.interpreter.scheduler import Scheduler, root_name

if TYPE_CHECKING:
    from rich.text import Text

Value = TypeVar("Value")
Error = TypeVar("Error")

REFRESHES = 10
"""How often a second the picture is drawn."""

STYLES = {"running": "bold green", "ready": "green", "waiting": "default", "done": "dim"}


def can_be_seen() -> bool:
    """Whether there is a terminal to draw on, and something to draw with."""
    return sys.stderr.isatty() and find_spec("rich") is not None


def run_seen(program: IO[Value, Error]) -> Exit[Value, Error]:
    """Run `program` and draw its fibers on the terminal many times a second until it ends.

    A thread draws, so the program has no additional fiber and no additional timer. Only a wait for a callback
    that never comes is not reported as a deadlock, since any thread might call it.
    """
    from rich.console import Console
    from rich.live import Live

    picture = Picture()
    view = Live(
        picture,
        console=Console(stderr=True),
        refresh_per_second=REFRESHES,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    )
    with view:
        return run_exit(picture.of(program))


@final
class Picture:
    """The fibers of one run, as rich draws them; empty until the run begins."""

    def __init__(self) -> None:
        self._scheduler: Scheduler | None = None
        self._drawn: Text | str = ""

    def of(self, program: IO[Value, Error]) -> IO[Value, Error]:
        """Make the same program, seen from its first step."""
        return Ask(self._begin, peek=True).flat_map(lambda _: program).named(root_name(program))

    def _begin(self, fiber: Fiber) -> None:
        self._scheduler = fiber.scheduler

    def __rich__(self) -> Text | str:
        # The run goes on meanwhile: if it changes the tree under our eyes, the last picture stays a moment.
        try:
            if self._scheduler is not None:
                self._drawn = drawn(self._scheduler)
        except RuntimeError:
            pass
        return self._drawn


def drawn(scheduler: Scheduler) -> Text:
    """Draw a line for each fiber, indented by its depth."""
    from rich.text import Text

    now = scheduler.clock.now()
    text = Text()
    for fiber in scheduler.fibers():
        state, wait = STATE_NAMES[fiber.state], fiber.wait
        what = state if wait is None else f"{wait.describe()}, for {max(0.0, now - fiber.since):.1f} s"
        text.append(f"{'  ' * depth_of(fiber)}{fiber.name}", "bold")
        text.append(f"  {what}\n", STYLES[state])
    return text
