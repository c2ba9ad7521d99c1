"""Fibers that work for others: one holds a resource for whoever uses it, one loads a value for all who wait for it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, TypeAlias, final

from returns.result import Failure, Success

from effio.algebra.desugar.signal import Signal
from effio.algebra.desugar.time import background_of
from effio.algebra.primitive import Ask, FlatMap, Fold, Fork, Halt, Map, OnExit, Pure, Scoped, Shield, Then, Watch
from effio.algebra.shape import Program
from effio.concurrent.shared import lineage
from effio.data.cause import Cause
from effio.data.exit import Exit

Use: TypeAlias = Callable[[Any], Program]
Opened: TypeAlias = Callable[[Use], Program]
"""What a resource is: give it the use of its value, and it makes the program that acquires, uses and releases."""

NOTHING: Final = Pure(None)


def as_program(exit: Exit[Any, Any]) -> Program:
    """The program that ends so."""
    return Pure(exit.unwrap()) if isinstance(exit, Success) else Halt(exit.failure())


@final
class Attendant:
    """A fiber that works for others. It belongs to the whole run, since it may outlive the one that starts it.

    That is the run of the family `home`, if it is given, whichever run of the same loop starts it.

    It is shielded, and nobody but those it works for can stop it: when the run is cancelled, their finalizers may
    still need it.
    """

    __slots__ = ("fiber", "home", "name", "scope", "unwanted")

    def __init__(self, name: str, home: Any = None) -> None:
        self.name = name
        self.home = home
        self.fiber: Any = None
        self.scope: Any = None
        self.unwanted = False

    def start(self, program: Program) -> Program:
        """Start it; when this is cancelled it has not been started."""
        shielded = Shield(lambda restore: Scoped(partial(self.work, program), None, nothing, self.name))
        family = Ask(background_of, touches=()) if self.home is None else Pure(self.home)
        return FlatMap(family, lambda home: Map(Fork(home, shielded, self.name), self.started))

    def started(self, fiber: Any) -> None:
        self.fiber = fiber._core

    def work(self, program: Program, scope: Any) -> Program:
        self.scope = scope._core
        return NOTHING if self.unwanted else program

    def stop(self) -> Program:
        """Cancel it and wait for its end; to be run shielded."""
        self.unwanted = True
        if self.scope is not None:
            self.scope.request_cancel("explicit", None, None)
        return self.end()

    def end(self) -> Program:
        """Wait for its end."""
        return NOTHING if self.fiber is None else Watch(self.fiber, "exit")


def nothing(scope: Any) -> Program:
    """What comes after a stop."""
    return NOTHING


@final
class Holder:
    """A fiber that holds one resource from its acquisition to its release, for users in other fibers.

    So a context manager is entered and left in one task, wherever its value goes. The fiber itself never fails: what
    went wrong is told to whoever opens or closes.
    """

    __slots__ = ("attendant", "ended", "opened", "resource", "unreleased", "used")

    def __init__(self, resource: Opened, home: Any = None) -> None:
        self.resource = resource
        self.opened = Signal("a resource to be acquired")
        self.ended = Signal("the end of the use of a resource")
        self.used: Exit[Any, Any] = Success(None)
        self.unreleased: Cause[Any] | None = None
        self.attendant = Attendant("resource", home)

    def open(self) -> Program:
        """Acquire and give the value; after a cancel or a failure nothing is held when this ends."""
        program = OnExit(Fold(self.resource(self.hold), self.failed), self.told)
        return FlatMap(self.attendant.start(program), lambda started: OnExit(self.opened.wait(), self.given_up))

    def hold(self, value: Any) -> Program:
        """Wait for the end of the use; shielded, so that the release is told of that also after a stop."""
        self.opened.fire(Pure(value))
        return Shield(lambda restore: self.ended.wait())

    def failed(self, cause: Cause[Any]) -> Program:
        """What is new in the cause came from the release."""
        known = {id(leaf) for leaf in self.used.failure().leaves()} if isinstance(self.used, Failure) else set[int]()
        if not self.opened.fire(Halt(cause)):
            self.unreleased = cause.keep(lambda leaf: id(leaf) not in known)
        return NOTHING

    def told(self, exit: Exit[Any, Any]) -> Program:
        """A fiber that is stopped unwinds past its handler."""
        if isinstance(exit, Failure):
            self.opened.fire(Halt(exit.failure()))
        return NOTHING

    def given_up(self, exit: Exit[Any, Any]) -> Program:
        if isinstance(exit, Success):
            return NOTHING
        self.end(exit)
        return Then(self.attendant.stop(), self.close(exit))

    def end(self, exit: Exit[Any, Any]) -> None:
        """Let the fiber release; it is told the first exit that is given."""
        if self.ended.fire(as_program(exit)):
            self.used = exit

    def close(self, exit: Exit[Any, Any]) -> Program:
        """Release, which is shown the exit of the use, and fail as that fails; the second time do nothing."""
        self.end(exit)
        return FlatMap(self.attendant.end(), self.released)

    def released(self, ended: object) -> Program:
        cause, self.unreleased = self.unreleased, None
        return NOTHING if cause is None else Halt(cause)


@final
class Flight:
    """A fiber that runs a program once for everybody who waits for it; cancelled when the last of them leaves.

    `landed` is called with the flight, the exit and the time, `deserted` with the flight when nobody waits any more.
    `awaited_by` are the flights whose own fibers, or descendants of them, are among those who wait.
    """

    __slots__ = ("attendant", "awaited_by", "deserted", "landed", "outcome", "passengers", "pilot", "source")

    def __init__(
        self,
        source: Program,
        landed: Callable[[Flight, Exit[Any, Any], float], None],
        deserted: Callable[[Flight], None],
        reason: Callable[[], str],
    ) -> None:
        self.source = source
        self.landed = landed
        self.deserted = deserted
        self.outcome = Signal(reason)
        self.passengers = 0
        self.awaited_by: list[Flight] = []
        self.pilot: Any = None
        self.attendant = Attendant("load")

    def join(self, around: Flight | None) -> Program:
        """Wait for the exit and take it on. To be run without an action before it, since it counts at once.

        `around` is the flight that whoever waits is part of.
        """
        first = self.passengers == 0
        self.passengers += 1
        if around is not None:
            self.awaited_by.append(around)
        waiting = self.outcome.wait()
        return OnExit(Then(self.taken_off(), waiting) if first else waiting, partial(self.left, around))

    def waits_for(self, other: Flight) -> bool:
        """Whether it is `other`, or cannot land before that has."""
        pending, seen = [other], set[Flight]()
        while pending:
            flight = pending.pop()
            if flight not in seen:
                seen.add(flight)
                pending += flight.awaited_by
        return self in seen

    def taken_off(self) -> Program:
        """Start the fiber, and let no cancel come in between: others may wait for it already."""
        source = FlatMap(Ask(self.boarded, peek=True, touches=()), lambda nothing: self.source)
        loading = OnExit(Fold(source, self.failed, self.succeeded), self.told)
        return Shield(lambda restore: self.attendant.start(loading))

    def boarded(self, fiber: Any) -> None:
        self.pilot = fiber
        ABOARD.set(self)

    def succeeded(self, value: Any) -> Program:
        return Ask(partial(self.land, Success(value)), peek=True)

    def failed(self, cause: Cause[Any]) -> Program:
        return Ask(partial(self.land, Failure(cause)), peek=True)

    def land(self, exit: Exit[Any, Any], fiber: Any) -> None:
        self.landed(self, exit, fiber.now())
        self.outcome.fire(as_program(exit))

    def told(self, exit: Exit[Any, Any]) -> Program:
        """A fiber that is stopped unwinds past its handlers."""
        if isinstance(exit, Failure):
            self.outcome.fire(Halt(exit.failure()))
        return NOTHING

    def left(self, around: Flight | None, exit: Exit[Any, Any]) -> Program:
        self.passengers -= 1
        if around is not None:
            self.awaited_by.remove(around)
        if isinstance(exit, Success) or self.passengers or self.outcome.fired:
            return NOTHING
        self.deserted(self)
        return self.attendant.stop()


ABOARD: Final[ContextVar[Flight | None]] = ContextVar("effio_aboard", default=None)
"""The flight whose fiber this is, or was forked by, perhaps into a group that ends later."""


def flight_around(fiber: Any) -> Flight | None:
    """The flight that cannot land before the running `fiber` has ended."""
    flight = ABOARD.get()
    return None if flight is None or flight.pilot not in lineage(fiber) else flight
