"""Functions that hold the event loop: a warning that names each one that lets everybody else wait."""

from __future__ import annotations

import sys
import threading
import warnings
from time import perf_counter
from types import FrameType
from typing import Final, final

from effio.data.origin import Origin
from effio.data.source_text import is_users
from effio.interpreter.fiber import Fiber
from effio.interpreter.observer import Observer

frames_of_threads: Final = sys._current_frames  # pyright: ignore[reportPrivateUsage]: documented, and the only way

LOOKS: Final = 4
"""How often in the time that is allowed the watching thread looks."""


class SlowStep(RuntimeWarning):
    """A function that the program called held the event loop, so that no other fiber could run."""

    def __init__(self, function: str, fiber: str, seconds: float) -> None:
        super().__init__(function, fiber, seconds)
        self.function = function
        self.fiber = fiber
        self.seconds = seconds

    def __str__(self) -> str:
        held = f"{self.function} held the loop for {self.seconds:.2f} s in fiber {self.fiber!r}"
        return f"{held}: run it in a thread, or in smaller steps"


@final
class SlowSteps(Observer):
    """Warns with `SlowStep` of every function that held the loop for more than `seconds`, once for each place.

    A thread watches while the run goes on, since only from outside can it be seen what a step is busy with.
    """

    def __init__(self, seconds: float = 0.1) -> None:
        if not seconds > 0:
            raise ValueError(f"seconds must be positive, not {seconds!r}")
        self.seconds = seconds
        self._began: float | None = None
        self._busy: Origin | None = None
        self._over = threading.Event()
        self._warned: set[Origin] = set()

    def on_fork(self, fiber: Fiber) -> None:
        if fiber.family is None:
            self._over = threading.Event()
            watching = (self._over, fiber.scheduler.thread)
            threading.Thread(target=self._watch, args=watching, name="effio slow steps", daemon=True).start()

    def on_end(self, fiber: Fiber) -> None:
        if fiber.family is None:
            self._over.set()

    def on_resume(self, fiber: Fiber) -> None:
        self._busy = None
        self._began = perf_counter()

    def on_pause(self, fiber: Fiber) -> None:
        began, self._began = self._began, None
        took = 0.0 if began is None else perf_counter() - began
        if took <= self.seconds:
            return
        at = self._busy or Origin("<unknown>", 0, "a function")
        if at not in self._warned:
            self._warned.add(at)
            warnings.warn_explicit(SlowStep(at.function, fiber.name, took), SlowStep, at.file, at.line)

    def _watch(self, over: threading.Event, thread: int) -> None:
        """Look now and then at a step that takes long, from another thread."""
        while not over.wait(self.seconds / LOOKS):
            began = self._began
            if began is not None and self._busy is None and perf_counter() - began > self.seconds / 2:
                self._busy = called_by_step(frames_of_threads().get(thread))


def called_by_step(frame: FrameType | None) -> Origin | None:
    """Find the user's function that effio has called: the outermost one that is still inside of effio's own frames."""
    found: Origin | None = None
    while frame is not None:
        origin = Origin(frame.f_code.co_filename, frame.f_code.co_firstlineno, frame.f_code.co_qualname)
        if not is_users(origin):
            return found
        found = origin
        frame = frame.f_back
    return None
