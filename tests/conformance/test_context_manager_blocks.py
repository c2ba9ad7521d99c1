"""Asynchronous context managers as resources: those that cancel the task they were entered in, and how each is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from effio import IO, Resource, fail, from_async, never, par_settle, run
from effio.cause import Cancelled
from tests.conformance.support import (
    ASYNCIO,
    TICK,
    TRIO,
    Backend,
    Journal,
    cause_of,
    forever,
    nap,
    rest,
    value_of,
)

WAITS = {"own": never, "foreign": from_async(forever)}
each_wait = pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)


def timeout(ticks: float) -> Resource[Any, Exception]:
    """A timeout of asyncio around the use."""
    return Resource.from_async_cm(lambda: asyncio.timeout(ticks * TICK))


def group() -> Resource[Any, Exception]:
    """A task group of anyio around the use."""
    return Resource.from_async_cm(anyio.create_task_group)


def started(function: Callable[[], Any]) -> Callable[[Any], IO[Any, Any]]:
    """Start a task in a group."""

    def starting(tasks: Any) -> IO[Any, Any]:
        async def start() -> None:
            tasks.start_soon(function)

        return from_async(start)

    return starting


async def failing() -> None:
    await nap(1)
    raise KeyError("task")


def test_context_manager_is_made_where_there_is_a_loop(foreign: Backend) -> None:
    """One that can be made inside an event loop only is a resource like any other, also as the first of a run."""

    class Client:
        def __init__(self) -> None:
            anyio.get_cancelled_exc_class()  # Fails outside of a loop.

        async def __aenter__(self) -> str:
            return "client"

        async def __aexit__(self, *told: object) -> None: ...

    assert value_of(foreign.run(Resource.from_async_cm(Client).use(lambda value: rest(0).as_value(value)))) == "client"


@each_wait
def test_timeout_of_asyncio_as_a_resource(wait: IO[Any, Any]) -> None:
    """It cuts its use, whatever that waits for, fails as it does in a coroutine, and the fiber goes on."""
    one = timeout(1).use(lambda _: wait).either()

    exits = value_of(ASYNCIO.run(one.zip(one).zip(rest(1).as_value("went on"))))

    assert [type(exit.failure()) for exit in exits[0]] == [TimeoutError, TimeoutError]
    assert exits[1] == "went on"


def test_of_two_timeouts_the_one_that_is_over_tells(on_asyncio: Backend) -> None:
    """An inner one does not take the cancel of an outer one for its own, nor the other way round."""

    def nested(outer: float, inner: float) -> IO[Any, Any]:
        cut = timeout(inner).use(lambda _: from_async(forever)).either().map(lambda exit: type(exit.failure()))
        return timeout(outer).use(lambda _: cut).either()

    assert isinstance(value_of(on_asyncio.run(nested(1, 60))).failure(), TimeoutError)
    assert value_of(on_asyncio.run(nested(60, 1))).unwrap() is TimeoutError


@each_wait
@pytest.mark.parametrize("backend", [ASYNCIO, TRIO], ids=lambda backend: str(backend.name))
def test_task_group_whose_task_fails_cuts_its_use(backend: Backend, wait: IO[Any, Any]) -> None:
    """The failure of the task is the only one that is told; who is around may handle it."""
    grouped = group().use(lambda tasks: started(failing)(tasks).then(wait))

    exit, after = value_of(backend.run(grouped.either().zip(rest(1).as_value("went on"))))

    (error,) = exit.failure().exceptions
    assert type(error) is KeyError
    assert after == "went on"


@each_wait
@pytest.mark.parametrize("backend", [ASYNCIO, TRIO], ids=lambda backend: str(backend.name))
def test_outer_of_two_task_groups_cuts_both(backend: Backend, wait: IO[Any, Any]) -> None:
    """The inner one passes the cancel on and is not blamed for it."""

    def outside(tasks: Any) -> IO[Any, Any]:
        return started(failing)(tasks).then(group().use(lambda inner: started(forever)(inner).then(wait)))

    exit, after = value_of(backend.run(group().use(outside).either().zip(rest(1).as_value("went on"))))

    assert [type(error) for error in exit.failure().exceptions] == [KeyError]
    assert after == "went on"


def test_scope_that_swallows_its_cancel_ends_its_use(foreign: Backend) -> None:
    """The use of a group whose scope is cancelled gives None, and nothing else is cancelled."""

    def leaving(tasks: Any) -> IO[Any, Any]:
        async def leave() -> None:
            tasks.cancel_scope.cancel()
            await forever()

        return from_async(leave).as_value("not cut")

    program = group().use(leaving).zip(from_async(nap, 1).as_value("went on"))

    assert value_of(foreign.run(program)) == (None, "went on")


def test_timeout_of_the_program_does_not_fail_a_task_group(foreign: Backend) -> None:
    """A group that is left because of a cancel of the program ends its tasks and adds no error to it."""
    journal = Journal()

    async def closing() -> None:
        try:
            await forever()
        finally:
            journal.append("closed")

    program = group().use(lambda tasks: started(closing)(tasks).then(rest(1)).then(never))

    assert value_of(foreign.run(program.move_on_after(3 * TICK))) is None
    assert journal == ["closed"]


def test_failure_of_the_use_is_told_once(foreign: Backend) -> None:
    """That a group raises what it was told again, in a group, is no second failure."""
    cause = cause_of(foreign.run(group().use(lambda tasks: fail(KeyError("use")))))

    assert [type(error) for error in cause.failures()] == [KeyError]


@asynccontextmanager
async def noting(journal: Journal, name: str) -> AsyncIterator[None]:
    """Note with which exception it is left."""
    try:
        yield
    except BaseException as error:
        journal.append(f"{name} saw {type(error).__name__}")
        raise
    finally:
        await asyncio.sleep(0)


def test_cancel_of_its_task_from_outside_goes_through_all_blocks() -> None:
    """Each context manager sees the CancelledError, from the inside out, and then the fiber is cancelled."""
    journal = Journal()

    async def doom() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(TICK, task.cancel)

    def noted(name: str, use: IO[Any, Any]) -> IO[Any, Any]:
        return Resource.from_async_cm(lambda: noting(journal, name)).use(lambda _: use)

    doomed = noted("outer", noted("inner", from_async(doom).then(never))).then(journal.note("went on"))
    exit, other = run(par_settle([doomed, rest(2).as_value("untouched")]))

    assert isinstance(exit.failure(), Cancelled)
    assert other.unwrap() == "untouched"
    assert journal == ["inner saw CancelledError", "outer saw CancelledError"]
