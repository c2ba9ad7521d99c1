"""Functions of the user that raise, or give no program: a bug at the place where it happened, wherever that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    bracket,
    cancel_scope,
    delay,
    do,
    fail,
    first_completed,
    from_callback,
    memoize,
    never,
    par_map,
    par_traverse,
    par_zip,
    pure,
    race_all,
    shield,
    suspend,
    task_group,
    traverse,
    unit,
    when,
)
from tests.conformance.support import TICK, Backend, Journal, cause_of, rest, value_of

Bad = Callable[..., Any]


class Boom(Exception):
    """What a function of the user raises."""


def raises(*given: object) -> Any:
    """Raise, whatever is given."""
    raise Boom


def no_program(*given: object) -> Any:
    """Give what is no program."""
    return "no program"


failing: IO[Any, str] = fail("expected")


@do
def broken_body(bad: Bad) -> Do[None]:
    bad()
    yield from unit


@do
def broken_later(bad: Bad) -> Do[None]:
    yield from rest(1)
    bad()


@do
def broken_cleanup(bad: Bad) -> Do[None, Any]:
    try:
        yield from failing
    finally:
        bad()


MAKERS: dict[str, Callable[[Bad], IO[Any, Any]]] = {
    "flat_map": lambda bad: pure(1).flat_map(bad),
    "flat_map after a wait": lambda bad: rest(1).flat_map(bad),
    "tap": lambda bad: pure(1).tap(bad),
    "suspend": suspend,
    "catch_all": failing.catch_all,
    "catch_some": failing.catch_some,
    "tap_error": failing.tap_error,
    "shield": shield,
    "cancel_scope": cancel_scope,
    "task_group": task_group,
    "traverse": lambda bad: traverse([1], bad),
    "par_traverse": lambda bad: par_traverse([1, 2], bad),
    "bracket, use": lambda bad: bracket(unit, bad, lambda _: unit),
    "bracket, release": lambda bad: bracket(unit, lambda _: unit, bad),
    "on_exit": unit.on_exit,
    "on_exit of a failure": failing.on_exit,
    "on_error": failing.on_error,
    "on_cancel": lambda bad: never.on_cancel(bad).move_on_after(TICK),
    "start": lambda bad: task_group(lambda group: group.start(bad)),
    "handler of a group": lambda bad: task_group(
        lambda group: group.fork(failing).then(unit), on_failure="ignore", handler=bad
    ),
}
"""Where a function of the user makes a program."""

FUNCTIONS: dict[str, Callable[[Bad], IO[Any, Any]]] = {
    "map": lambda bad: pure(1).map(bad),
    "map after a wait": lambda bad: rest(1).map(bad),
    "map_error": failing.map_error,
    "fold, on success": lambda bad: pure(1).fold(str, bad),
    "fold, on failure": lambda bad: failing.fold(bad, str),
    "fold_cause, on success": lambda bad: pure(1).fold_cause(str, bad),
    "fold_cause, on failure": lambda bad: failing.fold_cause(bad, str),
    "delay": delay,
    "par_map": lambda bad: par_map(bad, pure(1), pure(2)),
    "from_callback": from_callback,
    "memoize": lambda bad: memoize(delay(bad)).flatten(),
    "in a child": lambda bad: task_group(lambda group: group.fork(delay(bad)).then(rest(1))),
    "@do": broken_body,
    "@do after a wait": broken_later,
    "finally of a @do body": broken_cleanup,
}
"""Where a function of the user gives a value, or is called for what it does."""


@pytest.mark.parametrize("place", [*MAKERS, *FUNCTIONS])
def test_function_that_raises_is_a_bug(backend: Backend, place: str) -> None:
    """What it raises is in the cause once, as a defect."""
    program = (MAKERS | FUNCTIONS)[place](raises)

    assert [type(defect) for defect in cause_of(backend.run(program)).defects()] == [Boom]


@pytest.mark.parametrize("place", MAKERS)
def test_function_that_gives_no_program_is_a_bug(backend: Backend, place: str) -> None:
    """The defect is a TypeError that names the function and tells what it gave."""
    (defect,) = cause_of(backend.run(MAKERS[place](no_program))).defects()

    assert isinstance(defect, TypeError)
    assert str(defect) == "no_program must return a program, not 'no program'"


def test_mapping_function_that_raises_in_the_middle(backend: Backend) -> None:
    """Nothing more is started, what runs is cancelled and awaited."""
    journal = Journal()

    def child(number: int) -> IO[None]:
        if number == 1:
            raise Boom
        return rest(8).ensuring(journal.note(f"closed {number}"))

    cause = cause_of(backend.run(par_traverse(range(4), child)))

    assert [type(defect) for defect in cause.defects()] == [Boom]
    assert journal == ["closed 0"]


def test_service_that_reports_twice(backend: Backend) -> None:
    """The second report is a defect that says what to do."""

    def service(started: Callable[[str], IO[None]]) -> IO[None]:
        return started("ready").then(started("ready again"))

    (defect,) = cause_of(backend.run(task_group(lambda group: group.start(service, name="clock")))).defects()

    assert str(defect) == "service 'clock' reported that it had started twice"


def test_answer_that_is_no_program(backend: Backend) -> None:
    """What answers a callback learns that it has to answer with a program."""

    def register(resume: Callable[[Any], None]) -> None:
        resume("no program")

    (defect,) = cause_of(backend.run(from_callback(register))).defects()

    assert isinstance(defect, TypeError)


def test_dispose_that_raises(backend: Backend) -> None:
    """A race whose second winner cannot be disposed of fails with that bug."""
    both = [rest(1).as_value("one"), rest(1).as_value("two")]

    for contest in (race_all(both, dispose=raises), first_completed(*both, dispose=raises)):
        exit = backend.run(contest)
        assert not backend.exact or [type(defect) for defect in cause_of(exit).defects()] == [Boom]


def test_sibling_is_not_spared_by_a_bug(backend: Backend) -> None:
    """A bug in one part cancels the others, whose cleanup completes."""
    journal = Journal()
    closing = never.ensuring(rest(1).then(journal.note("closed")))

    cause = cause_of(backend.run(par_zip(closing, rest(1).map(raises))))

    assert cause.has_defect
    assert journal == ["closed"]


def test_function_that_is_not_needed_is_not_called(backend: Backend) -> None:
    """Handlers of what did not happen do no harm."""
    program = pure("value").catch_all(raises).on_error(raises).on_cancel(raises).tap_error(raises)

    assert value_of(backend.run(program.zip(when(False, suspend(raises))))) == ("value", None)
