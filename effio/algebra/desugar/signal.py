"""What happens once: a place where programs wait until somebody says how they go on."""

from __future__ import annotations

from typing import Any, final

from effio.algebra.io import IO
from effio.algebra.primitive import Park


@final
class Signal:
    """Fires once, with the program that every waiter goes on with, those that come later included.

    Waiters are woken in the order they came. One that is cancelled leaves the queue; one that was woken goes on.
    """

    __slots__ = ("_fired", "_reason", "_waiting")

    def __init__(self, reason: str) -> None:
        self._reason = reason
        self._fired: IO[Any, Any] | None = None
        self._waiting: dict[Any, None] = {}

    @property
    def fired(self) -> bool:
        """Whether it has happened."""
        return self._fired is not None

    def wait(self) -> IO[Any, Any]:
        """Go on with what the signal fires, as soon as it does."""
        return Park(self._enlist, self._withdraw, self._reason)

    def fire(self, program: IO[Any, Any]) -> bool:
        """Wake every waiter; false, and nothing happens, if it had fired before."""
        if self._fired is not None:
            return False
        self._fired = program
        waiting, self._waiting = self._waiting, {}
        for resume in waiting:
            resume(program)
        return True

    def _enlist(self, resume: Any) -> IO[Any, Any] | None:
        if self._fired is None:
            self._waiting[resume] = None
        return self._fired

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)
