"""The tree of cancel scopes: what was asked to stop, what is shielded from that, and whom it reaches.

A scope is no fiber. Every fiber has a chain of regions, from the innermost one it is in, through its own base (the
fiber is a region itself) and the group it was forked into, up to the root. A cancel marks one region; a fiber finds
out whether it is meant by walking its chain outwards, and the outermost region that it can see is the one it unwinds
to. A shield ends the walk; a `restore` inside it lifts just that shield.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Final, cast, final

from effio.algebra.primitive import Halt
from effio.data.cause import Cancelled
from effio.data.native import mypyc_attr
from effio.interpreter.timers import DEADLINE, Timed

if TYPE_CHECKING:
    from effio.data.errors import CancelSource
    from effio.interpreter.fiber import Fiber
    from effio.interpreter.supervision import Family

PLAIN: Final = 0
SHIELD: Final = 1
RESTORE: Final = 2
SCOPE: Final = 3
FAMILY: Final = 4

_identities = count(1)


# The slots of a leaf, which is frozen: to fill them through its constructor would take three times as long.
set_by: Final = vars(Cancelled)["by"].__set__
set_reason: Final = vars(Cancelled)["reason"].__set__
set_source: Final = vars(Cancelled)["source"].__set__
set_at: Final = vars(Cancelled)["at"].__set__
set_scope: Final = vars(Cancelled)["scope"].__set__
new: Final = Cancelled.__new__


@final
@mypyc_attr(free_list_len=1)
class Request:
    """One request to stop a region: who asked, and why. What it fails with is made when somebody fails with it."""

    __slots__ = ("_leaf", "_node", "by", "reason", "source")

    def __init__(self, source: CancelSource, by: str | None, reason: object) -> None:
        self.source: CancelSource = source
        self.by = by
        self.reason = reason
        self._leaf: Cancelled | None = None
        self._node: Halt | None = None

    @property
    def leaf(self) -> Cancelled:
        """What the fibers that it hits fail with."""
        if self._leaf is None:
            self._leaf = leaf_of(self)
        return self._leaf

    @property
    def node(self) -> Halt:
        """How a fiber that it hits goes on."""
        if self._node is None:
            self._node = Halt(self.leaf)
        return self._node

    def caused(self, leaf: Cancelled) -> bool:
        """Whether `leaf` tells of this request."""
        return self._leaf is not None and leaf.scope == self._leaf.scope


def leaf_of(request: Request) -> Cancelled:
    """What the fibers that a request hits fail with."""
    leaf: Cancelled = new(Cancelled)
    set_by(leaf, request.by)
    set_reason(leaf, request.reason)
    set_source(leaf, request.source)
    set_at(leaf, None)
    set_scope(leaf, next(_identities))
    return leaf


class Region(Timed):
    """A part of a fiber's run that can be cancelled as one.

    ::

        open ── request_cancel ──> cancelled ── its frame is left ──> closed
          └───────────── its frame is left ──────────────────────────────┘

    `request` is the first request to stop, which is the one that counts.
    """

    __slots__ = ("closed", "outer", "request")
    kind: int = PLAIN  # a field of each region where the core is compiled, which is read faster

    def __init__(self, outer: Region | None) -> None:
        self.outer = outer
        self.request: Request | None = None
        self.closed = False
        self.epoch = 0

    @property
    def owner(self) -> Fiber:
        """The fiber that is in this region."""
        raise NotImplementedError

    @property
    def cancel_called(self) -> bool:
        """Whether it was asked to stop."""
        return self.request is not None

    @property
    def reason(self) -> object:
        """The first reason it was cancelled with."""
        return None if self.request is None else self.request.reason

    def members(self) -> dict[Fiber, None] | None:
        """The fibers forked into this region, oldest first; None where it can have none."""
        return None

    def request_cancel(self, source: CancelSource, by: str | None, reason: object) -> None:
        """Cancel everything inside, now where it waits, else at its next action. Later calls change nothing.

        Where a cancel of a region around is seen, whoever is inside knows that one already, and unwinds further.
        """
        if self.request is None and not self.closed:
            self.request = Request(source, by, reason)
            scheduler = self.owner.scheduler
            scheduler.cancels += 1
            if scheduler.observer is not None:
                scheduler.observer.on_cancel(self, self.request)
            if not sees_cancel(self.outer):
                interrupt_inside(self)

    def caused(self, leaf: Cancelled) -> bool:
        """Whether this region's cancel is what `leaf` tells of."""
        return self.request is not None and self.request.caused(leaf)


@final
@mypyc_attr(free_list_len=1)
class ShieldRegion(Region):
    """Protects what is inside from cancels of the regions outside."""

    __slots__ = ()
    kind: int = SHIELD


@final
class RestoreRegion(Region):
    """Lifts the shield `lifted` for what is inside."""

    __slots__ = ("lifted",)
    kind: int = RESTORE

    def __init__(self, outer: Region, lifted: object) -> None:
        super().__init__(outer)
        self.lifted = lifted


@final
@mypyc_attr(free_list_len=1)
class ScopeRegion(Region):
    """A cancel scope of the program, with or without a deadline; `armed` while its deadline has a timer."""

    __slots__ = ("armed", "cancelled_caught", "deadline", "fiber")
    kind: int = SCOPE

    def __init__(self, outer: Region, fiber: Fiber) -> None:
        self.outer = outer
        self.request = None
        self.closed = False
        self.epoch = 0
        self.fiber = fiber
        self.armed = False
        self.cancelled_caught = False
        self.deadline: float | None = None

    @property
    def owner(self) -> Fiber:
        return self.fiber

    def close(self) -> None:
        """Leave the scope: it can no longer be cancelled, and its timer means nothing."""
        self.closed = True
        if self.deadline is not None:
            self.forget_timer()

    def request_cancel(self, source: CancelSource, by: str | None, reason: object) -> None:
        """As for any region; the deadline means nothing any more."""
        if self.armed:
            self.forget_timer()
            self.fiber.unarmed += 1
        super().request_cancel(source, by, reason)

    def forget_timer(self) -> None:
        if self.armed:
            self.armed = False
            self.epoch += 1
            self.fiber.scheduler.timers.forget_one()
        else:
            self.fiber.unarmed -= 1

    def open_until(self, seconds: float) -> None:
        """Set the first deadline, counted from now; its timer is set when the fiber first has to wait."""
        self.deadline = self.fiber.scheduler.now() + seconds
        self.fiber.unarmed += 1
        if seconds <= 0:
            self.request_cancel("deadline", None, None)

    def wants_timer(self) -> bool:
        """Whether its deadline needs a timer and has none."""
        return self.deadline is not None and not self.armed and self.request is None

    def arm(self) -> None:
        """Set the timer of the deadline."""
        assert self.deadline is not None
        self.armed = True
        self.fiber.unarmed -= 1
        self.fiber.scheduler.timers.add(self.deadline, DEADLINE, self)

    def move_deadline(self, seconds: float) -> None:
        """Replace the deadline by one `seconds` from now; one that has passed cancels at once."""
        if self.closed:
            return
        if self.deadline is not None:
            self.forget_timer()
        self.open_until(seconds)
        if seconds > 0:
            self.arm()

    def timer_fired(self) -> None:
        """The deadline has come."""
        self.epoch += 1
        self.armed = False
        self.fiber.unarmed += 1
        self.request_cancel("deadline", None, None)


def hit_from_outside(blocks: list[Region], fiber: Fiber) -> Region:
    """What a cancel of the task of a fiber is meant for: the innermost block that is not left, or else all of it."""
    return next((block for block in reversed(blocks) if block.request or not block.closed), fiber)


# -- Walking the tree ----


def visible_cancel(region: Region | None) -> Region | None:
    """The outermost cancelled region that can be seen from inside `region`, or None.

    Families keep the answer until a cancel reaches them, so that to end a deep tree takes no longer than to build it.
    """
    found: Region | None = None
    lifted: tuple[object, ...] = ()
    passed: list[Family] = []
    inside = 0
    while region is not None:
        kind = region.kind
        if kind == FAMILY and not lifted:
            family = cast("Family", region)
            passed.append(family)
            if family.looked and family.seen is not None:
                found, inside = family.seen, len(passed)
            if family.looked:
                break
        if region.request is not None:
            found, inside = region, len(passed)
        elif kind == SHIELD and region not in lifted:
            break
        elif kind == RESTORE:
            lifted = (*lifted, cast("RestoreRegion", region).lifted)
        region = region.outer
    for index, family in enumerate(passed):
        family.looked = True
        family.seen = found if index < inside else None
    return found


def sees_cancel(region: Region | None) -> bool:
    """Whether any cancelled region can be seen from inside `region`; `visible_cancel` says which."""
    lifted: tuple[object, ...] = ()
    while region is not None:
        kind = region.kind
        if region.request is not None:
            return True
        if kind == FAMILY and not lifted:
            family = cast("Family", region)
            return (family.seen if family.looked else visible_cancel(family)) is not None
        if kind == SHIELD and region not in lifted:
            break
        if kind == RESTORE:
            lifted = (*lifted, cast("RestoreRegion", region).lifted)
        region = region.outer
    return False


def any_cancel(region: Region | None) -> bool:
    """Whether a region around is cancelled, shielded or not."""
    while region is not None:
        if region.request is not None:
            return True
        region = region.outer
    return False


def effective_deadline(region: Region | None) -> float:
    """The earliest deadline that can cut what is inside `region`: minus infinity if it is cancelled already."""
    earliest = inf
    for seen in seen_from(region):
        if seen.request is not None:
            return -inf
        if isinstance(seen, ScopeRegion) and seen.deadline is not None:
            earliest = min(earliest, seen.deadline)
    return earliest


def seen_from(region: Region | None) -> Iterator[Region]:
    """Yield the regions around that can be cancelled, as far as no shield hides them, the innermost first."""
    lifted: tuple[object, ...] = ()
    while region is not None:
        if isinstance(region, ShieldRegion):
            if region not in lifted:
                return
        elif isinstance(region, RestoreRegion):
            lifted = (*lifted, region.lifted)
        else:
            yield region
        region = region.outer


def add_all(reached: list[Fiber], members: dict[Fiber, None]) -> None:
    """Do the same as `reached.extend(members)`, in less than half the time where it is compiled."""
    for child in members:
        reached.append(child)


def interrupt_inside(region: Region) -> None:
    """Tell every fiber that runs inside `region`, the older first; each decides for itself whether it is meant."""
    first = region.owner
    reached = [first]
    for fiber in reached:
        if fiber.family is not None:
            fiber.family.looked = False
        limit = region if fiber is first else fiber
        inner: Region | None = fiber.region
        while inner is not None:
            if inner.kind == FAMILY:
                cast("Family", inner).looked = False
            members = inner.members()
            if members:
                add_all(reached, members)
            if inner is limit:
                break
            inner = inner.outer
        fiber.interrupt()
