"""When time passes: once nothing else can happen, or, to find races with timers, at any moment."""

# The explorer reads the heap of timers, which has no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias, final

from effio.algebra.desugar.time import deadline_of, time_of
from effio.algebra.primitive import Ask
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.scope import Region
from effio.interpreter.timers import DEADLINE, Entry, Timers
from effio.testing.exploration.schedules.system import NOTHING, Footprint
from effio.testing.exploration.steps.footprints import Footprints, both

TimeMode: TypeAlias = Literal["idle", "racy"]
"""Whether the clock moves only while nothing can run, or the next timer may fire before those that can."""

MODES: Final = ("idle", "racy")


def is_racy(time: object) -> bool:
    """Whether timers fire at any moment; refuses what is no mode."""
    if time not in MODES:
        raise ValueError(f"time of a simulated run must be 'idle' or 'racy', not {time!r}")
    return time == "racy"


def armed(timers: Timers) -> tuple[Entry, ...]:
    """The timers that still count, the earliest first."""
    return tuple(sorted(entry for entry in timers.heap() if entry[3].epoch == entry[4]))


def of_clock(footprints: Footprints, timers: Timers | None) -> Footprint:
    """What is touched when time passes: the time, and what those of `timers` that are next wake or cancel."""
    footprint = footprints.of("time", None, writes=True)
    entries = () if timers is None else armed(timers)
    first = next((entry[:2] for entry in entries), None)
    for entry in entries:
        if entry[:2] != first:
            break
        target: Any = entry[3]
        if isinstance(target, Fiber):
            footprint = both(footprint, footprints.of_looking(target))
        elif isinstance(target, Region):
            footprint = both(footprint, footprints.of_cancel(target))
    return footprint


@final
class Alarms:
    """The timers of one run: makes time pass, and tells what a turn did to them that others notice.

    Deadlines that pass at the same instant cancel in the order in which they were set. Where that makes a difference,
    it matters who sets one first.
    """

    __slots__ = ("armed", "footprints", "racy", "scheduler", "sequence")

    def __init__(self, scheduler: Scheduler, footprints: Footprints, *, racy: bool) -> None:
        self.scheduler = scheduler
        self.footprints = footprints
        self.racy = racy
        self.armed: tuple[Entry, ...] = ()
        self.sequence = 0

    # -- What a turn does ----

    def look(self) -> None:
        """Remember the timers as they are before a turn."""
        timers = self.scheduler.timers
        self.sequence = timers._sequence
        self.armed = armed(timers) if self.racy else ()

    def changes(self) -> Iterator[tuple[str, Footprint]]:
        """Yield the kinds of effects that the turn since then had, with what they touch."""
        timers = self.scheduler.timers
        if self.racy and armed(timers) != self.armed:
            yield "time", self.footprints.of("time", None)
        if timers._sequence != self.sequence and self.sets_tied():
            yield "arm", self.footprints.of("deadlines", None, writes=True)

    def sets_tied(self) -> bool:
        """Whether the turn set a deadline of those that have a rival."""
        new = (entry for entry in self.scheduler.timers.heap() if entry[2] > self.sequence and entry[1] == DEADLINE)
        return any(self.owner(entry) in self.footprints.knowledge.tied for entry in new)

    def owner(self, entry: Entry) -> int:
        """The thread of the fiber that a deadline is for."""
        region: Any = entry[3]
        return self.footprints.threads[region.owner]

    # -- Time passes ----

    def fire_next(self) -> None:
        """Jump to the next timers and fire them, whoever could run."""
        when = self.scheduler.timers.next()
        if when is not None:
            self.note_ties(when)
            self.scheduler.clock.advance_to(when)
            self.scheduler.fire_due()

    def wake(self) -> bool:
        """Nothing can run: jump to the next timer that wakes somebody; false if there is none."""
        scheduler = self.scheduler
        while not scheduler.ready and not scheduler.over:
            if scheduler.fire_due():
                continue
            when = scheduler.timers.next()
            if when is None:
                return False
            self.note_ties(when)
            scheduler.pass_time()
        return True

    def note_ties(self, when: float) -> None:
        """Remember whose deadlines pass at that instant if their cancels conflict."""
        entries = [entry for entry in armed(self.scheduler.timers) if entry[:2] == (when, DEADLINE)]
        owners = set(map(self.owner, entries))
        if len(owners) < 2:
            return
        together, conflict = NOTHING, False
        for entry in entries:
            region: Any = entry[3]
            footprint = self.footprints.of_cancel(region)
            conflict = conflict or footprint.conflicts_with(together)
            together = both(together, footprint)
        knowledge = self.footprints.knowledge
        for owner in owners if conflict else ():
            knowledge.note(knowledge.tied, owner)


def asks_for_time(node: Any) -> bool:
    """Whether what the node gives depends on the clock."""
    return type(node) is Ask and node._question in (time_of, deadline_of)
