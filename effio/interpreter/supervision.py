"""Families: the children of a construct, what the failure of one means for the others, and how the construct ends.

A family is a region in the fiber that opened it, its owner. The owner's frame stays on its stack until the last child
has ended; nothing can leave a family earlier.
"""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Set
from contextvars import Context
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from effio.algebra.io import IO
from effio.algebra.primitive import Named
from effio.data.call_site import Site
from effio.data.cause import Both, Cancelled, Cause, then
from effio.data.identity import Path
from effio.data.location import ChildReport
from effio.data.native import mypyc_attr
from effio.interpreter.fiber import NOTHING, Fiber, path_of
from effio.interpreter.frames import END, Frame
from effio.interpreter.scope import FAMILY, Region, visible_cancel

if TYPE_CHECKING:
    from effio.interpreter.observer import Part

copied: Final = Context.copy  # not called as a method, since the compiled core would look it up each time


class Family(Region):
    """Children that run at once under one owner.

    `children` are those that still run, in fork order. `failures` holds what the others failed with, by index, their
    own cancellation left out. `cut` is the cancel from outside of the family that ended one of them or the owner's
    body. `waiting` is true while the owner has nothing left to do but to wait for the children; `more` while there
    are some still to be started. `seconds` says how long those ran that have ended, by index, where that is kept.
    `seen` is the outermost cancelled region to be seen from here, if somebody has `looked` since the last cancel.
    """

    __slots__ = (
        "around",
        "bottom",
        "children",
        "cut",
        "failures",
        "fiber",
        "forked",
        "looked",
        "more",
        "name",
        "path_",
        "seconds",
        "seen",
        "site",
        "waiting",
    )
    kind: int = FAMILY
    part: ClassVar[Part] = "group"

    def __init__(self, owner: Fiber, name: str, outer: Region) -> None:
        self.outer = outer
        self.request = None
        self.closed = False
        self.epoch = 0
        self.fiber = owner
        self.name = name
        self.around = owner.path_
        self.path_: Path | None = None
        self.children: dict[Fiber, None] = {}
        self.failures: dict[int, Cause[Any]] = {}
        self.forked: int = 0
        self.cut: Cancelled | None = None
        self.waiting = False
        self.more = False
        self.site: Site | None = None
        self.seconds: dict[int, float] | list[float | None] | None = None
        self.looked = False
        self.seen: Region | None = None
        self.bottom: Frame = END

    @property
    def owner(self) -> Fiber:
        return self.fiber

    @property
    def path(self) -> Path:
        """The names around the family, its own last."""
        return self.path_ or path_of(self)

    def members(self) -> dict[Fiber, None]:
        return self.children

    def fork(self, program: IO[Any, Any], label: str | None, context: Context) -> Fiber:
        """Add a child; it runs when its turn comes."""
        if label is None and type(program) is Named:
            label = program._name
            program = program._source
        scheduler = self.fiber.scheduler
        child = Fiber(scheduler, program, self, context, [self.bottom], self.forked, label)
        self.forked += 1
        self.children[child] = None
        scheduler.enqueue(child)
        if scheduler.observer is not None:
            scheduler.observer.on_fork(child)
        return child

    def start_child(self, program: IO[Any, Any], label: str | None, parent: Fiber) -> Fiber:
        """Add a child that the running `parent` forks."""
        return self.fork(program, label, copied(parent.context))

    # -- A child ends ----

    def ended(self, child: Fiber) -> None:
        """Take the exit of a child; after the last one, the owner goes on."""
        del self.children[child]
        hit = child.hit
        if hit is not None and (hit is self.request or hit is child.request):
            self.lost(child)
        elif (cause := child.cause_ if hit is None else child.cause) is None:
            self.succeeded(child.index, child.value)
        else:
            rest = self.own_failure(child, cause)
            if rest is None:
                self.lost(child)
            else:
                self.failed(child.index, child.name, rest, cause)
        if self.seconds is not None:
            self.seconds[child.index] = child.scheduler.turn_began - child.began
        if self.more:
            self.start()
        if self.waiting and not self.children:
            self.all_ended()

    def all_ended(self) -> None:
        """The last child has ended, and the owner waits for nothing else; until it runs there may be others."""
        self.waiting = False
        self.fiber.wake(NOTHING)

    def own_failure(self, fiber: Fiber, cause: Cause[Any]) -> Cause[Any] | None:
        """What `fiber`, a child or the owner, failed with, without the cancels it was hit by in this family.

        To the family a cancel of its owner comes from outside, like that of any region around.
        """
        if type(cause) is Cancelled:
            return None if self.asked_for(fiber, cause) else cause
        if not cause.has_cancelled:
            return cause
        return cause.without(lambda leaf: self.asked_for(fiber, leaf))

    def asked_for(self, fiber: Fiber, leaf: Cancelled) -> bool:
        """Whether `fiber` was hit by a cancel of the family, of itself, or of a region around the family."""
        if self.caused(leaf) or (fiber is not self.fiber and fiber.caused(leaf)):
            return True
        region = visible_cancel(self.outer)
        if region is None or not region.caused(leaf):
            region = self.outer
            while region is not None and not region.caused(leaf):
                region = region.outer
        if region is not None and self.cut is None:
            self.cut = leaf
        return region is not None

    def start(self) -> None:
        """Start what is still to be started."""

    def succeeded(self, index: int, value: Any) -> None:
        """A child has a value."""

    def lost(self, child: Fiber) -> None:
        """A child was cancelled, and nothing else went wrong."""

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        """A child failed with `rest`; `whole` has its cancels too."""
        self.failures[index] = rest

    # -- The family ends ----

    def leave(self) -> None:
        """Close the region; the owner is again in the one around it."""
        self.closed = True
        self.looked = False
        self.seen = None
        assert self.outer is not None
        self.fiber.region = self.outer

    def left(self, cause: Cause[Any] | None) -> None:
        """Tell who observes the run that the construct has ended."""
        observer = self.fiber.scheduler.observer
        if observer is not None:
            observer.on_leave(self.fiber, self.part, self.name, cause)

    def parts(self) -> dict[int, Cause[Any]]:
        """What the children failed with, in fork order, each failure once.

        Who joins a failed sibling fails with the very same leaf.
        """
        parts: dict[int, Cause[Any]] = {}
        if not self.failures:
            return parts
        told: set[int] = set()
        several = len(self.failures) > 1
        for index in sorted(self.failures):
            rest = unseen(self.failures[index], told)
            if rest is not None:
                parts[index] = rest
                if several:
                    told.update(map(id, rest.leaves()))
        return parts

    def conclude(self, parts: dict[int, Cause[Any]]) -> Cause[Any] | None:
        """The failure that the family ends with, if its parts or a cancel from outside make one."""
        cause: Cause[Any] | None = None
        if parts:
            causes = tuple(parts[index] for index in sorted(parts))
            cause = Both(causes, self.name, at=self.fiber.at(None), children=self.reports(parts))
        return cause if self.cut is None else self.cancelled(self.cut, cause)

    def cancelled(self, leaf: Cancelled, cause: Cause[Any] | None) -> Cause[Any]:
        """End by a cancel from outside: unwind to the outermost region that the owner sees.

        Where a `restore` inside laid a child or the body open there may be none: then to the one that `leaf` tells of.
        """
        target = visible_cancel(self.fiber.region)
        if target is not None and target.request is not None:
            leaf = target.request.leaf
        self.fiber.unwinding = True
        return leaf if cause is None else then(leaf, cause)

    def reports(self, parts: dict[int, Cause[Any]]) -> tuple[ChildReport, ...]:
        """How every child stands, for pictures of a failure; those in `parts` have failed."""
        raise NotImplementedError


def unseen(cause: Cause[Any], told: Set[int]) -> Cause[Any] | None:
    """What `cause` holds beside the leaves whose identities are in `told`."""
    return cause.keep(lambda leaf: id(leaf) not in told) if told else cause


@final
@mypyc_attr(free_list_len=1)
class ChildrenWait:
    """The owner waits for the last child; a cancel reaches the children, and the wait goes on."""

    __slots__ = ("family",)

    def __init__(self, family: Family) -> None:
        self.family = family

    def abort(self, fiber: Fiber) -> bool:
        return False

    def describe(self) -> str:
        family = self.family
        count = len(family.children)
        first = next(iter(family.children)).name if count else ""
        others = f" and {count - 1} more" if count > 1 else ""
        return f"the end of {family.name} ({first!r}{others})"


def has_failed(cause: Cause[Any] | None) -> bool:
    """Whether there is more to tell of a child than that it was cancelled."""
    return cause is not None and not cause.is_cancelled_only


# -- The background ------------------------------------------------------------------------------------------


@final
class Background(Family):
    """Where a run keeps what was let go: its end waits for it, and tells what failed there."""

    __slots__ = ()

    def __init__(self, root: Fiber) -> None:
        super().__init__(root, "background", root)

    def all_ended(self) -> None:
        self.fiber.scheduler.end(self.fiber)

    def added_to(self, cause: Cause[Any] | None) -> Cause[Any] | None:
        """What the run failed with, and after that the failures of the background."""
        parts = self.parts()
        if not parts:
            return cause
        late = Both(tuple(parts.values()), self.name, at=self.fiber.at(None))
        return late if cause is None else then(cause, late)
