"""`Event`, `Latch` and `Barrier`: waiting for something that happens."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, Barrier, Do, Event, Latch, do, now, par_collect, par_settle, par_zip, sleep, yield_now
from effio.concurrent.barrier import BarrierStats
from effio.concurrent.event import EventStats
from effio.concurrent.latch import LatchStats
from effio.interpreter.backends.simulated import simulate
from tests.unit.concurrent.sweep import cancelled_everywhere, go, value_of

# -- Event ---------------------------------------------------------------------------------------------------


def test_event_wakes_all_once_and_for_all() -> None:
    """Who waits goes on when it is set, who comes later does not wait, and setting it again changes nothing."""
    woken: list[int] = []

    @do
    def program() -> Do[list[Any]]:
        event = yield from Event.make(name="ready")
        before = [repr(event), (yield from event.is_set())]
        waiters: list[IO[Any]] = [event.wait().as_value(n).map(woken.append) for n in range(3)]
        yield from par_collect([*waiters, sleep(1).then(event.set())])
        yield from event.set()
        yield from event.wait()
        return [*before, repr(event), (yield from event.is_set()), (yield from now())]

    assert go(program()) == ["<Event 'ready': not set>", False, "<Event 'ready': set>", True, 1.0]
    assert woken == [0, 1, 2]


def test_cancelled_waiter_of_an_event_leaves_no_trace() -> None:
    """A cancel at any action of one waiter keeps the other one from nothing."""

    @do
    def program() -> Do[tuple[bool, EventStats]]:
        event = yield from Event.make()
        setting: IO[Any] = yield_now().then(event.set())
        exits = yield from par_settle([event.wait(), event.wait(), setting])
        return exits[1].unwrap() is None, (yield from event.stats())

    def check(value: Any) -> None:
        assert value == (True, EventStats(is_set=True, waiting=0))

    assert cancelled_everywhere(program, check, victims=["par_settle[0]"]) > 20


# -- Latch ---------------------------------------------------------------------------------------------------


def test_latch_opens_at_the_last_count() -> None:
    """It opens after as many counts as it was made for; more of them do nothing."""

    @do
    def program() -> Do[tuple[float | None, LatchStats]]:
        latch = yield from Latch.make(3)
        counts = [sleep(seconds).then(latch.count_down()) for seconds in (1, 2, 3, 4)]
        opened, *_ = yield from par_collect([latch.wait().then(now()), *counts])
        return opened, (yield from latch.stats())

    assert go(program()) == (3.0, LatchStats(remaining=0, waiting=0))


def test_latch_of_nothing_is_open() -> None:
    """One that is made for no count lets everybody through."""
    assert go(Latch.make(0).flat_map(lambda latch: latch.wait().then(latch.stats()))) == LatchStats(0, 0)


def test_latch_tells_what_is_left() -> None:
    """It shows how many counts are left, and refuses a number of counts that makes no sense."""
    assert repr(go(Latch.make(3, name="parts"))) == "<Latch 'parts': 3 left>"
    with pytest.raises(ValueError, match="count of Latch must be at least 0, not -1"):
        Latch.make(-1)


# -- Barrier -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_barrier_lets_groups_through_again_and_again(seed: int) -> None:
    """In any order, nobody is a round ahead of anybody else, and each round has a first, a second and a third."""
    rounds: list[int] = []
    places: list[int] = []

    @do
    def party(barrier: Barrier) -> Do[None]:
        for number in range(4):
            rounds.append(number)
            place = yield from barrier.wait()
            places.append(place)

    @do
    def program() -> Do[BarrierStats]:
        barrier = yield from Barrier.make(3)
        yield from par_collect([party(barrier) for _ in range(3)])
        return (yield from barrier.stats())

    assert value_of(simulate(program(), seed=seed)) == BarrierStats(parties=3, waiting=0, rounds=4)
    assert rounds == sorted(rounds)
    assert sorted(places) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


def test_cancelled_party_has_not_come() -> None:
    """A barrier waits for as many others as before, whenever one that waited is cancelled."""

    @do
    def program() -> Do[list[int]]:
        barrier = yield from Barrier.make(2)
        leaving = barrier.wait().move_on_after(1)
        staying = sleep(2).then(barrier.wait())
        later = sleep(3).then(barrier.wait())
        _, first, second = yield from par_zip(leaving, staying, later)
        return [first, second, (yield from barrier.stats()).rounds]

    assert go(program()) == [0, 1, 1]


def test_barrier_with_a_cancel_anywhere_is_as_new_afterwards() -> None:
    """After a cancel at any action the ones that are left, and one more, make the next group complete."""

    @do
    def program() -> Do[BarrierStats]:
        barrier = yield from Barrier.make(2)
        yield from par_settle([barrier.wait(), barrier.wait()]).move_on_after(1)
        yield from par_zip(barrier.wait(), barrier.wait())
        return (yield from barrier.stats())

    def check(stats: BarrierStats) -> None:
        assert (stats.parties, stats.waiting) == (2, 0)
        assert stats.rounds in (1, 2)

    assert cancelled_everywhere(program, check, victims=["par_settle[0]", "par_settle[1]"]) > 20
