"""One heap of deadlines: what to wake when, in an order that never depends on the backend."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import Final, Protocol, TypeAlias


class Target(Protocol):
    """What a timer is set for: a fiber or a scope."""

    epoch: int

    def timer_fired(self) -> None:
        """The time has come."""
        ...


RESULT: Final = 0
DEADLINE: Final = 1

Entry: TypeAlias = tuple[float, int, int, Target, int]

STALE_BEFORE_SWEEP: Final = 64


class Timers:
    """Sleepers and deadlines, by time, then kind, then age.

    A result that is due at an instant comes before a deadline that is due at the same instant, so that a value that
    is ready wins; equal timers fire in the order they were set. An entry carries the `epoch` of its target when it
    was set and is stale once that has moved on; stale entries are dropped when they surface, or all at once when
    they are more than half of the heap.
    """

    __slots__ = ("_heap", "_sequence", "_stale", "changes")

    def __init__(self) -> None:
        self.changes = 0
        self._heap: list[Entry] = []
        self._sequence = 0
        self._stale = 0

    def add(self, when: float, rank: int, target: Target) -> None:
        """Set a timer for what `target` waits for now; an infinite one is no timer."""
        if when == inf:
            return
        self.changes += 1
        self._sequence += 1
        heappush(self._heap, (when, rank, self._sequence, target, target.epoch))

    def forget_one(self) -> None:
        """Note that one entry became stale."""
        self.changes += 1
        self._stale += 1
        if self._stale > STALE_BEFORE_SWEEP and self._stale * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[3].epoch == entry[4]]
            heapify(self._heap)
            self._stale = 0

    def next(self) -> float | None:
        """The time of the earliest timer that still counts, or None."""
        heap = self._heap
        while heap:
            entry = heap[0]
            if entry[3].epoch == entry[4]:
                return entry[0]
            heappop(heap)
            self._stale -= self._stale > 0
        return None

    def pop_due(self, now: float) -> list[Target]:
        """Take the targets of the earliest instant and kind, if that instant has come."""
        due: list[Target] = []
        heap = self._heap
        when = self.next()
        if when is None or when > now:
            return due
        rank = heap[0][1]
        while self.next() == when and heap[0][1] == rank:
            due.append(heappop(heap)[3])
        return due

    def __len__(self) -> int:
        return len(self._heap) - self._stale
