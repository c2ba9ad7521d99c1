"""Names for the fibers of a program that are the same in every run: where they were forked."""

from __future__ import annotations

from typing import Final

from effio.interpreter.fiber import Fiber

FORK: Final = -1
"""The kind of place of a fiber that was forked into a group: by the thread that forked it, and how many it had."""

WAY: Final = -2
"""The kind of place that a way to go on from a choice is: by the thread of its fiber, and its number."""


class Places:
    """Numbers the fibers of a program by where they were forked, the same in every run.

    A place is who forked, a number that tells the kinds of places apart, and a count. `cancellable` are the fibers that
    somebody can have a handle of.
    """

    def __init__(self) -> None:
        self.cancellable: set[int] = set()
        self.ways: dict[int, tuple[int, int]] = {}
        self.places: dict[tuple[int, int, int], int] = {}
        self.names: list[str] = ["clock", "canceller", "main"]

    def thread_at(self, place: tuple[int, int, int], fiber: Fiber) -> int:
        """The number of what is at a place, a fiber or a way of one; a new one if it was never seen."""
        thread = self.places.get(place)
        if thread is None:
            thread = self.places[place] = len(self.names)
            self.names.append(fiber.name)
            self.ways = {}
        return thread

    def way_at(self, thread: int) -> tuple[int, int]:
        """The thread of the fiber that a thread is one way of, and the number of the way; of a fiber, its own and 0."""
        if not self.ways:
            self.ways = {way: (own, number) for (own, kind, number), way in self.places.items() if kind == WAY}
        return self.ways.get(thread, (thread, 0))
