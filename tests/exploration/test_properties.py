"""Properties that an exploration watches: always, sometimes, eventually."""

from __future__ import annotations

from typing import Any

import pytest

from effio import Ref, do, par_zip, run, sleep
from effio.testing import always, eventually, explore, leads_to, sometimes


@do
def two_writes(*properties: Any) -> Any:
    left, right = (yield from Ref.make(0)), (yield from Ref.make(0))
    for make in properties:
        yield from make(left, right)
    yield from par_zip(left.set(1), right.set(1))


def ordered(left: Any, right: Any) -> Any:
    return always("left is first", lambda a, b: a >= b, left, right)


def test_violated_invariant_is_found_between_two_actions() -> None:
    """A state that only one order passes through is found, although it is over at the end."""
    exploration = explore(two_writes(ordered), lambda exit: True)
    assert "'left is first' did not hold after every action" in exploration.render()


def test_watched_refs_are_written_in_every_order() -> None:
    """Writes of different refs commute, unless a property looks at both."""
    alone = explore(two_writes(), lambda exit: True).schedules
    watched = explore(two_writes(lambda a, b: always("fine", lambda x, y: True, a, b)), lambda exit: True).schedules
    assert (alone, watched) == (1, 2)


def test_what_never_happens_is_told() -> None:
    """A state that no schedule reaches fails the exploration, and is named."""
    exploration = explore(two_writes(lambda a, b: sometimes("seven", lambda x: x == 7, a)))
    assert exploration.never == ("seven",)
    with pytest.raises(AssertionError, match="'seven' held in no schedule"):
        exploration.assert_ok()


def test_what_happens_in_one_schedule_is_enough() -> None:
    """A state that one of several schedules reaches is seen."""
    behind = explore(two_writes(lambda a, b: sometimes("right is first", lambda x, y: x < y, a, b)))
    assert behind.assert_ok().never == ()


def test_what_never_comes_true_fails_the_schedule() -> None:
    """A promise that is not kept by the end of a run fails it."""
    exploration = explore(two_writes(lambda a, b: eventually("two", lambda x: x == 2, a)), lambda exit: True)
    assert "'two' never came true" in exploration.render()


def test_what_comes_true_late_is_fine() -> None:
    """A promise that is kept after an hour is kept."""

    @do
    def late() -> Any:
        done = yield from Ref.make(False)
        yield from eventually("done", bool, done)
        yield from sleep(3600).then(done.set(True))

    explore(late()).assert_ok()


def test_properties_do_nothing_outside_of_tests() -> None:
    """In a plain run a violated property has no effect."""
    assert run(two_writes(ordered)) is None


def test_only_refs_can_be_watched() -> None:
    """Something else than a ref is refused when the property is built."""
    with pytest.raises(TypeError, match="refs"):
        always("odd", bool, 3)


@do
def asked(*, answers: bool) -> Any:
    request, reply = (yield from Ref.make(False)), (yield from Ref.make(False))
    yield from leads_to("reply", lambda asks, _: asks, lambda _, replies: replies, request, reply)
    yield from request.set(True)
    if answers:
        yield from sleep(60).then(reply.set(True))


def test_promise_has_to_be_kept() -> None:
    """What one state promises has to come true later in the same schedule."""
    explore(asked(answers=True)).assert_ok()
    assert "'reply' was promised and never came true" in explore(asked(answers=False)).render()
