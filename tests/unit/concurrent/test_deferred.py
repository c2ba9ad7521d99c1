"""`Deferred`: an outcome that comes once."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    Deferred,
    Do,
    Exit,
    Failure,
    Success,
    do,
    fail,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run_exit,
    sleep,
    yield_now,
)
from effio.cause import Die, Fail
from effio.concurrent.deferred import DeferredStats
from tests.unit.concurrent.sweep import cancelled_everywhere, error_of, go


@do
def outcomes(*ends: str) -> Do[list[Any]]:
    """Whether each of the ends was the first, and what one who was there before and one who came later get."""
    deferred = yield from Deferred[int, str].make()
    words = {
        "complete": deferred.complete(1),
        "fail": deferred.fail("no"),
        "end": deferred.end(Failure(Die(ZeroDivisionError()))),
    }

    @do
    def ending() -> Do[list[Any]]:
        firsts: list[Any] = []
        for end in ends:
            firsts.append((yield from words[end]))
        return firsts

    early, firsts = yield from par_zip(deferred.get().exit(), ending())
    late = yield from deferred.get().exit()
    return [firsts, summary(early), summary(late)]


def summary(exit: Exit[Any, Any]) -> object:
    if isinstance(exit, Success):
        return exit.unwrap()
    cause = exit.failure()
    return [*cause.failures(), *map(type, cause.defects())]


def test_the_first_end_counts() -> None:
    """Who waits and who comes later get the first outcome, and only the first to end it is told so."""
    assert go(outcomes("complete", "fail")) == [[True, False], 1, 1]
    assert go(outcomes("fail", "complete", "fail")) == [[True, False, False], ["no"], ["no"]]
    assert go(outcomes("end", "complete")) == [[True, False], [ZeroDivisionError], [ZeroDivisionError]]


def test_poll_does_not_wait() -> None:
    """It gives None before the end, the exit afterwards."""

    @do
    def program() -> Do[list[Any]]:
        one = yield from Deferred[int].make()
        two = yield from Deferred[int, str].make()
        before = yield from one.poll()
        yield from one.complete(1)
        yield from two.fail("no")
        return [before, (yield from one.poll()), (yield from two.poll())]

    assert go(program()) == [None, Success(1), Failure(Fail("no"))]


def test_failure_is_placed_where_it_is_got() -> None:
    """The cause of who gets the failure tells its own path, and the line that made it fail."""

    @do
    def program() -> Do[None, str]:
        deferred = yield from Deferred[None, str].make()
        yield from deferred.fail("no")
        yield from deferred.get().named("reader")

    exit = run_exit(program())
    assert error_of(exit) == "no"
    text = exit.failure().render()
    assert "program > reader" in text
    assert "test_deferred.py" in text


def test_waiters_are_woken_in_the_order_they_came() -> None:
    """All are woken by one completion, first come first served."""
    woken: list[int] = []

    @do
    def program() -> Do[None]:
        deferred = yield from Deferred[None].make()
        waiters = [deferred.get().as_value(n).map(woken.append) for n in range(5)]
        yield from par_collect([*waiters, sleep(1).then(deferred.complete(None))])

    go(program())
    assert woken == [0, 1, 2, 3, 4]


def test_cancelled_waiter_leaves_no_trace() -> None:
    """A cancel at any action of one of two waiters leaves the other one served and nobody in the queue."""

    @do
    def program() -> Do[tuple[list[Any], DeferredStats]]:
        deferred = yield from Deferred[int].make()
        complete: IO[Any] = yield_now().then(deferred.complete(1))
        exits = yield from par_settle([deferred.get(), deferred.get(), complete])
        return exits[1:], (yield from deferred.stats())

    def check(value: Any) -> None:
        assert value == ([Success(1), Success(True)], DeferredStats(done=True, waiting=0))

    assert cancelled_everywhere(program, check, victims=["par_settle[0]"]) > 20


def test_repr_tells_the_outcome() -> None:
    """It shows the name, and what it ended with."""

    @do
    def program() -> Do[list[str]]:
        deferred = yield from Deferred[int].make(name="answer")
        before = repr(deferred)
        yield from deferred.complete(42)
        return [before, repr(deferred)]

    assert go(program()) == ["<Deferred 'answer': waiting>", "<Deferred 'answer': 42>"]


@pytest.mark.parametrize("io", [pure(1), fail("no")])
def test_it_can_carry_the_exit_of_a_program(io: Any) -> None:
    """What gets it ends as the program whose exit it was ended with."""

    @do
    def program() -> Do[Exit[Any, Any], Any]:
        deferred = yield from Deferred[Any, Any].make()
        exit = yield from io.exit()
        yield from deferred.end(exit)
        return (yield from deferred.get().exit())

    assert summary(go(program())) == summary(run_exit(io))
