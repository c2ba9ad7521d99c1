"""Runs for people: what the fibers did, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from effio.testing.exploration.steps.journal import Event

WIDEST: Final = 34

LONGEST_ROUND: Final = 12
"""So many actions at most are looked at as one round."""

FEWEST_ROUNDS: Final = 3
"""A round that comes so often, one after the other, is drawn once."""

Rounds: TypeAlias = tuple[int, int, int]
"""Where a round begins, how many actions it has, and how often it comes."""


def columns(events: Sequence[Event]) -> str:
    """A table of the actions, one column for each fiber, with a mark where a fiber was stopped though ready.

    What comes again and again is drawn once.
    """
    if not events:
        return ""
    fibers = list(dict.fromkeys(event.fiber for event in events))
    texts = [shortened(str(event)) for event in events]
    widths = {fiber: len(shortened(fiber)) for fiber in fibers}
    for event, text in zip(events, texts, strict=True):
        widths[event.fiber] = max(widths[event.fiber], len(text))
    head = " | ".join(shortened(fiber).ljust(width) for fiber, width in widths.items())
    lines = [f"step | {head} |"]
    for start, length, times in rounds([(event.fiber, text) for event, text in zip(events, texts, strict=True)]):
        for number in range(start, start + length):
            event = events[number]
            cells = " | ".join((texts[number] * (fiber == event.fiber)).ljust(width) for fiber, width in widths.items())
            mark = "" if event.stopped is None else f" <- {event.stopped} has to wait"
            lines.append(f"{number + 1:4} | {cells} |{mark}")
        if times > 1:
            lines.append(f" ... | the same {times - 1} times more, up to step {start + length * times}")
    return "\n".join(lines)


def rounds(actions: Sequence[object]) -> Iterator[Rounds]:
    """Yield all actions in order, taken together where a few come again and again.

    >>> list(rounds("xababab"))
    [(0, 1, 1), (1, 2, 3)]
    """
    start = 0
    while start < len(actions):
        length, times = most_repeated(actions, start)
        yield start, length, times
        start += length * times


def most_repeated(actions: Sequence[object], start: int) -> tuple[int, int]:
    """The shortest round that begins here and comes often enough, or else the one action."""
    for length in range(1, LONGEST_ROUND + 1):
        end = start + length
        while end < len(actions) and actions[end] == actions[end - length]:
            end += 1
        times = (end - start) // length
        if times >= FEWEST_ROUNDS:
            return length, times
    return 1, 1


def shortened(text: str) -> str:
    """The text, its middle cut out if it is long."""
    if len(text) <= WIDEST:
        return text
    half = WIDEST // 2
    return f"{text[: half - 1]}…{text[-half:]}"
