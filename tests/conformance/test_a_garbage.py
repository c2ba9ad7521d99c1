"""Section A: what a scope leaves behind is destroyed without the help of the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    attempt,
    cancel_scope,
    delay,
    do,
    fail,
    from_async,
    never,
    par_zip,
    run_async_exit,
    task_group,
    unit,
)
from tests.conformance.support import (
    ASYNCIO,
    UVLOOP,
    Backend,
    cause_of,
    nap,
    rest,
    value_of,
)


class Local:
    """Something that a program holds on to."""


class Broken(Exception):
    """An error whose end can be watched."""


@pytest.fixture
def no_gc() -> Any:
    """Whatever is destroyed is so because nobody refers to it any more."""
    gc.disable()
    yield
    gc.enable()


def test_b24_locals_of_cancelled_children_are_destroyed_promptly(backend: Backend, no_gc: None) -> None:
    """When the scope has ended the locals of its cancelled children are gone."""
    references: list[weakref.ref[Local]] = []
    alive: list[object] = []

    @do
    def child() -> Do[None]:
        local = Local()
        references.append(weakref.ref(local))
        yield from never
        del local

    def body(scope: CancelScope) -> IO[Any]:
        return par_zip(child(), child(), rest(1).then(scope.cancel()))

    program = cancel_scope(body).then(delay(lambda: alive.extend(reference() for reference in references)))
    value_of(backend.run(program))

    assert alive == [None, None]


@pytest.mark.parametrize("how", ["fail", "attempt", "group"])
def test_b24_errors_are_in_no_cycle(backend: Backend, no_gc: None, how: str) -> None:
    """When the exit of a run is dropped, so is the error in it."""

    def raising() -> None:
        raise Broken

    programs: dict[str, Any] = {
        "fail": lambda: delay(Broken).flat_map(fail),
        "attempt": lambda: attempt(raising),
        "group": lambda: task_group(lambda group: group.fork(attempt(raising)).then(never)),
    }
    exit = backend.run(rest(1).then(programs[how]()).ensuring(unit))
    reference = weakref.ref(cause_of(exit).failures()[0])
    assert reference() is not None

    del exit

    assert reference() is None


async def breaking() -> None:
    """Fail after a while."""
    await nap(1)
    raise Broken


@pytest.mark.parametrize("backend", [ASYNCIO, UVLOOP], ids=lambda backend: str(backend.name))
def test_b24_error_of_a_coroutine_is_in_no_cycle(backend: Backend, no_gc: None) -> None:
    """The same for the error of a foreign coroutine."""
    exit = backend.run(from_async(breaking))
    reference = weakref.ref(cause_of(exit).failures()[0])

    del exit

    assert reference() is None


def test_b24_error_of_a_coroutine_is_in_no_cycle_of_the_host(no_gc: None) -> None:
    """The same inside a host, whose own frames go on for a while."""

    async def host() -> object:
        exit = await run_async_exit(from_async(breaking))
        reference = weakref.ref(cause_of(exit).failures()[0])
        del exit
        return reference()

    assert asyncio.run(host()) is None


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts references")
def test_b24_cancelled_scope_leaves_no_garbage(backend: Backend, no_gc: None) -> None:
    """A hundred cancelled scopes leave nothing for the collector that holds a local of theirs."""
    references: list[weakref.ref[Local]] = []

    def body(scope: CancelScope) -> IO[None]:
        local = Local()
        references.append(weakref.ref(local))
        return scope.cancel().then(rest(1)).map(lambda nothing: local).as_value(None)

    program: IO[object] = unit
    for _ in range(100):
        program = program.then(cancel_scope(body))
    value_of(backend.run(program))

    assert [reference() for reference in references] == [None] * 100
