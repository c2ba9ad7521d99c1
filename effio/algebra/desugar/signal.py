"""What happens once: a place where programs wait until somebody says how they go on."""

from __future__ import annotations

from typing import Any, final

from effio.algebra.io import IO
from effio.algebra.primitive import Park, Reason
from effio.data.touch import Touches


@final
class Signal:
    """Fires once, with the program that every waiter goes on with, those that come later included.

    Waiters are woken in the order they came. One that is cancelled leaves the queue; one that was woken goes on.
    """

    __slots__ = ("_outcome", "_reason", "_touches", "_waiting")

    def __init__(self, reason: Reason, touches: Touches | None = None) -> None:
        self._reason = reason
        self._touches = touches
        self._outcome: IO[Any, Any] | None = None
        self._waiting: dict[Any, None] = {}

    @property
    def fired(self) -> bool:
        """Whether it has happened."""
        return self._outcome is not None

    @property
    def outcome(self) -> IO[Any, Any] | None:
        """What it has fired, if it has."""
        return self._outcome

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return len(self._waiting)

    def wait(self) -> IO[Any, Any]:
        """Go on with what the signal fires, as soon as it does."""
        return Park(self._enlist, self._withdraw, self._reason, touches=self._touches)

    def fire(self, program: IO[Any, Any]) -> bool:
        """Wake every waiter; false, and nothing happens, if it had fired before."""
        if self._outcome is not None:
            return False
        self._outcome = program
        waiting, self._waiting = self._waiting, {}
        for resume in waiting:
            resume(program)
        return True

    def _enlist(self, resume: Any) -> IO[Any, Any] | None:
        if self._outcome is None:
            self._waiting[resume] = None
        return self._outcome

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)
