"""Ctrl-C while somebody else's program is run again and again: it is never taken for what that program did."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, final

from returns.result import Failure

from effio.data.cause import Die
from effio.data.exit import Exit
from effio.interpreter.outcome import outcome
from effio.interpreter.scheduler import Scheduler


class Interrupted(KeyboardInterrupt):
    """The user does not want to wait for the end of a run. No program under test raises it."""


@final
class Interrupts:
    """Handles SIGINT while runs are made, if nobody else does.

    If it `waits`, the first one only sets `came`, so that the run under way can end, and the next one raises
    `Interrupted`; else the first one does. A run that is broken into may raise anything: that is `Interrupted` too.
    """

    def __init__(self, *, waits: bool = True) -> None:
        self.waits = waits
        self.came = False
        self.broke_in = False
        self.installed = False

    def __enter__(self) -> Interrupts:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.received)
            self.installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.installed = False
        if self.broke_in and isinstance(error, Exception):
            raise Interrupted from None

    def is_wanted(self) -> bool:
        """Whether the user has pressed Ctrl-C."""
        return self.came

    def received(self, number: int, frame: FrameType | None) -> None:
        """The user pressed Ctrl-C."""
        if self.came or not self.waits:
            self.broke_in = True
            raise Interrupted
        self.came = True


def exit_of(scheduler: Scheduler) -> Exit[Any, Any]:
    """How a run ended; a KeyboardInterrupt or SystemExit of the program ends it, and no more than that."""
    try:
        return outcome(scheduler)
    except Interrupted:
        raise
    except BaseException as error:
        return Failure(Die(error))
