"""Section H: a program inside an asyncio application that has timeouts and cancels of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import pytest
import uvloop

from effio import (
    IO,
    CancelScope,
    Do,
    Resource,
    TaskGroup,
    cancel_scope,
    collect,
    do,
    fail,
    from_async,
    never,
    now,
    par_collect,
    pure,
    run,
    run_async,
    run_async_exit,
    task_group,
    unit,
)
from effio.cause import Cancelled, Cause
from tests.conformance.support import TICK, Journal, cause_of, eager_loop, forever, nap, nothing_left, rest

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
if sys.version_info >= (3, 12):
    LOOPS.append(eager_loop)


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop", "eager"][: len(LOOPS)])
def in_host(request: pytest.FixtureRequest) -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    """Run the main coroutine of a host application; nothing of effio's may be left when it ends."""

    def run_host(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def watched() -> Any:
            with nothing_left():
                return await main()

        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(watched())

    return run_host


Host = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


async def cancelled_after(ticks: float, awaitable: Awaitable[object]) -> asyncio.Task[Any]:
    """Await something in a task of its own that is cancelled some ticks later."""

    async def waiting() -> Any:
        return await awaitable

    task = asyncio.create_task(waiting())
    await nap(ticks)
    task.cancel("cancelled by the host")
    await asyncio.wait([task])
    return task


def closing(journal: Journal, ticks: float = 4) -> IO[Any]:
    """Wait for ever, and take some ticks to close."""
    return never.ensuring(rest(ticks).then(journal.note("closed")))


def test_b82_nested_in_a_host_timeout(in_host: Host) -> None:
    """The finalizer completes, the host's timeout raises its TimeoutError and has taken its cancel back."""
    journal = Journal()

    async def main() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * TICK):
                await run_async(closing(journal))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert in_host(main) == 0
    assert journal == ["closed"]


def test_b82_nested_in_a_host_task_group(in_host: Host) -> None:
    """A failing task of the host's group cancels the program, whose finalizer completes."""
    journal = Journal()

    async def failing() -> None:
        await nap(2)
        raise ValueError("host")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(run_async(closing(journal)))
            group.create_task(failing())

    with pytest.raises(ExceptionGroup) as raised:
        in_host(main)

    assert [type(error) for error in raised.value.exceptions] == [ValueError]
    assert journal == ["closed"]


def test_b82_nested_in_an_anyio_scope(in_host: Host) -> None:
    """Cleanup in a cancelled scope of anyio, which cancels again and again, completes."""
    journal = Journal()

    async def main() -> bool:
        with anyio.move_on_after(2 * TICK) as scope:
            await run_async(closing(journal))
        return scope.cancelled_caught

    assert in_host(main)
    assert journal == ["closed"]


def test_b83_own_cancels_leave_the_host_counts_alone(in_host: Host) -> None:
    """A hundred scopes that cancel themselves do not count for the host's task, one real cancel does."""

    @do
    def cancelling() -> Do[None, Any]:
        def body(scope: CancelScope) -> IO[Any, Any]:
            return par_collect([from_async(forever), never, scope.cancel()])

        for _ in range(100):
            yield from cancel_scope(body)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        await run_async(cancelling())
        assert task.cancelling() == 0

        cancelled = await cancelled_after(2, run_async(cancelling().then(never)))
        assert cancelled.cancelled()
        assert cancelled.cancelling() == 1

    in_host(main)


def test_b84_host_cancels_twice_during_cleanup(in_host: Host) -> None:
    """The cleanup completes, and the latest CancelledError is raised, both cancels counted."""
    journal = Journal()

    async def main() -> None:
        cancelled_twice = asyncio.Event()
        cleanup = from_async(cancelled_twice.wait).then(rest(1)).then(journal.note("closed"))
        task = asyncio.create_task(run_async(never.ensuring(cleanup)))
        for attempt in (1, 2):
            await nap(2)
            task.cancel(f"cancel {attempt}")
        await nap(1)
        cancelled_twice.set()
        await asyncio.wait([task])
        assert task.cancelled()
        assert task.cancelling() == 2
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        assert raised.value.args == ("cancel 2",)

    in_host(main)
    assert journal == ["closed"]


def test_b84_cancel_object_of_the_host_is_raised_itself(in_host: Host) -> None:
    """The host sees its own CancelledError, not another one and not a wrapped one."""
    seen: list[BaseException] = []

    async def waiting() -> None:
        try:
            await run_async(never)
        except BaseException as error:
            seen.append(error)
            raise

    async def main() -> None:
        task = await cancelled_after(2, waiting())
        assert task.cancelled()

    in_host(main)
    assert [(type(error), error.args) for error in seen] == [(asyncio.CancelledError, ("cancelled by the host",))]


def test_b10_errors_win_over_the_cancel_of_the_host(in_host: Host) -> None:
    """The group of errors is raised, and the cancel hits the task at its next await."""
    seen: list[str] = []

    def body(group: TaskGroup) -> IO[None, Any]:
        return group.fork(never.ensuring(rest(1).then(fail(ZeroDivisionError())))).then(never)

    async def waiting() -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await run_async(task_group(body))
        except* ZeroDivisionError:
            seen.append(f"error, cancels: {task.cancelling()}")
        await nap(1)
        seen.append("went on")

    async def main() -> None:
        task = await cancelled_after(2, waiting())
        assert task.cancelled()

    in_host(main)
    assert seen == ["error, cancels: 1"]


def test_cancel_of_the_host_wins_over_a_value(in_host: Host) -> None:
    """A program that ends with a value although its host was cancelled raises the cancel."""
    journal = Journal()
    program = rest(4).then(journal.note("ended")).shielded().as_value("value")

    async def main() -> None:
        assert (await cancelled_after(2, run_async(program))).cancelled()

    in_host(main)
    assert journal == ["ended"]


def test_b42_finalizer_knows_that_the_host_cancelled(in_host: Host) -> None:
    """The source in the cause is the host."""
    seen: list[Cancelled] = []

    def look(cause: Cause[Any]) -> IO[None]:
        seen.extend(cause.cancellations())
        return unit

    async def main() -> None:
        await cancelled_after(2, run_async(never.on_cancel(look)))

    in_host(main)
    assert [leaf.source for leaf in seen] == ["host"]


def test_b86_fork_does_not_run_the_child(in_host: Host) -> None:
    """Whatever the host's task factory does, a child runs after its parent has gone on."""
    journal = Journal()

    async def coroutine() -> None:
        journal.append("child")
        raise ValueError("child")

    def body(group: TaskGroup) -> IO[None, Any]:
        forking = group.fork(from_async(coroutine)).then(journal.note("parent"))
        return forking.then(from_async(forever)).then(unit)

    async def main() -> Any:
        return await run_async_exit(task_group(body))

    cause = cause_of(in_host(main))
    assert journal == ["parent", "child"]
    assert [type(error) for error in cause.failures()] == [ValueError]


def test_b86_child_cancels_the_group_at_its_first_step(in_host: Host) -> None:
    """A child that cancels its group before anybody else ran does not make it hang."""

    def body(group: TaskGroup) -> IO[None, Any]:
        children = [group.fork(group.cancel()), group.fork(from_async(forever))]
        return collect(children).then(from_async(forever))

    async def main() -> Any:
        return await run_async_exit(task_group(body))

    in_host(main)


# -- Tasks that somebody else cancels ------------------------------------------------------------------------


async def victim_cancelled(body: Callable[[TaskGroup], IO[Any, Any]], after: float) -> Any:
    """Run a group in which the host cancels the task called victim after some ticks."""
    running = asyncio.create_task(run_async(task_group(body)))
    await nap(after)
    (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "victim"]
    task.cancel()
    return await running


def test_b87_task_of_a_fiber_is_cancelled_from_outside(in_host: Host) -> None:
    """That fiber is cancelled by the host, its finalizers run, and its siblings are not touched."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[object, Any]:
        victim = from_async(forever).ensuring(from_async(nap, 1).then(journal.note("closed")))
        sibling = from_async(nap, 6).then(journal.note("sibling"))
        forking = group.fork(victim, name="victim").zip(group.fork(sibling))
        return forking.flat_map(lambda fibers: fibers[0].exit())

    exit = in_host(partial(victim_cancelled, body, after=2))
    assert [leaf.source for leaf in cause_of(exit).cancellations()] == ["host"]
    assert sorted(journal) == ["closed", "sibling"]


def test_b87_parked_task_is_cancelled_from_outside(in_host: Host) -> None:
    """The same for a task whose fiber waits for something of effio's own."""
    journal = Journal()
    program = from_async(nap, 1).then(never).ensuring(journal.note("closed")).named("victim")

    def body(group: TaskGroup) -> IO[object, Any]:
        return group.fork(program).flat_map(lambda fiber: fiber.exit())

    exit = in_host(partial(victim_cancelled, body, after=3))
    assert [leaf.source for leaf in cause_of(exit).cancellations()] == ["host"]
    assert journal == ["closed"]


def test_b87_shielded_leaf_has_no_value_when_its_task_is_cancelled(in_host: Host) -> None:
    """An acquisition that the host cuts off has acquired nothing: neither use nor release are run."""
    journal = Journal()
    acquire = from_async(nap, 50).as_value("connection")
    resource = Resource.make(acquire, lambda value: journal.note(f"released {value}"))

    def body(group: TaskGroup) -> IO[object, Any]:
        return group.fork(resource.use(journal.note), name="victim").flat_map(lambda fiber: fiber.exit())

    exit = in_host(partial(victim_cancelled, body, after=2))
    assert {leaf.source for leaf in cause_of(exit).cancellations()} == {"host"}
    assert journal == []


@pytest.mark.parametrize("new_loop", LOOPS[:2])
def test_b87_sweep_at_shutdown(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """A host that ends cancels all tasks at once; the finalizers of the program complete before that."""
    journal = Journal()
    running: list[asyncio.Task[Any]] = []
    hosted = from_async(forever).ensuring(from_async(nap, 2).then(journal.note("hosted")))

    async def main() -> None:
        running.append(asyncio.create_task(run_async(par_collect([hosted, closing(journal, 3)]))))
        await nap(2)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())

    assert sorted(journal) == ["closed", "hosted"]
    assert running[0].cancelled()


# -- Entering ------------------------------------------------------------------------------------------------


def test_run_inside_a_running_loop_says_what_to_do(in_host: Host) -> None:
    """`run` refuses, in one sentence, and its note says to await the program."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match="running event loop") as raised:
            run(pure(1))
        assert any("await" in note for note in raised.value.__notes__)

    in_host(main)


def test_program_is_awaited_as_it_is(in_host: Host) -> None:
    """`await program` gives its value, or raises its failure."""

    async def main() -> object:
        with pytest.raises(KeyError, match="missing"):
            await rest(1).then(fail(KeyError("missing")))
        return await rest(1).as_value("value")

    assert in_host(main) == "value"


def test_two_programs_run_side_by_side_in_one_host(in_host: Host) -> None:
    """Runs share nothing: the cancel of one leaves the other alone."""

    async def main() -> object:
        other = asyncio.create_task(run_async(rest(4).zip(now).as_value("other")))
        await cancelled_after(2, run_async(never))
        return await other

    assert in_host(main) == "other"
