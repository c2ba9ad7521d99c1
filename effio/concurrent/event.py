"""`Event`, something that happens once: from then on nobody waits for it any more."""

from __future__ import annotations

from functools import partial
from typing import final

import attrs

from effio.algebra.desugar.signal import Signal
from effio.algebra.io import IO
from effio.algebra.primitive import Operation
from effio.concurrent.shared import NOTHING, OneTouch, Shared, make, shared
from effio.data.made_elsewhere import made_elsewhere


@final
@attrs.frozen
class EventStats:
    """Whether it has happened, and how many fibers wait for that."""

    is_set: bool
    waiting: int


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Event:
    """Is set once, and stays so: what shall happen again needs a new one."""

    _shared: Shared
    _signal: Signal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._signal = Signal(partial(str, self._shared), self._shared.awaits)

    @staticmethod
    def make(*, name: str | None = None) -> IO[Event]:
        """Make a new `Event` that has not happened."""
        return make(Event, shared("Event", name))

    def set(self) -> IO[None]:
        """Let it happen and wake all who wait, in the order they came; nothing if it has happened already."""
        return Operation(self._set, self._sets)

    def wait(self) -> IO[None]:
        """Wait until it has happened."""
        return self._signal.wait()

    def is_set(self) -> IO[bool]:
        """Tell whether it has happened."""
        return Operation(self._is_set, self._shared.reads)

    def stats(self) -> IO[EventStats]:
        """Tell whether it has happened, and count who waits."""
        return Operation(self._stats, self._shared.counts)

    def __repr__(self) -> str:
        return f"<{self._shared}: {'set' if self._signal.fired else 'not set'}>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _sets(self) -> OneTouch:
        return self._shared.reads if self._signal.fired else self._shared.writes

    def _set(self) -> None:
        self._signal.fire(NOTHING)

    def _is_set(self) -> bool:
        return self._signal.fired

    def _stats(self) -> EventStats:
        return EventStats(self._signal.fired, self._signal.waiting)
