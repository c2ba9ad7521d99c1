"""Time in primitive words: a timeout is a cancel scope with a deadline, and what it gives when it catches that."""

# Reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, Final, final

from returns.result import Failure

from effio.algebra import derived
from effio.algebra.desugar.signal import Signal
from effio.algebra.io import IO
from effio.algebra.primitive import (
    Ask,
    Fail,
    FlatMap,
    Fold,
    Fork,
    Halt,
    Named,
    OnExit,
    Pure,
    Scoped,
    Shield,
    Sleep,
    Then,
    Watch,
)
from effio.data.cause import Cause
from effio.data.errors import CancelSource, TimedOut
from effio.data.exit import Exit

NOTHING: Final = Pure(None)
GIVE_WAY: Final = Sleep(0.0)


def now(node: derived.Now) -> IO[Any, Any]:
    return Ask(time_of, touches=())


def time_of(fiber: Any) -> float:
    """What the clock of the run shows."""
    return float(fiber.now())


def yield_now(node: derived.YieldNow) -> IO[Any, Any]:
    return GIVE_WAY


def sleep_until(node: derived.SleepUntil) -> IO[Any, Any]:
    deadline = node._deadline
    return FlatMap(Ask(time_of, touches=()), lambda moment: Sleep(max(0.0, deadline - moment)))


def effective_deadline(node: derived.EffectiveDeadline) -> IO[Any, Any]:
    return Ask(deadline_of, peek=True)


def deadline_of(fiber: Any) -> float:
    """The earliest deadline that can cut the fiber where it is."""
    return float(fiber.effective_deadline())


# -- Timeouts ------------------------------------------------------------------------------------------------


def within(source: IO[Any, Any], seconds: float, expired: Callable[[Any], IO[Any, Any]], name: str) -> IO[Any, Any]:
    """Run `source` in a scope with a deadline."""
    return Scoped(source, None if seconds == inf else seconds, expired, name)


def timed_out(node: derived.FailAfter | derived.AbandonAfter) -> IO[Any, Any]:
    """Fail because the deadline of the source has passed."""
    name = node._source.name if isinstance(node._source, Named) else None
    return Fail(TimedOut(node._seconds, name), node._site)


def fail_after(node: derived.FailAfter) -> IO[Any, Any]:
    return within(node._source, node._seconds, lambda scope: timed_out(node), "fail_after")


def move_on_after(node: derived.MoveOnAfter) -> IO[Any, Any]:
    return within(node._source, node._seconds, lambda scope: NOTHING, "move_on_after")


def timeout_to(node: derived.TimeoutTo) -> IO[Any, Any]:
    fallback = node._fallback
    return within(node._source, node._seconds, lambda scope: fallback, "timeout_to")


def cancel_scope(node: derived.CancelScoped) -> IO[Any, Any]:
    seconds = None if node._seconds == inf else node._seconds
    return Scoped(node._body, seconds, lambda scope: NOTHING, node._name or "cancel_scope")


# -- Letting go ----------------------------------------------------------------------------------------------


def abandon_after(node: derived.AbandonAfter) -> IO[Any, Any]:
    return Shield(lambda restore: Attended(node).program(restore))


@final
class Attended:
    """One run of a program that may be let go: a fiber in a background family, and whether anybody still cares.

    While somebody does, that one is given the outcome and the family sees a success; afterwards the family is told.
    The fiber is shielded, and cancelled through a scope of its own by whoever waits for it: that may be a finalizer,
    which goes on when the whole run is cancelled.
    """

    __slots__ = ("node", "outcome", "request", "scope")

    def __init__(self, node: derived.AbandonAfter) -> None:
        self.node = node
        self.outcome = Signal("a program that may be abandoned")
        self.scope: Any = None
        self.request: tuple[CancelSource, str | None, object] | None = None

    def program(self, restore: Callable[[IO[Any, Any]], IO[Any, Any]]) -> IO[Any, Any]:
        attended = OnExit(Fold(self.node._source, self.failed, self.succeeded), self.ended)
        group = self.node._group
        family = Ask(background_of, touches=()) if group is None else Pure(group._core)
        source = self.node._source
        name = source.name if isinstance(source, Named) else "abandonable"
        shielded = Shield(lambda own: Scoped(partial(self.begin, attended), None, nothing, name))
        fork = FlatMap(family, lambda core: Fork(core, shielded, name))
        return FlatMap(restore(fork), partial(self.attend, restore))

    def begin(self, attended: IO[Any, Any], scope: Any) -> IO[Any, Any]:
        self.scope = scope._core
        if self.request is not None:
            self.scope.request_cancel(*self.request)
        return attended

    def cancel(self, source: CancelSource, by: str | None, reason: object) -> None:
        """Cancel the program, which may not have begun."""
        self.request = source, by, reason
        if self.scope is not None:
            self.scope.request_cancel(*self.request)

    def attend(self, restore: Callable[[IO[Any, Any]], IO[Any, Any]], fiber: Any) -> IO[Any, Any]:
        waiting = within(self.outcome.wait(), self.node._seconds, self.let_go, "abandon_after")
        return OnExit(restore(waiting), partial(self.stop_waiting, fiber))

    def let_go(self, scope: Any) -> IO[Any, Any]:
        timeout = timed_out(self.node)
        self.outcome.fire(timeout)
        self.cancel("deadline", None, "abandoned")
        return timeout

    def stop_waiting(self, fiber: Any, exit: Exit[Any, Any]) -> IO[Any, Any]:
        """A cancel from outside lets nothing go: it waits for the program."""
        if isinstance(exit, Failure) and not self.outcome.fired:
            cancelling = Ask(lambda waiter: self.cancel("explicit", waiter.name, None))
            return Then(cancelling, Watch(fiber._core, "exit"))
        return NOTHING

    def succeeded(self, value: Any) -> IO[Any, Any]:
        self.outcome.fire(Pure(value))
        return NOTHING

    def failed(self, cause: Cause[Any]) -> IO[Any, Any]:
        return NOTHING if self.outcome.fire(Halt(cause)) else Halt(cause)

    def ended(self, exit: Exit[Any, Any]) -> IO[Any, Any]:
        if isinstance(exit, Failure):
            self.outcome.fire(Halt(exit.failure()))
        return NOTHING


def nothing(scope: Any) -> IO[Any, Any]:
    """What comes after the cancel of a program that was let go."""
    return NOTHING


def background_of(fiber: Any) -> Any:
    """The family of the run that keeps what was let go."""
    return fiber.scheduler.background()


ROWS: Final[dict[type, Callable[[Any], IO[Any, Any]]]] = {
    derived.Now: now,
    derived.YieldNow: yield_now,
    derived.SleepUntil: sleep_until,
    derived.EffectiveDeadline: effective_deadline,
    derived.FailAfter: fail_after,
    derived.MoveOnAfter: move_on_after,
    derived.TimeoutTo: timeout_to,
    derived.AbandonAfter: abandon_after,
    derived.CancelScoped: cancel_scope,
}
