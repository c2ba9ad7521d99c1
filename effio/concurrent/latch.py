"""`Latch`, which opens when it has been counted down to zero."""

from __future__ import annotations

from typing import final

import attrs

from effio.algebra import argument
from effio.algebra.desugar.signal import Signal
from effio.algebra.io import IO
from effio.algebra.primitive import Operation
from effio.concurrent.shared import NOTHING, Shared, make, shared
from effio.data.made_elsewhere import made_elsewhere


@final
@attrs.frozen
class LatchStats:
    """How many counts are left, and how many fibers wait for the last one."""

    remaining: int
    waiting: int


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Latch:
    """Keeps fibers waiting until `count_down` has run often enough; it opens once."""

    _shared: Shared
    _remaining: int
    _signal: Signal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._signal = Signal(self._reason, self._shared.awaits)
        if self._remaining == 0:
            self._signal.fire(NOTHING)

    @staticmethod
    def make(count: int, *, name: str | None = None) -> IO[Latch]:
        """Make a new `Latch` that opens after `count` counts; with 0 it is open."""
        return make(Latch, shared("Latch", name), argument.count("Latch", "count", count, 0))

    def count_down(self) -> IO[None]:
        """Count once; the last count wakes all who wait, in the order they came, and further ones do nothing."""
        return Operation(self._count_down, self._shared.writes)

    def wait(self) -> IO[None]:
        """Wait until it is open."""
        return self._signal.wait()

    def stats(self) -> IO[LatchStats]:
        """Count what is left, and who waits."""
        return Operation(self._stats, self._shared.counts)

    def __repr__(self) -> str:
        return f"<{self._shared}: {self._remaining} left>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _count_down(self) -> None:
        if self._remaining > 0:
            self._remaining -= 1
            if self._remaining == 0:
                self._signal.fire(NOTHING)

    def _stats(self) -> LatchStats:
        return LatchStats(self._remaining, self._signal.waiting)

    def _reason(self) -> str:
        return f"{self._shared}, {self._remaining} left to count down"
