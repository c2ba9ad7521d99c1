"""The critical path of a trace: what the end waited for, and what that waited for, back to the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import attrs

if TYPE_CHECKING:
    from effio.observe.trace import Span, Trace, Wait


@final
@attrs.frozen
class PathStep:
    """A part of the critical path: what the fiber of `span` did from `start` to `end`.

    `reason` says what it waited for; None while it ran.
    """

    span: Span
    start: float
    end: float = attrs.field(kw_only=True)
    reason: str | None = attrs.field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        """The name of the fiber."""
        return self.span.name

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start

    def __str__(self) -> str:
        what = "ran" if self.reason is None else f"waited for {self.reason}"
        return f"{self.name} {what} for {self.seconds:.3f} s"


def steps_of(trace: Trace) -> tuple[PathStep, ...]:
    """Walk from the end of the root back to the start: whoever woke a fiber is what it waited for.

    Where a fiber began, go on with the one that forked it.
    """
    backwards: list[PathStep] = []
    visited: set[tuple[int, float]] = set()
    fiber, until = trace.root, trace.seconds if trace.root.end is None else trace.root.end
    while (fiber.id, until) not in visited:
        visited.add((fiber.id, until))
        wait = _last_wait(fiber, until)
        if wait is None:
            _add(backwards, PathStep(fiber, fiber.start, end=until))
            forker = None if fiber.forked_by is None else trace.span(fiber.forked_by)
            if forker is None:
                break
            fiber, until = forker, fiber.start
            continue
        ended = until if wait.end is None else min(until, wait.end)
        _add(backwards, PathStep(fiber, ended, end=until))
        waker = None if wait.woken_by is None else trace.span(wait.woken_by)
        if waker is not None and waker is not fiber and waker.start <= ended:
            fiber, until = waker, ended
        else:
            _add(backwards, PathStep(fiber, wait.start, end=ended, reason=wait.reason))
            until = wait.start
    return tuple(reversed(backwards))


def _last_wait(fiber: Span, until: float) -> Wait | None:
    """Find the last wait of a fiber that took time and began before `until`."""
    low, high = 0, len(fiber.waits)
    while low < high:
        middle = (low + high) // 2
        if fiber.waits[middle].start < until:
            low = middle + 1
        else:
            high = middle
    return fiber.waits[low - 1] if low else None


def _add(steps: list[PathStep], step: PathStep) -> None:
    if step.end > step.start:
        steps.append(step)
