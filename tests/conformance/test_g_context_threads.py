"""Section G: context variables along fibers, and answers that come from threads (calls in them: `test_threads`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import partial
from typing import Any

from effio import (
    IO,
    CancelScope,
    Do,
    TaskGroup,
    cancel_scope,
    collect,
    delay,
    do,
    from_async,
    from_callback,
    par_collect,
    par_zip,
    pure,
    task_group,
)
from tests.conformance.support import TICK, Backend, Journal, nap, rest, value_of

COLOUR: ContextVar[str] = ContextVar("colour", default="none")


def test_b78_context_of_a_child_is_a_copy_made_at_the_fork(backend: Backend) -> None:
    """Each child sees the value at its fork, and what it sets is seen by neither its parent nor its sibling."""

    @do
    def child(own: str) -> Do[tuple[str, str]]:
        inherited = yield from delay(COLOUR.get)
        yield from delay(COLOUR.set, own)
        yield from rest(1)
        return inherited, (yield from delay(COLOUR.get))

    @do
    def body(group: TaskGroup) -> Do[list[object]]:
        yield from delay(COLOUR.set, "red")
        first = yield from group.fork(child("one"))
        yield from delay(COLOUR.set, "blue")
        second = yield from group.fork(child("two"))
        seen: list[object] = [(yield from first.join()), (yield from second.join())]
        return [*seen, (yield from delay(COLOUR.get))]

    assert value_of(backend.run(task_group(body))) == [("red", "one"), ("blue", "two"), "blue"]
    assert COLOUR.get() == "none"


def test_b78_context_of_parts_that_run_at_once(backend: Backend) -> None:
    """The parts of a parallel combinator each have their own context."""

    def part(colour: str) -> IO[str]:
        return delay(COLOUR.set, colour).then(rest(1)).then(delay(COLOUR.get))

    program = par_collect([part("red"), part("blue")]).zip(delay(COLOUR.get))

    assert value_of(backend.run(program)) == (["red", "blue"], "none")


def test_b79_coroutines_of_one_fiber_share_one_context(foreign: Backend) -> None:
    """A token set in the first coroutine resets the variable in the third, with waits in between."""
    tokens: list[Token[str]] = []

    async def enter() -> None:
        tokens.append(COLOUR.set("inside"))
        await nap(1)

    async def leave() -> str:
        seen = COLOUR.get()
        COLOUR.reset(tokens.pop())
        return seen

    between = from_async(nap, 1).then(rest(1)).then(delay(COLOUR.get))
    fiber = from_async(enter).then(between).zip(from_async(leave)).zip(delay(COLOUR.get))
    program = par_collect([fiber, rest(1)]).map(lambda values: values[0])

    assert value_of(foreign.run(program)) == (("inside", "inside"), "none")


def test_context_variable_set_in_a_step_is_seen_by_a_coroutine(foreign: Backend) -> None:
    """Steps and coroutines of a fiber see what the others set."""

    async def read() -> str:
        return COLOUR.get()

    program = delay(COLOUR.set, "from a step").then(from_async(read)).then(from_async(read))

    assert value_of(foreign.run(program)) == "from a step"
    assert COLOUR.get() == "none"


# -- Answers from threads ------------------------------------------------------------------------------------

Resume = Callable[[IO[str]], None]


def test_callback_from_a_thread(foreign: Backend) -> None:
    """A thread may resume the fiber; it goes on in the thread of the run."""

    def register(resume: Resume) -> None:
        start_thread(lambda: resume(pure("answer")))

    program: IO[str] = from_callback(register)
    threads = program.zip(delay(threading.current_thread))

    assert value_of(foreign.run(threads)) == ("answer", threading.current_thread())


def test_first_of_many_answers_from_threads_counts(foreign: Backend) -> None:
    """Of ten threads that answer at once one is heard, and late answers disturb nobody."""
    gate = threading.Barrier(10)

    def register(resume: Resume) -> None:
        for number in range(10):
            start_thread(partial(answer, resume, number))

    def answer(resume: Resume, number: int) -> None:
        gate.wait()
        resume(pure(f"answer {number}"))

    program: IO[str] = from_callback(register)
    following: IO[str] = from_callback(lambda resume: resume(pure("next")))
    both = program.zip(rest(2).then(following))

    first, second = value_of(foreign.run(both))

    assert first.startswith("answer")
    assert second == "next"


def test_answer_from_a_thread_after_the_cancel_is_ignored(foreign: Backend) -> None:
    """A wait that was cancelled runs its canceller and is not disturbed by the answer that still comes."""
    journal = Journal()

    def register(resume: Resume) -> IO[None]:
        start_thread(lambda: resume(pure("late")), after=10)
        return journal.note("withdrawn")

    program: IO[str] = from_callback(register)

    assert value_of(foreign.run(program.move_on_after(TICK).zip(rest(5)))) == (None, None)
    assert journal == ["withdrawn"]
    join_threads()


def test_answer_from_a_thread_after_the_run(foreign: Backend) -> None:
    """An answer that comes when the run is over is ignored."""

    def register(resume: Resume) -> None:
        start_thread(lambda: resume(pure("late")), after=10)

    program: IO[str] = from_callback(register)

    assert value_of(foreign.run(program.move_on_after(TICK))) is None
    assert join_threads() == []


def test_answers_from_threads_to_many_fibers(foreign: Backend) -> None:
    """A hundred fibers wait for a thread each; every one gets its own answer."""

    def asking(number: int) -> IO[str]:
        return from_callback(lambda resume: start_thread(lambda: resume(pure(str(number)))))

    assert value_of(foreign.run(par_collect([asking(n) for n in range(100)]))) == [str(n) for n in range(100)]


def test_thread_answers_in_the_same_tick_as_a_cancel(foreign: Backend) -> None:
    """Whatever comes first, an answer is either received or the wait is cancelled; nothing hangs."""
    received: list[str] = []

    def asking(scope: CancelScope) -> IO[Any]:
        waiting: IO[str] = from_callback(lambda resume: start_thread(lambda: resume(pure("answer"))))
        return par_zip(waiting.map(received.append), scope.cancel())

    outcomes = value_of(foreign.run(collect([cancel_scope(asking)] * 20)))

    assert len(outcomes) == 20
    join_threads()


_threads: list[threading.Thread] = []
_complaints: list[object] = []


def start_thread(action: Callable[[], object], after: float = 0) -> None:
    """Call `action` in a thread, some ticks later."""

    def call() -> None:
        try:
            action()
        except BaseException as error:
            _complaints.append(error)

    thread = threading.Timer(after * TICK, call)
    _threads.append(thread)
    thread.start()


def join_threads() -> list[object]:
    """Wait for the threads; give what was raised in them."""
    while _threads:
        _threads.pop().join()
    complaints = list(_complaints)
    _complaints.clear()
    return complaints
