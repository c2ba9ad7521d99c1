"""What a step of a program touches: by its node if it has not been taken, by what it did to the tree of fibers else."""

# The explorer reads the slots of nodes and waits, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any, Final, TypeAlias, TypeVar, final

from effio.algebra.handle import CancelRequest
from effio.algebra.primitive import Ask, Call, Fork, Leaf, Operation, Park, Watch
from effio.data.touch import Touch, Touches
from effio.interpreter.action import Resume, Watching
from effio.interpreter.fiber import PARKED, Fiber, Wait
from effio.interpreter.group import TaskGroupFamily
from effio.interpreter.parallel import FirstFamily, ParallelFamily
from effio.interpreter.scope import Region, seen_from
from effio.interpreter.supervision import Family
from effio.testing.exploration.schedules.system import NOTHING, Footprint
from effio.testing.exploration.steps.opaque import Opaque

Place: TypeAlias = tuple[int, int]
"""A step by its thread and its number there; or a region by the thread that entered it and its number there."""

Effect: TypeAlias = tuple[str, Place]
"""What pure code did to a region or a fiber: "cancel", "decide" (an end that others may notice), "end", "time", "arm"
(a deadline that has a rival), "grant" (a waiter that goes on)."""

Noted = TypeVar("Noted")


ENDS: Final = ("give", "take")


@final
class Knowledge:
    """What was learned in all runs of a program so far. What a run adds counts from the next one on.

    `effects` holds what steps did beyond what their nodes tell. `cancelled` and `decided` are the threads whose regions
    were cancelled, whose families ended early: only for these it matters who looks. `tied` are those with deadlines
    that passed together with others, so that it matters which was set first. `exchanged` are the kinds of parts that
    things are given to and taken from, `overwritten` those that something else changes too.
    """

    __slots__ = ("cancelled", "decided", "effects", "exchanged", "news", "overwritten", "tied")

    def __init__(self) -> None:
        self.effects: dict[Place, set[Effect]] = {}
        self.cancelled: set[int] = set()
        self.decided: set[int] = set()
        self.tied: set[int] = set()
        self.exchanged: set[str] = set()
        self.overwritten: set[str] = set()
        self.news: list[tuple[set[Any], Any]] = []

    def learn(self, place: Place, effect: Effect) -> None:
        """Remember that a step did this, so that it is foretold from now on."""
        self.note(self.effects.setdefault(place, set()), effect)

    def note(self, known: set[Noted], what: Noted) -> None:
        """Remember that this happens."""
        if what not in known:
            self.news.append((known, what))

    def take_in(self) -> bool:
        """Let what was noted count; false if there is nothing new."""
        news, self.news = self.news, []
        for known, what in news:
            known.add(what)
        return bool(news)

    def has_ends(self, touch: Touch) -> bool:
        """Whether the part that is touched has two ends that commute; if it is changed otherwise too, it has not."""
        kind = f"{getattr(touch.object, 'kind', type(touch.object).__name__)} {touch.part}"
        if touch.mode in ENDS:
            self.note(self.exchanged, kind)
        if kind not in self.exchanged:
            return False
        if touch.mode == "write":
            self.note(self.overwritten, kind)
        return kind not in self.overwritten


@final
class Footprints:
    """Names what the fibers of one run share by bits, and tells what of it each of their steps touches.

    `things` are those that the bits stand for, in order. `threads` numbers the fibers, `waits` says what the parked
    ones wait for, `watched` are the things that properties look at.
    """

    __slots__ = (
        "bits",
        "entered",
        "fibers",
        "kept",
        "knowledge",
        "known",
        "opaque",
        "parts",
        "places",
        "regions",
        "things",
        "threads",
        "waits",
        "watched",
    )

    def __init__(self, knowledge: Knowledge, opaque: Opaque) -> None:
        self.knowledge = knowledge
        self.opaque = opaque
        self.fibers: dict[int, Fiber] = {}
        self.threads: dict[Fiber, int] = {}
        self.waits: dict[Fiber, Wait] = {}
        self.bits: dict[tuple[str, int], tuple[Footprint, Footprint]] = {}
        self.kept: list[Touches] = []
        self.things: list[tuple[str, Any]] = []
        self.known: dict[int, Footprint] = {}
        self.parts: dict[tuple[int, str, str], Footprint] = {}
        self.entered: dict[int, int] = {}
        self.watched: set[int] = set()
        self.regions: dict[Place, Region] = {}
        self.places: dict[Region, Place] = {}

    def place(self, region: Region) -> Place:
        """The name of a region that is the same in every run."""
        place = self.places.get(region)
        if place is None:
            thread = self.threads[region.owner]
            if isinstance(region, Fiber):
                place = (thread, 0)
            else:
                ordinal = self.entered[thread] = self.entered.get(thread, 0) + 1
                place = (thread, ordinal)
            self.places[region] = place
            self.regions[place] = region
        return place

    def of(self, kind: str, thing: Any, *, writes: bool = False) -> Footprint:
        """The footprint of what touches one thing."""
        name = (kind, id(thing))
        either = self.bits.get(name)
        if either is None:
            bit = 1 << len(self.bits)
            either = self.bits[name] = Footprint(bit, 0), Footprint(bit, bit)
            self.things.append((kind, thing))
        return either[1] if writes else either[0]

    def watch(self, thing: Any) -> None:
        """From now on the order matters in which `thing` and others that are watched are written."""
        self.watched.add(id(thing))
        self.known.clear()
        self.parts.clear()

    def world(self) -> Footprint:
        """The footprint of what may touch anything outside of effio."""
        return self.of("world", None, writes=True)

    # -- Of actions ----

    def of_action(self, node: Any) -> Footprint:
        """What an action touches, by its node."""
        if isinstance(node, Ask):
            return self.of_question(node)
        if isinstance(node, (Operation, Park, Call, Leaf)):
            touches = touches_of(node)
            return self.of_opaque(node) if touches is None else self.of_touches(touches)
        if isinstance(node, Watch):
            return self.of_cancel(node._fiber) if node._how == "cancel" else NOTHING
        if isinstance(node, Fork):
            return self.of("forks", node._group, writes=True)
        return NOTHING

    def of_opaque(self, node: Any) -> Footprint:
        """What an action touches that does not say so: what somebody else says, or else the world.

        What touches the world may touch that too, so its order with a call of which something is said matters.
        """
        names = self.opaque.of(node)
        if names is None:
            return self.world()
        footprint = self.of("world", None) if names else NOTHING
        for name, mode in names.items():
            footprint = both(footprint, self.of("named", name, writes=mode == "write"))
        return footprint

    def of_question(self, node: Ask) -> Footprint:
        """What a question touches; one that cancels is told by whom it cancels."""
        question = node._question
        if isinstance(question, CancelRequest):
            return self.of_cancel(question.core)
        return self.of_touches(node._touches)

    def of_touches(self, touches: Touches | None) -> Footprint:
        """What declared touches come to; what nobody declared may touch the world."""
        if touches is None:
            return self.world()
        known = self.known.get(id(touches))
        if known is not None:
            return known
        footprint = NOTHING
        for touch in told(touches):
            footprint = both(footprint, self.of_touch(touch))
        if not callable(touches):
            self.known[id(touches)] = footprint
            self.kept.append(touches)
        return footprint

    def of_touch(self, touch: Touch) -> Footprint:
        """What one declared touch comes to."""
        mode: str = touch.mode
        if mode == "await":
            return NOTHING
        part = id(touch.object), mode, touch.part
        footprint = self.parts.get(part)
        if footprint is None:
            footprint = self.parts[part] = self.of_part(touch, mode)
        return footprint

    def of_part(self, touch: Touch, mode: str) -> Footprint:
        """What is touched of a thing; where things are given and taken in turn, these are two ends."""
        if not self.knowledge.has_ends(touch):
            footprint = self.of(f"object {touch.part}", touch.object, writes=mode != "read")
            if footprint.written and id(touch.object) in self.watched:
                footprint = both(footprint, self.of("watched", None, writes=True))
            return footprint
        footprint = NOTHING
        for end in ENDS:
            if mode in ("read", "write", end):
                footprint = both(footprint, self.of(f"{end} {touch.part}", touch.object, writes=mode != "read"))
        return footprint

    # -- Of cancels and ends ----

    def of_effect(self, effect: Effect) -> Footprint:
        """What a remembered effect touches, were it to happen now."""
        kind, place = effect
        if kind == "grant":
            return self.of_grant(self.fibers.get(place[0]))
        if kind == "time":
            return self.of("time", None)
        if kind == "arm":
            return self.of("deadlines", None, writes=True)
        if kind == "end":
            fiber = self.fibers.get(place[0])
            return NOTHING if fiber is None else self.of_watchers(fiber)
        region = self.regions.get(place)
        if region is None:
            return NOTHING
        return self.of_cancel(region) if kind == "cancel" else self.of("family", region, writes=kind == "decide")

    def of_grant(self, fiber: Fiber | None) -> Footprint:
        """What is touched when a waiting fiber goes on: what its wait writes, and it is out of reach of a cancel."""
        wait = None if fiber is None else self.waits.get(fiber)
        if fiber is None or not isinstance(wait, Resume):
            return NOTHING
        footprint = self.of_looking(fiber)
        for touch in told(wait._node._touches or ()):
            if touch.mode == "write":
                footprint = both(footprint, self.of_touch(touch))
        return footprint

    def of_cancel(self, region: Region) -> Footprint:
        """A cancel of `region` is seen by everything inside, and takes back what its fibers wait for.

        One that comes too late to change anything might have come in time, so each one is noted.
        """
        self.knowledge.note(self.knowledge.cancelled, self.threads[region.owner])
        footprint = self.of("region", region, writes=True)
        for fiber, wait in self.waits.items():
            if fiber.state == PARKED and any(seen is region for seen in seen_from(fiber.region)):
                footprint = both(footprint, self.of_withdrawal(wait))
        return footprint

    def of_withdrawal(self, wait: Wait) -> Footprint:
        """What is touched when a wait is taken back."""
        if isinstance(wait, Resume):
            return self.of_taking_back(wait._node._touches)
        return self.of("end", wait.target, writes=True) if isinstance(wait, Watching) else NOTHING

    def of_taking_back(self, touches: Touches | None) -> Footprint:
        """Who leaves a queue, or what was awaited, changes all of it."""
        if touches is None:
            return self.world()
        footprint = NOTHING
        for touch in told(touches):
            for end in ENDS if self.knowledge.has_ends(touch) else ("object",):
                footprint = both(footprint, self.of(f"{end} {touch.part}", touch.object, writes=True))
        return footprint

    def of_watchers(self, fiber: Fiber) -> Footprint:
        """What is told of the end of a fiber: who joins it, and the primitives that it holds."""
        footprint = self.of("end", fiber)
        for watcher in fiber.watchers or ():
            primitive = getattr(getattr(watcher, "function", None), "__self__", None)
            thing = getattr(primitive, "_shared", primitive)
            if thing is not None:
                footprint = both(footprint, self.of_touch(Touch(thing, "write")))
        return footprint

    def of_looking(self, fiber: Fiber) -> Footprint:
        """The regions whose cancel would hit the fiber, as far as anybody cancels them."""
        footprint = NOTHING
        if self.knowledge.cancelled:
            for region in seen_from(fiber.region):
                if self.threads[region.owner] in self.knowledge.cancelled:
                    footprint = both(footprint, self.of("region", region))
        return footprint


def touches_of(node: Any) -> Touches | None:
    """What an action says of what it touches, if it does."""
    if isinstance(node, (Operation, Park, Ask)):
        return node._touches
    return None


def told(touches: Touches) -> tuple[Touch, ...]:
    """What a step touches now."""
    return touches() if callable(touches) else touches


def both(one: Footprint, other: Footprint) -> Footprint:
    """What two steps touch together."""
    if not other.touched:
        return one
    if not one.touched:
        return other
    return Footprint(one.touched | other.touched, one.written | other.written)


def decides(family: Family, child: Fiber) -> bool:
    """Whether the end of `child` may matter to its siblings."""
    if isinstance(family, TaskGroupFamily):
        return child.cause is not None and family.on_failure == "cancel"
    if isinstance(family, FirstFamily):
        return True
    if child.cause is not None:
        return True
    return isinstance(family, ParallelFamily) and family.forked < len(family.node._items)
