"""Where the existing runtimes disagree: what effio does, a row of the table each (threads: `test_threads`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    Failure,
    ForeignCancelled,
    Success,
    TaskGroup,
    TimedOut,
    cancel_scope,
    collect,
    delay,
    do,
    fail,
    from_async,
    from_callback,
    never,
    par_zip,
    pure,
    sleep,
    task_group,
    unit,
)
from effio.cause import Fail, Then
from tests.conformance.support import TICK, Backend, Journal, boom, cause_of, group_of, rest

Row = Callable[[Journal], IO[Any, Any]]


def cancelled_before_its_first_step(journal: Journal) -> IO[Any, Any]:
    def body(group: TaskGroup) -> IO[None]:
        child = journal.note("prefix").shielded().then(journal.note("action"))
        return group.fork(child).then(group.cancel())

    return task_group(body)


def value_ready_then_cancel(journal: Journal) -> IO[Any, Any]:
    inbox: list[Callable[[IO[str]], None]] = []

    def body(scope: CancelScope) -> IO[Any]:
        receiving: IO[str] = from_callback(inbox.append)
        received = receiving.flat_map(journal.seen).then(journal.note("action"))
        return par_zip(received, rest(1).then(delay(lambda: inbox[0](pure("item")))).then(scope.cancel()))

    return cancel_scope(body)


def fork_into_a_cancelled_group(journal: Journal) -> IO[Any, Any]:
    def body(group: TaskGroup) -> IO[Any]:
        child = journal.seen("started").then(journal.note("action"))
        return group.cancel().then(group.fork(child)).shielded()

    return task_group(body)


def everything_fails_before_anything_started(journal: Journal) -> IO[Any, Any]:
    def body(group: TaskGroup) -> IO[Any, Any]:
        first, second = group.fork(fail("first")), group.fork(fail("second"))
        return first.then(second).then(fail("body"))

    return task_group(body)


def nested_timeouts_of_the_same_instant(journal: Journal) -> IO[Any, Any]:
    inner = never.timeout_to(TICK, journal.note("inner"))
    return inner.timeout_to(TICK, journal.note("outer"))


def interrupt_in_a_child(journal: Journal) -> IO[Any, Any]:
    closing = never.ensuring(rest(1).then(journal.note("closed")))
    return par_zip(closing, rest(1).then(delay(boom, KeyboardInterrupt())))


def expired_scope_ends_without_a_wait(journal: Journal) -> IO[Any, Any]:
    return pure("value").fail_after(0)


def wait_in_the_cleanup_after_a_cancel(journal: Journal) -> IO[Any, Any]:
    patient = never.ensuring(rest(2).then(journal.note("completed")))
    limited = never.ensuring(never.move_on_after(TICK).then(journal.note("given up")))
    return collect([patient.move_on_after(TICK), limited.move_on_after(TICK)])


def start_order_of_eight_children(journal: Journal) -> IO[Any, Any]:
    @do
    def body(group: TaskGroup) -> Do[None]:
        for number in range(8):
            yield from group.fork(journal.note(str(number)))

    return task_group(body)


def completion_before_a_deadline_both_late(journal: Journal) -> IO[Any, Any]:
    blocking = rest(1).then(delay(time.sleep, 6 * TICK))
    waiting = rest(2).as_value("value").move_on_after(4 * TICK)
    return par_zip(waiting, blocking).map(lambda values: values[0])


def error_raised_while_timing_out(journal: Journal) -> IO[Any, Any]:
    return never.ensuring(fail(KeyError("closing"))).fail_after(TICK)


RULINGS: list[tuple[Row, object, list[str]]] = [
    (cancelled_before_its_first_step, Success(None), ["prefix"]),
    (value_ready_then_cancel, Success(None), ["item"]),
    (fork_into_a_cancelled_group, None, ["started"]),
    (
        everything_fails_before_anything_started,
        Failure(group_of(Fail("body"), Fail("first"), Fail("second"))),
        [],
    ),
    (nested_timeouts_of_the_same_instant, Success(None), ["outer"]),
    (interrupt_in_a_child, KeyboardInterrupt, ["closed"]),
    (expired_scope_ends_without_a_wait, Success("value"), []),
    (wait_in_the_cleanup_after_a_cancel, Success([None, None]), ["completed", "given up"]),
    (start_order_of_eight_children, Success(None), list("01234567")),
    (completion_before_a_deadline_both_late, Success("value"), []),
    (
        error_raised_while_timing_out,
        Failure(Then((Fail(TimedOut(TICK)), Fail(KeyError("closing"))))),
        [],
    ),
]


@pytest.mark.parametrize(("row", "outcome", "happened"), RULINGS, ids=lambda part: getattr(part, "__name__", ""))
def test_ruling(backend: Backend, row: Row, outcome: object, happened: list[str]) -> None:
    """The exit, or the exception that is raised bare, and what happened on the way are as ruled."""
    journal = Journal()
    try:
        exit: object = backend.run(row(journal))
    except KeyboardInterrupt as error:
        exit = type(error)

    assert outcome in (None, exit)
    assert journal == happened


def test_ruling_on_an_unsolicited_cancelled_error(on_asyncio: Backend) -> None:
    """It is a defect of the child that raised it, reported with the failures of the others."""

    async def raising() -> None:
        raise asyncio.CancelledError

    def body(group: TaskGroup) -> IO[None, Any]:
        return group.fork(from_async(raising)).then(unit)

    defects = cause_of(on_asyncio.run(task_group(body))).defects()

    assert [type(defect) for defect in defects] == [ForeignCancelled]


def test_ruling_on_a_negative_delay() -> None:
    """It is a ValueError that names the value."""
    with pytest.raises(ValueError, match="-1"):
        sleep(-1)
