"""One run in virtual time: the same seed gives the same trace, a token gives the same run again."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    Channel,
    Deadlock,
    Deferred,
    Failure,
    Mutex,
    Ref,
    Semaphore,
    Success,
    delay,
    do,
    from_async,
    par_collect,
    pure,
    race,
    sleep,
    unit,
    yield_now,
)
from effio.testing import Simulation, TokenMismatch, replay, simulate
from effio.testing.exploration.schedules.sampling import SAMPLERS
from effio.testing.exploration.schedules.token import Token


@do
def counting(fibers: int) -> Any:
    counter = yield from Ref.make(0, name="counter")

    @do
    def worker() -> Any:
        value = yield from counter.get()
        yield from yield_now
        yield from counter.set(value + 1)

    yield from par_collect([worker() for _ in range(fibers)])
    return (yield from counter.get())


def seen(run: Simulation) -> list[tuple[str, str, float]]:
    return [(event.fiber, str(event), event.time) for event in run.trace]


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_same_seed_gives_same_trace(sampler: Any) -> None:
    """Two simulations with the same seed do the same actions and have the same token."""
    one, two = (simulate(counting(3), seed=7, sampler=sampler) for _ in range(2))
    assert (seen(one), one.token) == (seen(two), two.token)


def test_different_seeds_give_different_orders() -> None:
    """Among twenty seeds there are ones that lose an update and ones that do not."""
    assert {simulate(counting(2), seed=seed).outcome for seed in range(20)} == {Success(1), Success(2)}


def test_without_seed_nobody_is_stopped() -> None:
    """Without a seed each fiber runs on until it waits, in order of arrival."""
    run = simulate(par_collect([delay(pure, 1), delay(pure, 2)]))
    assert run.preemptions == 0


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
@pytest.mark.parametrize("seed", range(5))
def test_token_gives_the_run_again(sampler: Any, seed: int) -> None:
    """Replaying the token of a run gives its actions, its time and its exit."""
    run = simulate(counting(3), seed=seed, sampler=sampler)
    again = replay(counting(3), run.token)
    assert (seen(again), again.outcome, again.token) == (seen(run), run.outcome, run.token)


def test_token_of_another_program_is_refused() -> None:
    """A token that does not fit is a `TokenMismatch` that names the turn, and never a silently different run."""
    token = simulate(counting(3), seed=1).token
    with pytest.raises(TokenMismatch, match="turn"):
        replay(counting(2), token)


@pytest.mark.parametrize("token", ["effio1:", "effio0:AA", "nonsense", "effio1:gA"])
def test_broken_token_is_refused(token: str) -> None:
    """What is no token raises a ValueError that quotes it."""
    with pytest.raises(ValueError, match=token):
        replay(unit, token)


def test_token_is_read_as_it_was_written() -> None:
    """Writing and reading a token are inverse to each other."""
    token = Token(((0, "run", 3), (5, "cancel", 0), (300, "fail", 129)), 301, (1, 255, 0))
    assert Token.parse(str(token)) == token


def test_time_is_virtual() -> None:
    """An hour passes at once, and the run tells how long it took."""
    run = simulate(race(sleep(3600), sleep(7200)))
    assert run.virtual_elapsed == 3600


def test_foreign_coroutine_is_refused_by_name() -> None:
    """A program that awaits a foreign coroutine ends with a defect that names it."""

    async def fetch() -> None: ...

    run = simulate(from_async(fetch))
    assert isinstance(run.outcome, Failure)
    assert "fetch" in str(run.outcome)


def test_model_stands_for_a_foreign_coroutine() -> None:
    """A foreign coroutine with a model is not called: the program that the model makes of its arguments runs."""

    async def fetch(name: str) -> str:
        raise NotImplementedError

    run = simulate(from_async(fetch, "page"), models={fetch: lambda name: sleep(2).then(pure(f"model of {name}"))})
    assert (run.outcome, run.virtual_elapsed) == (Success("model of page"), 2)


def test_deadlock_tells_who_waits_for_whom() -> None:
    """Fibers that wait for each other end the run with a deadlock that names the fibers and what they hold."""

    @do
    def stuck() -> Any:
        lock = yield from Mutex.make(name="door")
        never: Any = yield from Deferred.make(name="answer")
        yield from par_collect([lock.with_lock(never.get()), lock.with_lock(unit)])

    run = simulate(stuck())
    assert isinstance(run.outcome, Failure)
    text = run.render()
    assert "deadlock" in text
    assert "answer" in text
    assert "'door', held by 'par_collect[0]'" in text


def test_run_that_goes_on_for_ever_is_cut() -> None:
    """After `max_steps` a run that does not end is given up, and has no outcome."""

    def spin() -> IO[Any]:
        return yield_now.flat_map(lambda _: spin())

    run = simulate(spin(), max_steps=50)
    assert run.outcome is None
    assert "livelock: cut after 49 actions, with 'main' going on" in run.render()


def test_leaks_are_told() -> None:
    """A permit that is not given back is told, with the primitive and who holds it."""

    @do
    def careless() -> Any:
        permits = yield from Semaphore.make(1, name="slots")
        yield from permits.acquire()

    (leak,) = simulate(careless()).leaks
    assert "slots" in leak
    assert "main" in leak or "careless" in leak


def test_clean_run_leaves_nothing() -> None:
    """A run that gives back what it takes leaves nothing behind."""

    @do
    def careful() -> Any:
        permits = yield from Semaphore.make(1)
        channel: Any = yield from Channel.make(1)
        yield from par_collect([permits.with_permit(channel.send(1)), permits.with_permit(channel.receive())])

    assert simulate(careful()).leaks == ()


def test_picture_has_a_column_for_each_fiber() -> None:
    """A run is drawn with what each fiber did and what it got."""
    lines = simulate(counting(2)).render().splitlines()
    assert [cell.strip() for cell in lines[0].split("|")] == [
        "step",
        "counting",
        "par_collect[0]",
        "par_collect[1]",
        "",
    ]
    assert any("get counter -> 0" in line for line in lines)


def test_deadlock_is_an_exit() -> None:
    """A deadlock is a defect like any other, for programs that judge exits."""
    run = simulate(Deferred.make().flat_map(lambda deferred: deferred.get()))
    assert isinstance(run.outcome, Failure)
    (defect,) = run.outcome.failure().defects()
    assert isinstance(defect, Deadlock)
