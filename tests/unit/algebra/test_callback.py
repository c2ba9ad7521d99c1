"""Waits that somebody else ends: what they refuse, and who may end them."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, cancel_scope, collect, from_callback, pure, run, run_exit, unit
from effio.algebra.primitive import Park
from effio.cause import Die


def test_canceller_that_is_no_program_is_a_bug_of_the_registering_function() -> None:
    """The error names the function and what it gave, and nothing waits."""

    def register(resume: Any) -> Any:
        return "unsubscribe"

    (bug,) = run_exit(from_callback(register)).failure().leaves()
    assert isinstance(bug, Die)
    assert isinstance(bug.exception, TypeError)
    assert "register" in str(bug.exception)
    assert "'unsubscribe'" in str(bug.exception)


def test_who_cancels_itself_while_it_enlists_is_withdrawn() -> None:
    """A wait that begins in a scope that it has just cancelled ends at once, and leaves no waiter behind."""
    waiters: list[Any] = []

    def body(scope: Any) -> IO[Any]:
        def enlist(resume: Any) -> None:
            waiters.append(resume)
            scope._core.request_cancel("explicit", "somebody", None)

        return Park(enlist, waiters.remove, "a turn")

    assert run(cancel_scope(body).then(pure("after"))) == "after"
    assert waiters == []


def test_awaitable_in_the_place_of_a_program_is_told_how_to_become_one() -> None:
    """Whoever calls an async function by mistake is told to wrap it."""

    async def fetch() -> int:
        return 1

    made = fetch()
    with pytest.raises(TypeError) as refused:
        collect([unit, made])  # type: ignore[arg-type]  # the mistake
    made.close()
    (note,) = refused.value.__notes__
    assert note == "wrap the async function as from_async(function, ...), without calling it"


def test_bind_is_flat_map() -> None:
    """The name by which `returns` knows it does the same."""
    assert run(pure(2).bind(lambda value: pure(value + 1))) == 3
