"""Runs in the log of Python's `logging`: what fibers do as messages, and the name of the fiber on every other one."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any, final

from effio.data.cause import Cause
from effio.interpreter.fiber import Fiber
from effio.interpreter.observer import Observer
from effio.interpreter.scope import Region, Request

_fiber_name: ContextVar[str] = ContextVar("effio_fiber_name")


@final
class LoggingObserver(Observer):
    """Logs when fibers start and end and what is cancelled, on `level`; a failed fiber on `failure_level`.

    Inside the run, also in threads that it starts, `FiberNameFilter` knows the fiber.
    """

    def __init__(
        self,
        logger: logging.Logger | None = None,
        *,
        level: int = logging.DEBUG,
        failure_level: int = logging.WARNING,
    ) -> None:
        self.logger = logger or logging.getLogger("effio")
        self.level = level
        self.failure_level = failure_level

    def on_fork(self, fiber: Fiber) -> None:
        fiber.context.run(_fiber_name.set, fiber.name)
        self._log(self.level, fiber, "started", None)

    def on_cancel(self, region: Region, request: Request) -> None:
        if isinstance(region, Fiber):
            self._log(self.level, region, f"is {request.leaf.text()}", None)

    def on_end(self, fiber: Fiber) -> None:
        seconds = fiber.now() - fiber.began
        if fiber.cause is None:
            self._log(self.level, fiber, f"succeeded after {seconds:.3f} s", None)
        elif fiber.cause.is_cancelled_only:
            self._log(self.level, fiber, f"was {fiber.cause.cancellations()[0].text()} after {seconds:.3f} s", None)
        else:
            self._log(self.failure_level, fiber, f"failed after {seconds:.3f} s", fiber.cause)

    def _log(self, level: int, fiber: Fiber, text: str, cause: Cause[Any] | None) -> None:
        if self.logger.isEnabledFor(level):
            drawn = "" if cause is None else f": {cause.render()}"
            known = {"fiber": fiber.name, "path": str(fiber.path)}
            self.logger.log(level, "fiber %r %s%s", fiber.name, text, drawn, extra=known)


@final
class FiberNameFilter(logging.Filter):
    """Gives every record the attribute `fiber`, for `%(fiber)s` in formats: the fiber that logged it, or "-".

    Add it to a handler, and run the program with a `LoggingObserver`.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "fiber"):
            record.fiber = _fiber_name.get("-")
        return True
