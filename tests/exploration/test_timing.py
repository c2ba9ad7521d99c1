"""Races with timers: with `time="racy"` the next timer may fire before fibers that are ready."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, Exit, Ref, do, par_zip, sleep
from effio.testing import assert_outcomes, explore, outcomes, replay, simulate
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.generated import TooMany, all_outcomes, found_by_search, random_program


@do
def write_twice_while_another_sleeps() -> Any:
    ref = yield from Ref.make(0)
    _, seen = yield from par_zip(ref.set(1).then(ref.set(2)), sleep(1).then(ref.get()))
    return seen


@do
def two_sleepers() -> Any:
    order = yield from Ref.make("")

    def late(seconds: int) -> IO[object]:
        return sleep(seconds).then(order.update(lambda seen: f"{seen}{seconds}"))

    yield from par_zip(late(1), late(2))
    return (yield from order.get())


@do
def limited() -> Any:
    ref = yield from Ref.make(0)
    done = yield from ref.set(1).then(ref.set(2)).map(lambda _: "done").move_on_after(5)
    return done, (yield from ref.get())


def checked_out(*, mended: bool) -> Any:
    """Something is taken from a pool within a time limit, and given back afterwards."""

    @do
    def program() -> Any:
        free = yield from Ref.make(1, name="free")
        take = free.update(lambda count: count - 1)
        give_back = free.update(lambda count: count + 1)
        use = Ref.make(0).then(give_back)
        whole = take.bracket(lambda _: Ref.make(0), lambda _: give_back) if mended else take.then(use)
        yield from whole.move_on_after(1)
        return (yield from free.get())

    return program()


def is_full(exit: Exit[Any, Any]) -> bool:
    return bool(exit.unwrap() == 1)


def test_idle_time_passes_when_nothing_can_run() -> None:
    """A sleeper sees the world only after everybody else has come to rest."""
    assert_outcomes(write_twice_while_another_sleeps(), {2})
    assert_outcomes(two_sleepers(), {"12"})
    assert_outcomes(limited(), {("done", 2)})


def test_racy_timer_fires_at_any_moment() -> None:
    """A sleeper sees every state that others pass through, in one schedule each."""
    assert {
        value: count for value, (count, _) in outcomes(write_twice_while_another_sleeps(), time="racy").items()
    } == {
        0: 1,
        1: 1,
        2: 1,
    }


def test_longer_sleep_may_end_first() -> None:
    """Who sleeps longer is first if it began earlier, or if the other is slow to wake."""
    found = outcomes(two_sleepers(), time="racy")
    assert {value: count for value, (count, _) in found.items()} == {"12": 3, "21": 3}


def test_deadline_may_pass_before_any_action() -> None:
    """A time limit cuts before each action inside, although they take no time."""
    assert_outcomes(limited(), {("done", 2), (None, 1), (None, 0)}, time="racy")


def test_race_with_a_deadline_is_found_only_if_asked_for() -> None:
    """What a time limit loses between two actions shows in racy time, and its token shows it again."""
    program = checked_out(mended=False)
    assert not explore(program, is_full).failures
    exploration = explore(program, is_full, time="racy")
    (finding,) = exploration.failures
    assert "the next timer fires" in finding.render()
    assert str(replay(program, finding.token).outcome) == str(finding.outcome)


def test_mended_time_limit_is_proved() -> None:
    """A bracket gives back under every schedule of timers."""
    exploration = explore(checked_out(mended=True), is_full, time="racy").assert_ok()
    assert exploration.exhaustive


def test_seed_chooses_when_timers_fire() -> None:
    """The same seed gives the same racy run; some seeds let the longer sleep end first."""
    runs = [simulate(two_sleepers(), seed=seed, time="racy") for seed in range(30)]
    assert [run.token for run in runs] == [simulate(two_sleepers(), seed=n, time="racy").token for n in range(30)]
    assert {run.outcome.unwrap() for run in runs if run.outcome is not None} == {"12", "21"}
    assert [str(replay(two_sleepers(), run.token).outcome) for run in runs] == [str(run.outcome) for run in runs]


def test_time_has_two_modes() -> None:
    """Another word than idle or racy is refused."""
    with pytest.raises(ValueError, match="'idle' or 'racy', not 'real'"):
        explore(two_sleepers(), time="real")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # refused


PROGRAMS = (0, 2, 4, 5, 7, 8, 10, 13, 15, 16, 18, 19, 20, 23, 25, 26, 28, 29)
"""The seeds among the first thirty of programs that have few interleavings."""


@pytest.mark.parametrize("start", range(3))
def test_racy_search_misses_no_outcome(start: int) -> None:
    """The outcomes of random programs in racy time are those of all interleavings of fibers and timers."""
    for seed in PROGRAMS[start::3]:
        program = random_program(seed)
        try:
            expected = all_outcomes(Stepped(program, merge=False, racy=True), 150)
        except TooMany:
            continue
        assert found_by_search(Stepped(program, racy=True)) == expected, seed
