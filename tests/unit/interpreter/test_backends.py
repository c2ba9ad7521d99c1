"""Where a program runs: without a loop as long as it can, in the simulator, and in tasks that others may cancel."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from typing import Any

from effio import (
    IO,
    CancelScope,
    Failure,
    Success,
    TaskGroup,
    VirtualClock,
    cancel_scope,
    collect,
    delay,
    dump_fibers,
    effective_deadline,
    fail,
    from_async,
    from_callback,
    never,
    par_settle,
    par_zip,
    pure,
    run,
    run_async_exit,
    run_exit,
    shield,
    sleep,
    task_group,
)
from effio.interpreter.backends.simulated import simulate


def no_loop() -> asyncio.AbstractEventLoop:
    raise AssertionError("an event loop was made")


async def give(value: str) -> str:
    await asyncio.sleep(0)
    return value


def answered_by_a_thread(value: str) -> IO[str]:
    """Wait for a thread that has answered before this wait begins."""

    def register(resume: Callable[[IO[str]], None]) -> None:
        thread = threading.Thread(target=resume, args=[pure(value)])
        thread.start()
        thread.join()

    return from_callback(register)


def asked_and_answered() -> IO[tuple[str, None]]:
    """Wait in one fiber for a thread that another fiber starts."""
    waiting: list[Callable[[IO[str]], None]] = []

    def answer() -> None:
        thread = threading.Thread(target=waiting[0], args=[pure("answer")])
        thread.start()
        thread.join()

    return par_zip(from_callback(waiting.append), sleep(0).then(delay(answer)))


# -- Without a loop ------------------------------------------------------------------------------------------


def test_thread_that_has_answered_needs_no_loop() -> None:
    """An answer that is there when the program begins to wait is taken without an event loop."""
    assert run(answered_by_a_thread("answer"), loop_factory=no_loop) == "answer"
    assert run(asked_and_answered(), loop_factory=no_loop) == ("answer", None)


def test_answer_reaches_a_run_that_a_loop_takes_over() -> None:
    """An answer that came before the event loop did is not lost."""
    program = par_zip(answered_by_a_thread("answer"), from_async(give, "leaf"), answered_by_a_thread("another"))

    assert run(program) == ("answer", "leaf", "another")


def test_coroutine_that_is_cancelled_at_once_needs_no_loop() -> None:
    """A coroutine whose fiber is cancelled before there is a loop never begins."""
    program = par_zip(from_async(give, "never"), fail("failed"))

    assert run_exit(program, loop_factory=no_loop).failure().failures() == ("failed",)


def test_fiber_that_waits_for_a_loop_says_so() -> None:
    """Fibers can be shown before there is a loop, and what they wait for is the loop."""
    _, shown = run(par_zip(from_async(give, "leaf"), dump_fibers))

    assert "an event loop" in shown


def test_await_loads_the_interpreter() -> None:
    """A program of a module that needs no interpreter can be awaited all the same."""
    source = textwrap.dedent("""
        import asyncio
        from effio.algebra.create import pure

        async def awaited():
            return await pure(7)

        print(asyncio.run(awaited()))
    """)

    finished = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)

    assert finished.stdout == "7\n"


# -- In the simulator ----------------------------------------------------------------------------------------


def test_simulator_refuses_coroutines() -> None:
    """A foreign coroutine is a defect there, which names it and says what to do."""
    (defect,) = simulate(from_async(give, "value")).failure().defects()

    assert "give" in str(defect)
    assert "cannot await" in str(defect)
    assert defect.__notes__


def test_simulator_takes_answers_of_threads() -> None:
    """A callback may be answered by a thread."""
    assert simulate(answered_by_a_thread("answer")) == Success("answer")
    assert simulate(asked_and_answered()) == Success(("answer", None))


# -- In tasks ------------------------------------------------------------------------------------------------


def test_coroutine_says_what_runs() -> None:
    """A fiber that runs a foreign coroutine is shown with its name."""
    _, shown = run(par_zip(from_async(asyncio.sleep, 0.005), from_async(give, "").then(dump_fibers)))

    assert "coroutine sleep" in shown


def test_task_that_is_cancelled_before_its_first_step() -> None:
    """The fiber is cancelled by the host, and its finalizer runs."""
    journal: list[str] = []

    def cancel_victim() -> None:
        (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "victim"]
        task.cancel()

    victim = from_async(asyncio.sleep, 1).ensuring(delay(journal.append, "closed"))
    named = task_group(lambda group: group.fork(victim, name="victim").flat_map(lambda fiber: fiber.exit()))

    async def main() -> Any:
        return await run_async_exit(par_zip(named, collect([sleep(0), sleep(0), delay(cancel_victim)])))

    exit, _ = asyncio.run(main()).unwrap()
    assert [leaf.source for leaf in exit.failure().cancellations()] == ["host"]
    assert journal == ["closed"]


# -- Scopes --------------------------------------------------------------------------------------------------


def test_deadline_is_seen_through_a_restored_shield() -> None:
    """A shield hides the deadlines around it, its restore shows them again."""
    inside = shield(lambda restore: effective_deadline.zip(restore(effective_deadline)))

    assert run(inside.fail_after(5), clock=VirtualClock()) == (float("inf"), 5)


def test_scope_that_has_ended_cannot_be_cancelled() -> None:
    """A deadline that is moved later, or a cancel, changes nothing, then or when it would be due."""
    ended: list[CancelScope] = []

    def body(scope: CancelScope) -> IO[None]:
        return delay(ended.append, scope)

    moving = pure(None).flat_map(lambda _: ended[0].set_deadline(1))
    cancelling = pure(None).flat_map(lambda _: ended[1].cancel())
    program = cancel_scope(body).then(cancel_scope(body)).then(moving).then(cancelling).then(sleep(5))

    assert run_exit(program, clock=VirtualClock()) == Success(None)
    assert [scope.cancel_called for scope in ended] == [False, False]


def test_what_was_abandoned_fails_in_the_background() -> None:
    """The run waits for it, and its failure is told after that of the program."""
    abandoned = never.ensuring(sleep(1).then(fail("closing"))).abandon_after(1).either()

    exit = run_exit(par_settle([abandoned, abandoned]).then(fail("program")), clock=VirtualClock())

    assert isinstance(exit, Failure)
    assert exit.failure().failures() == ("program", "closing", "closing")


def test_cancel_from_outside_abandons_nothing() -> None:
    """It waits for the cleanup of what could have been let go."""
    journal: list[str] = []
    patient = never.ensuring(sleep(2).then(delay(journal.append, "closed"))).abandon_after(10)
    clock = VirtualClock()

    assert run(patient.move_on_after(1), clock=clock) is None
    assert journal == ["closed"]
    assert clock.now() == 3


def test_handles_tell_what_they_are() -> None:
    """Scopes and groups show their state and name, and a scope its reason."""

    def scope_body(scope: CancelScope) -> IO[list[object]]:
        before = repr(scope)
        return scope.cancel("enough").map(lambda _: [before, repr(scope), scope.reason, scope.deadline])

    def group_body(group: TaskGroup) -> IO[str]:
        return pure(f"{group!r} {group.name}")

    assert run(cancel_scope(scope_body)) == ["<CancelScope, open>", "<CancelScope, cancelled>", "enough", None]
    assert run(task_group(group_body, name="workers")) == "<TaskGroup 'workers'> workers"
    assert repr(VirtualClock(2)) == "VirtualClock(2)"


def test_fiber_says_whether_it_has_ended() -> None:
    """Its handle knows it at any time."""

    def body(group: TaskGroup) -> IO[list[object]]:
        forking = group.fork(sleep(1), name="worker")
        return forking.flat_map(lambda fiber: collect([delay(lambda: fiber.done), fiber.join(), delay(repr, fiber)]))

    assert run(task_group(body), clock=VirtualClock()) == [False, None, "<Fiber 'worker', ended>"]
