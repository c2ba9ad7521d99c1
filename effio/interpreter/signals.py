"""Ctrl-C and SIGTERM while a run owns the main thread: cancel, then tell what still runs, then break in."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Final, final

from effio.interpreter.callers import is_own
from effio.interpreter.dump import tree_of
from effio.interpreter.scheduler import Scheduler

SIGINT: Final = int(signal.SIGINT)
SIGTERM: Final = int(signal.SIGTERM)

TERMINATED: Final = 128 + SIGTERM
"""The exit code of a process that SIGTERM ended, as shells tell it."""

CALLERS: Final = frozenset(
    {
        *("advance", "start", "made_of_exit", "done_at_once", "make"),
        *("made_by", "begun", "all_awaited", "awaiting"),
        *("interruptible", "turns", "step"),
    }
)
"""The functions that call user code; the last two are what is seen of them where they are compiled."""

# The functions behind those of the module, which turn numbers into enums and back at every call.
_bare: Final[Any] = getattr(signal, "_signal", signal)
set_handler: Final = _bare.signal
get_handler: Final = _bare.getsignal


@final
class Interrupts:
    """Handles SIGINT and SIGTERM for one run, if nobody else does: the first cancels the root, the third aborts.

    The second SIGINT breaks into user code that does not come back, and otherwise prints what still runs. SIGTERM
    counts as one SIGINT, however often it comes, and the run ends with SystemExit.
    """

    __slots__ = ("handled", "scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.handled: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            if get_handler(SIGINT) is signal.default_int_handler:
                self.handled[SIGINT] = set_handler(SIGINT, self.received)
            if get_handler(SIGTERM) == signal.SIG_DFL:
                self.handled[SIGTERM] = set_handler(SIGTERM, self.told_to_end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self.handled.items():
            set_handler(number, before)

    def received(self, number: int, frame: FrameType | None) -> None:
        scheduler = self.scheduler
        scheduler.signalled += 1
        if scheduler.signalled == 1:
            scheduler.current.check = True
            scheduler.call(scheduler.interrupted)
        elif scheduler.signalled > 2:
            raise KeyboardInterrupt
        else:
            tell_what_runs(scheduler)
            if in_user_code(frame):
                raise KeyboardInterrupt

    def told_to_end(self, number: int, frame: FrameType | None) -> None:
        scheduler = self.scheduler
        if scheduler.signalled == 0:
            scheduler.fatal = scheduler.fatal or SystemExit(TERMINATED)
            self.received(number, frame)


def tell_what_runs(scheduler: Scheduler) -> None:
    """Print the fibers that have not ended to the standard error stream."""
    try:
        running: str = tree_of(scheduler)
    except RuntimeError:  # A fiber was about to be forked or to end just now.
        running = "main: running"
    sys.stderr.write(f"still closing; interrupt once more to abort:\n{running}\n")


def in_user_code(frame: FrameType | None) -> bool:
    """Whether the interrupted code was called by the step loop, so that what is raised there is data."""
    if frame is None or is_own(frame):
        return False
    outer = frame.f_back
    while outer is not None:
        if is_own(outer):
            return outer.f_code.co_name in CALLERS
        outer = outer.f_back
    return False
