"""The ways in which fibers can go on where there is a choice: each way is a thread that may take the next step."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple, TypeAlias, final

from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Call, Invoked, Leaf, Pure
from effio.interpreter.fiber import Fiber
from effio.testing.exploration.schedules.system import NOTHING, Footprint
from effio.testing.exploration.schedules.token import NotRepeatable
from effio.testing.exploration.steps.choice import USUALLY, Choice
from effio.testing.exploration.steps.faults import Fault, Faults, text_of, undisturbed
from effio.testing.exploration.steps.footprints import Footprints, both
from effio.testing.exploration.steps.places import WAY, Places

Models: TypeAlias = Mapping[Any, Callable[..., IO[Any, Any]]]
"""Foreign coroutine functions, each with what makes a program that stands for a call of it."""


class Way(NamedTuple):
    """One of the ways to go on: what is told of it, the program that is run instead of the action, if there is one.

    If something goes wrong then, `fault` says what, with which function.
    """

    text: str
    program: IO[Any, Any] | None
    fault: str = ""


@final
class Ways:
    """Before which fibers of one run there is a choice. `chosen` is the way that the next turn goes, by its number.

    The first way of a fiber has the number of the fiber itself. If there is a source of `chance`, that chooses, else
    every way can be gone. Of the ways in which something goes wrong `faults_left` can still be gone.
    """

    __slots__ = ("chance", "chosen", "drawn", "faults", "faults_left", "models", "offered", "places", "sightings")

    def __init__(
        self,
        places: Places,
        faults: Faults | None,
        models: Models,
        sightings: dict[str, bool],
        chance: Random | None = None,
    ) -> None:
        self.places = places
        self.faults = faults
        self.models = models
        self.sightings = sightings
        self.chance = chance
        self.offered: dict[Fiber, Sequence[Way]] = {}
        self.drawn: dict[Fiber, int] = {}
        self.chosen = 0
        self.faults_left = 0 if faults is None else faults.at_most
        for text in () if faults is None else faults.texts():
            sightings.setdefault(text, False)

    # -- Offering ----

    def offer(self, fiber: Fiber, node: IO[Any, Any]) -> None:
        """A fiber stopped before `node`: if that is a choice, remember the ways to go on."""
        if type(node) is Ask:
            question: object = node._question
            if isinstance(question, Choice) and len(question.weights) > 1:
                ways = [Way(str(number), Pure(number) if number else None) for number in range(len(question.weights))]
                self.remember(fiber, ways, question.weights)
        elif self.faults is not None and isinstance(node, (Call, Leaf)):
            faults = self.faults.of(node)
            if faults and self.faults_left:
                self.offer_faults(fiber, node, faults)

    def offer_faults(self, fiber: Fiber, node: Invoked, faults: Sequence[Fault]) -> None:
        """A fiber stopped before a call with which something can go wrong."""
        call = undisturbed(node, self.models)
        catches = node._catches or ()
        ways = [Way(fault.name, fault.happens(call, catches), text_of(node._function, fault)) for fault in faults]
        self.remember(fiber, [Way("", None), *ways], (USUALLY, *[(1 - USUALLY) / len(faults)] * len(faults)))

    def remember(self, fiber: Fiber, ways: Sequence[Way], weights: Sequence[float]) -> None:
        self.offered[fiber] = ways
        if self.chance is not None:
            (self.drawn[fiber],) = self.chance.choices(range(len(ways)), weights)

    # -- Threads ----

    def threads_of(self, fiber: Fiber, thread: int) -> list[int]:
        """The threads that can take the next step of a fiber, whose own is `thread`."""
        ways = self.offered.get(fiber)
        if ways is None or (not self.faults_left and not ways[0].text):
            return [thread]
        drawn = self.drawn.get(fiber)
        numbers = range(len(ways)) if drawn is None else (drawn,)
        return [self.thread_of(fiber, thread, number) for number in numbers]

    def thread_of(self, fiber: Fiber, thread: int, number: int) -> int:
        """The thread of one way of a fiber."""
        return self.places.thread_at((thread, WAY, number), fiber) if number else thread

    def pending(self, thread: int, footprints: Footprints) -> Footprint:
        """What the first step on one of the ways of a fiber touches: who goes one way cannot go another."""
        own, number = self.places.way_at(thread)
        fiber = footprints.fibers.get(own)
        if fiber is None:
            raise NotRepeatable
        offered = self.offered.get(fiber, ())
        if number >= len(offered):
            return NOTHING
        footprint = both(footprints.of("ways", fiber, writes=True), footprints.of_looking(fiber))
        return both(footprint, footprints.of_action(offered[number].program))

    # -- Going ----

    def go(self, fiber: Fiber) -> Way:
        """Take the way that was chosen."""
        ways = self.offered.pop(fiber)
        self.drawn.pop(fiber, None)
        number, self.chosen = self.chosen, 0
        way = ways[number] if number < len(ways) else ways[0]
        if way.fault:
            self.faults_left -= 1
            self.sightings[way.fault] = True
        return way
