"""`Deferred`, a value that comes later, and once."""

from __future__ import annotations

from functools import partial
from typing import Any, Generic, Never, final

import attrs
from returns.result import Failure, Success
from typing_extensions import TypeVar

from effio.algebra.desugar.signal import Signal
from effio.algebra.io import IO
from effio.algebra.primitive import Fail, Halt, Operation, Pure
from effio.concurrent.shared import OneTouch, Shared, make, shared
from effio.data import cause
from effio.data.call_site import caller
from effio.data.cause_text import short_repr
from effio.data.exit import Exit
from effio.data.made_elsewhere import made_elsewhere

Given = TypeVar("Given")
GivenError = TypeVar("GivenError", default=Never)


@final
@attrs.frozen
class DeferredStats:
    """Whether it has ended, and how many fibers wait for that."""

    done: bool
    waiting: int


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Deferred(Generic[Given, GivenError]):
    """Ends once, with a value or a failure; whoever gets it, before or after, ends the same."""

    _shared: Shared
    _signal: Signal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._signal = Signal(partial(str, self._shared), self._shared.awaits)

    @classmethod
    def make(cls, *, name: str | None = None) -> IO[Deferred[Given, GivenError]]:
        """Make a new `Deferred` that has not ended."""
        return make(cls, shared("Deferred", name))

    def get(self) -> IO[Given, GivenError]:
        """Wait until it has ended, and end the same."""
        return self._signal.wait()

    def complete(self, value: Given, /) -> IO[bool]:
        """End it with `value`; false, and nothing happens, if it had ended before."""
        return self._fire(Pure(value))

    def fail(self, error: GivenError, /) -> IO[bool]:
        """End it with the typed `error`; false, and nothing happens, if it had ended before."""
        return self._fire(Fail(error, caller(1)))

    def end(self, exit: Exit[Given, GivenError], /) -> IO[bool]:
        """End it with `exit`, its whole error tree included; false, and nothing happens, if it had ended before."""
        return self._fire(Pure(exit.unwrap()) if isinstance(exit, Success) else Halt(exit.failure(), caller(1)))

    def poll(self) -> IO[Exit[Given, GivenError] | None]:
        """Give its exit, or None if it has not ended, without waiting."""
        return Operation(self._poll, self._shared.reads)

    def stats(self) -> IO[DeferredStats]:
        """Tell whether it has ended, and count who waits."""
        return Operation(self._stats, self._shared.counts)

    def __repr__(self) -> str:
        exit = self._poll()
        if exit is None:
            return f"<{self._shared}: waiting>"
        return f"<{self._shared}: {short_repr(exit.unwrap() if isinstance(exit, Success) else exit.failure())}>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _fire(self, outcome: IO[Any, Any]) -> IO[bool]:
        return Operation(self._signal.fire, self._ends, (outcome,))

    def _ends(self) -> OneTouch:
        return self._shared.reads if self._signal.fired else self._shared.writes

    def _poll(self) -> Exit[Given, GivenError] | None:
        match self._signal.outcome:
            case Pure(value=value):
                return Success(value)
            case Fail(error=error):
                return Failure(cause.Fail(error))
            case Halt(cause=failure):
                return Failure(failure)
            case _:
                return None

    def _stats(self) -> DeferredStats:
        return DeferredStats(self._signal.fired, self._signal.waiting)
