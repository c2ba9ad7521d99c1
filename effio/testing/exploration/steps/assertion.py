"""Properties of a program that an explorer watches; in any other run they do nothing."""

# Properties look at the values of refs without a step of their own.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, final

import attrs

from effio.algebra.argument import function
from effio.algebra.io import IO
from effio.algebra.primitive import Ask
from effio.testing.exploration.steps.footprints import Footprints

Kind = Literal["always", "sometimes", "eventually", "leads_to"]


class PropertyViolated(AssertionError):
    """A property did not hold when or where it should have."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(kind, name)
        self.kind: Kind = kind
        self.name = name

    def __str__(self) -> str:
        texts = {
            "always": f"{self.name!r} did not hold after every action",
            "sometimes": f"{self.name!r} held in no schedule",
            "eventually": f"{self.name!r} never came true",
            "leads_to": f"{self.name!r} was promised and never came true",
        }
        return texts[self.kind]


@final
@attrs.frozen(eq=False)
class Property:
    """What is to be watched from now on; `refs` are those whose values `predicate` is given.

    If there is a `promise`, `predicate` has to hold some time after each moment in which that does.
    """

    kind: Kind
    name: str
    predicate: Callable[..., object]
    refs: tuple[Any, ...] = ()
    promise: Callable[..., object] | None = None

    def __call__(self, fiber: Any, /) -> None:
        """Begin to watch, if the run is being explored."""
        watch: Watch | None = getattr(fiber.scheduler.observer, "watch", None)
        if watch is not None:
            watch.begin(self)

    def holds(self) -> bool:
        """Whether it holds now."""
        return bool(self.predicate(*(ref._value for ref in self.refs)))

    def promises(self) -> bool:
        """Whether what has to be followed by it holds now."""
        return self.promise is not None and bool(self.promise(*(ref._value for ref in self.refs)))


@final
class Watch:
    """The properties of one run that are still to be looked at, those `owed`, and the first that turned out false."""

    __slots__ = ("footprints", "owed", "properties", "sightings", "violated")

    def __init__(self, sightings: dict[str, bool], footprints: Footprints) -> None:
        self.sightings = sightings
        self.footprints = footprints
        self.properties: list[Property] = []
        self.owed: set[Property] = set()
        self.violated: Property | None = None

    def begin(self, watched: Property) -> None:
        """Look at it after every action from now on."""
        self.properties.append(watched)
        for ref in watched.refs:
            self.footprints.watch(ref._shared)
        if watched.kind == "sometimes":
            self.sightings.setdefault(watched.name, False)

    def look(self) -> None:
        """An action is over: look at everything, and no more at what is decided."""
        self.properties[:] = [watched for watched in self.properties if not self.is_decided(watched)]

    def is_decided(self, watched: Property) -> bool:
        holds = watched.holds()
        if watched.kind == "leads_to":
            self.settle(watched, holds=holds)
            return False
        if watched.kind == "sometimes" and holds:
            self.sightings[watched.name] = True
        if watched.kind == "always" and not holds:
            self.violated = self.violated or watched
            return True
        return holds and watched.kind != "always"

    def settle(self, watched: Property, *, holds: bool) -> None:
        """Note whether something was promised that has not come true yet."""
        if holds:
            self.owed.discard(watched)
        elif watched.promises():
            self.owed.add(watched)

    def broken(self) -> PropertyViolated | None:
        """The run is over: what did not hold in it, if anything."""
        missed = [watched for watched in self.properties if watched.kind == "eventually" or watched in self.owed]
        violated = self.violated or (missed[0] if missed else None)
        return None if violated is None else PropertyViolated(violated.kind, violated.name)


def always(name: str, predicate: Callable[..., object], /, *refs: Any) -> IO[None]:
    """From here on, let `explore` fail every schedule in which `predicate` is false after some action.

    It is called with the values of `refs`, and must not change anything.
    """
    return watching("always", name, predicate, refs)


def sometimes(name: str, predicate: Callable[..., object], /, *refs: Any) -> IO[None]:
    """From here on, let `explore` fail if `predicate` is false after every action of every schedule."""
    return watching("sometimes", name, predicate, refs)


def eventually(name: str, predicate: Callable[..., object], /, *refs: Any) -> IO[None]:
    """From here on, let `explore` fail every schedule that ends without `predicate` having been true after some action.

    Of a schedule that is cut, since it does not end, nothing is said.
    """
    return watching("eventually", name, predicate, refs)


def leads_to(name: str, promise: Callable[..., object], predicate: Callable[..., object], /, *refs: Any) -> IO[None]:
    """From here on, let `explore` fail every schedule in which `predicate` is false from a moment of `promise` on.

    Both are called with the values of `refs`. Of a schedule that is cut, since it does not end, nothing is said.
    """
    return watching("leads_to", name, predicate, refs, function("leads_to", promise))


def watching(
    kind: Kind,
    name: str,
    predicate: Callable[..., object],
    refs: tuple[Any, ...],
    promise: Callable[..., object] | None = None,
) -> IO[None]:
    """Begin to watch, in a run that is explored."""
    for ref in refs:
        if not hasattr(ref, "_value"):
            raise TypeError(f"{kind} can watch the values of refs, not {ref!r}")
    return Ask(Property(kind, name, function(kind, predicate), refs, promise), peek=True)
