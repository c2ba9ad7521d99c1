"""Values of different kinds are compared without trouble."""

from __future__ import annotations

import pytest

from effio.data.call_site import CallSite
from effio.data.cause import Fail
from effio.data.error_equality import ErrorKey
from effio.data.identity import Path
from effio.data.touch import Touch

SITE = CallSite((lambda: None).__code__, 0)
VALUES = (Fail("error"), ErrorKey("error"), Path(None, "main"), SITE)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_value_is_unlike_another_kind(value: object) -> None:
    """A value differs from what is no value of its kind."""
    assert value != "another kind"


def test_place_of_a_call_is_shown_as_its_line() -> None:
    """Its text is the place, and its repr says that it is one."""
    assert str(SITE).startswith("tests/unit/data/test_comparison.py:")
    assert repr(SITE) == f"CallSite({str(SITE)!r})"


def test_touches_conflict_if_one_of_them_writes() -> None:
    """Two steps may be swapped if they touch different things, or only read."""
    shared = object()
    read, write = Touch(shared, "read"), Touch(shared, "write")

    assert [read.conflicts_with(read), read.conflicts_with(write), write.conflicts_with(read)] == [False, True, True]
    assert not write.conflicts_with(Touch(object(), "write"))
    assert not write.conflicts_with(Touch(shared, "write", part="another"))
