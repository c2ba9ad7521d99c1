"""The set of ways in which a program can end."""

from __future__ import annotations

from itertools import islice
from typing import Any

from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.exit import Exit
from effio.testing.exploration.search import Search
from effio.testing.exploration.simulation import written
from effio.testing.exploration.stepping import Models, Stepped
from effio.testing.exploration.system import CLOCK
from effio.testing.exploration.timing import TimeMode, is_racy


def outcomes(
    io: IO[Any, Any],
    /,
    *,
    max_schedules: int = 10_000,
    time: TimeMode = "idle",
    models: Models | None = None,
) -> dict[Any, tuple[int, str]]:
    """Every way in which `io` can end: in how many inequivalent schedules it does, and the token of the first.

    A success counts as its value (or the text of it, if it is not hashable), a failure as its exit.
    """
    system = Stepped(program("outcomes", io), models, racy=is_racy(time))
    search = Search(system, aside=CLOCK)
    found: dict[Any, tuple[int, tuple[int, ...]]] = {}
    restarts = 0
    for schedule in islice(search.schedules(), max_schedules):
        if search.counts.restarts != restarts:
            restarts = search.counts.restarts
            found.clear()
        name = name_of(schedule.outcome)
        count, threads = found.get(name, (0, schedule.threads))
        found[name] = (count + 1, threads)
    return {name: (count, written(system, threads).token) for name, (count, threads) in found.items()}


def name_of(outcome: Exit[Any, Any] | None) -> Any:
    """A way to end, so that it can be a key."""
    if isinstance(outcome, Failure):
        return outcome
    value = None if outcome is None else outcome.unwrap()
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def assert_outcomes(
    io: IO[Any, Any], expected: set[Any], /, *, max_schedules: int = 10_000, time: TimeMode = "idle"
) -> None:
    """Raise an AssertionError unless the ways in which `io` can end are exactly `expected`."""
    found = outcomes(io, max_schedules=max_schedules, time=time)
    missing = expected - found.keys()
    surplus = [f"{name!r} (token {token})" for name, (_, token) in found.items() if name not in expected]
    if missing or surplus:
        raise AssertionError(f"never seen: {sorted(map(repr, missing))}; not expected: {surplus}")
