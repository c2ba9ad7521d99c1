"""Who is told of what a run does, and who may decide which action comes next."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, final

from effio.data.native import mypyc_attr

if TYPE_CHECKING:
    from effio.algebra.io import IO
    from effio.data.cause import Cause
    from effio.interpreter.fiber import Fiber, Wait
    from effio.interpreter.scope import Region, Request

Part: TypeAlias = Literal["named", "scope", "shield", "restore", "group", "parallel", "finalizer"]
"""A part of a program that a fiber enters and leaves."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Observer:
    """Is told of what happens in a run, on its thread, at once; override what you want to hear of.

    A run without observers pays for one comparison at each fork, park and end. What an observer raises never reaches
    the program. Fibers are the interpreter's own: read their `name`, `path`, `family`, `state` and change nothing.
    """

    __slots__ = ()

    def on_fork(self, fiber: Fiber) -> None:
        """A fiber was made, by `fiber.family.fiber` (the root has no family); it has not run yet."""

    def on_resume(self, fiber: Fiber) -> None:
        """It begins its turn."""

    def on_pause(self, fiber: Fiber) -> None:
        """Its turn is over: it waits, has ended, or lets the others run, as its `state` says."""

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        """It waits for something, as `wait.describe()` says."""

    def on_wake(self, fiber: Fiber) -> None:
        """Its wait is over, and it is in the queue, or ends next if it was cancelled and has nothing left to run.

        After a foreign coroutine it goes on at once, without this.
        """

    def on_enter(self, fiber: Fiber, part: Part, name: str, region: Region | None) -> None:
        """It enters a part of its program."""

    def on_leave(self, fiber: Fiber, part: Part, name: str, cause: Cause[Any] | None) -> None:
        """It leaves the part that it entered last, with a value or with `cause`."""

    def on_cancel(self, region: Region, request: Request) -> None:
        """A region was asked to stop for the first time; its fibers have not heard of it yet."""

    def on_end(self, fiber: Fiber) -> None:
        """It has its exit, in `fiber.value` or `fiber.cause`."""


@final
class Observers(Observer):
    """Tells several observers of what they listen to; one that raises is told of nothing more, and the reason printed.

    `hearing` holds, for each event, the observers that override its method.
    """

    __slots__ = ("hearing", "listening")

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.listen(tuple(observers))

    def listen(self, observers: tuple[Observer, ...]) -> None:
        self.listening = observers
        self.hearing = {event: tuple(each for each in observers if hears(each, event)) for event in EVENTS}

    def tell(self, event: str, *what: Any) -> None:
        for observer in self.hearing[event]:
            try:
                getattr(observer, event)(*what)
            except Exception:
                self.listen(tuple(each for each in self.listening if each is not observer))
                said = f"effio: the observer {observer!r:.200} raised in {event} and is told no more\n"
                sys.stderr.write(said + traceback.format_exc())

    def on_fork(self, fiber: Fiber) -> None:
        self.tell("on_fork", fiber)

    def on_resume(self, fiber: Fiber) -> None:
        self.tell("on_resume", fiber)

    def on_pause(self, fiber: Fiber) -> None:
        self.tell("on_pause", fiber)

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        self.tell("on_park", fiber, wait)

    def on_wake(self, fiber: Fiber) -> None:
        self.tell("on_wake", fiber)

    def on_enter(self, fiber: Fiber, part: Part, name: str, region: Region | None) -> None:
        self.tell("on_enter", fiber, part, name, region)

    def on_leave(self, fiber: Fiber, part: Part, name: str, cause: Cause[Any] | None) -> None:
        self.tell("on_leave", fiber, part, name, cause)

    def on_cancel(self, region: Region, request: Request) -> None:
        self.tell("on_cancel", region, request)

    def on_end(self, fiber: Fiber) -> None:
        self.tell("on_end", fiber)


EVENTS: Final = tuple(name for name in vars(Observer) if name.startswith("on_"))


def hears(observer: Observer, event: str) -> bool:
    """Whether an observer does anything at an event."""
    return getattr(type(observer), event) is not getattr(Observer, event)


class Steering(Protocol):
    """Decides when each fiber may perform its next action."""

    def stops_before(self, fiber: Fiber, node: IO[Any, Any]) -> bool:
        """Whether `fiber` must go back to the queue instead of performing the action `node` now.

        Asked again, with the same node, when it has its next turn. Structure is never asked about.
        """
        ...
