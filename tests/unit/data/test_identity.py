"""Paths of labels."""

from __future__ import annotations

import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio.data.identity import Path


def test_path_shows_its_labels_outermost_first() -> None:
    """A path reads from the root inwards."""
    path = Path(Path(Path(None, "main"), "par_zip[1]"), "fetch")
    assert str(path) == "main > par_zip[1] > fetch"
    assert list(path) == ["main", "par_zip[1]", "fetch"]


@given(st.lists(st.text(), min_size=1))
def test_paths_with_equal_labels_are_equal(names: list[str]) -> None:
    """Equality, hash and pickle depend on the labels alone."""
    path, same = Path.of(*names), Path.of(*names)
    assert path.names == tuple(names)
    assert (path, hash(path)) == (same, hash(same))
    assert pickle.loads(pickle.dumps(path)) == path
    assert path != Path(path, "more")


def test_path_cannot_be_changed() -> None:
    """Assigning to a field raises."""
    path = Path.of("main")
    with pytest.raises(AttributeError):
        path.label = "other"  # type: ignore[misc]  # the mistake under test


def test_path_deeper_than_the_recursion_limit_is_shown_short() -> None:
    """A very deep path compares and pickles, and its text leaves out the middle."""
    path = Path.of(*(f"level{index}" for index in range(sys.getrecursionlimit() * 10)))
    assert pickle.loads(pickle.dumps(path)) == path
    assert len(str(path)) < 300
    assert str(path).startswith("level0 > ")
    assert "more …" in repr(path)
