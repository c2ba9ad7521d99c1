"""Trio: what coroutines of trio may rely on inside a fiber, and a program inside an application of trio."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from effio import (
    IO,
    CancelScope,
    Do,
    Runtime,
    TaskGroup,
    TimedOut,
    VirtualClock,
    cancel_scope,
    delay,
    die,
    do,
    fail,
    from_async,
    never,
    now,
    par_collect,
    par_zip,
    pure,
    run,
    run_async,
    run_exit,
    sleep,
    task_group,
    to_thread,
    unit,
)
from effio.cause import Cancelled, Cause, Fail
from effio.interpreter import runtime as runtime_module
from tests.conformance.support import (
    IN_TRIO,
    TICK,
    TRIO,
    Backend,
    Journal,
    cause_of,
    clocked,
    rest,
    until,
    value_of,
)

COLOUR: ContextVar[str] = ContextVar("colour", default="none")

ROOT = Path(__file__).parents[2]

on_trio = pytest.mark.parametrize("host", [TRIO, IN_TRIO], ids=lambda backend: str(backend.name))


async def stuck_nursery(journal: Journal) -> None:
    """Two tasks that wait for ever and say when they are closed."""

    async def waiting(name: str) -> None:
        journal.append(f"{name} began")
        try:
            await trio.sleep_forever()
        finally:
            journal.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(waiting, "child")
        await waiting("body")


# -- Coroutines ----------------------------------------------------------------------------------------------


@on_trio
def test_cancel_goes_through_a_nursery(host: Backend) -> None:
    """A nursery inside a coroutine is cancelled with all its tasks."""
    journal = Journal()

    begun = until(lambda: len(journal) == 2)

    assert value_of(host.run(from_async(stuck_nursery, journal).race(begun))) is None
    assert sorted(journal[2:]) == ["body", "child"]


@on_trio
def test_error_that_came_with_the_cancel_is_not_lost(host: Backend) -> None:
    """What fails in a nursery while it is being cancelled is in the cause, without trio's own Cancelled."""

    begun: list[bool] = []

    async def failing() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            begun.append(True)
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("while closing")

    cause = cause_of(host.run(par_zip(from_async(failing), until(lambda: begun).then(fail("enough")))))

    (group,) = (error for error in cause.failures() if error != "enough")
    assert isinstance(group, ExceptionGroup)
    assert [str(error) for error in group.exceptions] == ["while closing"]


@on_trio
def test_scopes_of_trio_inside_a_coroutine(host: Backend) -> None:
    """A timeout of trio inside a coroutine fires and is nobody's cancel but its own."""

    async def limited() -> bool:
        with trio.move_on_after(TICK) as scope:
            await trio.sleep_forever()
        return scope.cancelled_caught

    async def failing() -> None:
        with trio.fail_after(TICK):
            await trio.sleep_forever()

    caught, error = value_of(host.run(from_async(limited).zip(from_async(failing).flip())))
    assert caught
    assert isinstance(error, trio.TooSlowError)


@on_trio
def test_nursery_is_held_across_coroutines(host: Backend) -> None:
    """What one coroutine of a fiber enters another one leaves, although a third was cancelled in between."""
    opened: list[AbstractAsyncContextManager[trio.Nursery]] = []

    async def enter() -> None:
        opened.append(trio.open_nursery())
        await opened[0].__aenter__()

    async def leave() -> None:
        await opened[0].__aexit__(None, None, None)

    cut = from_async(trio.sleep_forever).move_on_after(2 * TICK)
    program = from_async(enter).then(cut).then(from_async(trio.sleep, TICK)).then(rest(1)).then(from_async(leave))

    value_of(host.run(program.zip(from_async(trio.sleep, TICK))))


@on_trio
def test_nursery_that_is_held_is_left_by_a_finalizer(host: Backend) -> None:
    """A nursery that was entered by a bracket closes in order when the program around is cancelled."""
    journal = Journal()
    opened: list[AbstractAsyncContextManager[trio.Nursery]] = []

    async def work() -> None:
        await trio.sleep(4 * TICK)
        journal.append("child ended")

    async def enter() -> None:
        opened.append(trio.open_nursery())
        nursery = await opened[0].__aenter__()
        nursery.start_soon(work)

    async def leave() -> None:
        await opened[0].__aexit__(None, None, None)
        journal.append("left")

    program = from_async(enter).bracket(lambda _: from_async(trio.sleep_forever), lambda _: from_async(leave))

    assert value_of(host.run(program.move_on_after(2 * TICK))) is None
    assert journal == ["child ended", "left"]


@on_trio
def test_timeout_of_one_coroutine_leaves_a_held_nursery_alone(host: Backend) -> None:
    """The tasks of a nursery that a bracket holds go on when a coroutine in the body is cut."""
    journal = Journal()
    go_on = trio.Event()
    opened: list[AbstractAsyncContextManager[trio.Nursery]] = []

    async def work() -> None:
        await go_on.wait()
        journal.append("child ended")

    async def enter() -> None:
        opened.append(trio.open_nursery())
        nursery = await opened[0].__aenter__()
        nursery.start_soon(work)

    async def leave() -> None:
        go_on.set()
        await opened[0].__aexit__(None, None, None)

    cut = from_async(trio.sleep_forever).move_on_after(TICK)
    body = cut.then(cut).then(journal.note("body ended"))

    value_of(host.run(from_async(enter).bracket(lambda _: body, lambda _: from_async(leave))))
    assert journal == ["body ended", "child ended"]


@on_trio
@pytest.mark.parametrize("make", [trio.open_nursery, trio.CancelScope])
def test_what_is_left_open_is_a_defect(host: Backend, make: Callable[[], Any]) -> None:
    """A nursery or scope that nobody leaves is closed with the fiber, its tasks are cancelled, and the bug is told."""
    journal = Journal()

    async def work() -> None:
        try:
            await trio.sleep_forever()
        finally:
            journal.append("closed")

    async def enter() -> None:
        manager = make()
        if make is trio.CancelScope:
            manager.__enter__()
        else:
            (await manager.__aenter__()).start_soon(work)

    (defect,) = cause_of(host.run(from_async(enter).then(from_async(trio.sleep, TICK)))).defects()

    assert "left a scope or a nursery of trio open" in str(defect)
    assert journal == ["closed"] * (make is trio.open_nursery)


@on_trio
def test_coroutine_that_is_shielded_is_waited_for(host: Backend) -> None:
    """A shield of trio holds off the cancel; the value is delivered and the next action is cancelled."""
    received: list[str] = []

    async def shielded() -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(8 * TICK)
        return "value"

    exit, ticks = value_of(
        host.run(clocked(from_async(shielded).map(received.append).then(rest(50)).move_on_after(2 * TICK)))
    )
    assert value_of(exit) is None
    assert received == ["value"]
    assert ticks >= 7


@on_trio
def test_finalizer_that_is_a_coroutine_is_not_cut(host: Backend) -> None:
    """Coroutines in finalizers wait in peace, in a task that was cancelled before."""
    journal = Journal()

    async def closing() -> None:
        await trio.sleep(2 * TICK)
        journal.append("closed")

    program = from_async(trio.sleep_forever).ensuring(from_async(closing)).ensuring(from_async(closing))

    assert cause_of(host.run(program.fail_after(TICK))) == Fail(TimedOut(TICK))
    assert journal == ["closed", "closed"]


@on_trio
def test_coroutine_sees_the_fiber_as_its_task(host: Backend) -> None:
    """Each coroutine of a fiber runs in one task, which has the name of the fiber and trio's clock."""

    async def task() -> trio.lowlevel.Task:
        assert trio.current_time() > 0
        return trio.lowlevel.current_task()

    program = from_async(task).zip(rest(1).then(from_async(task))).named("worker")
    (first, second), other = value_of(host.run(par_zip(program, from_async(task))))

    assert first is second
    assert first is not other
    assert first.name == "worker"


@pytest.mark.slow
@on_trio
def test_two_thousand_coroutines(host: Backend) -> None:
    """Many fibers with a task each run and end."""

    async def once(number: int) -> int:
        await trio.lowlevel.checkpoint()
        return number

    values = value_of(host.run(par_collect([from_async(once, number) for number in range(2_000)])))
    assert values == list(range(2_000))


@on_trio
def test_fiber_that_never_waits_lets_trio_run(host: Backend) -> None:
    """A busy program gives the other tasks of trio their turn."""
    turns: list[int] = []

    async def counting() -> None:
        while True:
            turns.append(1)
            await trio.lowlevel.checkpoint()

    def busy() -> None:
        end = trio.current_time() + 0.001
        while trio.current_time() < end:
            pass

    work: IO[Any, Any] = unit
    for _ in range(60):
        work = work.then(delay(busy))
    value_of(host.run(from_async(counting).race(from_async(trio.sleep, 0).then(work))))
    assert len(turns) >= 5


@on_trio
def test_program_works_in_threads(host: Backend) -> None:
    """Thread calls of effio and of trio work beside each other."""

    async def of_trio() -> int:
        return await trio.to_thread.run_sync(sum, [3, 4])

    both = par_zip(to_thread(sum, [1, 2]), from_async(of_trio))

    assert value_of(host.run(both)) == (3, 7)


# -- Runs ----------------------------------------------------------------------------------------------------


def test_runtime_runs_many_programs_on_trio() -> None:
    """One after the other; those that never wait need no trio at all."""
    with Runtime(backend="trio") as runtime:
        assert runtime.run(pure(1)) == 1
        assert runtime.run(sleep(TICK).as_value(2)) == 2
        assert runtime.run(from_async(trio.sleep, 0).as_value(3)) == 3


def test_program_without_waits_starts_no_trio_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, functions and children need no event loop."""
    monkeypatch.setattr(trio, "run", lambda *args: pytest.fail("trio was run"))

    assert run(par_zip(pure(1), delay(int)), backend="trio") == (1, 0)


def test_virtual_time_on_trio() -> None:
    """The clock jumps, waits while a coroutine is in flight, and a run that is stuck ends as a deadlock."""
    clock = VirtualClock()
    run(from_async(trio.sleep, TICK).fail_after(3600).then(sleep(3600)), backend="trio", clock=clock)

    assert clock.now() == 3600
    (defect,) = cause_of(run_exit(never, backend="trio", clock=VirtualClock())).defects()
    assert "deadlock" in str(defect)


def test_backend_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong name, a loop for trio, and trio when it is not installed are errors before anything runs."""
    with pytest.raises(ValueError, match="not 'curio'"):
        run(pure(1), backend="curio")  # type: ignore[arg-type]  # the mistake that this is about
    with pytest.raises(ValueError, match="loop_factory"):
        Runtime(backend="trio", loop_factory=lambda: pytest.fail("made a loop"))
    monkeypatch.setattr(runtime_module, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="trio") as raised:
        run(pure(1), backend="trio")
    assert "effio[trio]" in raised.value.__notes__[0]


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
def test_fatal_exception_of_a_coroutine_is_raised_bare(fatal: type[BaseException]) -> None:
    """After all finalizers, with other failures as its context."""
    journal = Journal()

    async def failing() -> None:
        await trio.sleep(TICK)
        raise fatal

    with pytest.raises(fatal):
        run(par_zip(from_async(failing), never.ensuring(rest(1).then(journal.note("closed")))), backend="trio")
    assert journal == ["closed"]


# -- Inside an application -----------------------------------------------------------------------------------


def in_host(main: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    """Run the main coroutine of an application; afterwards no task of effio's is left."""

    async def watched() -> None:
        tasks = trio.lowlevel.current_statistics().tasks_living
        await main()
        assert trio.lowlevel.current_statistics().tasks_living == tasks

    trio.run(watched)


async def cut_after(ticks: float, awaitable: Awaitable[object]) -> trio.CancelScope:
    """Await something in a scope of trio that times out."""
    with trio.move_on_after(ticks * TICK) as scope:
        await awaitable
    return scope


def closing(journal: Journal) -> IO[Any]:
    """Wait for ever, and take some ticks to close."""
    return never.ensuring(rest(4).then(journal.note("closed")))


def test_program_is_awaited() -> None:
    """`await program` gives the value or raises the failure."""

    async def main() -> None:
        assert await rest(1).as_value("value") == "value"
        with pytest.raises(KeyError, match="missing"):
            await rest(1).then(fail(KeyError("missing")))

    in_host(main)


def test_cancel_of_the_host_waits_for_finalizers() -> None:
    """A scope of trio that is cancelled cuts the program after its clean-up, and has caught its own cancel."""
    journal = Journal()

    async def main() -> None:
        scope = await cut_after(2, closing(journal))
        assert scope.cancelled_caught

    in_host(main)
    assert journal == ["closed"]


def test_cancel_of_the_host_is_raised_itself() -> None:
    """The task sees trio's own Cancelled."""
    seen: list[type[BaseException]] = []

    async def waiting() -> None:
        try:
            await run_async(never)
        except BaseException as error:
            seen.append(type(error))
            raise

    async def main() -> None:
        await cut_after(1, waiting())

    in_host(main)
    assert seen == [trio.Cancelled]


def test_failing_task_of_a_nursery_cancels_the_program() -> None:
    """The finalizer of the program completes, and the nursery raises its task's error alone."""
    journal = Journal()

    async def failing() -> None:
        await trio.sleep(TICK)
        raise ValueError("host")

    async def together() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_async, closing(journal))
            nursery.start_soon(failing)

    async def main() -> None:
        with pytest.raises(ExceptionGroup) as raised:
            await together()
        assert [type(error) for error in raised.value.exceptions] == [ValueError]

    in_host(main)
    assert journal == ["closed"]


def test_errors_win_over_the_cancel_of_the_host() -> None:
    """What fails while closing is raised, and the task is cancelled at its next checkpoint."""
    seen: list[str] = []

    def body(group: TaskGroup) -> IO[None, Any]:
        return group.fork(never.ensuring(rest(1).then(die(ZeroDivisionError())))).then(never)

    async def waiting() -> None:
        with contextlib.suppress(ExceptionGroup):
            await run_async(task_group(body))
        seen.append("error")
        await trio.lowlevel.checkpoint()
        seen.append("went on")

    async def main() -> None:
        assert (await cut_after(2, waiting())).cancelled_caught

    in_host(main)
    assert seen == ["error"]


def test_cancel_of_the_host_wins_over_a_value() -> None:
    """A program that ends with a value although its host was cancelled raises the cancel."""
    journal = Journal()

    async def main() -> None:
        scope = await cut_after(1, rest(4).then(journal.note("ended")).shielded().as_value("value"))
        assert scope.cancelled_caught

    in_host(main)
    assert journal == ["ended"]


def test_finalizer_knows_that_the_host_cancelled() -> None:
    """The source in the cause is the host."""
    seen: list[Cancelled] = []

    def look(cause: Cause[Any]) -> IO[None]:
        seen.extend(cause.cancellations())
        return unit

    async def main() -> None:
        await cut_after(1, never.on_cancel(look))

    in_host(main)
    assert [leaf.source for leaf in seen] == ["host"]


def test_two_programs_side_by_side() -> None:
    """The cancel of one leaves the other alone."""
    values: list[str] = []

    async def other() -> None:
        values.append(await rest(4).as_value("other"))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await cut_after(1, never)

    in_host(main)
    assert values == ["other"]


def test_run_inside_a_trio_task_says_what_to_do() -> None:
    """`run` refuses, and its note says to await the program."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match="event loop") as raised:
            run(pure(1))
        assert any("await" in note for note in raised.value.__notes__)

    in_host(main)


def test_program_lives_in_the_time_of_the_host() -> None:
    """With a mock clock of trio an hour of the program passes at once."""

    async def main() -> float:
        began, _, ended = await now.zip(sleep(3600)).zip(now).map(lambda t: (*t[0], t[1]))
        return ended - began

    elapsed = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert elapsed == pytest.approx(3600)


def test_context_of_the_host_is_copied() -> None:
    """The program sees the variables of its caller; what it sets stays inside."""

    async def set_it() -> str:
        before = COLOUR.get()
        COLOUR.set("program")
        return before

    async def main() -> None:
        COLOUR.set("host")
        assert await from_async(set_it).zip(delay(COLOUR.get)) == ("host", "program")
        assert COLOUR.get() == "host"

    in_host(main)


def test_scope_cancels_a_coroutine_and_not_its_siblings() -> None:
    """A cancel scope of effio inside a host cuts just what is in it."""

    @do
    def program() -> Do[list[object], Any]:
        def body(scope: CancelScope) -> IO[Any, Any]:
            return par_zip(from_async(trio.sleep_forever), rest(1).then(scope.cancel()))

        return list((yield from par_zip(cancel_scope(body), from_async(trio.sleep, 4 * TICK).as_value("slept"))))

    async def main() -> None:
        assert await program() == [None, "slept"]

    in_host(main)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal is sent to one process")
def test_interrupt_of_the_host_lets_finalizers_run() -> None:
    """Ctrl-C in a trio application that awaits a program: it closes, then trio.run raises KeyboardInterrupt."""
    script = """
    import trio
    from effio import delay, never, sleep

    def say(text):
        print(text, flush=True)

    async def main():
        await delay(say, "ready").then(never).ensuring(sleep(0.05).then(delay(say, "closed")))

    try:
        trio.run(main)
    except KeyboardInterrupt:
        say("interrupted")
    """
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        for line in map(str.strip, process.stdout):
            lines.append(line)
            if line == "ready":
                process.send_signal(signal.SIGINT)
    assert lines == ["ready", "closed", "interrupted"]
