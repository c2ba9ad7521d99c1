"""What user code raised, as the cause that a program fails with."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, delay, pure, run, run_exit, sleep
from effio.data.cause import Die
from effio.data.origin import Origin


class Mine(RuntimeError):
    """An error of a user's own."""


class Unusual(BaseException):
    """An error that is no `Exception`, and does not end the process either."""


HIDDEN = "generator raised StopIteration"

LOOKALIKES: list[tuple[BaseException, BaseException | None]] = [
    (RuntimeError(HIDDEN), None),
    (RuntimeError(HIDDEN), ValueError()),
    (RuntimeError("my own words"), StopIteration(1)),
    (Mine(HIDDEN), StopIteration(1)),
]


def failing(error: BaseException, source: BaseException | None = None) -> IO[Any]:
    """Raise `error` from `source`."""

    def fail() -> None:
        raise error from source

    return delay(fail)


def defect_of(program: IO[Any]) -> BaseException:
    """The only thing that the program raised."""
    (defect,) = run_exit(program).failure().defects()
    return defect


@pytest.mark.parametrize(("error", "source"), LOOKALIKES, ids=repr)
def test_error_that_looks_like_a_hidden_stop_is_kept(error: BaseException, source: BaseException | None) -> None:
    """Only what Python itself makes of a `StopIteration` is taken for that one."""
    assert defect_of(failing(error, source)) is error


def test_stop_that_python_hides_is_told_itself() -> None:
    """A generator cannot let a `StopIteration` through, a program can."""
    stop = StopIteration(1)

    def generator() -> Any:
        yield
        raise stop

    assert defect_of(delay(list, generator())) is stop


def test_run_goes_on_after_an_error_that_is_no_exception() -> None:
    """It is a defect like any other: whoever looks at the exit goes on, and nothing is cancelled."""
    program = failing(Unusual()).exit().zip(sleep(0).then(pure("went on")))

    assert run(program)[1] == "went on"


def test_place_of_a_defect_is_the_line_that_raised_it() -> None:
    """The library's own frames are passed over, in the place as in the traceback."""
    error = ValueError()
    (leaf,) = run_exit(failing(error)).failure().leaves()
    assert isinstance(leaf, Die)
    assert leaf.at is not None
    assert error.__traceback__ is not None

    assert leaf.at.origin == Origin(__file__, error.__traceback__.tb_lineno, "failing.<locals>.fail")
