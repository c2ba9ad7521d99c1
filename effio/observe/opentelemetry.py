"""Runs as OpenTelemetry spans: one for every named part of a program, below the one that it ran in."""

from __future__ import annotations

from contextvars import Token
from typing import Any, Final, final

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from effio.data.cause import Cancelled, Cause, Die
from effio.data.cause_text import error_text
from effio.interpreter.fiber import Fiber
from effio.interpreter.observer import Observer, Part
from effio.interpreter.scope import Region

INSTRUMENTATION: Final = "effio"


@final
class OpenTelemetryObserver(Observer):
    """Makes a span of the run, of every named child and of every `named` part, and ends it with their outcome.

    A span is current in its part of the program, across forks, so that what other instrumentation makes there is
    below it. `effio.outcome` says how it ended. A failed one has the status ERROR, `error.type` and its first
    exception, as the conventions for recording errors ask. For what was cancelled there is no convention: its status
    stays unset, as OpenTelemetry's own API for Python leaves it, since the loser of a race is no error, and
    `effio.cancelled` says who asked and why.
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = tracer or trace.get_tracer(INSTRUMENTATION)
        self._open: dict[Fiber, list[tuple[Span, Token[Context]]]] = {}

    def on_fork(self, fiber: Fiber) -> None:
        self._open[fiber] = []
        if fiber.family is None or fiber.label is not None:
            fiber.context.run(self._begin, fiber, fiber.name)

    def on_enter(self, fiber: Fiber, part: Part, name: str, region: Region | None) -> None:
        if part == "named":
            self._begin(fiber, name)

    def on_leave(self, fiber: Fiber, part: Part, name: str, cause: Cause[Any] | None) -> None:
        spans = self._open.get(fiber)
        if part == "named" and spans:
            span, token = spans.pop()
            context.detach(token)
            ended(span, cause)

    def on_end(self, fiber: Fiber) -> None:
        # Nothing is detached: what the spans were current in, the fiber's own context, ends with it.
        for span, _ in reversed(self._open.pop(fiber, [])):
            ended(span, fiber.cause)

    def _begin(self, fiber: Fiber, name: str) -> None:
        """Start a span in the current context, and make it the current one."""
        attributes = {"effio.fiber": fiber.name, "effio.path": str(fiber.path)}
        span = self._tracer.start_span(name, attributes=attributes)
        token = context.attach(trace.set_span_in_context(span))
        self._open[fiber].append((span, token))


def ended(span: Span, cause: Cause[Any] | None) -> None:
    """End a span, with how its part of the program ended."""
    leaf = None if cause is None else next((leaf for leaf in cause.leaves() if not isinstance(leaf, Cancelled)), None)
    if cause is None:
        span.set_attribute("effio.outcome", "succeeded")
    elif leaf is None:
        span.set_attribute("effio.outcome", "cancelled")
        span.set_attribute("effio.cancelled", cause.cancellations()[0].text())
    else:
        error = leaf.exception if isinstance(leaf, Die) else leaf.error
        span.set_attribute("effio.outcome", "failed")
        span.set_attribute("error.type", type_name(error))
        span.set_status(Status(StatusCode.ERROR, error_text(error)))
        if isinstance(error, BaseException):
            span.record_exception(error)
    span.end()


def type_name(error: object) -> str:
    """Name the class of an error, with its module unless it is built in.

    >>> type_name(KeyError("a")), type_name(ended)
    ('KeyError', 'function')
    """
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
