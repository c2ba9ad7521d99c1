"""What users of asyncio expect, in the words of effio: cases of CPython's suites beyond the numbered ones."""

from __future__ import annotations

import asyncio
import contextvars
import signal
import threading
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    Fiber,
    Runtime,
    TaskGroup,
    TimedOut,
    cancel_scope,
    delay,
    do,
    fail,
    from_async,
    never,
    par_zip,
    pure,
    race_staggered,
    run,
    run_async,
    run_exit,
    sleep,
    task_group,
    unit,
)
from effio.cause import Fail, Then
from tests.conformance.support import (
    TICK,
    Backend,
    Journal,
    boom,
    cause_of,
    clocked,
    giving,
    group_of,
    nap,
    rest,
    value_of,
)

# -- test_taskgroups -----------------------------------------------------------------------------------------


def test_child_that_is_joined_in_the_body_gives_its_value_there(backend: Backend) -> None:
    """The value of a joined child is had before the others have ended."""
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[int]:
        quick = yield from group.fork(rest(1).as_value(42))
        yield from group.fork(rest(3).then(journal.note("slow")))
        value = yield from quick.join()
        yield from journal.note("joined")
        return value

    assert value_of(backend.run(task_group(body))) == 42
    assert journal == ["joined", "slow"]


def test_body_that_joins_a_failing_child_fails_once(backend: Backend) -> None:
    """The failure that the body sees by joining is told as that of the child."""

    @do
    def body(group: TaskGroup) -> Do[Any, Any]:
        child = yield from group.fork(rest(1).then(fail("no")))
        yield from child.join()

    cause = cause_of(backend.run(task_group(body)))

    assert set(cause.failures()) == {"no"}


def test_body_handles_the_failure_of_a_child_and_is_cancelled_all_the_same(backend: Backend) -> None:
    """A group has failed with its child, whatever its body makes of that."""
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[None]:
        child = yield from group.fork(fail("no"))
        yield from child.exit()
        yield from rest(1)
        yield from journal.note("went on")

    cause = cause_of(backend.run(task_group(body)))

    assert cause == group_of(Fail("no"))
    assert journal == []


def test_group_in_a_group_in_a_child(backend: Backend) -> None:
    """A failure three groups deep is in three groups, and every sibling on the way is cancelled."""
    journal = Journal()

    def nested(levels: int) -> IO[Any, Any]:
        if levels == 0:
            return rest(1).then(fail("deep"))
        sibling = never.on_cancel(journal.note(f"sibling {levels}"))
        return task_group(lambda group: group.fork(sibling).then(group.fork(nested(levels - 1))))

    cause = cause_of(backend.run(nested(3)))

    assert cause == group_of(group_of(group_of(Fail("deep"))))
    assert journal == ["sibling 1", "sibling 2", "sibling 3"]


def test_exceptions_of_two_children_are_caught_by_kind(backend: Backend) -> None:
    """`except*` finds each of them in what `run` would raise."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        failing = never.ensuring(fail(KeyError("a")))
        return group.fork(failing).then(group.fork(rest(1).then(fail(ValueError("b")))))

    raised = cause_of(backend.run(task_group(body))).to_exception()

    found: list[BaseException] = []
    try:
        raise raised
    except* KeyError as keys:
        found += keys.exceptions
    except* ValueError as values:
        found += values.exceptions
    assert [type(error) for error in found] == [KeyError, ValueError]


def test_child_that_ends_after_the_cancel_with_a_value_is_no_failure(foreign: Backend) -> None:
    """A coroutine that swallows its cancel and returns does not disturb how the group ends."""

    async def stubborn() -> str:
        try:
            await nap(1000)
        except BaseException:
            return "value"
        return "never"

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(from_async(stubborn)).then(rest(1)).then(fail("body"))

    assert cause_of(foreign.run(task_group(body))) == group_of(Fail("body"))


def test_context_of_the_body_is_its_own(backend: Backend) -> None:
    """A group runs its body in the context of who opened it, so what the body sets is seen afterwards."""
    variable = contextvars.ContextVar("variable", default="before")
    opened = task_group(lambda group: delay(variable.set, "set"))

    assert value_of(backend.run(opened.then(delay(variable.get)))) == "set"


# -- test_timeouts -------------------------------------------------------------------------------------------


def test_deadline_of_a_program_that_has_ended_cuts_nothing(backend: Backend) -> None:
    """What follows a program that was in time is not cut when the deadline passes."""
    program = rest(0).fail_after(2 * TICK).either().then(rest(4)).as_value("value")

    assert value_of(backend.run(program)) == "value"


def test_timeout_around_children_cuts_all_of_them(backend: Backend) -> None:
    """The group in the timeout is cancelled with its children, and one timeout is told."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None]:
        child = never.on_cancel(journal.note("cut"))
        return group.fork(child).then(group.fork(child)).then(unit)

    cause = cause_of(backend.run(task_group(body).fail_after(TICK)))

    assert cause == Fail(TimedOut(TICK))
    assert journal == ["cut", "cut"]


def test_error_of_what_is_cut_is_told_with_the_timeout(backend: Backend) -> None:
    """A failure in the cleanup of a timeout does not hide that there was one."""
    error = ZeroDivisionError()
    cause = cause_of(backend.run(never.ensuring(fail(error)).fail_after(TICK)))

    assert cause == Then((Fail(TimedOut(TICK)), Fail(error)))


def test_deadline_set_on_a_scope_that_has_ended_changes_nothing(backend: Backend) -> None:
    """A scope is over when its program is: a deadline given to it later cuts nobody."""
    scopes: list[CancelScope] = []

    def body(scope: CancelScope) -> IO[None]:
        scopes.append(scope)
        return unit

    late = delay(lambda: scopes[0]).flat_map(lambda scope: scope.set_deadline(0))
    program = cancel_scope(body).then(late.exit()).then(rest(1)).as_value("value")

    assert value_of(backend.run(program)) == "value"


def test_timeouts_side_by_side_do_not_meet(backend: Backend) -> None:
    """Of two timeouts in two fibers each cuts its own."""
    short = never.fail_after(TICK).flip()
    long = never.fail_after(3 * TICK).flip()

    exit, ticks = value_of(backend.run(clocked(par_zip(short, long))))

    assert value_of(exit) == (TimedOut(TICK), TimedOut(3 * TICK))
    assert backend.took(ticks, 3)


def test_timeout_inside_a_loop_is_new_each_time(backend: Backend) -> None:
    """Ten rounds of two ticks each are none of them late for three."""
    rounds = rest(2).fail_after(200 * TICK).repeat(9)

    exit, ticks = value_of(backend.run(clocked(rounds)))

    assert value_of(exit) is None
    assert backend.took(ticks, 20)


# -- test_staggered ------------------------------------------------------------------------------------------


def test_staggered_first_fails_and_second_succeeds(backend: Backend) -> None:
    """The failure of the first starts the second without the delay."""
    attempts: list[IO[str, Any]] = [fail("no"), pure("second")]

    exit, ticks = value_of(backend.run(clocked(race_staggered(attempts, 100 * TICK))))

    assert value_of(exit) == "second"
    assert backend.took(ticks, 0)


def test_staggered_first_hangs_and_second_succeeds(backend: Backend) -> None:
    """The second begins after the delay and wins, and the first is cancelled."""
    journal = Journal()
    attempts: list[IO[Any, Any]] = [never.on_cancel(journal.note("first cut")), pure("second")]

    exit, ticks = value_of(backend.run(clocked(race_staggered(attempts, 2 * TICK))))

    assert value_of(exit) == "second"
    assert journal == ["first cut"]
    assert backend.took(ticks, 2)


def test_staggered_none_succeeds(backend: Backend) -> None:
    """All failures are told, in the order of the attempts."""
    attempts = [rest(2).then(fail("first")), fail("second"), fail("third")]

    assert cause_of(backend.run(race_staggered(attempts, TICK))).failures() == ("first", "second", "third")


def test_staggered_early_failure_and_long_delay(backend: Backend) -> None:
    """A failure in the middle of a long delay begins the next attempt at that moment."""
    attempts: list[IO[Any, Any]] = [rest(1).then(fail("no")), rest(1).as_value("second")]

    _, ticks = value_of(backend.run(clocked(race_staggered(attempts, 200 * TICK))))

    assert backend.took(ticks, 2)


def test_staggered_that_is_cut_cuts_all_attempts(backend: Backend) -> None:
    """Those that have begun are cancelled, and no other begins."""
    journal = Journal()
    attempts = [
        journal.note(f"{number} began").then(never).on_cancel(journal.note(f"{number} cut")) for number in range(3)
    ]

    value_of(backend.run(race_staggered(attempts, 200 * TICK).move_on_after(TICK)))

    assert journal == ["0 began", "0 cut"]


# -- test_runners --------------------------------------------------------------------------------------------


def test_runtime_runs_one_program_after_the_other_on_one_loop() -> None:
    """Two programs see the same loop, and it is closed with the runtime."""

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    with Runtime() as runtime:
        first, second = runtime.run(from_async(loop)), runtime.run(from_async(loop))
        assert first is second
        assert not first.is_closed()

    assert first.is_closed()


def test_runtime_that_was_closed_has_a_new_loop() -> None:
    """Closing twice does nothing more, and a program that runs afterwards has a loop of its own."""

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    with Runtime() as runtime:
        first = runtime.run(from_async(loop))
        runtime.close()
        runtime.close()
        second = runtime.run(from_async(loop))

    assert first is not second
    assert first.is_closed()
    assert second.is_closed()


def test_runtime_goes_on_after_a_failure() -> None:
    """A program that raised leaves the runtime as it was."""
    with Runtime() as runtime:
        with pytest.raises(ZeroDivisionError):
            runtime.run(sleep(0).then(delay(lambda: 1 // 0)))
        assert runtime.run(from_async(giving, "value")) == "value"


def test_run_of_no_program_says_what_it_was_given() -> None:
    """A coroutine function, or a plain value, is no program."""
    wrong: Any
    for wrong in (giving, 42, None):
        with pytest.raises(TypeError, match="program"):
            run(wrong)


def test_run_of_a_coroutine_is_refused_without_a_warning() -> None:
    """A coroutine object is no program, and it is not complained of as never awaited."""
    coroutine: Any = giving(42)
    with pytest.raises(TypeError, match="program"):
        run(coroutine)
    coroutine.close()


def test_tasks_that_a_coroutine_left_are_cancelled_with_the_run() -> None:
    """A task of asyncio that outlives its coroutine is cancelled before `run` returns."""
    journal = Journal()

    async def hanging() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            journal.append("cancelled")

    tasks: list[asyncio.Task[None]] = []

    async def leaving() -> None:
        tasks.append(asyncio.create_task(hanging()))
        await asyncio.sleep(0)

    run(from_async(leaving))

    assert journal == ["cancelled"]


def test_asynchronous_generators_are_closed_with_the_run() -> None:
    """A generator that nobody iterates to its end has run its finally when `run` returns."""
    journal = Journal()

    async def numbers() -> Any:
        try:
            for number in range(10):
                yield number
        finally:
            await asyncio.sleep(0)
            journal.append("closed")

    kept: list[Any] = []

    async def first() -> int:
        kept.append(numbers())
        number: int = await anext(kept[0])
        return number

    assert run(from_async(first)) == 0
    assert journal == ["closed"]


def test_run_in_another_thread_leaves_signals_alone() -> None:
    """A thread that is not the main one may run programs, and the handler of Ctrl-C stays as it was."""
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(run(sleep(0.001).as_value("value"))))
    thread.start()
    thread.join()

    assert seen == ["value"]
    assert signal.getsignal(signal.SIGINT) is before


def test_handler_of_the_user_for_interrupts_is_there_again() -> None:
    """A handler that was installed before the run is the handler afterwards, and during it if it is not Python's."""

    def mine(number: int, frame: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, mine)
    try:
        assert run(sleep(0.001).then(delay(signal.getsignal, signal.SIGINT))) is mine
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_two_threads_run_programs_at_once() -> None:
    """Each thread has a loop of its own, and neither disturbs the other."""
    values: list[object] = []

    def work(number: int) -> None:
        values.append(run(par_zip(sleep(0.002), from_async(giving, number))))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, values)) == [f"(None, {number})" for number in range(4)]


def test_await_in_a_cancelled_task_ends_with_its_cancel() -> None:
    """A program that is awaited by a task with a cancel pending is cancelled at its first action."""
    journal = Journal()

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await run_async(rest(1).then(journal.note("acted")).ensuring(journal.note("closed")))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert journal == ["closed"]


def test_program_in_a_task_of_a_task_group_that_fails_is_cancelled() -> None:
    """A host's task group cancels the program when a sibling task fails, and its finalizer completes."""
    journal = Journal()

    async def failing() -> None:
        await asyncio.sleep(0.002)
        boom(ValueError("sibling"))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(failing())
            group.create_task(run_async(never.ensuring(rest(1).then(journal.note("closed")))))

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main())

    assert [type(error) for error in raised.value.exceptions] == [ValueError]
    assert journal == ["closed"]


def test_program_is_awaited_under_a_gather_of_the_host() -> None:
    """Programs are awaitables: `asyncio.gather` gives their values in order."""

    async def main() -> list[int]:
        return await asyncio.gather(*(sleep(0.003 - number / 1000).as_value(number) for number in range(3)))

    assert asyncio.run(main()) == [0, 1, 2]


def test_failure_of_an_awaited_program_is_caught_by_the_host() -> None:
    """A typed failure is the very exception that `except` sees."""
    error = KeyError("no")

    async def main() -> BaseException | None:
        try:
            await fail(error)
        except KeyError as caught:
            return caught
        return None

    assert asyncio.run(main()) is error


# -- test_eager_task_factory, test_tasks ---------------------------------------------------------------------


def test_fiber_is_done_when_it_has_ended(backend: Backend) -> None:
    """`done` is false while a fiber runs and true afterwards, as that of a task."""

    @do
    def body(group: TaskGroup) -> Do[tuple[bool, bool]]:
        fiber: Fiber[None, Any] = yield from group.fork(rest(1))
        before = fiber.done
        yield from fiber.join()
        return before, fiber.done

    assert value_of(backend.run(task_group(body))) == (False, True)


def test_run_leaves_no_thread() -> None:
    """After a hundred programs there is no thread more than before."""
    before = threading.active_count()
    for _ in range(100):
        run_exit(sleep(0))

    assert threading.active_count() == before
