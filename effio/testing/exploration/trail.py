"""The steps of one run, which of them happened before which, and which of them could have come in the other order.

Sets of steps are the bits of an integer: a question about a hundred steps costs one operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from effio.testing.exploration.system import Footprint


@final
class Trail:
    """The steps of one run so far.

    `before[n]` are the steps that happened before step n, and n itself. `writer` and `readers` hold, for each thing,
    the step that wrote it last and those that read it since.
    """

    __slots__ = ("before", "latest", "readers", "threads", "writer")

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.before: list[int] = []
        self.latest: dict[int, int] = {}
        self.writer: dict[int, int] = {}
        self.readers: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.threads)

    def add(self, thread: int, footprint: Footprint, enablers: Sequence[int]) -> list[int]:
        """Append a step; give the earlier steps that it races with, the latest first.

        Two steps race if they conflict and nothing between them makes their order necessary.
        """
        before = self.latest.get(thread, 0)
        for enabler in enablers:
            before |= self.before[enabler]
        rivals = self.touch(footprint, 1 << len(self.threads)) & ~before
        races: list[int] = []
        while rivals:
            rival = rivals.bit_length() - 1
            races.append(rival)
            before |= self.before[rival]
            rivals &= ~before
        self.append(thread, before | 1 << len(self.threads))
        return races

    def repeat(self, thread: int, footprint: Footprint, before: int) -> None:
        """Append a step whose past is known."""
        self.touch(footprint, 1 << len(self.threads))
        self.append(thread, before)

    def append(self, thread: int, before: int) -> None:
        self.latest[thread] = before
        self.threads.append(thread)
        self.before.append(before)

    def touch(self, footprint: Footprint, step: int) -> int:
        """Note what a step touches; give the last ones before it that conflict with it."""
        rivals = 0
        touched, written = footprint.touched, footprint.written
        while touched:
            thing = touched & -touched
            touched ^= thing
            rivals |= self.writer.get(thing, 0)
            if thing & written:
                rivals |= self.readers.get(thing, 0)
                self.writer[thing] = step
                self.readers[thing] = 0
            else:
                self.readers[thing] = self.readers.get(thing, 0) | step
        return rivals

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
