"""Ctrl-C while a run owns the main thread: cancel, then tell what still runs, then break in."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Final, final

from effio.interpreter.dump import tree_of
from effio.interpreter.fiber import is_own
from effio.interpreter.scheduler import Scheduler

SIGINT: Final = int(signal.SIGINT)

CALLERS: Final = frozenset(
    {
        *("advance", "start", "made_of_exit", "done_at_once", "make"),
        *("made_by", "begin_in_place", "rest_of", "awaiting"),
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
    """Handles SIGINT for one run, if nobody else does; the first cancels the root, the third aborts.

    The second breaks into user code that does not come back, and otherwise prints what still runs.
    """

    __slots__ = ("installed", "scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.installed = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread() and get_handler(SIGINT) is signal.default_int_handler:
            set_handler(SIGINT, self.received)
            self.installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.installed:
            set_handler(SIGINT, signal.default_int_handler)

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
