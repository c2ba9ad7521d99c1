"""The set of ways in which a program can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, final

import attrs
from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.exit import Exit
from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.schedules.system import CLOCK
from effio.testing.exploration.simulation import written
from effio.testing.exploration.steps.faults import Faults, faults_of
from effio.testing.exploration.steps.stepping import Stepped
from effio.testing.exploration.steps.timing import TimeMode, is_racy
from effio.testing.exploration.steps.ways import Models


@final
@attrs.frozen
class Ways:
    """How a program can end: in how many schedules it ends so, the token of the first; and whether that is all."""

    found: dict[Any, tuple[int, str]]
    exhaustive: bool


def outcomes(
    io: IO[Any, Any],
    /,
    *,
    max_schedules: int = 10_000,
    time: TimeMode = "idle",
    models: Models | None = None,
    faults: Faults | Mapping[Any, Any] | None = None,
) -> dict[Any, tuple[int, str]]:
    """Every way in which `io` can end: in how many inequivalent schedules it does, and the token of the first.

    A success counts as its value (or the text of it, if it is not hashable), a failure as its exit.
    """
    system = Stepped(program("outcomes", io), models, racy=is_racy(time), faults=faults_of(faults))
    return ways_of(system, name_of, max_schedules).found


def ways_of(system: Stepped, name: Callable[[Exit[Any, Any] | None], Any], max_schedules: int) -> Ways:
    """Search, and count the schedules by the `name` of their exits."""
    search = Search(system, aside=CLOCK)
    found: dict[Any, tuple[int, tuple[int, ...]]] = {}
    restarts = 0
    for schedule in islice(search.schedules(), max_schedules):
        if search.counts.restarts != restarts:
            restarts = search.counts.restarts
            found.clear()
        way = name(schedule.outcome)
        count, threads = found.get(way, (0, schedule.threads))
        found[way] = (count + 1, threads)
    tokens = {way: (count, written(system, threads).token) for way, (count, threads) in found.items()}
    return Ways(tokens, search.exhausted)


def name_of(outcome: Exit[Any, Any] | None) -> Any:
    """A way to end, so that it can be a key."""
    if isinstance(outcome, Failure):
        return outcome
    return None if outcome is None else hashable(outcome.unwrap())


def hashable(value: Any) -> Any:
    """The value, or the text of it if it cannot be a key."""
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
