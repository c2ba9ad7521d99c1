"""The child's side of a call: what it answers, whatever it is asked."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from effio.interop.child import answer_to


class Odd(Exception):
    """An error that cannot be read again once it is pickled."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(first)


def be_odd() -> None:
    raise Odd(1, 2)


def answer(*request: Any) -> tuple[Any, BaseException | None, str]:
    result: tuple[Any, BaseException | None, str] = pickle.loads(answer_to(pickle.dumps(request), None, None))
    return result


def test_value_is_answered() -> None:
    """A call that succeeds gives its value, no error and no traceback."""
    assert answer(sorted, ([2, 1],), {"reverse": True}) == ([2, 1], None, "")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_error_is_answered_with_its_traceback(error: BaseException) -> None:
    """Whatever a function raises comes back, with a text that tells where."""
    value, raised, trace = answer(raising, (error,), {})

    assert (value, type(raised)) == (None, type(error))
    assert "in raising" in trace
    assert "answer_to" not in trace


def raising(error: BaseException) -> None:
    raise error


def test_error_that_cannot_be_sent_is_told_of() -> None:
    """Its class is named in the error that comes instead, and its own traceback is there."""
    _, raised, trace = answer(be_odd, (), {})

    assert isinstance(raised, pickle.PicklingError)
    assert "Odd" in str(raised)
    assert "in be_odd" in trace


def test_request_that_cannot_be_read_is_an_error() -> None:
    """The child tells what it could not find, and goes on."""
    request = pickle.dumps((be_odd, (), {})).replace(b"be_odd", b"be_new")
    _, raised, _ = pickle.loads(answer_to(request, None, None))

    assert isinstance(raised, AttributeError)
