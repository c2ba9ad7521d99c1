"""A fiber that has its own handle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import IO, Deferred, Fiber, TaskGroup, VirtualClock, run_exit, task_group, unit

WAITS: dict[str, Callable[[Fiber[Any, Any]], IO[Any, Any]]] = {
    "join": lambda fiber: fiber.join(),
    "exit": lambda fiber: fiber.exit(),
    "cancel in a finalizer": lambda fiber: unit.ensuring(fiber.cancel()),
}


def knowing_itself(use: Callable[[Fiber[Any, Any]], IO[Any, Any]]) -> IO[Any, Any]:
    """A task group with one child, which is given its own handle."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return (
            Deferred[Fiber[Any, Any]]
            .make()
            .flat_map(lambda handle: group.fork(handle.get().flat_map(use), name="child").flat_map(handle.complete))
        )

    return task_group(body)


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_fiber_that_waits_for_its_own_end_has_a_defect(wait: Callable[[Fiber[Any, Any]], IO[Any, Any]]) -> None:
    """It would wait for ever; the error names it."""
    (problem,) = run_exit(knowing_itself(wait), clock=VirtualClock()).failure().defects()
    assert str(problem) == "fiber 'child' cannot wait for its own end"
