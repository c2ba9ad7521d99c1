"""What the interpreter tells of a run under way, and what follows from it: which steps others could not do without."""

# The explorer reads the slots of nodes and waits, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from effio.algebra.primitive import Invoked, Park
from effio.data.cause import Cause
from effio.interpreter.action import Resume, Watching
from effio.interpreter.fiber import Fiber, Wait
from effio.interpreter.group import TaskGroupFamily
from effio.interpreter.observer import Observer, Part
from effio.interpreter.parallel import ParallelFamily
from effio.interpreter.scope import Region, Request
from effio.interpreter.supervision import ChildrenWait
from effio.testing.exploration.schedules.system import NOTHING, ROOT, Clash, Footprint
from effio.testing.exploration.schedules.token import NotRepeatable
from effio.testing.exploration.steps.contest import called, calls
from effio.testing.exploration.steps.exchange import Deal, Exchanges
from effio.testing.exploration.steps.footprints import Effect, Footprints, Knowledge, both, decides
from effio.testing.exploration.steps.opaque import Opaque
from effio.testing.exploration.steps.places import FORK, Places
from effio.testing.exploration.steps.symmetric import Twins


class Happening(Observer):
    """Notes who woke whom, who ended and who was cancelled, for the step under way.

    `edges` holds, for each fiber, the steps without which its next one could not be taken; `ends` and `family_ends` the
    steps that an end depends on. `extra` is what the step under way, number `number`, which `current` takes, touched
    beyond what its node tells, `late` what it had to wait for before that. `acts` are the actions performed by steps.
    """

    def __init__(self, places: Places, knowledge: Knowledge, opaque: Opaque, *, symmetric: bool) -> None:
        self.places = places
        self.knowledge = knowledge
        self.exchanges = Exchanges()
        self.footprints = Footprints(knowledge, opaque)
        self.twins = Twins() if symmetric else None
        self.number: int = 0
        self.current: Fiber | None = None
        self.born: dict[Fiber, tuple[int, ...]] = {}
        self.edges: dict[Fiber, list[int]] = {}
        self.ends: dict[Fiber, list[int]] = {}
        self.family_ends: dict[Region, list[int]] = {}
        self.counts: dict[int, int] = {}
        self.forks: dict[int, int] = {}
        self.nesting: dict[Fiber, list[Region | None]] = {}
        self.extra = NOTHING
        self.late: list[int] = []
        self.acts: dict[int, Any] = {}
        self.clashes: dict[int, Clash] = {}
        self.finishing = False

    def clash(self, rival: int, things: int) -> Clash:
        """What step `rival` and the last one race for."""
        clash = self.clashes.get(things)
        if clash is not None:
            return clash
        kind, thing = self.footprints.things[(things & -things).bit_length() - 1]
        if kind == "world":
            one, other = self.acts.get(rival), self.acts.get(self.number - 1)
            return calls(one, other), not (self.is_declared(one) or self.is_declared(other))
        clash = self.clashes[things] = called(kind, thing), False
        return clash

    def is_declared(self, node: Any) -> bool:
        """Whether somebody said of a call what it touches."""
        return isinstance(node, Invoked) and self.footprints.opaque.told_of(node) is not None

    def at(self, thread: int, ready: Collection[Fiber]) -> Fiber:
        """The fiber whose step comes next in the order of an earlier run, which is `ready` now as it was then."""
        fiber = self.footprints.fibers.get(thread)
        if fiber is None or fiber not in ready:
            raise NotRepeatable(self.number)
        return fiber

    def on_fork(self, fiber: Fiber) -> None:
        family = fiber.family
        if family is None:
            thread = ROOT
        else:
            owner, ordinal = self.footprints.place(family)
            if isinstance(family, ParallelFamily):
                place = (owner, ordinal, fiber.index)
            else:
                forker = self.footprints.threads[self.current or family.fiber]
                count = self.forks[forker] = self.forks.get(forker, 0) + 1
                place = (forker, FORK, count)
            thread = self.places.thread_at(place, fiber)
        if family is None or isinstance(family, TaskGroupFamily):
            self.places.cancellable.add(thread)
        self.footprints.threads[fiber] = thread
        self.footprints.fibers[thread] = fiber
        self.footprints.place(fiber)
        if self.twins is not None and isinstance(family, ParallelFamily):
            self.twins.born(fiber)
        self.born[fiber] = () if family is None else (self.number,)
        self.edges[fiber] = [*self.born[fiber]]

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        self.footprints.waits[fiber] = wait

    def on_wake(self, fiber: Fiber) -> None:
        if not fiber.unwinding and isinstance(self.footprints.waits.get(fiber), Resume):
            grant = self.footprints.of_grant(fiber)
            if grant.touched:
                self.did(("grant", (self.footprints.threads[fiber], 0)), grant)
        wait = self.footprints.waits.pop(fiber, None)
        edges = self.edges.setdefault(fiber, [])
        edges.append(self.number)
        if isinstance(wait, ChildrenWait):
            edges.extend(self.family_ends.get(wait.family, ()))
        elif isinstance(wait, Watching):
            edges.extend(self.ends.get(wait.target, ()))
        elif isinstance(wait, Resume):
            self.granted(fiber, wait._node, edges)

    def granted(self, fiber: Fiber, node: Park, edges: list[int]) -> None:
        """A wait for something shared is over; what was waited for may have been given long before."""
        if fiber.unwinding:
            self.exchanges.withdraw(fiber)
        elif node._touches is None:
            self.extra = both(self.extra, self.footprints.world())
        else:
            self.exchanges.take(self.exchanges.deal(node._touches), edges)

    def on_enter(self, fiber: Fiber, part: Part, name: str, region: Region | None) -> None:
        self.nesting.setdefault(fiber, []).append(region)
        if region is not None and part in ("scope", "group", "parallel"):
            self.footprints.place(region)

    def on_leave(self, fiber: Fiber, part: Part, name: str, cause: Cause[Any] | None) -> None:
        region = self.nesting[fiber].pop()
        if region is not None and region in self.family_ends:
            self.edges.setdefault(fiber, []).extend(self.family_ends.pop(region))

    def on_cancel(self, region: Region, request: Request) -> None:
        if self.finishing:
            return
        self.did(("cancel", self.footprints.place(region)), self.footprints.of_cancel(region))

    def on_end(self, fiber: Fiber) -> None:
        if self.twins is not None:
            self.let_follow(fiber)
        self.ends[fiber] = [self.number, *self.edges.pop(fiber, ())]
        family = fiber.family
        if family is None or self.finishing:
            return
        self.family_ends.setdefault(family, []).extend(self.ends[fiber])
        owner, _ = place = self.footprints.place(family)
        if decides(family, fiber):
            self.knowledge.note(self.knowledge.decided, owner)
            self.did(("decide", place), self.footprints.of("family", family, writes=True))
        elif owner in self.knowledge.decided:
            self.did(("count", place), self.footprints.of("family", family))
        if fiber.watchers and (
            self.knowledge.cancelled or any(type(watcher) is not Fiber for watcher in fiber.watchers)
        ):
            self.did(("end", (self.footprints.threads[fiber], 0)), self.footprints.of_watchers(fiber))

    def did(self, effect: Effect, footprint: Footprint) -> None:
        """The step under way did something that its node does not tell."""
        self.extra = both(self.extra, footprint)
        if self.current is not None:
            if footprint.written:
                self.late += (*self.edges.get(self.current, ()), *self.ends.get(self.current, ()))
            thread = self.footprints.threads[self.current]
            self.knowledge.learn((thread, self.counts.get(thread, 0)), effect)

    def give(self, fiber: Fiber, node: Any, deal: Deal) -> None:
        """A fiber is about to do what `node` says: what it gives it may take back, if it has to wait."""
        if isinstance(node, Park):
            self.exchanges.offer(fiber, deal, self.number)
        else:
            self.exchanges.give(deal, self.number)

    def take_given(self, fiber: Fiber, node: Any, deal: Deal) -> None:
        """A fiber has done what `node` says, and takes what it can, unless it waits for that."""
        if (deal.taken or deal.awaited) and not (isinstance(node, Park) and self.waits_at(fiber, node)):
            self.exchanges.take(deal, self.edges.setdefault(fiber, []))

    def let_follow(self, fiber: Fiber) -> None:
        """A fiber has acted or ended: its twin may act from now on."""
        follower = None if self.twins is None else self.twins.acted(fiber)
        if follower is not None:
            self.edges.setdefault(follower, []).append(self.number)

    def waits_at(self, fiber: Fiber, node: Any) -> bool:
        """Whether the fiber waits for what `node` waits for, and was not given it at once."""
        wait = self.footprints.waits.get(fiber)
        return isinstance(wait, Resume) and wait._node is node
