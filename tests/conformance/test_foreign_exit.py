"""SystemExit and KeyboardInterrupt of foreign code: in tasks that are not of the run, and in groups of exceptions."""

from __future__ import annotations

import asyncio

import pytest

from effio import IO, Runtime, fail, from_async, never, par_zip, run_exit
from tests.conformance.support import ASYNCIO, UVLOOP, Backend, Journal, boom, forever, nap, rest

fatal_errors = pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])


def doomed(fatal: type[BaseException]) -> IO[None]:
    """Start a task that raises `fatal` a tick later, and that somebody looks after."""

    async def ending() -> None:
        await nap(1)
        boom(fatal())

    async def start() -> None:
        task = asyncio.create_task(ending())
        task.add_done_callback(asyncio.Task.exception)

    return from_async(start).or_die()


# -- In a task that is not of the run ------------------------------------------------------------------------


@fatal_errors
@pytest.mark.parametrize("backend", [ASYNCIO, UVLOOP], ids=lambda backend: str(backend.name))
def test_exit_of_a_foreign_task_closes_the_run(backend: Backend, fatal: type[BaseException]) -> None:
    """The program is cancelled, its finalizers wait and complete, and the error is raised bare."""
    journal = Journal()
    parts = par_zip(never, from_async(forever)).ensuring(rest(1).then(journal.note("closed")))

    with pytest.raises(fatal):
        backend.run(doomed(fatal).then(parts))
    assert journal == ["closed"]


def test_failure_of_a_finalizer_does_not_hide_the_exit() -> None:
    """It is the context of the error that is raised."""
    with pytest.raises(SystemExit) as raised:
        run_exit(doomed(SystemExit).then(never.ensuring(fail(ValueError("closing")))))
    assert isinstance(raised.value.__context__, ValueError)


def test_exit_in_a_task_group_of_a_coroutine_is_raised_once() -> None:
    """The group and the loop both tell of it, and the runtime can be used afterwards."""

    async def grouped() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leaving())
            await forever()

    async def leaving() -> None:
        boom(SystemExit(3))

    with Runtime() as runtime:
        with pytest.raises(SystemExit):
            runtime.run(from_async(grouped).ensuring(rest(1)))
        assert runtime.run(rest(1).as_value("again")) == "again"


# -- In a group of exceptions --------------------------------------------------------------------------------


@fatal_errors
def test_exit_in_a_group_is_raised_bare(foreign: Backend, fatal: type[BaseException]) -> None:
    """One that a nursery of trio wraps in groups is raised as any other, the rest as its context."""
    other = ValueError("other")

    async def raising() -> None:
        raise BaseExceptionGroup("outer", [other, BaseExceptionGroup("inner", [fatal()])])

    with pytest.raises(fatal) as raised:
        foreign.run(from_async(raising))
    assert isinstance(raised.value.__context__, BaseExceptionGroup)
    assert raised.value.__context__.exceptions[0] is other


def test_exit_in_a_group_cannot_be_handled(foreign: Backend) -> None:
    """Who looks at the exit of the failed part is cancelled at the next action."""
    journal = Journal()

    async def raising() -> None:
        raise BaseExceptionGroup("group", [SystemExit(3)])

    with pytest.raises(SystemExit):
        foreign.run(from_async(raising).exit().then(journal.note("went on")))
    assert journal == []


def test_exit_that_is_alone_in_a_group_has_no_context(foreign: Backend) -> None:
    """The group tells nothing more."""

    async def raising() -> None:
        raise BaseExceptionGroup("alone", [SystemExit(3)])

    with pytest.raises(SystemExit) as raised:
        foreign.run(from_async(raising))
    assert raised.value.__context__ is None
