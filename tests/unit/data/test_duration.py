"""Lengths of time."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio.data.duration import seconds


@given(st.floats(min_value=0))
def test_seconds_leaves_good_numbers_alone(value: float) -> None:
    """Zero or more seconds are what they are, infinity included."""
    assert seconds(value, "timeout") == value


def test_seconds_reads_every_kind_of_length() -> None:
    """Integers, fractions and timedeltas become a float of seconds."""
    lengths: list[Any] = [2, Fraction(1, 2), timedelta(milliseconds=1500), math.inf, 0]
    read = [seconds(value, "delay") for value in lengths]
    assert read == [2.0, 0.5, 1.5, math.inf, 0.0]
    assert all(type(value) is float for value in read)


@pytest.mark.parametrize("value", [-1, -0.1, math.nan, -math.inf, timedelta(seconds=-1), 10**400])
def test_seconds_refuses_what_is_no_length_of_time(value: Any) -> None:
    """A negative, undefined or uncountable length is an error that names the argument and the value."""
    with pytest.raises(ValueError, match="timeout must be zero or more seconds") as caught:
        seconds(value, "timeout")
    assert repr(value) in str(caught.value)
    assert caught.value.__notes__


@pytest.mark.parametrize("value", ["3", True, None, 1j])
def test_seconds_refuses_what_is_no_number(value: Any) -> None:
    """Text, truth values and the like are a type error that names the argument and the value."""
    with pytest.raises(TypeError, match="delay must be seconds") as caught:
        seconds(value, "delay")
    assert repr(value) in str(caught.value)
    assert caught.value.__notes__
