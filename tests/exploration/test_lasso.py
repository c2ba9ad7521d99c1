"""Runs that go round and round: who only spins lets others go first, and what never ends is told."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import IO, Exit, Ref, delay, do, par_collect, pure, sleep, yield_now
from effio.data.cause import Die
from effio.testing import Livelock, explore, outcomes, replay, simulate
from effio.testing.exploration.steps.picture import Hidden, Painter


@do
def spinning(between: IO[Any], setter: Any) -> Any:
    """Somebody looks again and again at a flag that another may set."""
    flag = yield from Ref.make(False, name="flag")

    @do
    def waiter() -> Any:
        while not (yield from flag.get()):
            yield from between
        return "seen"

    return (yield from par_collect([waiter(), setter(flag)]))[0]


def sets(flag: Any) -> Any:
    return flag.set(True)


def sets_later(flag: Any) -> Any:
    return sleep(3).then(flag.set(True))


def forgets(flag: Any) -> IO[Any]:
    return pure(None)


BETWEEN = pytest.mark.parametrize("between", [yield_now, pure(None)], ids=["yields", "spins"])


def lasso_of(exit: Exit[Any, Any]) -> Livelock:
    assert isinstance(exit, Failure)
    cause = exit.failure()
    assert isinstance(cause, Die)
    assert isinstance(cause.exception, Livelock)
    return cause.exception


@BETWEEN
@pytest.mark.parametrize("setter", [sets, sets_later], ids=["at once", "later"])
def test_spinning_fiber_lets_the_one_that_it_waits_for_act(between: IO[Any], setter: Any) -> None:
    """A wait by looking again and again comes to its end in every schedule, and they are all run."""
    exploration = explore(spinning(between, setter), stop_on_first=False)
    assert exploration.assert_ok().exhaustive
    assert 1 <= exploration.schedules <= 60


@BETWEEN
def test_fiber_that_spins_for_ever_is_found(between: IO[Any]) -> None:
    """If nobody sets the flag, the exit says who does what again and again."""
    (finding,) = explore(spinning(between, forgets)).failures
    cycle = lasso_of(finding.outcome).cycle
    assert "par_collect[0]: get flag" in cycle
    assert "livelock" in finding.render()
    assert len(finding.trace) < 80


def test_token_of_a_livelock_shows_it_again() -> None:
    """Replayed, it ends in the same livelock."""
    (finding,) = explore(spinning(yield_now, forgets)).failures
    again = replay(spinning(yield_now, forgets), finding.token)
    assert again.outcome is not None
    assert lasso_of(again.outcome).cycle == lasso_of(finding.outcome).cycle


def test_livelock_shows_in_a_simulation() -> None:
    """One run by a seed ends in it too, instead of going on until it is cut."""
    outcome = simulate(spinning(yield_now, forgets), seed=3).outcome
    assert outcome is not None
    assert lasso_of(outcome).cycle


def test_polling_for_ever_is_a_livelock_though_time_passes() -> None:
    """A state that differs in nothing but the time comes back."""

    @do
    def polling() -> Any:
        flag = yield from Ref.make(False, name="flag")
        while not (yield from flag.get()):
            yield from sleep(1)

    (finding,) = explore(polling()).failures
    assert [action.partition(": ")[2] for action in lasso_of(finding.outcome).cycle] == ["sleep(1)", "get flag"]


def test_round_may_be_a_program_of_its_own() -> None:
    """A loop that runs another body in each round comes back to the same state as well."""

    @do
    def is_set(flag: Any) -> Any:
        return (yield from flag.get())

    @do
    def main() -> Any:
        flag = yield from Ref.make(False, name="flag")
        while not (yield from is_set(flag)):
            yield from yield_now

    (finding,) = explore(main()).failures
    assert len(lasso_of(finding.outcome).cycle) == 2


@do
def giving_way() -> Any:
    """Two that step aside for each other, and step back, at the same time."""
    left, right = (yield from Ref.make(True, name="left")), (yield from Ref.make(True, name="right"))

    @do
    def walk(mine: Any, other: Any) -> Any:
        while (yield from other.get()):
            yield from mine.set(False)
            yield from mine.set(True)
        yield from mine.set(False)

    yield from par_collect([walk(left, right), walk(right, left)])


def test_livelock_of_two_needs_both() -> None:
    """Two who are polite can go on so for ever; both are in the circle, and other schedules end."""
    exploration = explore(giving_way(), stop_on_first=False, max_schedules=40, sampling=0)
    cycles = [lasso_of(finding.outcome).cycle for finding in exploration.failures]
    assert cycles
    assert all(
        {action.partition(":")[0] for action in cycle} == {"par_collect[0]", "par_collect[1]"} for cycle in cycles
    )
    assert exploration.schedules > len(cycles)


def test_loop_that_counts_is_no_livelock() -> None:
    """Who does the same again and again and comes closer to an end each time is left alone."""

    @do
    def counting() -> Any:
        counter = yield from Ref.make(0)
        for _ in range(60):
            yield from counter.update(lambda n: n + 1)
        return (yield from counter.get())

    assert outcomes(counting()).keys() == {60}


def test_what_happens_outside_is_no_livelock() -> None:
    """Of a loop that depends on something that cannot be seen nothing is said but that it was cut."""
    ticks = iter(range(1_000))

    @do
    def ticking() -> Any:
        while (yield from delay(next, ticks)) < 50:
            pass
        return "done"

    assert simulate(ticking()).outcome == Success("done")


def test_pictures_tell_states_apart_and_copies_not() -> None:
    """Equal structures look the same, sharing counts, and so does what is in them."""

    def look(thing: Any) -> Any:
        return Painter(inside=True).of(thing)

    one, other = [1], [1]
    assert look([one, one]) == look([other, other])
    assert look([one, one]) != look([[1], [1]])
    assert look({"a": [1]}) == look({"a": [1]})
    assert look(iter([1, 2])) != look(advanced(iter([1, 2])))
    assert look(lambda: one) != look(lambda: one)


def advanced(iterator: Any) -> Any:
    next(iterator)
    return iterator


def test_state_that_cannot_be_seen_has_no_picture() -> None:
    """An object of which C code keeps the state is refused."""
    with pytest.raises(Hidden):
        Painter(inside=True).of(Random(1))
