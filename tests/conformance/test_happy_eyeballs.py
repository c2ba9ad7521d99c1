"""Staggered races (RFC 8305) with attempts that are not real, so that every start is exact to the tick."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from effio import (
    IO,
    Deadlock,
    Exit,
    Failure,
    Success,
    VirtualClock,
    cancel_scope,
    cause,
    delay,
    die,
    fail,
    never,
    now,
    pure,
    race_staggered,
    run_async,
    run_exit,
    sleep,
    task_group,
    traverse,
    unit,
)

DELAY = 0.25


class Network:
    """Attempts that write down when they start; `open` holds what they opened and nobody closed."""

    def __init__(self) -> None:
        self.starts: dict[str, float] = {}
        self.open: set[str] = set()

    def attempt(
        self,
        name: str,
        seconds: float = math.inf,
        end: IO[Any, Any] | None = None,
        *,
        closing: float = 0.0,
    ) -> IO[str, Any]:
        """After `seconds` give `name`, still open, or end as `end` does; close if it ends otherwise."""
        wait = never if seconds == math.inf else sleep(seconds)

        def closed(exit: Exit[Any, Any]) -> IO[None]:
            return unit if isinstance(exit, Success) else sleep(closing).then(self.close(name))

        connecting = wait.then(pure(name) if end is None else end).on_exit(closed)
        return self.begin(name).then(connecting).named(name)

    def begin(self, name: str) -> IO[None]:
        def note(start: float) -> None:
            assert name not in self.starts
            self.starts[name] = start
            self.open.add(name)

        return now.map(note)

    def close(self, name: str) -> IO[None]:
        return delay(self.open.remove, name)

    def race(self, *attempts: IO[str, Any], delay: float | None = DELAY) -> IO[str, Any]:
        return race_staggered(attempts, delay, dispose=self.close)


@pytest.fixture
def network() -> Network:
    return Network()


def timed(program: IO[Any, Any]) -> tuple[Exit[Any, Any], float]:
    """The exit of `program` in virtual time, and the seconds it took."""
    clock = VirtualClock()
    exit = run_exit(program, clock=clock)
    return exit, clock.now()


def refused(name: str) -> IO[Any, OSError]:
    return fail(ConnectionRefusedError(name))


def errors(exit: Exit[Any, Any]) -> list[str]:
    return [str(error) for error in exit.failure().failures()]


# -- Who starts when -----------------------------------------------------------------------------------------


def test_no_attempts_are_an_error_when_built() -> None:
    """A race of nobody is refused before anything runs."""
    with pytest.raises(ValueError, match="at least one"):
        race_staggered([], DELAY)


def test_single_attempt_arms_no_timer(network: Network) -> None:
    """With one attempt that never answers nothing is left to wait for, so the run is stuck at once."""
    exit, seconds = timed(network.race(network.attempt("a")))
    assert isinstance(exit.failure().defects()[0], Deadlock)
    assert (seconds, network.open) == (0, set())


def test_last_attempt_arms_no_timer(network: Network) -> None:
    """When the last attempt has begun, no timer of the race is left."""
    exit, seconds = timed(network.race(network.attempt("a"), network.attempt("b")))
    assert isinstance(exit.failure().defects()[0], Deadlock)
    assert (seconds, network.open) == (DELAY, set())


def test_success_before_the_delay_starts_nobody_else(network: Network) -> None:
    """An answer in time keeps the second attempt from starting."""
    exit, seconds = timed(network.race(network.attempt("a", 0.2), network.attempt("b", 0.1)))
    assert (exit, seconds) == (Success("a"), 0.2)
    assert network.starts == {"a": 0}


def test_attempts_start_a_delay_apart(network: Network) -> None:
    """Each attempt starts exactly one delay after the start of the one before."""
    exit, seconds = timed(network.race(*(network.attempt(name) for name in "abc"), network.attempt("d", 0.125)))
    assert (exit, seconds) == (Success("d"), 0.875)
    assert network.starts == {"a": 0, "b": 0.25, "c": 0.5, "d": 0.75}
    assert network.open == {"d"}


def test_failure_of_the_latest_attempt_starts_the_next(network: Network) -> None:
    """A failed attempt is followed at once, and the delay counts from the new start."""
    exit, _ = timed(
        network.race(network.attempt("a", 0.125, refused("a")), network.attempt("b"), network.attempt("c", 0.125))
    )
    assert exit == Success("c")
    assert network.starts == {"a": 0, "b": 0.125, "c": 0.375}


def test_failure_of_an_older_attempt_starts_nobody(network: Network) -> None:
    """A failure of an attempt that is not the latest changes no start."""
    timed(network.race(network.attempt("a", 0.375, refused("a")), network.attempt("b"), network.attempt("c", 0.125)))
    assert network.starts == {"a": 0, "b": 0.25, "c": 0.5}


def test_success_exactly_at_the_delay_starts_nobody(network: Network) -> None:
    """An answer in the tick of the next start wins over that start."""
    exit, seconds = timed(network.race(network.attempt("a", DELAY), network.attempt("b", 0.1)))
    assert (exit, seconds) == (Success("a"), DELAY)
    assert network.starts == {"a": 0}


def test_failure_exactly_at_the_delay_starts_one(network: Network) -> None:
    """A failure in the tick of the next start is followed by one attempt, not by two."""
    timed(network.race(network.attempt("a", DELAY, refused("a")), network.attempt("b"), network.attempt("c", 0.125)))
    assert network.starts == {"a": 0, "b": 0.25, "c": 0.5}


def test_attempt_that_fails_without_waiting_is_followed_at_once(network: Network) -> None:
    """An attempt that cannot even begin to wait counts as a failed attempt."""
    exit, seconds = timed(network.race(refused("no socket"), refused("no bind"), network.attempt("c", 1)))
    assert (exit, seconds) == (Success("c"), 1)
    assert network.starts == {"c": 0}


def test_attempt_that_succeeds_without_waiting_starts_nobody_else(network: Network) -> None:
    """A connection that is there at once ends the race at once."""
    exit, seconds = timed(network.race(pure("a"), network.attempt("b", 0)))
    assert (exit, seconds, network.starts) == (Success("a"), 0, {})


def test_no_delay_means_a_quarter_second(network: Network) -> None:
    """None is the delay that RFC 8305 recommends."""
    timed(network.race(network.attempt("a"), network.attempt("b", 1), delay=None))
    assert network.starts == {"a": 0, "b": 0.25}


def test_zero_delay_starts_all_at_once(network: Network) -> None:
    """A delay of 0 makes it a plain race."""
    timed(network.race(network.attempt("a"), network.attempt("b", 1), network.attempt("c"), delay=0))
    assert network.starts == {"a": 0, "b": 0, "c": 0}


@pytest.mark.parametrize("wrong", [-1.0, math.nan])
def test_wrong_delay_is_refused_when_built(network: Network, wrong: float) -> None:
    """A delay that is no length of time never runs."""
    with pytest.raises(ValueError, match="delay of race_staggered"):
        network.race(network.attempt("a"), delay=wrong)


# -- How it ends ---------------------------------------------------------------------------------------------


def test_two_successes_in_one_tick_leave_one_open(network: Network) -> None:
    """The winner is returned, the other connection of the same tick is closed."""
    exit, _ = timed(network.race(network.attempt("a", 0.5), network.attempt("b", 0.25)))
    assert isinstance(exit, Success)
    assert network.open == {exit.unwrap()}


def test_all_failures_are_in_the_tree_in_order(network: Network) -> None:
    """If all fail, each error is there once, in the order of the attempts, however they ended in time."""
    exit, _ = timed(
        network.race(
            network.attempt("a", 2, refused("a")),
            network.attempt("b", 0.1, refused("b")),
            network.attempt("c", 0.1, refused("c")),
        )
    )
    assert errors(exit) == ["a", "b", "c"]
    assert [label_of(leaf) for leaf in exit.failure().leaves()] == ["a", "b", "c"]
    assert network.open == set()


def label_of(leaf: Any) -> str:
    """The name under which a leaf of the error tree stands."""
    label: str = leaf.at.path.label
    return label


def test_defect_aborts_the_race(network: Network) -> None:
    """A bug in one attempt ends the race; no further attempt starts and all are closed."""
    exit, seconds = timed(
        network.race(network.attempt("a"), network.attempt("b", 0.125, die(TypeError("bug"))), network.attempt("c"))
    )
    assert [str(defect) for defect in exit.failure().defects()] == ["bug"]
    assert (seconds, network.open) == (0.375, set())
    assert set(network.starts) == {"a", "b"}


def test_losers_are_closed_concurrently_before_the_end(network: Network) -> None:
    """Three losers that take a second each to close cost one second, before the winner returns."""
    losers = [network.attempt(name, closing=1) for name in "abc"]
    exit, seconds = timed(network.race(*losers, network.attempt("d", 0.25)))
    assert (exit, seconds, network.open) == (Success("d"), 2.0, {"d"})


def test_attempt_that_refuses_cancellation_is_awaited(network: Network) -> None:
    """A loser that cannot be cancelled is waited for, and what it connected in the end is closed."""
    stubborn = network.attempt("a", 5).shielded()
    exit, seconds = timed(network.race(stubborn, network.attempt("b", 0.25)))
    assert (exit, seconds, network.open) == (Success("b"), 5, {"b"})


def test_failing_dispose_is_reported_and_the_rest_closed(network: Network) -> None:
    """A surplus connection whose closing raises is in the error tree; the others are closed all the same."""

    def dispose(name: str) -> IO[None]:
        return die(OSError("close failed")) if name == "b" else network.close(name)

    attempts = [network.attempt(name, 1) for name in "abc"]
    exit, _ = timed(race_staggered(attempts, 0, dispose=dispose))
    assert [str(defect) for defect in exit.failure().defects()] == ["close failed"]
    assert "c" not in network.open


def test_error_after_connecting_closes_the_winner(network: Network) -> None:
    """What the winner is used for may fail: the connection is closed then."""
    race = network.race(network.attempt("a", 0.1), network.attempt("b"))
    exit, _ = timed(race.bracket(lambda name: fail(OSError(f"{name} broke")), network.close))
    assert (errors(exit), network.open) == (["a broke"], set())


# -- Cancelled from outside ----------------------------------------------------------------------------------


def cancelled_at(race: IO[str, Any], *times: float) -> IO[str | None, Any]:
    """Run `race` in a scope that others cancel at these times."""

    def body(scope: Any) -> IO[str, Any]:
        cancels = [sleep(seconds).then(scope.cancel()) for seconds in times]
        return task_group(lambda group: traverse(cancels, group.fork).then(race))

    return cancel_scope(body)


def test_cancel_in_the_middle_closes_everything(network: Network) -> None:
    """A cancel ends all attempts, and nothing is open afterwards."""
    race = network.race(*(network.attempt(name, closing=0.5) for name in "abc"))
    exit, seconds = timed(cancelled_at(race, 0.375))
    assert (exit, seconds, network.open) == (Success(None), 0.875, set())


def test_second_cancel_does_not_cut_the_closing(network: Network) -> None:
    """A cancel that comes while the attempts close changes nothing."""
    race = network.race(*(network.attempt(name, closing=0.5) for name in "abc"))
    exit, seconds = timed(race.move_on_after(0.5).zip(pure(1)).move_on_after(0.375))
    assert (exit, seconds, network.open) == (Success(None), 0.875, set())


@pytest.mark.parametrize(
    "limited",
    [
        lambda race: race.move_on_after(1),
        lambda race: race.fail_after(1).or_else_succeed(None),
        lambda race: cancelled_at(race, 1),
    ],
)
def test_success_and_cancel_in_one_tick_leak_nothing(
    network: Network, limited: Callable[[IO[str, Any]], IO[str | None, Any]]
) -> None:
    """A winner of the tick in which the race is cut off is returned or closed."""
    exit, _ = timed(limited(network.race(network.attempt("a"), network.attempt("b", 0.75))))
    assert isinstance(exit, Success)
    assert network.open == {name for name in [exit.unwrap()] if name is not None}


def test_cancel_while_losers_close_is_not_lost(network: Network) -> None:
    """A race that is won but still closing its losers can be cancelled: the winner is closed too."""
    race = network.race(network.attempt("a", closing=1), network.attempt("b", 0.25))
    exit, seconds = timed(race.move_on_after(1))
    assert (exit, seconds, network.open) == (Success(None), 1.5, set())


def test_cancelled_before_it_begins_opens_nothing(network: Network) -> None:
    """A race in a scope that is over already starts no attempt."""
    exit, _ = timed(network.race(network.attempt("a"), network.attempt("b")).move_on_after(0))
    assert (exit, network.starts) == (Success(None), {})


def test_outer_timeout_needs_no_parameter(network: Network) -> None:
    """The whole race is limited as any program is, and fails with the timeout alone."""
    exit, seconds = timed(network.race(network.attempt("a"), network.attempt("b")).fail_after(0.375))
    assert isinstance(exit, Failure)
    assert isinstance(exit.failure(), cause.Fail)
    assert (errors(exit), seconds, network.open) == (["timed out after 0.375 s"], 0.375, set())


# -- Inside other people's scopes ----------------------------------------------------------------------------


def test_asyncio_timeout_around_a_race_closes_everything(network: Network) -> None:
    """Inside `asyncio.timeout` a race ends with the timeout, and leaves no task."""

    async def host() -> set[asyncio.Task[Any]]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await run_async(network.race(network.attempt("a"), network.attempt("b"), delay=0.01))
        return asyncio.all_tasks()

    assert len(asyncio.run(host())) == 1
    assert (set(network.starts), network.open) == ({"a", "b"}, set())


def test_anyio_scope_around_a_race_closes_everything(network: Network) -> None:
    """Inside an anyio scope a race ends with the scope, and leaves no task."""

    async def host() -> bool:
        with anyio.move_on_after(0.05) as scope:
            await run_async(network.race(network.attempt("a"), network.attempt("b"), delay=0.01))
        return scope.cancelled_caught and len(asyncio.all_tasks()) == 1

    assert asyncio.run(host())
    assert (set(network.starts), network.open) == ({"a", "b"}, set())
