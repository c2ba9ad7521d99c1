"""What a pool keeps, and what it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import attrs

from effio.algebra.shape import Program
from effio.data.cause import Cause
from effio.resource.attendant import Holder
from effio.schedule.schedule import Schedule


@final
class Entry:
    """One resource of a pool; `value` is there once it is open, `broken` says that nobody else must get it."""

    __slots__ = ("broken", "holder", "idle_since", "value")

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.broken = False
        self.idle_since = 0.0
        self.value: Any = None

    def opened(self, value: Any) -> Entry:
        self.value = value
        return self


@final
@attrs.frozen
class Plan:
    """What a pool was asked for."""

    resource: Any
    max: int
    min: int
    idle_time: float
    check: Callable[[Any], Program] | None
    breaks: Callable[[Cause[Any]], bool]
    refill: Schedule[Any, Any]
