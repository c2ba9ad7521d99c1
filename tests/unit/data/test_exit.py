"""How a program ended."""

from __future__ import annotations

from returns.result import Failure, Success

from effio.cause import Cause, Fail
from effio.data.exit import Exit, render_exit


def test_exit_is_a_result_of_a_value_or_a_cause() -> None:
    """Both classes of returns are an exit, and each is shown in its own words."""
    ended: list[Exit[int, ValueError]] = [Success(3), Failure[Cause[ValueError]](Fail(ValueError("no")))]
    assert [render_exit(exit) for exit in ended] == ["succeeded with 3", "ValueError: no"]
