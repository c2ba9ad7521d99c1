"""Section F: exceptions that stop programs, and generators that are closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    Runtime,
    TaskGroup,
    delay,
    do,
    fail,
    from_async,
    never,
    par_zip,
    run_async,
    task_group,
)
from effio.cause import Die, Fail
from tests.conformance.support import (
    Backend,
    Gate,
    Journal,
    boom,
    cause_of,
    current_task,
    forever,
    group_of,
    nap,
    nothing_left,
    rest,
    value_of,
)


class Stop(BaseException):
    """Neither an `Exception` nor an exit."""


@pytest.mark.parametrize("error", [KeyboardInterrupt("child"), SystemExit(3)], ids=repr)
def test_b71_exit_raised_in_a_child(backend: Backend, error: BaseException) -> None:
    """All finalizers complete, and the run raises that very exception, the other errors in its context."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None, Any]:
        closing = never.ensuring(rest(2).then(journal.note("closed")).then(fail(KeyError("closing"))))
        return group.fork(closing).then(group.fork(rest(1).then(delay(boom, error)))).then(never)

    with pytest.raises(type(error)) as raised:
        backend.run(task_group(body))

    assert raised.value is error
    assert journal == ["closed"]
    assert isinstance(raised.value.__context__, ExceptionGroup)
    assert isinstance(raised.value.__context__.exceptions[0], KeyError)


def test_b71_exit_raised_in_a_coroutine(foreign: Backend) -> None:
    """An exit that a foreign coroutine raises does not abort the loop: the siblings' finalizers complete."""
    journal = Journal()

    async def raising() -> None:
        await nap(1)
        raise KeyboardInterrupt

    closing = from_async(forever).ensuring(from_async(nap, 2).then(journal.note("closed")))

    with pytest.raises(KeyboardInterrupt):
        foreign.run(par_zip(closing, from_async(raising)))

    assert journal == ["closed"]


def test_b71_loop_is_not_broken_afterwards() -> None:
    """The runtime whose program raised an exit runs the next program."""
    with Runtime() as runtime:
        with pytest.raises(KeyboardInterrupt):
            runtime.run(rest(1).then(delay(boom, KeyboardInterrupt())))

        assert runtime.run(from_async(nap, 1).then(rest(1)).as_value("next")) == "next"


def test_b75_other_base_exception_beside_a_failure(backend: Backend) -> None:
    """Both are reported, and what is raised is a BaseExceptionGroup of both."""
    gate = Gate()
    stop = Stop()

    def raising(nothing: object) -> None:
        raise stop

    def body(group: TaskGroup) -> IO[None, Any]:
        first = gate.wait().map(raising)
        second = gate.wait().then(fail(ValueError("sibling")))
        return group.fork(first).then(group.fork(second)).then(rest(1)).then(gate.open())

    cause = cause_of(backend.run(task_group(body)))

    assert cause == group_of(Die(stop), Fail(ValueError("sibling")))
    exception = cause.to_exception()
    assert isinstance(exception, BaseExceptionGroup)
    assert not isinstance(exception, ExceptionGroup)
    assert exception.exceptions[0] is stop


def test_b76_host_closes_the_coroutine_that_runs_the_program() -> None:
    """Finalizers that need not wait run, a warning tells of the rest, and nothing is awaited any more."""
    journal = Journal()
    program = never.ensuring(journal.note("closed").then(rest(1)).then(journal.note("waited"))).named("orphan")

    async def host() -> None:
        with nothing_left():
            running = run_async(program)
            running.send(None)
            await asyncio.sleep(0)
            with pytest.warns(RuntimeWarning, match="orphan"):
                running.close()
            await nap(3)

    asyncio.run(host())

    assert journal == ["closed"]


def test_b76_closing_a_coroutine_whose_finalizers_need_not_wait() -> None:
    """A program that could close completely is no reason for a warning."""
    journal = Journal()

    async def host() -> None:
        with nothing_left():
            running = run_async(never.ensuring(journal.note("closed")))
            running.send(None)
            await asyncio.sleep(0)
            running.close()

    asyncio.run(host())

    assert journal == ["closed"]


def test_b77_abandoned_async_generator_is_closed_where_it_was_iterated(foreign: Backend) -> None:
    """A generator that is iterated and closed by leaves of one fiber sees one task and one context."""
    context = ContextVar("context", default="outside")
    seen: list[tuple[object, str]] = []

    async def numbers() -> AsyncGenerator[int, None]:
        token = context.set("inside")
        try:
            for number in range(10):
                yield number
        finally:
            seen.append((current_task(), context.get()))
            context.reset(token)

    @do
    def consumer() -> Do[int, Any]:
        generator = numbers()
        first: int = yield from from_async(anext, generator)
        task = yield from from_async(running_in)
        seen.append((task, context.get()))
        yield from rest(1)
        yield from from_async(generator.aclose)
        return first

    assert value_of(foreign.run(consumer())) == 0
    iterated, closed = seen
    assert iterated == closed
    assert closed[1] == "inside"


async def running_in() -> object:
    """The task that this coroutine runs in."""
    return current_task()
