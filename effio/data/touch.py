"""What an atomic step does to an object that fibers share: what an explorer must know to tell which steps commute."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, final

import attrs


@final
@attrs.frozen(eq=False)
class Touch:
    """One object that a step reads or writes, or only a `part` of it.

    Two steps conflict if both touch the same part of the same object and one of them writes it. Parts that are used
    in turn, such as the two ends of a queue, commute.

    >>> Touch([], "read").conflicts_with(Touch([], "write"))
    False
    """

    object: Any
    mode: Literal["read", "write"]
    part: str = attrs.field(default="", kw_only=True)

    def conflicts_with(self, other: Touch) -> bool:
        """Whether the order of two steps that do this matters."""
        if self.object is not other.object or self.part != other.part:
            return False
        return self.mode == "write" or other.mode == "write"


Touches: TypeAlias = tuple[Touch, ...]
