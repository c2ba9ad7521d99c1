"""Runs for people: what the fibers did, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from effio.testing.exploration.journal import Event

WIDEST = 34


def columns(events: Sequence[Event]) -> str:
    """A table of the actions, one column for each fiber, with a mark where a fiber was stopped though ready."""
    fibers = list(dict.fromkeys(event.fiber for event in events))
    texts = [shortened(str(event)) for event in events]
    widths = [
        max(
            [
                len(shortened(fiber)),
                *(len(text) for event, text in zip(events, texts, strict=True) if event.fiber == fiber),
            ]
        )
        for fiber in fibers
    ]
    head = " | ".join(shortened(fiber).ljust(width) for fiber, width in zip(fibers, widths, strict=True))
    lines = [f"step | {head} |"]
    for number, (event, text) in enumerate(zip(events, texts, strict=True), 1):
        cells = " | ".join(
            (text if fiber == event.fiber else "").ljust(width) for fiber, width in zip(fibers, widths, strict=True)
        )
        mark = "" if event.stopped is None else f" <- {event.stopped} has to wait"
        lines.append(f"{number:4} | {cells} |{mark}")
    return "\n".join(lines)


def shortened(text: str) -> str:
    """The text, its middle cut out if it is long."""
    if len(text) <= WIDEST:
        return text
    half = WIDEST // 2
    return f"{text[: half - 1]}…{text[-half:]}"
