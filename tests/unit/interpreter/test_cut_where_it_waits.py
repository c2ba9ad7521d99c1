"""A cancelled fiber that waits and has nothing left to run ends where it waits; any other takes a turn to unwind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    Fiber,
    TaskGroup,
    VirtualClock,
    delay,
    do,
    never,
    par_traverse,
    pure,
    run,
    shield,
    sleep,
    task_group,
)
from effio.data.cause import Cancelled, Cause
from effio.testing.observation import simulated


@do
def waiting() -> Do[None]:
    yield from never


BARE: dict[str, IO[Any, Any]] = {
    "sleep": sleep(3600),
    "never": never,
    "named": never.named("x"),
    "continuations": never.map(str).then(pure(1)).flat_map(pure),
    "handlers": never.exit().catch_all(pure),
}
BUSY: dict[str, IO[Any, Any]] = {
    "finalizer": never.ensuring(pure(1)),
    "exit": never.on_exit(pure),
    "scope": never.fail_after(3600),
    "body": waiting(),
    "shield": shield(lambda restore: restore(never)),
    "named inside": never.named("x").map(str),
    "group": task_group(lambda group: never),
    "children": never.par_zip(never),
}


@do
def ended_at_once(group: TaskGroup, program: IO[Any, Any]) -> Do[tuple[bool, bool]]:
    """Whether a fiber has ended right after the action that cancels it, and a turn later."""
    fiber: Fiber[Any, Any] = yield from group.fork(program)
    yield from sleep(0.001)
    yield from fiber.cancel_soon()
    at_once = fiber.done
    yield from fiber.exit()
    return at_once, fiber.done


@pytest.mark.parametrize("name", BARE)
def test_fiber_with_nothing_left_ends_where_it_waits(name: str) -> None:
    """What only waits, with continuations and handlers that a cancel passes by, has ended when the cancel returns."""
    assert run(task_group(lambda group: ended_at_once(group, BARE[name])), clock=VirtualClock()) == (True, True)


@pytest.mark.parametrize("name", BUSY)
def test_fiber_with_something_left_takes_a_turn(name: str) -> None:
    """What has a finalizer, a scope, a body or children is still to run when the cancel returns."""
    assert run(task_group(lambda group: ended_at_once(group, BUSY[name])), clock=VirtualClock()) == (False, True)


def test_waiter_of_a_fiber_that_ended_at_once_is_told() -> None:
    """Who joins a fiber that is cut where it waits goes on with its cancellation, after the one who cancelled it."""

    def program(note: Callable[[str], IO[None]]) -> IO[None]:
        @do
        def body(group: TaskGroup) -> Do[None]:
            sleeper = yield from group.fork(sleep(3600))
            yield from group.fork(sleeper.exit().flat_map(lambda exit: note(type(exit.failure()).__name__)))
            yield from sleep(1)
            yield from sleeper.cancel_soon("enough")
            yield from note("cancelled")

        return task_group(body)

    seen = simulated(lambda log: program(lambda text: delay(log.note, text)))
    assert [text for _, text, _ in seen.log] == ["cancelled", "Cancelled"]


def test_limited_children_that_are_cut_start_no_more() -> None:
    """When a parallel construct is cancelled whose children end at once, those that waited for a place never start."""
    started: list[str] = []

    def child(name: str) -> IO[None]:
        return delay(started.append, name).then(sleep(3600))

    program = par_traverse("abcd", child, limit=2).move_on_after(1)
    assert simulated(lambda log: program).exit.unwrap() is None
    assert started == ["a", "b"]


def test_all_who_join_a_cancelled_fiber_fail_with_the_same_leaf() -> None:
    """Two members that join a cancelled sibling tell of one cancellation, not of two."""

    @do
    def body(group: TaskGroup) -> Do[None]:
        target = yield from group.fork(sleep(3600))
        yield from group.fork(target.join())
        yield from group.fork(target.join())
        yield from sleep(1)
        yield from target.cancel_soon()

    exit = run(task_group(body).exit(), clock=VirtualClock())
    cause: Cause[Any] = exit.failure()
    assert [type(leaf) for leaf in cause.leaves()] == [Cancelled]
