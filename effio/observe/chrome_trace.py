"""A trace in the Trace Event Format: a track for each fiber, its regions and waits nested, arrows from fork to start.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from effio.observe.trace import Span, Trace

Event: TypeAlias = dict[str, Any]

PROCESS: Final = 1

COLOURS: Final = {"succeeded": "good", "failed": "terrible", "cancelled": "grey", "running": "thread_state_running"}


def events_of(trace: Trace) -> dict[str, Any]:
    """List the events of a whole trace; times are microseconds there."""
    events: list[Event] = [_metadata("process_name", PROCESS, f"effio: {trace.root.name}")]
    events += [_complete(span, trace) for span in trace.spans]
    for span in trace.spans:
        if span.kind == "fiber":
            # After the spans: of two events that begin and end together, viewers put the later one inside.
            events += _waits(span, trace)
            events += _fork(span, trace)
            events.append(_metadata("thread_name", span.id, span.name))
        if span.cancel is not None:
            shown = {"cat": "cancel", "name": span.cancel.text(), "s": "t", "ts": _micro(span.cancel.at)}
            events.append({"ph": "i", "pid": PROCESS, "tid": span.fiber, **shown})
    return {"displayTimeUnit": "ms", "traceEvents": events}


def _complete(span: Span, trace: Trace) -> Event:
    about = {
        "path": " > ".join(span.path),
        "state": span.state,
        "error": span.error,
        "late by": f"{span.late:g} s" if span.late else None,
        "cancelled": None if span.cancel is None else span.cancel.text(),
        "source": span.origin,
    }
    return {
        "ph": "X",
        "pid": PROCESS,
        "tid": span.fiber,
        "cat": span.kind,
        "name": span.name,
        **_between(span.start, trace.seconds if span.end is None else span.end),
        "cname": COLOURS[span.state],
        "args": {name: value for name, value in about.items() if value is not None},
    }


def _waits(fiber: Span, trace: Trace) -> list[Event]:
    return [
        {
            "ph": "X",
            "pid": PROCESS,
            "tid": fiber.id,
            "cat": "wait",
            "name": f"waits for {wait.reason}",
            **_between(wait.start, trace.seconds if wait.end is None else wait.end),
        }
        for wait in fiber.waits
    ]


def _fork(fiber: Span, trace: Trace) -> list[Event]:
    """An arrow from the fiber that forked this one."""
    if fiber.forked_by is None or trace.span(fiber.forked_by) is None:
        return []
    shared = {"pid": PROCESS, "cat": "fork", "name": "fork", "id": fiber.id, "ts": _micro(fiber.start)}
    return [{"ph": "s", "tid": fiber.forked_by, **shared}, {"ph": "f", "bp": "e", "tid": fiber.id, **shared}]


def _metadata(name: str, thread: int, value: str) -> Event:
    return {"ph": "M", "pid": PROCESS, "tid": thread, "name": name, "args": {"name": value}}


def _between(start: float, end: float) -> Event:
    """When it began and how long it took: rounded so that what ends together does so in the file too."""
    return {"ts": _micro(start), "dur": round(_micro(end) - _micro(start), 3)}


def _micro(seconds: float) -> float:
    return round(seconds * 1e6, 3)
