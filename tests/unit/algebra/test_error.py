"""What the words about failures see and keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from returns.result import Success

from effio import (
    IO,
    Failed,
    Failure,
    catch,
    delay,
    die,
    fail,
    from_exit,
    pure,
    run,
    run_exit,
    unit,
)
from effio.cause import Both, Cancelled, Cause, Die, Fail, Then

BUG = ValueError("bug")
SIDE_BY_SIDE: Cause[str] = Both((Fail("first"), Fail("second")), "par_zip")
WITH_BUG: Cause[str] = Both((Fail("first"), Die(BUG)), "par_zip")
WITH_CANCEL: Cause[str] = Then((Fail("first"), Cancelled("somebody")))


def halt(cause: Cause[str]) -> IO[int, str]:
    return from_exit(Failure(cause))


def cause_of(program: IO[Any, Any]) -> Cause[Any]:
    exit = run_exit(program)
    assert isinstance(exit, Failure)
    return exit.failure()


HANDLERS: dict[str, Callable[[IO[int, str]], IO[Any, Any]]] = {
    "catch_all": lambda io: io.catch_all(pure),
    "catch_some": lambda io: io.catch_some(pure),
    "catch": lambda io: io | catch(str, pure),
    "or_else": lambda io: io.or_else(pure("first")),
    "or_else_succeed": lambda io: io.or_else_succeed("first"),
    "fold": lambda io: io.fold(lambda error: error, lambda value: value),
    "either": lambda io: io.either().map(lambda result: result.failure()),
    "flip": lambda io: io.flip(),
    "lash": lambda io: io.lash(pure),
}


@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_see_the_primary_error(name: str) -> None:
    """Of a tree of typed errors alone, the first is handled."""
    handle = HANDLERS[name]
    assert run(handle(halt(Fail("first")))) == "first"
    assert run(handle(halt(SIDE_BY_SIDE))) == "first"


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("cause", [WITH_BUG, WITH_CANCEL, Die(BUG)], ids=["bug", "cancel", "only a bug"])
def test_handlers_leave_bugs_and_cancellations_alone(name: str, cause: Cause[str]) -> None:
    """A cause with a defect or a cancellation in it goes on unchanged."""
    assert cause_of(HANDLERS[name](halt(cause))) == cause


@pytest.mark.parametrize("name", [name for name in HANDLERS if name != "flip"])
def test_handlers_let_values_pass(name: str) -> None:
    """A success stays a success, also one whose value is an error."""
    value = run(HANDLERS[name](pure(7).either().absolve())) if name != "either" else 7
    assert value == 7


def test_a_handler_that_raises_is_a_defect() -> None:
    """What a handler raises is a bug at that place."""
    (defect,) = cause_of(fail("no").catch_all(lambda error: 1 // 0)).defects()  # type: ignore[arg-type,return-value]
    assert isinstance(defect, ZeroDivisionError)


def test_catch_some_fails_as_before_without_an_answer() -> None:
    """None from the function means that it does not handle this error."""
    assert cause_of(halt(SIDE_BY_SIDE).catch_some(lambda error: None)) == SIDE_BY_SIDE


def test_catch_handles_its_classes_only() -> None:
    """An error of another class goes on."""
    handler = catch((KeyError, IndexError), lambda error: pure("handled"))
    assert run(fail(IndexError()) | handler) == "handled"
    assert run(fail(KeyError()).pipe(handler)) == "handled"
    assert isinstance(cause_of(handler(fail(OSError()))).failures()[0], OSError)


def test_map_error_keeps_the_tree() -> None:
    """Every typed error is mapped, also beside a bug, and the shape stays."""
    assert cause_of(halt(SIDE_BY_SIDE).map_error(len)) == Both((Fail(5), Fail(6)), "par_zip")
    assert cause_of(halt(WITH_BUG).map_error(len)) == Both((Fail(5), Die(BUG)), "par_zip")
    assert cause_of(halt(SIDE_BY_SIDE).alt(len)) == Both((Fail(5), Fail(6)), "par_zip")


def test_or_die_makes_defects_of_all_errors() -> None:
    """An exception dies as it is, another value inside a `Failed`."""
    assert cause_of(fail(BUG).or_die()) == Die(BUG)
    first, second = cause_of(halt(SIDE_BY_SIDE).or_die()).defects()
    assert isinstance(first, Failed)
    assert (first.error, str(second)) == ("first", "failed with 'second'")


def test_refine_keeps_its_classes() -> None:
    """Errors of the given classes stay typed, the others are defects."""
    missing = KeyError("x")
    cause: Cause[Any] = Both((Fail(missing), Fail(BUG)), "par_zip")
    assert cause_of(from_exit(Failure(cause)).refine(KeyError)) == Both((Fail(missing), Die(BUG)), "par_zip")


def test_either_and_absolve_undo_each_other() -> None:
    """The typed outcome as a value, and back."""
    assert run(fail("no").either()) == Failure("no")
    assert run(pure(1).either()) == Success(1)
    assert cause_of(fail("no").either().absolve()) == Fail("no")
    assert run(pure(1).either().absolve()) == 1


def test_absolve_of_no_result_is_a_defect() -> None:
    """The message names the value."""
    (defect,) = cause_of(pure(3).absolve()).defects()  # type: ignore[misc]
    assert str(defect) == "absolve needs a Success or a Failure, not 3"


def test_flip_exchanges_both() -> None:
    """A value becomes the error."""
    assert cause_of(pure(1).flip()) == Fail(1)
    assert cause_of(pure(1).swap().flip().flip()) == Fail(1)


def test_the_whole_cause_is_seen_on_demand() -> None:
    """`fold_cause` and `exit` see bugs and cancellations too."""
    assert run(halt(WITH_BUG).fold_cause(lambda cause: cause, lambda value: value)) == WITH_BUG
    assert run(halt(WITH_CANCEL).exit()) == Failure(WITH_CANCEL)
    assert run(pure(1).fold_cause(str, lambda value: value + 1)) == 2
    assert run(pure(1).exit()) == Success(1)


def test_a_bug_in_fold_is_not_folded() -> None:
    """What `on_success` raises is not given to the other function."""
    (defect,) = cause_of(pure(0).fold_cause(lambda cause: 1, lambda value: 1 // value)).defects()
    assert isinstance(defect, ZeroDivisionError)


def test_tap_error_keeps_the_cause() -> None:
    """The program of the function runs, the failure stays; its own failure follows."""
    log: list[str] = []
    assert cause_of(halt(SIDE_BY_SIDE).tap_error(lambda error: delay(log.append, error))) == SIDE_BY_SIDE
    assert log == ["first"]
    assert cause_of(fail("one").tap_error(lambda error: fail("two"))) == Then((Fail("one"), Fail("two")))
    assert cause_of(halt(WITH_BUG).tap_error(lambda error: delay(log.append, error))) == WITH_BUG
    assert log == ["first"]


def test_squashed_leaves_one_error() -> None:
    """The primary error alone is left."""
    assert cause_of(halt(SIDE_BY_SIDE).squashed()) == Fail("first")


FINALIZED: list[tuple[IO[int, str], list[str]]] = [
    (pure(1), ["exit", "always"]),
    (fail("no"), ["exit", "always", "error"]),
    (die(BUG), ["exit", "always", "error"]),
    (halt(WITH_CANCEL), ["exit", "always", "cancel"]),
]


@pytest.mark.parametrize(("program", "ran"), FINALIZED)
def test_finalizers_run_for_their_exits(program: IO[int, str], ran: list[str]) -> None:
    """Each finalizer runs once, inside out, if the exit is one of its own."""
    log: list[str] = []

    def note(text: str) -> IO[None]:
        return delay(log.append, text)

    finalized = program.on_exit(lambda exit: note("exit")).ensuring(note("always"))
    finalized = finalized.on_cancel(note("cancel")).on_error(lambda cause: note("error"))
    assert run_exit(finalized) == run_exit(program)
    assert log == ran


def test_a_failing_finalizer_is_not_lost() -> None:
    """Its failure follows the one before, or fails a success."""
    assert cause_of(fail("one").ensuring(fail("two"))) == Then((Fail("one"), Fail("two")))
    assert cause_of(unit.ensuring(fail("two"))) == Fail("two")
    assert cause_of(fail("one").on_error(fail("two"))) == Then((Fail("one"), Fail("two")))


@pytest.mark.parametrize("handle", [lambda io, f: io.fold(pure, f), lambda io, f: io.fold_cause(pure, f)])
def test_function_for_the_value_that_raises_is_a_bug(handle: Callable[..., IO[Any, Any]]) -> None:
    """What goes wrong with the value is no failure of the program that gave it, so the other function is not called."""
    (bug,) = cause_of(handle(pure(0), lambda value: 1 // value)).defects()
    assert isinstance(bug, ZeroDivisionError)
