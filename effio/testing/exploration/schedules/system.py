"""What can be explored: runs in which somebody else chooses which thread acts next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias, final

Clash: TypeAlias = tuple[str, bool]
"""What two steps race for, in words, and whether that is only that both are calls which do not say what they touch."""


@final
class Footprint:
    """The shared things that a step touches, and those of them that it writes, as bit sets."""

    __slots__ = ("touched", "written")

    def __init__(self, touched: int, written: int) -> None:
        self.touched = touched
        self.written = written

    def conflicts_with(self, other: Footprint) -> bool:
        """Whether the order of two steps that do this matters."""
        return bool(self.touched & other.written or self.written & other.touched)


NOTHING: Final = Footprint(0, 0)

CLOCK: Final = 0
CANCELLER: Final = 1
ROOT: Final = 2
"""The threads of a program that are no fibers that it forked: the clock, who cancels from outside, the main fiber."""


@final
class Step:
    """What one step did: its footprint, and the numbers of the steps without which it could not have been taken.

    `others` are the threads that can take no step any more now that this one did: the other ways of a choice.
    """

    __slots__ = ("enablers", "footprint", "others")

    def __init__(self, footprint: Footprint, enablers: Sequence[int] = (), others: Sequence[int] = ()) -> None:
        self.footprint = footprint
        self.enablers = enablers
        self.others = others


class Run(Protocol):
    """One run under way. Threads have small numbers, the same in every run."""

    def ready(self) -> list[int]:
        """The threads that can take a step, in the order the system itself would let them."""
        ...

    def pending(self, thread: int) -> Footprint:
        """What the next step of `thread` may touch, were it taken now."""
        ...

    def take(self, thread: int) -> Step:
        """Take the next step of `thread`."""
        ...

    def clash(self, rival: int, things: int) -> Clash:
        """What step `rival` and the last one race for; `things` is what makes them conflict, as a bit set."""
        ...

    def scene(self) -> str:
        """What all threads are about to do, in words, whichever does what."""
        ...

    def outcome(self) -> Any:
        """How the run ended, once no thread is ready, or where it stands."""
        ...

    def close(self) -> None:
        """Let go of the run, which takes no step any more."""
        ...


class System(Protocol):
    """Starts the same run as often as it is asked to."""

    def start(self) -> Run:
        """Begin a run that has taken no step yet."""
        ...

    def learned(self) -> bool:
        """Whether a run touched more than `pending` had foretold since this was last asked."""
        ...
