"""Lengths of time: seconds as a number or a `timedelta`, checked once."""

from __future__ import annotations

from datetime import timedelta
from numbers import Real
from typing import TypeAlias

Seconds: TypeAlias = float | timedelta
"""What a user may give for a length of time; an `int` is a `float` to the type checkers."""


def seconds(value: Seconds, what: str) -> float:
    """Turn a length of time into seconds; `inf` is allowed and means no end.

    Negative and NaN are a `ValueError` that names `what`, no length at all is a `TypeError`.

    >>> seconds(timedelta(minutes=1), "timeout")
    60.0
    """
    length = value if type(value) is float else _as_float(value, what)
    if not length >= 0:
        raise _out_of_range(what, value)
    return length


def _as_float(value: object, what: str) -> float:
    if type(value) is not int:  # which most are
        if isinstance(value, timedelta):
            return value.total_seconds()
        if type(value) is bool or not isinstance(value, Real):
            problem = TypeError(f"{what} must be seconds as a number or a timedelta, not {value!r}")
            problem.add_note("give for example 0.5 or timedelta(milliseconds=500)")
            raise problem
    try:
        return float(value)
    except OverflowError:
        raise _out_of_range(what, value) from None


def _out_of_range(what: str, value: object) -> ValueError:
    problem = ValueError(f"{what} must be zero or more seconds, not {value!r}")
    problem.add_note("0 means already expired, float('inf') means never")
    return problem
