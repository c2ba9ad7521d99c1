"""A program that stands for another does nothing that the other would not."""

from __future__ import annotations

from typing import Any

import pytest

from effio import Ref, Semaphore, do, fail, par_collect, unit
from effio.testing import refines, replay
from effio.testing.exploration.refine import scene


def one_by_one(ref: Any) -> Any:
    return ref.update(lambda n: n + 1).then(ref.update(lambda n: n + 1))


def at_once(ref: Any) -> Any:
    return ref.update(lambda n: n + 2)


def read_and_write(ref: Any) -> Any:
    return ref.get().flat_map(lambda n: ref.set(n + 2))


def get(ref: Any) -> Any:
    return ref.get()


def test_what_ends_alike_refines() -> None:
    """Alone, two small steps end like one big one, and that is proved."""
    found = refines(one_by_one, at_once, setup=Ref.make(0), observe=get)
    assert found
    assert found.exhaustive


def test_what_others_see_in_between_counts() -> None:
    """Who looks on in between sees a value that one big step never shows."""
    found = refines(one_by_one, at_once, setup=Ref.make(0), interfere=get)
    assert [*found.surplus] == [(None, 1)]
    with pytest.raises(AssertionError, match="1 ways that the specification cannot"):
        found.assert_ok()


def test_refinement_has_a_direction() -> None:
    """The big step does nothing that the small ones do not, beside somebody who looks on too."""
    assert refines(at_once, one_by_one, setup=Ref.make(0), interfere=get).assert_ok()


def test_lost_update_does_not_refine_an_update() -> None:
    """Beside another update, reading and writing can end with a value that one atomic step cannot."""
    found = refines(read_and_write, at_once, setup=Ref.make(0), interfere=at_once, observe=get)
    assert [way[1] for way in found.surplus] == [2]


def test_token_of_a_surplus_way_shows_it() -> None:
    """Replayed, the token of what must not be ends in just that way."""
    found = refines(read_and_write, at_once, setup=Ref.make(0), interfere=at_once, observe=get)
    ((way, token),) = found.surplus.items()
    again = replay(scene(Ref.make(0), read_and_write, at_once, get), token)
    assert again.outcome is not None
    assert again.outcome.unwrap() == way


@do
def cross(first: Any, second: Any) -> Any:
    yield from first.acquire()
    yield from second.acquire()
    yield from second.release()
    yield from first.release()


@do
def crossing(*, ordered: bool) -> Any:
    a = yield from Semaphore.make(1)
    b = yield from Semaphore.make(1)
    yield from par_collect([cross(a, b), cross(a, b) if ordered else cross(b, a)])
    return "done"


def test_deadlock_is_a_way_to_end() -> None:
    """Locks taken crosswise can do what locks taken in order cannot: wait for ever."""
    assert [*refines(crossing(ordered=False), crossing(ordered=True)).surplus] == ["deadlock"]
    assert refines(crossing(ordered=True), crossing(ordered=False))


@pytest.mark.parametrize("error", [ValueError("no"), "no"])
def test_equal_failures_are_the_same_way_to_end(error: object) -> None:
    """Failures count by what failed, not by where, and differ from a success."""
    assert refines(fail(error), unit.then(fail(error)))
    assert not refines(fail(error), unit)


def test_what_was_not_run_is_no_proof() -> None:
    """With a budget too small for all schedules nothing is proved."""
    assert refines(one_by_one, at_once, setup=Ref.make(0), interfere=get).exhaustive
    assert not refines(one_by_one, at_once, setup=Ref.make(0), interfere=get, max_schedules=1).exhaustive
