"""`@do` functions, and programs that are forgotten in them."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from returns.result import Failure

from effio import IO, Do, catch, development_mode, do, fail, pure, run, run_exit
from effio.build import kind
from effio.cause import Fail
from effio.data.errors import ProgramDropped

ROOT = Path(__file__).parents[3]


def save(number: int) -> IO[str]:
    return pure(number).map(str)


@do
def added(left: int, right: int = 1) -> Do[int]:
    """Add the lengths."""
    first = yield from save(left)
    second = yield from save(right)
    return len(first) + len(second)


def test_values_come_back_from_yield_from() -> None:
    """The body receives each value and its result is the value of the program."""
    assert run(added(10, right=200)) == 5


def test_a_program_can_run_again() -> None:
    """The body runs anew each time."""
    program = added(1)
    assert (run(program), run(program)) == (2, 2)


def test_name_and_docstring_stay() -> None:
    """The decorated function looks like the one in the source."""
    assert (added.__name__, added.__doc__) == ("added", "Add the lengths.")


def test_failure_ends_the_body() -> None:
    """What follows a failed step does not run, a `finally` does."""
    log: list[str] = []

    @do
    def body() -> Do[None, str]:
        try:
            yield from fail("no")
            log.append("after")
        finally:
            log.append("finally")

    assert run_exit(body()) == Failure(Fail("no"))
    assert log == ["finally"]


def test_program_in_a_finally_block_is_told_apart() -> None:
    """The body is closed when it fails, so that nothing can wait for a program there; the error says what to use."""

    @do
    def body() -> Do[None, str]:
        try:
            yield from fail("broken")
        finally:
            yield from pure("closed")

    cause = run_exit(body()).failure()

    assert cause.failures() == ("broken",)
    (error,) = cause.defects()
    assert "finally block of" in str(error)
    assert "body" in str(error)
    assert "ensuring" in error.__notes__[0]


def test_failure_can_be_caught_around_a_step() -> None:
    """A handler around the step gives the body its value."""

    @do
    def body() -> Do[int]:
        found = yield from fail("four") | catch(str, lambda error: pure(len(error)))
        return found

    assert run(body()) == 4


def helper() -> Iterator[Any]:
    yield from save(1)
    yield 3


@do
def through_a_helper() -> Any:
    yield from helper()


def test_what_is_yielded_and_no_program_is_told_with_its_line() -> None:
    """The error names the body, the value, the line of the `yield`, in a helper too, and `yield from`."""
    cause = run_exit(through_a_helper()).failure()
    (error,) = cause.defects()
    (leaf,) = cause.leaves()
    assert str(error) == "through_a_helper must yield from a program, not yield 3"
    assert error.__notes__[0] == "wrap a plain value as pure(value), and write `yield from` before it"
    assert leaf.at is not None
    assert f"test_do_notation.py:{helper.__code__.co_firstlineno + 2} in helper" in str(leaf.at)


# -- Forgotten programs


@pytest.fixture
def development() -> Iterator[None]:
    """Development mode for one test; only the source of the core can watch its programs."""
    if kind() == "compiled":
        pytest.skip("development mode runs the core from its source")
    development_mode()
    yield
    development_mode(False)


@do
def forgetful() -> Do[str]:
    save(1)
    yield from save(2)
    save(3).flat_map(pure).map(len)
    for number in range(2):
        fail(number) | catch(int, pure)
    yield from pure(save(4))
    kept = save(5)
    save(*[6])
    save(number=7)
    return (yield from kept)


def plain() -> None:
    save(1)


def dropped_lines(program: IO[Any, Any]) -> list[int]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(program)
    start = forgetful.__wrapped__.__code__.co_firstlineno  # type: ignore[attr-defined]
    assert all(warning.category is ProgramDropped for warning in caught)
    return [warning.lineno - start for warning in caught]


@pytest.mark.usefixtures("development")
def test_each_forgotten_program_is_reported_at_its_line() -> None:
    """Bare statements are reported once for each place; what is run, kept or given away is not."""
    assert dropped_lines(forgetful()) == [2, 4, 6, 9, 10]


@pytest.mark.usefixtures("development")
def test_report_names_the_program_and_the_way_out() -> None:
    """The warning carries the program, the place and what to write instead."""
    with pytest.warns(ProgramDropped) as caught:
        run(forgetful())
    warning = caught[0].message
    assert isinstance(warning, ProgramDropped)
    assert (warning.program, warning.file) == ("<IO pure(1).map(str)>", __file__)
    assert str(warning).endswith("run it with `yield from`")


@pytest.mark.usefixtures("development")
def test_other_functions_are_not_watched() -> None:
    """Dropping a program outside of a `@do` body is nobody's business."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain()


def test_programs_have_no_finalizer_without_development_mode() -> None:
    """Switched off, nothing is reported and no program pays."""
    development_mode(False)
    assert not hasattr(IO, "__del__")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(forgetful())


@pytest.mark.parametrize("setting", [["-X", "dev"], []], ids=["-X dev", "EFFIO_DEV=1"])
def test_development_mode_from_outside(setting: list[str]) -> None:
    """Python's own development mode switches it on, and so does the environment."""
    source = "from effio import IO, do; print(hasattr(IO, '__del__'))"
    environment = {} if setting else {"EFFIO_DEV": "1"}
    finished = subprocess.run(
        [sys.executable, *setting, "-c", source],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout == "True\n"
