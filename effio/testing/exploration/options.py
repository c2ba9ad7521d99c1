"""What an exploration was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import attrs

from effio.testing.exploration.finding import Check
from effio.testing.exploration.schedules.search import Counts
from effio.testing.exploration.steps.faults import Faults
from effio.testing.exploration.steps.opaque import Opaque
from effio.testing.exploration.steps.timing import TimeMode
from effio.testing.exploration.steps.ways import Models

FIXED: Final = ("cancel", "max_steps", "opaque", "preemption_bound", "symmetric", "time")
"""The options that say which schedules there are, and so must stay the same."""


@final
@attrs.frozen(kw_only=True)
class Options:
    """What `explore` was asked for."""

    check: Check
    max_schedules: int
    max_seconds: float | None
    max_steps: int
    preemption_bound: int | None
    time: TimeMode
    cancel: bool
    stop_on_first: bool
    sampling: float
    seed: int
    models: Models | None
    faults: Faults | None
    calls: Opaque
    symmetric: bool
    on_progress: Callable[[Counts], object] | None

    @property
    def opaque(self) -> str:
        """What is assumed of calls, as a text."""
        return str(self.calls)
