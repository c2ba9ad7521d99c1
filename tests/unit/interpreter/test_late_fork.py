"""Forks into a group that was about to end: it waits for them too."""

from __future__ import annotations

from typing import Any

import pytest
from returns.result import Success

from effio import IO, delay, pure, sleep, task_group
from effio.interpreter.backends.simulated import simulate


def forked_while_an_empty_group_ends(log: list[str]) -> IO[Any, Any]:
    """The body of an empty group has ended, and the others run once, when another fiber forks into it."""
    late = delay(log.append, "began").then(sleep(1)).then(delay(log.append, "ended"))
    return task_group(
        lambda outer: task_group(lambda inner: outer.fork(inner.fork(late))).then(delay(log.append, "after the group"))
    )


def forked_after_the_last_child(log: list[str]) -> IO[Any, Any]:
    """The last child has ended, but the owner of the group has not run yet, when another fiber forks into it."""
    late = delay(log.append, "began").then(sleep(1)).then(delay(log.append, "ended"))
    return task_group(
        lambda outer: task_group(
            lambda inner: inner.fork(sleep(1)).then(outer.fork(sleep(1).then(inner.fork(late)))).then(pure(None))
        ).then(delay(log.append, "after the group"))
    )


@pytest.mark.parametrize("make", [forked_while_an_empty_group_ends, forked_after_the_last_child])
def test_group_waits_for_a_fork_that_comes_late(make: Any) -> None:
    """The child runs to its end before the group ends."""
    log: list[str] = []
    exit = simulate(make(log))
    assert log == ["began", "ended", "after the group"]
    assert isinstance(exit, Success)
