"""What a program holds of things that run: fibers, cancel scopes, task groups.

Reading a property looks at the running thing; to change it, run the program that a method builds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, final

from effio.algebra import argument
from effio.algebra.derived import StartService
from effio.algebra.io import IO, Error, NewError, NewValue, Value
from effio.algebra.primitive import Ask, Fork, Watch
from effio.algebra.shape import program
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit

Ready = TypeVar("Ready")


class Handle:
    """Holds the interpreter's own object. Slots are written by hand, since every fork makes a handle."""

    __slots__ = ("_core",)

    def __init__(self, core: Any, /) -> None:
        self._core = core


@final
class Fiber(Handle, Generic[Value, Error]):
    """A program that was forked and runs beside its parent."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name it was forked with, or its place in what forked it."""
        return str(self._core.name)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return bool(self._core.finished)

    def join(self) -> IO[Value, Error]:
        """Wait for its end and take on its exit: give its value, or fail as it failed.

        Cancelling the join leaves the fiber alone.
        """
        return Watch(self._core, "join")

    def exit(self) -> IO[Exit[Value, Error]]:
        """Wait for its end and give its exit."""
        return Watch(self._core, "exit")

    def cancel(self, reason: object = None, /) -> IO[Exit[Value, Error]]:
        """Cancel it, wait for its finalizers, and give its exit; a fiber that has ended gives it at once.

        Of several reasons the first one stays.
        """
        return Watch(self._core, "cancel", reason)

    def cancel_soon(self, reason: object = None, /) -> IO[None]:
        """Cancel it without waiting."""
        return Ask(CancelRequest(self._core, reason))

    def __repr__(self) -> str:
        return f"<Fiber {self.name!r}, {'ended' if self.done else 'running'}>"


@final
class CancelScope(Handle):
    """A part of a program that can be cancelled as one, by hand or by a deadline."""

    __slots__ = ()

    @property
    def deadline(self) -> float | None:
        """When it is cancelled, on the clock of the run; None if it has no deadline."""
        deadline: float | None = self._core.deadline
        return deadline

    @property
    def cancel_called(self) -> bool:
        """Whether it was asked to stop."""
        return bool(self._core.cancel_called)

    @property
    def cancelled_caught(self) -> bool:
        """Whether it has ended because of its own cancel."""
        return bool(self._core.cancelled_caught)

    @property
    def reason(self) -> object:
        """The first reason it was cancelled with."""
        return self._core.reason

    def cancel(self, reason: object = None, /) -> IO[None]:
        """Cancel everything inside, without waiting."""
        return Ask(CancelRequest(self._core, reason))

    def set_deadline(self, seconds_from_now: Seconds, /) -> IO[None]:
        """Move the deadline to so many seconds after this runs; infinite removes it."""
        return Ask(MoveDeadline(self._core, seconds(seconds_from_now, "deadline")))

    def __repr__(self) -> str:
        state = "caught its cancel" if self.cancelled_caught else "cancelled" if self.cancel_called else "open"
        return f"<CancelScope, {state}>"


@final
class TaskGroup(Handle):
    """A scope that children are forked into and that ends when all of them have ended."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name it was made with."""
        return str(self._core.name)

    def fork(self, io: IO[NewValue, NewError], /, *, name: str | None = None) -> IO[Fiber[NewValue, NewError]]:
        """Start a child and give its fiber, before the child has run at all.

        Into a group that is closing the child starts and is cancelled at its first action. Into one that has
        ended nothing is started: a `ScopeClosed` defect.
        """
        if name is not None:
            argument.name("fork", name)
        return Fork(self._core, program("fork", io), name)

    def start(
        self,
        service: Callable[[Callable[[Ready], IO[None]]], IO[object, NewError]],
        /,
        *,
        name: str | None = None,
    ) -> IO[Ready, NewError]:
        """Fork what `service` makes of `started`, wait until it runs `started(value)`, and give that value.

        The service runs on in the group. If it ends before that, this fails as it failed, or with a
        `NotStarted` defect.
        """
        if name is not None:
            argument.name("start", name)
        return StartService(self._core, service, name)

    def cancel(self, reason: object = None, /) -> IO[None]:
        """Cancel the body and all children, without waiting."""
        return Ask(CancelRequest(self._core, reason))

    def __repr__(self) -> str:
        return f"<TaskGroup {self.name!r}>"


class Restore(Protocol):
    """What the body of a `shield` is given: runs a program as if that shield were not there."""

    def __call__(self, io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]: ...


# -- Questions to the running fiber --------------------------------------------------------------------------


@final
class CancelRequest:
    """Cancels `core` in the name of the fiber that asks."""

    __slots__ = ("core", "reason")

    def __init__(self, core: Any, reason: object) -> None:
        self.core = core
        self.reason = reason

    def __repr__(self) -> str:
        return f"CancelRequest(reason={self.reason!r})"

    def __call__(self, fiber: Any, /) -> None:
        self.core.request_cancel("explicit", fiber.name, self.reason)


@final
class MoveDeadline:
    """Moves the deadline of `core` to `seconds` from now."""

    __slots__ = ("core", "seconds")

    def __init__(self, core: Any, seconds: float) -> None:
        self.core = core
        self.seconds = seconds

    def __repr__(self) -> str:
        return f"MoveDeadline(seconds={self.seconds:g})"

    def __call__(self, fiber: Any, /) -> None:
        self.core.move_deadline(self.seconds)
