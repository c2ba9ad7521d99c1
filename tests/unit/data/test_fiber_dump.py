"""What a dump says of the fibers, and when it speaks of a deadlock."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio.data.fiber_dump import Doing, FiberDump, FiberState, ProgressState


def fiber(name: str, *waits_for: int, **known: Any) -> FiberState:
    kind: Doing = "waiting" if waits_for else "ready"
    return FiberState(name=name, path=("main", name), depth=0, state=kind, age=2.0, waits_for=waits_for, **known)


def test_line_says_all_that_is_known() -> None:
    """A fiber's line has what it waits for and since when, its age, deadline, shield, cancel, progress and line."""
    state = FiberState(
        name="fetch",
        path=("main", "fetch", "page", "parse"),
        depth=1,
        state="waiting",
        age=3,
        wait="the mutex 'db'",
        waited=1.5,
        deadline=0.25,
        shielded=True,
        cancelled="cancelled by a signal",
        source="shop/app.py:41 in load",
        progress=ProgressState("pages", 5, 10),
    )
    assert FiberDump([state]) == (
        "  fetch: waits for the mutex 'db', for 1.50 s · age 3.00 s · in page > parse · pages 5/10 (50%)"
        " · deadline in 0.25 s · shielded · cancelled by a signal · shop/app.py:41 in load"
    )


def test_progress_without_a_total_is_a_count() -> None:
    """Where the total is unknown only what was done is shown."""
    assert str(ProgressState("lines", 1200, None)) == "lines 1200"


def test_json_is_read_back() -> None:
    """A dump read from its JSON, or unpickled, is the same text made of the same parts."""
    dump = FiberDump([fiber("a", 1), fiber("b", progress=ProgressState("pages", 1, 2))])
    for copy in (FiberDump.from_json(dump.to_json()), pickle.loads(pickle.dumps(dump))):
        assert (copy, copy.fibers, copy.deadlock) == (dump, dump.fibers, dump.deadlock)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "effio.fibers", "version": 9}'])
def test_other_json_is_refused(text: str) -> None:
    """What is no dump is a ValueError."""
    with pytest.raises(ValueError, match=r"effio\.fibers"):
        FiberDump.from_json(text)


def test_circle_of_waits_is_told_first() -> None:
    """Fibers that wait for each other are named in the first line."""
    dump = FiberDump([fiber("main", 1, 2, needs_all=True), fiber("a", 2), fiber("b", 1), fiber("c")])
    assert set(dump.deadlock) == {"a", "b"}
    assert dump.splitlines()[0] in ("deadlock: a waits for b waits for a", "deadlock: b waits for a waits for b")


@pytest.mark.parametrize(
    "fibers",
    [
        [fiber("a", 1), fiber("b")],
        [fiber("a", 1), fiber("b", 0, 2), fiber("c")],
        [fiber("a", 1, 2), fiber("b", 0), fiber("c")],
    ],
    ids=["chain", "one of two holders moves", "either of two"],
)
def test_wait_that_can_end_is_no_deadlock(fibers: list[FiberState]) -> None:
    """As long as somebody of a circle can be let go on by a fiber that moves, there is none."""
    assert FiberDump(fibers).deadlock == ()


def test_owner_that_needs_all_is_stuck_with_one() -> None:
    """Who waits for all its children is in the circle of the one that waits for it."""
    dump = FiberDump([fiber("owner", 1, 2, needs_all=True), fiber("child", 0), fiber("other")])
    assert set(dump.deadlock) == {"owner", "child"}


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=10, max_size=10), st.booleans())
def test_circle_is_one(waits: list[list[int]], needs_all: bool) -> None:
    """Whatever waits for whatever, each named fiber waits for the next, and the last for the first."""
    states = [fiber(str(index), *others, needs_all=needs_all) for index, others in enumerate(waits)]
    circle = FiberDump(states).deadlock
    for name, following in zip(circle, circle[1:] + circle[:1], strict=True):
        assert int(following) in waits[int(name)]
