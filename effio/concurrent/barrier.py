"""`Barrier`, where fibers wait for each other until enough have come, as often as they like."""

from __future__ import annotations

from typing import Any, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO
from effio.algebra.primitive import Operation, Park, Pure
from effio.concurrent.shared import Shared, make, shared
from effio.data.made_elsewhere import made_elsewhere


@final
@attrs.frozen
class BarrierStats:
    """How many fibers make it open, how many of them wait, and how often it has opened."""

    parties: int
    waiting: int
    rounds: int


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Barrier:
    """Lets fibers through in groups of `parties`; then it is as new. One that is cancelled has not come."""

    _shared: Shared
    _parties: int
    _waiting: dict[Any, None] = attrs.field(init=False, factory=dict[Any, None])
    _rounds: int = attrs.field(init=False, default=0)

    @staticmethod
    def make(parties: int, *, name: str | None = None) -> IO[Barrier]:
        """Make a new `Barrier` for groups of `parties` fibers."""
        return make(Barrier, shared("Barrier", name), argument.count("Barrier", "parties", parties, 1))

    def wait(self) -> IO[int]:
        """Wait until the group is complete; give the place in the order of arrival, 0 for the first."""
        return Park(self._enlist, self._withdraw, self._reason, touches=self._shared.writes)

    def stats(self) -> IO[BarrierStats]:
        """Count who waits, and the groups so far."""
        return Operation(self._stats, self._shared.reads)

    def __repr__(self) -> str:
        return f"<{self._shared}: {len(self._waiting)} of {self._parties} wait>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _enlist(self, resume: Any) -> IO[int] | None:
        if len(self._waiting) + 1 < self._parties:
            self._waiting[resume] = None
            return None
        group, self._waiting = self._waiting, {}
        self._rounds += 1
        for place, waiter in enumerate(group):
            waiter(Pure(place))
        return Pure(len(group))

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)

    def _stats(self) -> BarrierStats:
        return BarrierStats(self._parties, len(self._waiting), self._rounds)

    def _reason(self) -> str:
        return f"{self._shared}, where {len(self._waiting)} of {self._parties} are"
