"""When time passes: once nothing else can happen, or, to find races with timers, at any moment."""

# The explorer reads the heap of timers, which has no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from effio.algebra.desugar.time import deadline_of, time_of
from effio.algebra.primitive import Ask
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.scope import Region
from effio.interpreter.timers import Entry, Timers
from effio.testing.exploration.footprints import Footprints, both
from effio.testing.exploration.system import Footprint

TimeMode: TypeAlias = Literal["idle", "racy"]
"""Whether the clock moves only while nothing can run, or the next timer may fire before those that can."""

MODES: Final = ("idle", "racy")


def is_racy(time: TimeMode) -> bool:
    """Whether timers fire at any moment; refuses what is no mode."""
    if time not in MODES:
        raise ValueError(f"time of a simulated run must be 'idle' or 'racy', not {time!r}")
    return time == "racy"


def armed(timers: Timers) -> tuple[Entry, ...]:
    """The timers that still count, the earliest first."""
    return tuple(sorted(entry for entry in timers._heap if entry[3].epoch == entry[4]))


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


def fire_next_timer(scheduler: Scheduler) -> None:
    """Jump to the next timers and fire them, whoever could run."""
    when = scheduler.timers.next()
    if when is not None:
        scheduler.clock.advance_to(when)
        scheduler.fire_due()


def wake_by_time(scheduler: Scheduler) -> bool:
    """Nothing can run: jump to the next timer that wakes somebody; false if there is none."""
    while not scheduler.ready and not scheduler.over:
        if scheduler.fire_due():
            continue
        if scheduler.timers.next() is None:
            return False
        scheduler.pass_time()
    return True


def asks_for_time(node: Any) -> bool:
    """Whether what the node gives depends on the clock."""
    return type(node) is Ask and node._question in (time_of, deadline_of)
