"""`CircuitBreaker`, which keeps calls away from what has failed too often, until a probe succeeds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar, final

import attrs
from returns.result import Failure, Success

from effio.algebra import argument
from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Fail, FlatMap, OnExit
from effio.algebra.shape import Program, program
from effio.concurrent.shared import Shared, make, shared
from effio.data.call_site import caller
from effio.data.cause import Cause
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit
from effio.data.made_elsewhere import made_elsewhere

Value = TypeVar("Value")
Error = TypeVar("Error")

State: TypeAlias = Literal["closed", "open", "half_open"]


class CircuitOpen(Exception):
    """A circuit breaker let nobody through; it will try one in `retry_after` seconds, if it does not try one now."""

    def __init__(self, retry_after: float = 0.0, name: str | None = None) -> None:
        super().__init__(retry_after, name)
        self.retry_after = retry_after
        self.name = name

    def __str__(self) -> str:
        whose = "the circuit" if self.name is None else f"circuit {self.name!r}"
        wait = f"for {self.retry_after:g} s more" if self.retry_after else "while a probe is on its way"
        return f"{whose} is open {wait}"


@final
@attrs.frozen
class CircuitBreakerStats:
    """How a circuit breaker stands: `failures` in a row now, the others are sums."""

    state: State
    failures: int
    opened: int = attrs.field(kw_only=True)
    rejected: int = attrs.field(kw_only=True)


@final
@made_elsewhere(Shared)
class CircuitBreaker:
    """Counts failures in a row, and once there are too many fails at once instead of calling.

    ::

        closed ── too many failures ──> open ── time is over ──> half-open ── probe succeeds ──> closed
                                         ^                         │
                                         └───── probe fails ───────┘

    Half-open lets one call through, the probe. A probe that is cancelled tells nothing: the next call is the probe.
    What a call that began before the last change of state comes to does not count. `era` numbers these changes.
    """

    __slots__ = ("_counts", "_era", "_failures", "_limit", "_pause", "_probing", "_shared", "_sums", "_until")

    def __init__(self, shared: Shared, limit: int, pause: float, counts: Callable[[Cause[Any]], bool]) -> None:
        self._shared = shared
        self._limit = limit
        self._pause = pause
        self._counts = counts
        self._era: int = 0
        self._failures = 0
        self._probing = False
        self._until: float | None = None
        self._sums = {"opened": 0, "rejected": 0}

    @staticmethod
    def make(
        max_failures: int = 5,
        reset_timeout: Seconds = 60,
        *,
        counts: Callable[[Cause[Any]], bool] | None = None,
        name: str | None = None,
    ) -> IO[CircuitBreaker]:
        """Make a closed one that opens after `max_failures` in a row, for `reset_timeout` seconds.

        A failure is one that `counts` says yes to, by default every failure and defect. A cancel is never one.
        """
        return make(
            CircuitBreaker,
            shared("CircuitBreaker", name),
            argument.count("CircuitBreaker.make", "max_failures", max_failures, 1),
            seconds(reset_timeout, "reset_timeout of CircuitBreaker.make"),
            every_failure if counts is None else argument.function("CircuitBreaker.make", counts),
        )

    def protect(self, io: IO[Value, Error], /) -> IO[Value, Error | CircuitOpen]:
        """Run `io`, or fail with `CircuitOpen` at once."""
        source, site = program("protect", io), caller(1)

        def entered(ticket: int | CircuitOpen) -> Program:
            if isinstance(ticket, CircuitOpen):
                return Fail(ticket, site)
            return OnExit(source, partial(self._leave, ticket))

        return FlatMap(Ask(self._enter, touches=self._shared.writes), entered)

    def state(self) -> IO[State]:
        """Give its state."""
        return Ask(self._state, touches=self._shared.reads)

    def stats(self) -> IO[CircuitBreakerStats]:
        """Give how it stands."""
        return Ask(self._stats, touches=self._shared.reads)

    def __repr__(self) -> str:
        shown = "closed" if self._until is None else "open"
        return f"<{self._shared}: {shown}>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _state(self, fiber: Any) -> State:
        if self._until is None:
            return "closed"
        return "half_open" if self._probing or fiber.now() >= self._until else "open"

    def _stats(self, fiber: Any) -> CircuitBreakerStats:
        return CircuitBreakerStats(self._state(fiber), self._failures, **self._sums)

    def _enter(self, fiber: Any) -> int | CircuitOpen:
        """The era in which the call begins; or why it must not."""
        state = self._state(fiber)
        if state == "open" or self._probing:
            self._sums["rejected"] += 1
            left = 0.0 if self._until is None or self._probing else self._until - fiber.now()
            return CircuitOpen(left, self._shared.name)
        if state == "half_open":
            self._probing = True
            self._era += 1
        return self._era

    def _leave(self, era: int, exit: Exit[Any, Any]) -> Program:
        return Ask(partial(self._left, era, exit), touches=self._shared.writes)

    def _left(self, era: int, exit: Exit[Any, Any], fiber: Any) -> None:
        """Let the exit of a call that began in `era` count."""
        if era != self._era:
            return
        # Whatever `counts` does, the next call may be a probe.
        probe, self._probing = self._probing, False
        if isinstance(exit, Failure) and exit.failure().is_cancelled_only:
            return
        if isinstance(exit, Success) or not self._counts(exit.failure()):
            self._failures = 0
            if probe:
                self._until = None
                self._era += 1
            return
        self._failures += 1
        if probe or self._failures >= self._limit:
            self._open(fiber.now() + self._pause)

    def _open(self, until: float) -> None:
        self._until = until
        self._era += 1
        self._sums["opened"] += 1


def every_failure(cause: Cause[Any]) -> bool:
    """What went wrong, went wrong."""
    return True
