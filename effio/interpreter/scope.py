"""The tree of cancel scopes: what was asked to stop, what is shielded from that, and whom it reaches.

A scope is no fiber. Every fiber has a chain of regions, from the innermost one it is in, through its own base (the
fiber is a region itself) and the group it was forked into, up to the root. A cancel marks one region; a fiber finds
out whether it is meant by walking its chain outwards, and the outermost region that it can see is the one it unwinds
to. A shield ends the walk; a `restore` inside it lifts just that shield.
"""

from __future__ import annotations

from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from effio.data.errors import CancelSource
    from effio.interpreter.fiber import Fiber

PLAIN: Final = 0
SHIELD: Final = 1
RESTORE: Final = 2

_identities = count(1)


class Region:
    """A part of a fiber's run that can be cancelled as one.

    ::

        open ── request_cancel ──> cancelled ── its frame is left ──> closed
          └───────────── its frame is left ──────────────────────────────┘

    `identity` is given by the first cancel and stands in every `Cancelled` leaf that this cancel causes; the first
    source, requester and reason are kept. `epoch` changes whenever a timer that was set for the region lost its
    meaning.
    """

    __slots__ = (
        "armed",
        "by",
        "cancel_called",
        "cancelled_caught",
        "closed",
        "deadline",
        "epoch",
        "fiber",
        "identity",
        "outer",
        "reason",
        "source",
    )
    kind: ClassVar[int] = PLAIN

    fiber: Fiber

    def __init__(self, outer: Region | None) -> None:
        self.outer = outer
        self.cancel_called = False
        self.cancelled_caught = False
        self.closed = False
        self.armed = False
        self.deadline: float | None = None
        self.epoch = 0
        self.identity = 0
        self.by: str | None = None
        self.reason: object = None
        self.source: CancelSource = "explicit"

    def members(self) -> dict[Fiber, None] | None:
        """The fibers forked into this region, oldest first; None where it can have none."""
        return None

    def request_cancel(self, source: CancelSource, by: str | None, reason: object) -> None:
        """Cancel everything inside, now where it waits, else at its next action. Later calls change nothing."""
        if self.cancel_called or self.closed:
            return
        self.cancel_called = True
        self.identity = next(_identities)
        self.source = source
        self.by = by
        self.reason = reason
        interrupt_inside(self)

    def close(self) -> None:
        """Leave the region: it can no longer be cancelled, and its timer means nothing."""
        self.closed = True
        if self.armed:
            self.armed = False
            self.epoch += 1
            self.fiber.scheduler.timers.forget_one()
        elif self.deadline is not None:
            self.fiber.unarmed -= 1

    # -- Deadline ----

    def open_until(self, seconds: float) -> None:
        """Set the first deadline, counted from now; its timer is set when the fiber first has to wait."""
        self.deadline = self.fiber.scheduler.clock.now() + seconds
        self.fiber.unarmed += 1
        if seconds <= 0:
            self.request_cancel("deadline", None, None)

    def arm(self) -> None:
        """Set the timer of the deadline."""
        self.armed = True
        assert self.deadline is not None
        self.fiber.scheduler.timers.add(self.deadline, 1, self)

    def move_deadline(self, seconds: float) -> None:
        """Replace the deadline by one `seconds` from now; one that has passed cancels at once."""
        if self.closed:
            return
        scheduler = self.fiber.scheduler
        if self.armed:
            self.armed = False
            self.epoch += 1
            scheduler.timers.forget_one()
        elif self.deadline is not None:
            self.fiber.unarmed -= 1
        self.deadline = scheduler.clock.now() + seconds
        if seconds <= 0:
            self.fiber.unarmed += 1
            self.request_cancel("deadline", None, None)
        else:
            self.arm()
            scheduler.rearm()

    def timer_fired(self) -> None:
        """The deadline has come."""
        self.epoch += 1
        self.armed = False
        self.fiber.unarmed += 1
        self.request_cancel("deadline", None, None)


class ShieldRegion(Region):
    """Protects what is inside from cancels of the regions outside."""

    __slots__ = ()
    kind = SHIELD

    def __init__(self, outer: Region, fiber: Fiber) -> None:
        super().__init__(outer)
        self.fiber = fiber


class RestoreRegion(Region):
    """Lifts the shield `lifted` for what is inside."""

    __slots__ = ("lifted",)
    kind = RESTORE

    def __init__(self, outer: Region, fiber: Fiber, lifted: Any) -> None:
        super().__init__(outer)
        self.fiber = fiber
        self.lifted = lifted


class ScopeRegion(Region):
    """A cancel scope of the program, with or without a deadline."""

    __slots__ = ()

    def __init__(self, outer: Region, fiber: Fiber) -> None:
        super().__init__(outer)
        self.fiber = fiber


# -- Walking the tree ----


def visible_cancel(region: Region | None) -> Region | None:
    """The outermost cancelled region that can be seen from inside `region`, or None."""
    found: Region | None = None
    lifted: tuple[Any, ...] = ()
    while region is not None:
        if region.cancel_called:
            found = region
        elif region.kind == SHIELD:
            if region not in lifted:
                break
        elif region.kind == RESTORE:
            lifted = (*lifted, region.lifted)  # type: ignore[attr-defined]
        region = region.outer
    return found


def effective_deadline(region: Region | None) -> float:
    """The earliest deadline that can cut what is inside `region`: minus infinity if it is cancelled already."""
    earliest = inf
    lifted: tuple[Any, ...] = ()
    while region is not None:
        if region.cancel_called:
            return -inf
        if region.kind == SHIELD:
            if region not in lifted:
                break
        elif region.kind == RESTORE:
            lifted = (*lifted, region.lifted)  # type: ignore[attr-defined]
        elif region.deadline is not None:
            earliest = min(earliest, region.deadline)
        region = region.outer
    return earliest


def interrupt_inside(region: Region) -> None:
    """Tell every fiber that runs inside `region`, the older first; each decides for itself whether it is meant."""
    reached: list[tuple[Fiber, Region]] = [(region.fiber, region)]
    for fiber, limit in reached:
        inner: Region | None = fiber.region
        while inner is not None:
            members = inner.members()
            if members:
                reached.extend((member, member) for member in members)
            if inner is limit:
                break
            inner = inner.outer
        fiber.interrupt()
