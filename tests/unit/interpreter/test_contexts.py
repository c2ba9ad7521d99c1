"""Context variables: each fiber begins with what its parent has set, and sets them for itself alone."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token, copy_context
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    TaskGroup,
    VirtualClock,
    delay,
    do,
    from_async,
    par_traverse,
    par_zip,
    run,
    task_group,
    to_thread,
    yield_now,
)
from effio.testing import Simulation, simulate

number: ContextVar[int] = ContextVar("number", default=0)

read = delay(number.get)


def write(value: int) -> IO[Token[int]]:
    return delay(number.set, value)


RUNS: dict[str, Callable[[IO[Any, Any]], Any]] = {
    "asyncio": run,
    "trio": lambda program: run(program, backend="trio"),
    "virtual": lambda program: run(program, clock=VirtualClock()),
    "simulated": lambda program: value_of(simulate(program)),
    "begun with a variable": lambda program: begun_with(7, program),
}


def value_of(simulation: Simulation) -> Any:
    assert simulation.outcome is not None
    return simulation.outcome.unwrap()


def begun_with(value: int, program: IO[Any, Any]) -> Any:
    """Run where another variable is set, so that no fiber begins with an empty context."""
    other: ContextVar[int] = ContextVar("other")

    def inner() -> Any:
        other.set(value)
        return run(program)

    return copy_context().run(inner)


@pytest.fixture(params=RUNS)
def runs(request: pytest.FixtureRequest) -> Callable[[IO[Any, Any]], Any]:
    return RUNS[request.param]


def test_siblings_do_not_see_each_other(runs: Callable[[IO[Any, Any]], Any]) -> None:
    """What one child sets, the others never see, in whatever order they take turns."""

    def child(value: int) -> IO[tuple[int, int]]:
        after = write(value).then(yield_now).then(read) if value % 2 else yield_now.then(read)
        return read.flat_map(lambda before: after.map(lambda now: (before, now)))

    assert runs(par_traverse(range(1, 6), child)) == [(0, 1), (0, 0), (0, 3), (0, 0), (0, 5)]


def test_child_begins_with_what_its_parent_has_set(runs: Callable[[IO[Any, Any]], Any]) -> None:
    """A child sees what was set before the fork, also in the very same turn, and nothing that is set later."""

    @do
    def body(group: TaskGroup) -> Do[tuple[int, int, int]]:
        first = yield from group.fork(yield_now.then(read))
        yield from write(1)
        second = yield from group.fork(yield_now.then(read))
        yield from yield_now
        yield from write(2)
        third = yield from group.fork(write(9).then(read).then(yield_now).then(read))
        found = (yield from first.join()), (yield from second.join()), (yield from third.join())
        assert (yield from read) == 2
        return found

    assert runs(task_group(body)) == (0, 1, 9)


def test_children_that_start_late_begin_with_the_context_of_their_parent(runs: Callable[[IO[Any, Any]], Any]) -> None:
    """A child that takes the place of one that has set a variable in its last turn does not see it."""
    alone = par_traverse(range(1, 4), lambda value: read.flat_map(lambda seen: write(value).as_value(seen)), limit=1)
    assert runs(alone) == [0, 0, 0]
    assert runs(write(5).then(alone)) == [5, 5, 5]


def test_token_is_good_in_a_later_turn(runs: Callable[[IO[Any, Any]], Any]) -> None:
    """A variable that was set in one turn can be reset in another, by its token."""

    @do
    def body(value: int) -> Do[tuple[int, int]]:
        token = yield from write(value)
        yield from yield_now
        inside = yield from read
        yield from delay(number.reset, token)
        yield from yield_now
        return inside, (yield from read)

    assert runs(par_zip(body(1), body(2))) == ((1, 0), (2, 0))


@pytest.mark.parametrize("name", ["asyncio", "trio", "begun with a variable"])
def test_coroutines_and_threads_see_what_was_set_in_the_same_turn(name: str) -> None:
    """The first coroutine of a fiber, and a thread, see what their fiber has just set, and no other does."""

    async def coroutine() -> int:
        seen = number.get()
        number.set(seen + 10)
        return seen

    def child(value: int) -> IO[tuple[int, int, int], Exception]:
        first = write(value).then(from_async(coroutine)).zip(to_thread(number.get))
        return first.flat_map(lambda seen: read.map(lambda now: (*seen, now)))

    assert RUNS[name](par_traverse([1, 2], child)) == [(1, 11, 11), (2, 12, 12)]
    assert RUNS[name](par_zip(child(1), yield_now.then(read)))[1] == 0
