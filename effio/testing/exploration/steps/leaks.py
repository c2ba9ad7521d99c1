"""What a run left behind: fibers, timers, and what its primitives still hold."""

# Leaks are looked for after the run, when no program can ask any more.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from types import MethodType
from typing import Any, Final

import attrs

from effio.interpreter.scheduler import Scheduler

HELD: Final = ("holders", "owner", "borrowers", "in_use", "loading")
"""The fields of statistics that tell what somebody took and did not give back; others tell who waits."""


def leaks_of(scheduler: Scheduler, primitives: Iterable[Any] = ()) -> tuple[str, ...]:
    """Say what is left of a run that is over; what a deadlock keeps is not counted."""
    if scheduler.stuck is not None:
        return ()
    left = [f"fiber {fiber.name!r}" for fiber in scheduler.fibers()]
    left += [f"{count} {what}" for what, count in counts_of(scheduler) if count]
    for primitive in primitives:
        left += held_by(primitive)
    return tuple(left)


def counts_of(scheduler: Scheduler) -> tuple[tuple[str, int], ...]:
    """What there must be none of at the end."""
    return (
        ("fibers in the queue", len(scheduler.ready)),
        ("timers", len(scheduler.timers)),
        ("waits for the outside", scheduler.outside),
        ("foreign coroutines", scheduler.in_flight),
    )


def held_by(primitive: Any) -> Iterator[str]:
    """Yield what a primitive holds that somebody should have given back, and who still waits for it."""
    stats: Any = primitive._stats()
    for name in [field.name for field in attrs.fields(stats.__class__)]:
        value = getattr(stats, name)
        if value and (name in HELD or name.startswith("waiting")):
            yield f"{getattr(primitive, '_shared', primitive)}: {name} {value!r}"


def primitive_of(node: Any) -> Any | None:
    """The primitive that an action belongs to, if that can tell how it stands."""
    function: Any = None
    for name in ("_function", "_question", "_enlist"):
        function = function or getattr(node, name, None)
    while isinstance(function, partial):
        function = function.func
    primitive = getattr(function, "__self__", None)
    stats = getattr(primitive, "_stats", None)
    return primitive if isinstance(stats, MethodType) and stats.__code__.co_argcount == 1 else None
