"""What an atomic step does to an object that fibers share: what an explorer must know to tell which steps commute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, final

import attrs

Mode: TypeAlias = Literal["read", "write", "give", "take", "await"]


@final
@attrs.frozen(eq=False)
class Touch:
    """What a step does to one object, or only to a `part` of it.

    "give" adds one thing to a part and "take" takes one away, in the order they came, waiting for it if there is
    none: the n-th take gets the n-th thing, of which `amount` were there from the beginning. So a give and a take
    commute, while two of a kind do not. "await" waits until somebody writes and takes nothing away, so it commutes
    with that and with its like. Everything else conflicts, except a read with a read.

    >>> permits = object()
    >>> Touch(permits, "give").conflicts_with(Touch(permits, "take"))
    False
    >>> Touch(permits, "take").conflicts_with(Touch(permits, "take"))
    True
    """

    object: Any
    mode: Mode
    part: str = attrs.field(default="", kw_only=True)
    amount: float = attrs.field(default=0, kw_only=True)

    def conflicts_with(self, other: Touch) -> bool:
        """Whether the order of two steps that do this matters."""
        if self.object is not other.object or self.part != other.part:
            return False
        return (self.mode, other.mode) not in COMMUTING


PAIRS: Final = {("read", "read"), ("read", "await"), ("await", "await"), ("await", "write"), ("give", "take")}
COMMUTING: Final = frozenset(PAIRS | {(second, first) for first, second in PAIRS})

Touches: TypeAlias = tuple[Touch, ...] | Callable[[], tuple[Touch, ...]]
"""What a step touches, or who tells it just before the step: the mode may depend on the state of the object."""
