"""What time it is: the machine's monotonic clock, or one that jumps."""

from __future__ import annotations

import time
from typing import Protocol, final


class Clock(Protocol):
    """Where a run reads the time from; `virtual` says that it can be moved."""

    virtual: bool

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def wall(self) -> float:
        """Seconds since the beginning of 1970, for calendars."""
        ...

    def advance_to(self, when: float) -> None:
        """Move a virtual clock; called when nothing can happen before `when`."""
        ...


@final
class MonotonicClock:
    """Real time, `time.monotonic`."""

    __slots__ = ()
    virtual = False

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)

    def advance_to(self, when: float) -> None:
        """Nothing: real time moves by itself."""


@final
class VirtualClock:
    """Time that stands still while anything can run and jumps to the next timer when everything waits.

    It never jumps while a foreign coroutine, a thread or a callback from outside is in flight: until that has ended,
    timers take as long as they say.

    >>> from effio import run, sleep
    >>> clock = VirtualClock()
    >>> run(sleep(3600), clock=clock)
    >>> clock.now()
    3600.0
    """

    __slots__ = ("_now",)
    virtual = True

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        """The same: virtual time counts from the beginning of 1970."""
        return self._now

    def advance_to(self, when: float) -> None:
        """Move forward to `when`; never back."""
        self._now = max(self._now, when)

    def __repr__(self) -> str:
        return f"VirtualClock({self._now:g})"
