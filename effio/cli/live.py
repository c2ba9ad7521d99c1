"""What a program does while it runs: its fibers and bars on a terminal, or a line now and then where there is none."""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TextIO, TypeVar, final

from effio import IO, Exit, Runtime
from effio.algebra.primitive import Ask
from effio.algebra.progress import LISTENER, Progress
from effio.data.fiber_dump import FiberDump, FiberState, ProgressState
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler, root_name
from effio.observe.window import looked_at

if TYPE_CHECKING:
    from rich.text import Text

Value = TypeVar("Value")
Error = TypeVar("Error")

REFRESHES: Final = 10
"""How often a second the picture is drawn."""

SECONDS_BETWEEN_LINES: Final = 1.0
FIBERS_SHOWN: Final = 40
COUNTS_SHOWN: Final = 20
BAR_WIDTH: Final = 30

STYLES: Final = {"running": "bold green", "ready": "green", "waiting": "default"}


def can_be_seen() -> bool:
    """Whether there is a terminal to draw on, and something to draw with."""
    return sys.stderr.isatty() and find_spec("rich") is not None


def run_seen(program: IO[Value, Error], runtime: Runtime) -> Exit[Value, Error]:
    """Run `program` on `runtime` and draw its fibers on the terminal many times a second until it ends.

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
        return runtime.run_exit(picture.of(program))


def run_told(program: IO[Value, Error], runtime: Runtime, stream: TextIO) -> Exit[Value, Error]:
    """Run `program` on `runtime` and write a line to `stream` for each count that has moved, about once a second."""
    lines = Lines(stream)
    context = copy_context()
    context.run(LISTENER.set, lines.add)
    with lines:
        return context.run(runtime.run_exit, program)


# -- On a terminal -------------------------------------------------------------------------------------------


@final
class Picture:
    """The fibers of one run, as rich draws them; empty until the run begins."""

    def __init__(self) -> None:
        self._scheduler: Scheduler | None = None

    def of(self, program: IO[Value, Error]) -> IO[Value, Error]:
        """Make the same program, seen from its first step."""
        return Ask(self._begin, peek=True).flat_map(lambda _: program).named(root_name(program))

    def _begin(self, fiber: Fiber) -> None:
        self._scheduler = fiber.scheduler

    def __rich__(self) -> Text | str:
        return "" if self._scheduler is None else drawn(looked_at(self._scheduler))


def drawn(dump: FiberDump) -> Text:
    """Draw a line for each fiber, indented by its depth, and the bars below."""
    from rich.text import Text

    text = Text()
    if dump.deadlock:
        text.append(f"deadlock: {' waits for '.join([*dump.deadlock, dump.deadlock[0]])}\n", "bold red")
    for fiber in dump.fibers[:FIBERS_SHOWN]:
        text.append(f"{'  ' * fiber.depth}{fiber.name}", "bold")
        text.append(f"  {doing(fiber)}\n", STYLES[fiber.state])
    if len(dump.fibers) > FIBERS_SHOWN:
        text.append(f"… and {len(dump.fibers) - FIBERS_SHOWN} more\n", "dim")
    counts = [fiber.progress for fiber in dump.fibers if fiber.progress is not None]
    for progress in counts[:COUNTS_SHOWN]:
        text.append(f"{bar(progress)}\n", "cyan")
    if len(counts) > COUNTS_SHOWN:
        text.append(f"… and {len(counts) - COUNTS_SHOWN} more\n", "dim")
    return text


def doing(fiber: FiberState) -> str:
    """What a fiber does or waits for, and in which named part of its program."""
    part = f" · in {fiber.part}" if fiber.part else ""
    return (fiber.state if fiber.wait is None else f"{fiber.wait}, for {fiber.waited:.1f} s") + part


def bar(progress: ProgressState) -> str:
    """Draw how far something is.

    >>> bar(ProgressState("pages", 5, 10))
    '━━━━━━━━━━━━━━━───────────────  pages 5/10 (50%)'
    """
    full = round(BAR_WIDTH * (progress.share or 0.0))
    return f"{'━' * full}{'─' * (BAR_WIDTH - full)}  {progress}"


# -- Without one ---------------------------------------------------------------------------------------------


@final
class Lines:
    """Writes a line for each count that has moved since the last time; a thread does, until it is closed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told: dict[Progress, str | None] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell_now_and_then, name="effio progress", daemon=True)

    def add(self, progress: Progress) -> None:
        """Tell of this count from now on."""
        self._told[progress] = None

    def tell(self) -> None:
        """Write what has changed, not more than can be read, and forget what is over."""
        changed: list[str] = []
        for progress, told in list(self._told.items()):
            is_over = progress.over
            line = str(progress.state())
            if line != told:
                self._told[progress] = line
                changed.append(line)
            if is_over:
                del self._told[progress]
        if len(changed) > COUNTS_SHOWN:
            changed[COUNTS_SHOWN:] = [f"… and {len(changed) - COUNTS_SHOWN} more"]
        self._stream.writelines(f"{line}\n" for line in changed)
        self._stream.flush()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()
        self.tell()

    def _tell_now_and_then(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LINES):
            self.tell()
