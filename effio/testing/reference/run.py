"""The machine of the model: regions, fibers, outcomes, and one run with its queue and its timers.

A program is walked in direct style by a coroutine that yields when its fiber has to wait; the regions around a place
are passed inwards as a plain tuple, and a failure that comes back says itself whether it still unwinds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from itertools import count
from typing import Any, Final, Protocol, TypeAlias, final

import attrs
from returns.result import Failure, Success

from effio.data.cause import Cancelled, Cause, Die, then
from effio.data.errors import Deadlock
from effio.data.exit import Exit
from effio.testing import programs as p
from effio.testing.observation import Entry

# -- Regions -------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Region:
    """A part of a run that can be cancelled as one; `request` is the first cancel, None before it."""

    owner: Fiber
    request: Cancelled | None = None
    over: bool = False


@final
@attrs.frozen(eq=False)
class Shielding:
    """A region that hides the ones outside."""


Regions: TypeAlias = "tuple[Region | Shielding, ...]"


def in_sight(regions: Regions) -> Region | None:
    """The outermost cancelled region this side of the innermost shield."""
    found: Region | None = None
    for region in reversed(regions):
        if isinstance(region, Shielding):
            break
        found = region if region.request is not None else found
    return found


class Parent(Protocol):
    """What a fiber is a child of."""

    children: list[Fiber]

    @property
    def regions(self) -> Regions:
        """The regions around it."""
        ...

    def child_ended(self, run: Run, child: Fiber, exit: Exit[Any, Any]) -> None:
        """Take the exit of a child."""
        ...


@final
@attrs.define(eq=False, kw_only=True)
class Fiber(Region):
    """A walk through a program, the region of that walk, and how it stands; `families` are those it owns now."""

    owner: Fiber = attrs.field(init=False)
    name: str
    index: int = 0
    family: Parent | None = None
    walk: Walk = attrs.field(init=False)
    wait: Wait | None = None
    exit: Exit[Any, Any] | None = None
    watchers: list[tuple[Fiber, Wait]] = attrs.field(factory=list[Any])
    families: list[Parent] = attrs.field(factory=list[Any])

    def __attrs_post_init__(self) -> None:
        self.owner = self


@final
@attrs.define(eq=False)
class Wait:
    """Why a fiber stands still; a cancel ends the wait if it `can_be_cut`, and the whole fiber if that is `bare`."""

    regions: Regions
    can_be_cut: bool = True
    bare: bool = False


YIELD: Final = Wait((), can_be_cut=False)

# -- Outcomes ------------------------------------------------------------------------------------------------


@final
@attrs.frozen
class Done:
    """A value came out."""

    value: Any = None

    @property
    def exit(self) -> Exit[Any, Any]:
        return Success(self.value)


@final
@attrs.frozen
class Failed:
    """A failure came out; while it is `unwinding`, because of a cancel, no handler sees it."""

    cause: Cause[Any]
    unwinding: bool = False

    @property
    def exit(self) -> Exit[Any, Any]:
        return Failure(self.cause)


Outcome: TypeAlias = Done | Failed
Walk: TypeAlias = "Generator[Wait, Any, Outcome]"


def outcome_of(exit: Exit[Any, Any]) -> Outcome:
    """The outcome of taking on an exit."""
    return Done(exit.unwrap()) if isinstance(exit, Success) else Failed(exit.failure())


def is_typed(cause: Cause[Any]) -> bool:
    """Whether handlers of typed errors may see it."""
    return not (cause.has_defect or cause.has_cancelled)


@final
@attrs.frozen
class Place:
    """Where a program stands: its fiber, the regions around it, and what it can refer to.

    It is `bare` if nothing between here and the end of the fiber does anything when a cancel comes through.
    """

    fiber: Fiber
    regions: Regions
    scopes: tuple[Region, ...] = ()
    groups: tuple[Any, ...] = ()
    shields: tuple[Shielding, ...] = ()
    bare: bool = False

    def inside(self, region: Region | Shielding) -> Place:
        """The same with one region more."""
        return attrs.evolve(self, regions=(*self.regions, region), bare=False)


RESULT: Final = 0
DEADLINE: Final = 1


@final
@attrs.frozen
class Timer:
    """Something due at a time; of one instant results go before deadlines, then the older."""

    order: tuple[float, int, int]
    fire: Callable[[], None]
    counts: Callable[[], bool]


# -- The run -------------------------------------------------------------------------------------------------


@final
@attrs.define(eq=False)
class Run:
    """One run: who is ready, which timers are set, what was noted; `rules` say how each word is walked."""

    rules: dict[type[p.Program], Callable[[Run, Place, Any], Walk]]
    now: float = 0.0
    log: list[Entry] = attrs.field(factory=list[Entry])
    ready: deque[tuple[Fiber, object]] = attrs.field(factory=deque[Any])
    timers: list[Timer] = attrs.field(factory=list[Any])
    numbers: count[int] = attrs.field(factory=count)

    def until_over(self, root: Fiber) -> Exit[Any, Any]:
        """Run what is ready, else what is due next; when neither is left, cancel once because of the deadlock."""
        stuck = False
        while root.exit is None:
            if self.ready:
                self.go_on(*self.ready.popleft())
            elif not self.fire_next():
                if not stuck:
                    self.cancel(root, Cancelled(None, "deadlock", source="host"))
                if stuck or not self.ready:
                    return Failure(Die(Deadlock(())))
                stuck = True
        if not stuck:
            return root.exit
        rest = None if isinstance(root.exit, Success) else root.exit.failure().without(lambda leaf: True)
        return Failure(then(Die(Deadlock(())), rest))

    def fire_next(self) -> bool:
        """Let time pass until the next timer, and fire all of that instant: results first, then deadlines."""
        self.timers = sorted(filter(lambda timer: timer.counts(), self.timers), key=lambda timer: timer.order)
        if not self.timers:
            return False
        instant = self.timers[0].order[:2]
        self.now = instant[0]
        for timer in self.timers:
            if timer.order[:2] == instant:
                timer.fire()
        return True

    def at(self, seconds: float, rank: int, fire: Callable[[], None], counts: Callable[[], bool]) -> None:
        """Set a timer."""
        self.timers.append(Timer((self.now + seconds, rank, next(self.numbers)), fire, counts))

    # -- Fibers ----

    def walk(self, here: Place, program: p.Program) -> Walk:
        return self.rules[type(program)](self, here, program)

    def start(self, fiber: Fiber, walk: Walk) -> None:
        fiber.walk = walk
        self.ready.append((fiber, None))

    def go_on(self, fiber: Fiber, given: object) -> None:
        try:
            wait = fiber.walk.send(given)
        except StopIteration as stop:
            self.end(fiber, stop.value)
            return
        if wait is YIELD:
            self.ready.append((fiber, None))
        else:
            fiber.wait = wait

    def wake(self, fiber: Fiber, wait: Wait, given: object) -> None:
        """End a wait, unless it has ended already."""
        if fiber.wait is wait:
            fiber.wait = None
            self.ready.append((fiber, given))

    def end(self, fiber: Fiber, outcome: Outcome) -> None:
        """Tell whoever watches, then the family."""
        fiber.exit = outcome.exit
        fiber.over = True
        for watcher, wait in fiber.watchers:
            self.wake(watcher, wait, Done(fiber.exit))
        if fiber.family is not None:
            fiber.family.child_ended(self, fiber, fiber.exit)

    def cancel(self, region: Region, request: Cancelled) -> None:
        """Cancel a region once: whoever waits inside and can see it stops waiting, parents before children.

        Whoever has nothing left to do then has ended; the others go on when their turn comes.
        """
        if region.request is not None or region.over:
            return
        region.request = attrs.evolve(request, scope=next(self.numbers))
        reached = [region.owner]
        for fiber in reached:
            for family in reversed(fiber.families):
                if region is fiber or region in (*family.regions, family):
                    reached.extend(family.children)
        for fiber in reached:
            wait = fiber.wait
            cut = cut_at(wait.regions) if wait is not None and wait.can_be_cut else None
            if wait is not None and cut is not None and wait.bare:
                fiber.wait = None
                self.end(fiber, cut)
            elif wait is not None and cut is not None:
                self.wake(fiber, wait, cut)


def cut_at(regions: Regions) -> Failed | None:
    """At an action: the cancel that hits here, if any."""
    region = in_sight(regions)
    return None if region is None else Failed(leaf_of(region), unwinding=True)


def leaf_of(region: Region) -> Cancelled:
    """The cancellation that a cancelled region causes, the same for all that it hits."""
    assert region.request is not None
    return region.request


def waiting(here: Place, wait: Wait) -> Walk:
    """Wait; a cancel that is there already, or comes before what is waited for, gives a `Failed`."""
    cut = cut_at(here.regions)
    if cut is not None:
        return cut
    woken: Outcome = yield wait
    return woken


def at_once(outcome: Outcome) -> Walk:
    """End without an action."""
    yield from ()
    return outcome


def action(here: Place, do: Callable[[], object]) -> Walk:
    """Do something that takes no time, unless a cancel hits here."""
    yield from ()
    return cut_at(here.regions) or Done(do())


def outwards(found: tuple[Any, ...], count: int) -> Any:
    """The enclosing thing that is `count` further out than the innermost; None if there is none."""
    return found[-1 - count % len(found)] if found else None


def caused_by(*regions: Region | Shielding) -> Callable[[Cancelled], bool]:
    """Whether a cancellation was asked of one of the regions."""
    scopes = {region.request.scope for region in regions if isinstance(region, Region) and region.request}
    return lambda leaf: leaf.scope in scopes


def cancelling(run: Run, here: Place, region: Region | None) -> Walk:
    """Ask a region to stop, without waiting."""
    request = Cancelled(here.fiber.name)
    return action(here, lambda: None if region is None else run.cancel(region, request))
