"""One heap of deadlines: what to wake when, in an order that never depends on the backend."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import Any, Final, TypeAlias

from effio.data.native import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Timed:
    """What a timer is set for: a fiber or a scope. `epoch` changes whenever such a timer lost its meaning."""

    __slots__ = ("epoch",)
    epoch: int

    def timer_fired(self) -> None:
        """The time has come."""
        raise NotImplementedError


RESULT: Final = 0
DEADLINE: Final = 1

Entry: TypeAlias = tuple[float, int, int, Timed, int]

# What the compiled core calls for every timer, which it would look up by name each time.
push: Final = heappush
pop: Final = heappop

STALE_BEFORE_SWEEP: Final = 64


class Timers:
    """Sleepers and deadlines, by time, then kind, then age.

    A result that is due at an instant comes before a deadline that is due at the same instant, so that a value that
    is ready wins; equal timers fire in the order they were set. An entry carries the `epoch` of its target when it
    was set and is stale once that has moved on. When more than half are stale they are dropped all at once, as soon as
    one comes to the top or there are many: to take each from the top of a heap would cost more. What was set since
    the timers were last looked at has not come to the heap yet: most of it is stale by then.
    """

    __slots__ = ("_fresh", "_heap", "_sequence", "_stale", "changes")

    def __init__(self) -> None:
        self.changes = 0
        self._heap: list[Any] = []  # of entries, which mypyc would take apart at each look
        self._fresh: list[Any] = []
        self._sequence = 0
        self._stale = 0

    def add(self, when: float, rank: int, target: Timed) -> None:
        """Set a timer for what `target` waits for now; an infinite one is no timer."""
        if when == inf:
            return
        self.changes += 1
        self._sequence += 1
        self._fresh.append((when, rank, self._sequence, target, target.epoch))

    def forget_one(self) -> None:
        """Note that one entry became stale."""
        self.changes += 1
        self._stale += 1
        if self._stale > STALE_BEFORE_SWEEP and self._stale * 2 > len(self._heap) + len(self._fresh):
            self.sweep()

    def heap(self) -> list[Any]:
        """All entries, the earliest first, those that are stale among them."""
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            for entry in fresh:
                target: Timed = entry[3]
                if target.epoch == entry[4]:
                    push(self._heap, entry)
                else:
                    self._stale -= self._stale > 0
        return self._heap

    def sweep(self) -> None:
        """Drop every stale entry. The heap stays the same list, since `pop_due` may be looking at it."""
        kept: list[Any] = []
        for entry in self.heap():
            target: Timed = entry[3]
            if target.epoch == entry[4]:
                kept.append(entry)
        heapify(kept)
        self._heap[:] = kept
        self._stale = 0

    def next(self) -> float | None:
        """The time of the earliest timer that still counts, or None."""
        heap = self.heap()
        while heap:
            entry = heap[0]
            target: Timed = entry[3]
            if target.epoch == entry[4]:
                when: float = entry[0]
                return when
            if self._stale * 2 > len(heap):
                self.sweep()
            else:
                pop(heap)
                self._stale -= self._stale > 0
        return None

    def pop_due(self, now: float) -> list[Timed]:
        """Take the targets of the earliest instant and kind, if that instant has come."""
        due: list[Timed] = []
        heap = self._heap
        when = self.next()
        if when is None or when > now:
            return due
        rank = heap[0][1]
        while self.next() == when and heap[0][1] == rank:
            due.append(pop(heap)[3])
        return due

    def __len__(self) -> int:
        return len(self._heap) + len(self._fresh) - self._stale
