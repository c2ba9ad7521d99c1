"""Calls in worker threads (B40, B80, B81, and the cases of trio and anyio): cancelling, asking, and calling back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, Literal

import pytest

from effio import (
    IO,
    CancelScope,
    CapacityLimiter,
    Do,
    Portal,
    ScopeClosed,
    TaskGroup,
    ThreadCancelled,
    TimedOut,
    VirtualClock,
    cancel_scope,
    check_cancelled,
    collect,
    delay,
    do,
    fail,
    from_async,
    from_callback,
    never,
    now,
    par_collect,
    par_zip,
    run,
    sleep,
    task_group,
    to_thread,
    unit,
)
from effio.cause import Cancelled, Die, Fail
from tests.conformance.support import (
    ASYNCIO,
    TICK,
    TRIO,
    Backend,
    Journal,
    boom,
    cause_of,
    nap,
    rest,
    until,
    value_of,
)

COLOUR: ContextVar[str] = ContextVar("colour", default="none")


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """After each case no thread is left, but for abandoned ones, which end in time."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        assert thread.daemon
        thread.join(10)
        assert not thread.is_alive()


def block(ticks: float) -> str:
    """Block the thread."""
    time.sleep(ticks * TICK)
    return "done"


def asking() -> None:
    """Work until cancelled."""
    while True:
        time.sleep(TICK / 4)
        check_cancelled()


def late(then: Callable[[], str] = lambda: "done") -> str:
    """Work until cancelled, and end with something else all the same."""
    try:
        asking()
    except ThreadCancelled:
        return then()
    return "never"


# -- Calling -------------------------------------------------------------------------------------------------


def test_call_runs_in_another_thread(foreign: Backend) -> None:
    """The function runs in a worker thread, the program goes on in its own."""
    inside, outside = value_of(foreign.run(to_thread(threading.current_thread).zip(delay(threading.current_thread))))

    assert inside is not outside
    assert outside is threading.current_thread()


def test_call_passes_arguments_and_gives_the_result(foreign: Backend) -> None:
    """Positional and keyword arguments arrive."""
    assert value_of(foreign.run(to_thread(sorted, [2, 3, 1], reverse=True))) == [3, 2, 1]


def test_others_run_while_a_thread_is_busy(foreign: Backend) -> None:
    """A blocked thread holds up no fiber."""
    both = value_of(foreign.run(par_zip(to_thread(block, 8), rest(1).then(now))))

    assert both[0] == "done"


@pytest.mark.parametrize("error", [ValueError(), StopIteration(1), StopAsyncIteration(), TimeoutError()], ids=repr)
def test_exception_in_a_thread_is_a_typed_failure(foreign: Backend, error: Exception) -> None:
    """Whatever a thread raises arrives, also what stops iterations and hangs `asyncio.to_thread`."""
    assert cause_of(foreign.run(to_thread(boom, error))) == Fail(error)


def test_exception_that_is_not_caught_is_a_defect(foreign: Backend) -> None:
    """With `catch=` only such exceptions are typed failures."""
    error = KeyError("other")

    assert cause_of(foreign.run(to_thread(boom, error, catch=ValueError))) == Die(error)


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
def test_fatal_exception_in_a_thread_ends_the_run(foreign: Backend, fatal: type[BaseException]) -> None:
    """It is raised bare, after all finalizers."""
    journal = Journal()
    with pytest.raises(fatal):
        foreign.run(par_zip(to_thread(boom, fatal()), never.ensuring(journal.note("closed"))))

    assert journal == ["closed"]


def test_context_travels_into_the_thread_and_not_back(foreign: Backend) -> None:
    """The thread sees the fiber's variables; what it sets stays there."""

    def look() -> str:
        seen = COLOUR.get()
        COLOUR.set("thread")
        return seen

    program = delay(COLOUR.set, "fiber").then(to_thread(look)).zip(delay(COLOUR.get))

    assert value_of(foreign.run(program)) == ("fiber", "fiber")


def test_threads_are_used_again(foreign: Backend) -> None:
    """Twenty calls, one after the other, need one thread (in virtual time none is kept)."""
    used = value_of(foreign.run(collect([to_thread(threading.get_ident) for _ in range(20)])))

    assert len(set(used)) == 1 or foreign.exact


# -- Cancelling (B40, B80) -----------------------------------------------------------------------------------


def test_b40_no_thread_is_started_in_a_cancelled_scope(foreign: Backend) -> None:
    """A call in a scope that is cancelled already does not begin."""
    begun: list[str] = []

    def body(scope: CancelScope) -> IO[Any, Any]:
        return scope.cancel().then(to_thread(begun.append, "begun"))

    assert value_of(foreign.run(cancel_scope(body))) is None
    assert begun == []


def test_b80_value_of_a_thread_wins_over_a_late_timeout(foreign: Backend) -> None:
    """A timeout waits for the thread, whose value is delivered, and nothing has timed out."""
    assert value_of(foreign.run(to_thread(late).fail_after(4 * TICK))) == "done"


def test_b80_abandoned_thread_is_left_to_itself(foreign: Backend) -> None:
    """With `abandon=True` the timeout does not wait, and what the thread gives is dropped."""
    go_on = threading.Event()
    cause = cause_of(foreign.run(to_thread(go_on.wait, 60, abandon=True).fail_after(4 * TICK)))
    go_on.set()

    assert cause == Fail(TimedOut(4 * TICK))


def test_b80_failure_of_an_abandoned_thread_is_dropped(foreign: Backend, capfd: pytest.CaptureFixture[str]) -> None:
    """Nobody hears of it, in the program or on the standard error stream."""

    given_up = threading.Event()
    failing = threading.Event()

    def fail_late() -> None:
        given_up.wait(10)
        failing.set()
        raise ValueError("late")

    failed = until(failing.is_set).then(rest(4))
    program = to_thread(fail_late, abandon=True).move_on_after(TICK).then(delay(given_up.set)).then(failed)
    assert value_of(foreign.run(program)) is None
    assert capfd.readouterr().err == ""


def test_cancel_of_a_call_waits_for_its_thread(foreign: Backend) -> None:
    """Whoever cancels a fiber in a thread call gets its exit when the thread has ended: with the value."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(to_thread(late)).flat_map(lambda fiber: rest(1).then(fiber.cancel()))

    assert value_of(value_of(foreign.run(task_group(body)))) == "done"


def test_action_after_a_late_value_is_cancelled(foreign: Backend) -> None:
    """The cancel is not forgotten: it hits the first action after the call."""
    journal = Journal()
    program = to_thread(late).map(journal.append).then(journal.note("went on")).move_on_after(TICK)

    assert value_of(foreign.run(program)) is None
    assert journal == ["done"]


def test_failure_of_a_thread_that_was_cancelled_counts(foreign: Backend) -> None:
    """A thread that fails after the cancel has failed, and the timeout is not what the program ended with."""
    error = ValueError("late")
    cause = cause_of(foreign.run(to_thread(late, partial(boom, error)).fail_after(TICK)))

    assert cause.failures() == (error,)


# -- Asking (B81) --------------------------------------------------------------------------------------------


def test_b81_thread_that_asks_is_cancelled(foreign: Backend) -> None:
    """`check_cancelled` raises in the thread once a scope around the call is cancelled, and that scope catches it."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any, Any]:
        return par_zip(to_thread(asking).ensuring(journal.note("closed")), rest(2).then(scope.cancel("enough")))

    assert value_of(foreign.run(cancel_scope(body).zip(rest(1)))) == (None, None)
    assert journal == ["closed"]


def test_b81_timeout_cuts_a_thread_that_asks(foreign: Backend) -> None:
    """The inner one of two timeouts is not blamed for the cancel of the outer one."""
    cause = cause_of(foreign.run(to_thread(asking).fail_after(500 * TICK).fail_after(2 * TICK)))

    assert cause == Fail(TimedOut(2 * TICK))


def test_b81_thread_may_clean_up(foreign: Backend) -> None:
    """Clean-up in the thread runs before the program goes on, and no `except Exception` swallows the cancel."""
    journal = Journal()

    def working() -> None:
        try:
            asking()
        except Exception:
            journal.append("swallowed")
        finally:
            journal.append("cleaned up")

    program = to_thread(working).move_on_after(TICK).then(journal.note("went on"))

    value_of(foreign.run(program))
    assert journal == ["cleaned up", "went on"]


def test_b81_thread_does_not_hear_of_a_cancel_it_is_shielded_from(foreign: Backend) -> None:
    """Under a shield of the program the question is answered with no."""

    def questions() -> str:
        for _ in range(4):
            time.sleep(TICK)
            check_cancelled()
        return "done"

    assert value_of(foreign.run(to_thread(questions).shielded().move_on_after(TICK))) == "done"


def test_b81_question_in_a_foreign_thread_is_an_error() -> None:
    """Where no call is under way there is nothing to ask about, and the error names the thread."""
    with pytest.raises(RuntimeError, match="MainThread") as raised:
        check_cancelled()

    assert "to_thread" in raised.value.__notes__[0]


def test_b81_abandoned_thread_hears_of_it(foreign: Backend) -> None:
    """A thread that was left to itself may ask, and ends."""
    heard = threading.Event()

    def working() -> None:
        try:
            asking()
        except ThreadCancelled:
            heard.set()
            raise

    assert value_of(foreign.run(to_thread(working, abandon=True).move_on_after(TICK))) is None
    assert heard.wait(10)


def test_thread_that_cancels_itself_fails(foreign: Backend) -> None:
    """A `ThreadCancelled` that no cancel is behind is a bug of the function."""
    (defect,) = cause_of(foreign.run(to_thread(boom, ThreadCancelled()))).defects()

    assert isinstance(defect, ThreadCancelled)


# -- Calling back (B81) --------------------------------------------------------------------------------------


def test_thread_runs_a_program(foreign: Backend) -> None:
    """The thread blocks until the program has ended, gets its value, and the program ran in the run's thread."""

    def working() -> object:
        return Portal.current().run(rest(1).then(from_async(nap, 1)).then(delay(threading.current_thread)))

    assert value_of(foreign.run(to_thread(working))) is threading.current_thread()


def test_failure_of_a_program_is_raised_in_the_thread(foreign: Backend) -> None:
    """It goes to the thread alone, which may handle it."""
    error = ValueError("from the program")

    def working() -> object:
        with pytest.raises(ValueError, match="from the program") as raised:
            Portal.current().run(rest(1).then(fail(error)))
        return raised.value

    assert value_of(foreign.run(to_thread(working))) is error


def test_program_of_a_thread_sees_the_variables_of_the_thread(foreign: Backend) -> None:
    """What the thread has set is seen by what it calls back, and not by the program around."""

    def working() -> str:
        COLOUR.set("thread")
        return Portal.current().run(delay(COLOUR.get))

    assert value_of(foreign.run(to_thread(working).zip(delay(COLOUR.get)))) == ("thread", "none")


def test_b81_cancel_reaches_the_program_that_a_thread_waits_for(foreign: Backend) -> None:
    """The program is cancelled with its finalizers, then the thread, and the right scope has timed out."""
    journal = Journal()

    def working() -> None:
        try:
            Portal.current().run(never.ensuring(rest(1).then(journal.note("program"))))
        except ThreadCancelled:
            journal.append("thread")
            raise

    assert cause_of(foreign.run(to_thread(working).fail_after(2 * TICK))) == Fail(TimedOut(2 * TICK))
    assert journal == ["program", "thread"]


def test_b81_cancelled_thread_cannot_start_anything(foreign: Backend) -> None:
    """After a cancel every program that the thread hands in is cancelled at its first action."""
    journal = Journal()

    def working() -> None:
        late()
        with pytest.raises(ThreadCancelled):
            Portal.current().run(journal.note("ran"))

    value_of(foreign.run(to_thread(working).move_on_after(TICK)))
    assert journal == []


def test_programs_that_a_thread_submits_run_together(foreign: Backend) -> None:
    """Three of them meet, and the call waits for one that the thread does not wait for."""
    journal = Journal()

    def working() -> list[str]:
        portal = Portal.current()
        futures = [portal.submit(rest(2).as_value(f"value {number}")) for number in range(3)]
        portal.submit(rest(8).then(journal.note("the last one")))
        return [future.result() for future in futures]

    values = value_of(foreign.run(to_thread(working).tap(lambda _: journal.note("went on"))))
    assert values == ["value 0", "value 1", "value 2"]
    assert journal == ["the last one", "went on"]


def test_cancelled_future_cancels_its_program(foreign: Backend) -> None:
    """A thread that no longer wants an answer lets the program close."""
    journal = Journal()

    def working() -> bool:
        future = Portal.current().submit(never.ensuring(journal.note("closed")))
        time.sleep(2 * TICK)
        return future.cancel()

    assert value_of(foreign.run(to_thread(working))) is True
    assert journal == ["closed"]


def test_portal_into_a_group_from_a_thread_of_nobody(foreign: Backend) -> None:
    """A thread that effio did not start hands in programs as long as the group is open, and is told when it is not."""
    answers: list[object] = []

    def stranger(portal: Portal, done: Callable[[IO[None]], None]) -> None:
        answers.append(portal.run(rest(1).as_value("answer")))
        done(delay(answers.append, "woken"))
        while not isinstance(answers[-1], ScopeClosed):
            try:
                portal.run(sleep(0))
            except ScopeClosed as error:
                answers.append(error)

    threads: list[threading.Thread] = []

    def start(portal: Portal, done: Callable[[IO[None]], None]) -> None:
        threads.append(threading.Thread(target=stranger, args=(portal, done)))
        threads[0].start()

    @do
    def program() -> Do[None, Any]:
        yield from task_group(lambda group: from_callback(partial(start, Portal(group))))
        yield from to_thread(threads[0].join)

    value_of(foreign.run(program()))
    assert answers[:2] == ["answer", "woken"]


def test_portal_does_not_block_its_own_run(foreign: Backend) -> None:
    """To wait for a program where it would have to run is refused at once."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return delay(lambda: Portal(group).run(rest(1)))

    (defect,) = cause_of(foreign.run(task_group(body))).defects()
    assert "block the thread of the run" in str(defect)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_portal_to_a_run_in_the_background(backend: Literal["asyncio", "trio"]) -> None:
    """Programs of many threads run together in one other thread; the end of the block waits for them."""
    journal = Journal()
    with Portal.open(backend=backend) as portal:
        inside = portal.run(rest(1).then(delay(threading.current_thread)))
        portal.submit(rest(4).then(journal.note("ended")))
        with pytest.raises(KeyError):
            portal.run(fail(KeyError("mine")))

    assert inside is not threading.current_thread()
    assert not inside.is_alive()
    assert journal == ["ended"]
    with pytest.raises(ScopeClosed):
        portal.run(rest(1))


def test_portal_in_the_background_is_cancelled_by_an_error() -> None:
    """What still runs when the block raises is cancelled, with its finalizers."""
    journal = Journal()

    def failing() -> None:
        with Portal.open() as portal:
            portal.submit(never.ensuring(journal.note("closed")))
            raise ValueError("block")

    with pytest.raises(ValueError, match="block"):
        failing()
    assert journal == ["closed"]


def test_interrupt_at_the_end_of_the_block_cancels_the_background() -> None:
    """Ctrl-C while the end of the block waits cancels what still runs, and waits for its finalizers."""
    journal = Journal()
    interrupt = delay(signal.pthread_kill, threading.get_ident(), signal.SIGINT)

    def waiting() -> None:
        with Portal.open() as portal:
            portal.submit(interrupt.then(never).ensuring(rest(1).then(journal.note("closed"))))

    with pytest.raises(KeyboardInterrupt):
        waiting()
    assert journal == ["closed"]


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
def test_exit_of_a_program_ends_the_background(fatal: type[BaseException]) -> None:
    """It is raised at the end of the block, after the finalizers, though nobody asked what became of the program."""
    journal = Journal()

    def failing() -> None:
        with Portal.open() as portal:
            portal.submit(delay(boom, fatal()).ensuring(journal.note("closed")))

    with pytest.raises(fatal):
        failing()
    assert journal == ["closed"]


def test_background_that_gets_no_event_loop_does_not_open() -> None:
    """The error of the system is raised where the block begins, and nobody waits for a program that never runs."""
    problem = OSError("too many files")

    with pytest.raises(OSError, match="too many files"), Portal.open(loop_factory=lambda: boom(problem)) as portal:
        portal.run(unit)


# -- How many ------------------------------------------------------------------------------------------------


class Counting:
    """A function that knows how many threads are in it at once, and how many have been at most."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.most = 0

    def __call__(self) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(TICK)
        with self.lock:
            self.inside -= 1


def test_limiter_bounds_the_threads(foreign: Backend) -> None:
    """Of twelve calls three run at once."""
    work = Counting()
    program = CapacityLimiter.make(3).flat_map(lambda limiter: par_collect([to_thread(work, limiter=limiter)] * 12))

    value_of(foreign.run(program))
    assert work.most == 3


def test_forty_threads_at_most() -> None:
    """Without a limiter of one's own forty calls run at once."""
    work = Counting()
    forty = threading.Barrier(40)

    def meeting() -> None:
        work()
        forty.wait(10)

    run(par_collect([to_thread(meeting)] * 80))
    assert work.most <= 40


@pytest.mark.parametrize("backend", [ASYNCIO, TRIO], ids=lambda backend: str(backend.name))
def test_abandoned_thread_keeps_its_token(backend: Backend) -> None:
    """The token comes back when the thread has ended, so that abandoned threads cannot pile up."""
    go_on = threading.Event()

    @do
    def program() -> Do[list[int], Any]:
        limiter = yield from CapacityLimiter.make(1)
        yield from to_thread(go_on.wait, 60, limiter=limiter, abandon=True).move_on_after(TICK)
        during = yield from limiter.stats()
        yield from delay(go_on.set)
        yield from to_thread(block, 0, limiter=limiter)
        after = yield from limiter.stats()
        return [during.borrowed, after.borrowed]

    assert value_of(backend.run(program())) == [1, 0]


def test_cancelled_call_that_waits_for_a_thread_takes_no_token(foreign: Backend) -> None:
    """A call that is cancelled while it waits for its turn neither runs nor keeps a token."""
    go_on = threading.Event()
    begun: list[str] = []

    @do
    def program() -> Do[int, Any]:
        limiter = yield from CapacityLimiter.make(1)
        waiting = to_thread(begun.append, "begun", limiter=limiter).move_on_after(2 * TICK)
        yield from par_zip(to_thread(go_on.wait, 60, limiter=limiter), waiting.then(delay(go_on.set)))
        return (yield from limiter.stats()).borrowed

    assert value_of(foreign.run(program())) == 0
    assert begun == []


def test_thread_that_cannot_be_started_is_a_defect(foreign: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of the system arrives, and the token is given back."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    @do
    def program() -> Do[Any, Any]:
        limiter = yield from CapacityLimiter.make(1)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            exit = yield from to_thread(block, 0, limiter=limiter).exit()
        return exit, (yield from limiter.stats()).borrowed

    exit, borrowed = value_of(foreign.run(program()))
    assert "can't start new thread" in str(cause_of(exit).defects()[0])
    assert borrowed == 0


# -- Time and pictures ---------------------------------------------------------------------------------------


def test_virtual_time_stands_still_while_a_thread_works() -> None:
    """A timer of an hour does not fire while a thread is busy, and does at once when it is not."""
    clock = VirtualClock()
    began = time.perf_counter()
    run(to_thread(time.sleep, 0.05).fail_after(3600).then(sleep(3600)), clock=clock)

    assert clock.now() == 3600
    assert 0.05 <= time.perf_counter() - began < 30


def test_virtual_time_passes_for_the_program_that_a_thread_waits_for() -> None:
    """A thread that is blocked by a sleeping program does not hold up the clock."""
    clock = VirtualClock()
    run(to_thread(lambda: Portal.current().run(sleep(3600))), clock=clock)

    assert clock.now() == 3600


def test_cancelled_thread_knows_who_cancelled(foreign: Backend) -> None:
    """The cause of a call that ended by asking tells what it was cancelled for."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(to_thread(asking)).flat_map(lambda fiber: rest(2).then(fiber.cancel("enough")))

    cause = cause_of(value_of(foreign.run(task_group(body))))
    assert isinstance(cause, Cancelled)
    assert cause.reason == "enough"
