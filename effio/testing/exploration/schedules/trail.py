"""The steps of one run, which of them happened before which, and which of them could have come in the other order.

Sets of steps are the bits of an integer: a question about a hundred steps costs one operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from effio.testing.exploration.schedules.system import Footprint


@final
class Use:
    """The step that wrote a thing last, and those that have read it since."""

    __slots__ = ("readers", "writer")

    def __init__(self) -> None:
        self.writer = 0
        self.readers = 0


@final
class Trail:
    """The steps of one run so far.

    `before[n]` are the steps that happened before step n, and n itself. `uses` says, for each thing, which steps used
    it. `footprints` are what the steps touch, `needs` the steps without which each could not have been taken.
    """

    __slots__ = ("before", "footprints", "latest", "needs", "threads", "uses")

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.before: list[int] = []
        self.footprints: list[Footprint] = []
        self.needs: list[int] = []
        self.latest: dict[int, int] = {}
        self.uses: dict[int, Use] = {}

    def __len__(self) -> int:
        return len(self.threads)

    def add(self, thread: int, footprint: Footprint, enablers: Sequence[int]) -> list[int]:
        """Append a step; give the earlier steps that it races with, the latest first.

        Two steps race if they conflict and nothing between them makes their order necessary.
        """
        before = self.latest.get(thread, 0)
        needs = 0
        for enabler in enablers:
            before |= self.before[enabler]
            needs |= 1 << enabler
        self.needs.append(needs)
        rivals = self.touch(footprint, 1 << len(self.threads)) & ~before
        races: list[int] = []
        while rivals:
            rival = rivals.bit_length() - 1
            races.append(rival)
            before |= self.before[rival]
            rivals &= ~before
        self.append(thread, before | 1 << len(self.threads))
        return races

    def repeat(self, thread: int, footprint: Footprint, before: int, needs: int) -> None:
        """Append a step whose past is known."""
        self.needs.append(needs)
        self.touch(footprint, 1 << len(self.threads))
        self.append(thread, before)

    def append(self, thread: int, before: int) -> None:
        self.latest[thread] = before
        self.threads.append(thread)
        self.before.append(before)

    def touch(self, footprint: Footprint, step: int) -> int:
        """Note what a step touches; give the last ones before it that conflict with it."""
        self.footprints.append(footprint)
        rivals = 0
        touched, written = footprint.touched, footprint.written
        while touched:
            thing = touched & -touched
            touched ^= thing
            use = self.uses.get(thing)
            if use is None:
                use = self.uses[thing] = Use()
            rivals |= use.writer
            if thing & written:
                rivals |= use.readers
                use.writer = step
                use.readers = 0
            else:
                use.readers |= step
        return rivals

    def contested(self, rival: int) -> int:
        """The things for which step `rival` and the last one conflict."""
        one, other = self.footprints[rival], self.footprints[-1]
        return one.touched & other.written | one.written & other.touched

    def before_at(self, step: int, place: int) -> int:
        """The steps that would happen before `step` were it taken where step `place` stands."""
        thread, footprint, needs = self.threads[step], self.footprints[step], self.needs[step]
        before = 0
        for other in range(place):
            if self.threads[other] == thread or needs >> other & 1 or footprint.conflicts_with(self.footprints[other]):
                before |= self.before[other]
        return before

    def initials(self, rival: int) -> Iterator[int]:
        """Yield the threads that could go first where step `rival` stands, so that the last step comes before it.

        These are the threads of the steps after `rival` that do not depend on it, nor on one another.
        """
        independent = 0
        last = len(self.threads) - 1
        for step in range(rival + 1, last + 1):
            past = self.before[step]
            if past >> rival & 1 and step != last:
                continue
            if not past & independent:
                yield self.threads[step]
            independent |= 1 << step
