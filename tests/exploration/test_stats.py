"""What an exploration tells about itself: what its races are for, how many schedules may be left, what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import pytest

from effio import IO, Do, Ref, Semaphore, delay, do, from_callback, par_collect, pure, sleep, task_group
from effio.testing import explore
from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.stats import Hotspot, Stats, estimate
from tests.exploration import known_programs as known
from tests.exploration.notation import Notated

HERE = Path(__file__).name


def note() -> None: ...


def other() -> None: ...


NOTE, OTHER = (f"{HERE}:{function.__code__.co_firstlineno}" for function in (note, other))


def opaque(fibers: int, calls: int) -> IO[Any]:
    """Fibers that say nothing of what they touch."""
    fiber = delay(note)
    for _ in range(calls - 1):
        fiber = fiber.then(delay(note))
    return par_collect([fiber] * fibers)


@do
def mixed() -> Do[None]:
    """Two fibers that share a named thing, a nameless one, and calls."""
    named = yield from Ref.make(0, name="counter")
    nameless = yield from Ref.make(0)
    one = named.set(1).then(nameless.get()).then(delay(note))
    two = named.set(2).then(nameless.set(2)).then(delay(other))
    yield from par_collect([one, two])


def spots(stats: Stats) -> dict[str, int]:
    return {spot.what: spot.races for spot in stats.hottest}


# -- What is raced for ---------------------------------------------------------------------------------------


def test_things_have_the_names_of_the_trace() -> None:
    """A shared object is called as in a trace: by its name, or by the line that made it; calls by their functions."""
    stats = explore(mixed(), lambda exit: False).stats
    trace = explore(mixed(), lambda exit: False).failures[0].trace
    named = {spot.what for spot in stats.hottest if not spot.opaque}
    assert "counter" in named
    assert all(any(what in event.text for event in trace) for what in named)
    assert f"{NOTE} and {OTHER}" in {spot.what for spot in explore(mixed()).stats.hottest if spot.opaque}


@pytest.mark.parametrize("cancel", [False, True])
def test_every_race_is_for_something(cancel: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All hot spots together have all races, those of the systems in which a fiber is cancelled too."""
    monkeypatch.setattr("effio.testing.exploration.stats.HOTTEST", 100)
    stats = explore(mixed(), cancel=cancel).stats
    assert sum(spots(stats).values()) == stats.races > 0


@do
def hot_and_cold() -> Do[None]:
    hot, cold = (yield from Ref.make(0, name="hot")), (yield from Ref.make(0, name="cold"))
    yield from par_collect([hot.set(1).then(hot.set(2)).then(cold.set(1))] * 2)


def test_the_hottest_comes_first() -> None:
    """What more races are for comes before what fewer are for, and no more than three things are named."""
    assert [spot.what for spot in explore(hot_and_cold()).stats.hottest] == ["hot", "cold"]
    assert len(explore(five(), max_schedules=20).stats.hottest) == 3


@do
def five() -> Do[None]:
    program: IO[Any] = pure(None)
    for number in range(5):
        program = program.then((yield from Ref.make(0, name=str(number))).set(1))
    yield from par_collect([program, program])


calls: list[int] = []


def called_back() -> IO[int]:
    def register(resume: Callable[[IO[int]], None]) -> None:
        resume(pure(1))

    return from_callback(register)


@do
def gated() -> Do[None]:
    gate = yield from Semaphore.make(1, name="gate")
    yield from par_collect([gate.with_permit(sleep(1))] * 2)


@do
def cancelled_twice() -> Do[None]:
    @do
    def body(group: Any) -> Do[None]:
        fiber = yield from group.fork(sleep(1), name="sleeper")
        yield from par_collect([fiber.cancel()] * 2)

    yield from task_group(body)


@pytest.mark.parametrize(
    ("program", "what"),
    [
        (par_collect([delay(calls.append, 1)] * 2), "list.append"),
        (par_collect([called_back()] * 2), None),
        (gated(), "gate"),
        (cancelled_twice(), "the cancel of sleeper"),
    ],
)
def test_whatever_is_raced_for_has_a_name(program: IO[Any], what: str | None) -> None:
    """Functions of C, callbacks, permits and cancels have names, and none with an address."""
    stats = explore(program).stats
    assert what is None or what in spots(stats)
    assert stats.races == 0 or spots(stats)
    assert not any(" at 0x" in name or name == "" for name in spots(stats))


def test_calls_of_which_something_is_said_are_not_opaque() -> None:
    """A race for a declared thing has its name; one with a call that may touch it too is not between silent calls."""
    program = par_collect([delay(note).then(delay(other))] * 2)
    declared = explore(program, touches={note: "notes", other: ()}).stats
    assert spots(declared) == {"notes": declared.races}
    assert declared.opaque_races == 0
    half = explore(program, touches={note: "notes"}).stats
    assert {spot.what: spot.opaque for spot in half.hottest} == {
        "notes": False,
        OTHER: True,
        f"{NOTE} and {OTHER}": False,
    }


def test_names_are_the_same_each_time() -> None:
    """Two explorations of the same program tell the same."""
    assert explore(mixed()).stats.hottest == explore(mixed()).stats.hottest


# -- Calls that say nothing ----------------------------------------------------------------------------------


def test_share_of_races_between_calls() -> None:
    """All races of calls are opaque, none of refs is, and both are counted where both are."""
    assert explore(opaque(2, 2)).stats.opaque_share == 1
    assert explore(hot_and_cold()).stats.opaque_share == 0
    assert 0 < explore(mixed()).stats.opaque_share < 1
    assert explore(pure(1)).stats.opaque_share == 0


def test_advice_where_calls_make_many_schedules() -> None:
    """An exploration that is not complete because of calls says which ones, and what to do."""
    exploration = explore(opaque(3, 3), max_schedules=50)
    races = exploration.stats.races
    advice = f"100 % of {races} races are between two calls that say nothing of what they touch, the hottest: {NOTE}"
    assert advice in str(exploration)
    assert advice in str(exploration.stats)
    assert attrs.evolve(exploration.stats, planned=0, complete=200).advice() is not None
    assert attrs.evolve(exploration.stats, planned=0, complete=199).advice() is None


def test_advice_names_calls_only() -> None:
    """Shared objects that are hot too are not among the calls that say nothing."""
    stats = explore(hot_and_cold(), max_schedules=2).stats
    some = (Hotspot("counter", 9), Hotspot("log.py:12", 20, opaque=True))
    advice = attrs.evolve(stats, planned=1, races=30, opaque_races=20, hottest=some).advice()
    assert advice is not None
    assert "the hottest: log.py:12 (20);" in advice


@pytest.mark.parametrize("program", [opaque(2, 2), mixed(), hot_and_cold()], ids=["few", "mixed", "refs"])
def test_no_advice_where_it_is_not_the_calls(program: IO[Any]) -> None:
    """Where all is run in no time, or the races are for what is declared, nothing is said of calls."""
    assert "say nothing" not in str(explore(program))


def test_no_advice_beside_a_failure() -> None:
    """Who has a failing schedule to read is not told to have fewer."""
    assert "say nothing" not in str(explore(opaque(3, 3), lambda exit: False))


# -- What is left --------------------------------------------------------------------------------------------


def test_nothing_remains_of_a_complete_exploration() -> None:
    """What is complete has an estimate of 0 and says nothing of it."""
    stats = explore(hot_and_cold()).stats
    assert (stats.remaining, stats.planned) == (0, 0)
    assert "estimate" not in str(stats)


@pytest.mark.parametrize("program", [known.lost_update(4), known.lastzero(5), known.readers(6), known.mpsc(3, 2)])
def test_estimate_is_of_the_right_size(program: Any) -> None:
    """After a tenth of the schedules the estimate is at least a tenth of what is left, after a half a quarter."""
    total = sum(1 for _ in Search(Notated(program)).schedules())
    for share, least in ((10, 0.1), (2, 0.25)):
        search = Search(Notated(program))
        done = len([*islice(search.schedules(), total // share)])
        left = total - done
        assert least * left <= estimate(search) <= 1.5 * left
        assert estimate(search) >= len(search.branches)


def test_estimate_is_told() -> None:
    """An exploration that is not complete says what is planned and what is to be expected, as an estimate."""
    stats = explore(opaque(3, 3), max_schedules=50).stats
    assert stats.remaining is not None
    assert 0 < stats.planned <= stats.remaining
    assert f"{stats.planned} more planned, about {stats.remaining} to come by a low estimate" in str(stats)


def test_nothing_is_said_of_systems_not_begun() -> None:
    """With cancels to come, nobody knows how many schedules there are."""
    assert explore(opaque(3, 3), max_schedules=50, cancel=True).stats.remaining is None


# -- Stopping and going on -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cancel", [False, True])
def test_races_are_counted_on_by_who_resumes(cancel: bool) -> None:
    """Cut anywhere and gone on with, an exploration has the same hot spots, races and estimate."""
    whole = explore(mixed(), sampling=0, cancel=cancel)
    for cut in (1, 5):
        begun = explore(mixed(), sampling=0, cancel=cancel, max_schedules=cut)
        went_on = explore(mixed(), sampling=0, cancel=cancel, resume=json.loads(json.dumps(begun.state)))
        assert spots(went_on.stats) == spots(whole.stats)
        assert (went_on.stats.races, went_on.stats.opaque_races) == (whole.stats.races, whole.stats.opaque_races)


def test_estimate_is_that_of_before_when_resumed() -> None:
    """Whoever resumes and runs nothing has the estimate of before."""
    begun = explore(opaque(3, 3), max_schedules=40, sampling=0)
    assert (
        explore(opaque(3, 3), max_schedules=0, sampling=0, resume=begun.state).stats.remaining == begun.stats.remaining
    )


def test_a_run_that_is_taken_back_has_no_races() -> None:
    """The races of a run that is taken back are not counted, and are once when it is run again."""
    search = Search(Notated(known.lost_update(3)))
    for _ in islice(search.schedules(), 5):
        pass
    races = search.counts.races
    search.take_back()
    assert sum(search.clashes.values()) == search.counts.races < races
    for _ in search.schedules():
        pass
    assert sum(search.clashes.values()) == search.counts.races


def test_hot_spot_in_words() -> None:
    """A hot spot is told with its number of races."""
    assert str(Hotspot("counter", 3)) == "counter (3)"
