"""What makes one program of many, which come in an iterable that is read once, when the program is built.

Those that take the programs themselves as arguments are in `arity`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, TypeVar, get_args

from effio.algebra import argument, derived
from effio.algebra.derived import Strategy
from effio.algebra.io import IO, Error, NewError, NewValue, Value
from effio.algebra.shape import program
from effio.data.cause import Cause
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit
from effio.schedule.schedule import Schedule

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

STAGGER = 0.25
"""The delay between attempts that RFC 8305 recommends, in seconds."""

STRATEGIES: Final = get_args(Strategy)


# -- One after another ---------------------------------------------------------------------------------------


def collect(ios: Iterable[IO[Value, Error]], /) -> IO[list[Value], Error]:
    """Run `ios` one after another and give the list of their values; the first failure ends it."""
    return derived.Collect(argument.read("collect", ios))


def traverse(items: Iterable[Item], f: Callable[[Item], IO[NewValue, NewError]], /) -> IO[list[NewValue], NewError]:
    """Run what `f` makes of each item, one after another, and give the list of values."""
    return derived.Traverse(argument.read("traverse", items), f)


# -- At the same time ----------------------------------------------------------------------------------------


def par_collect(ios: Iterable[IO[Value, Error]], /, *, limit: int | None = None) -> IO[list[Value], Error]:
    """Run `ios` at once, at most `limit` of them, and give the list of their values in order.

    The first failure cancels the others and awaits them; all real failures are in the error tree.
    """
    return derived.ParCollect(argument.read("par_collect", ios), _limit("par_collect", limit))


def par_traverse(
    items: Iterable[Item], f: Callable[[Item], IO[NewValue, NewError]], /, *, limit: int | None = None
) -> IO[list[NewValue], NewError]:
    """Run what `f` makes of each item at once, at most `limit`, and give the list of values in order.

    Fails like `par_collect`. `f` is called when the child starts; what it raises counts as the child's
    defect.
    """
    read = argument.read("par_traverse", items)
    return derived.ParTraverse(read, f, _limit("par_traverse", limit))


def par_dict(ios: Mapping[Key, IO[Value, Error]], /, *, limit: int | None = None) -> IO[dict[Key, Value], Error]:
    """Run the programs of a mapping at once, give a dictionary of their values; fails like `par_collect`."""
    argument.instance("par_dict", ios, Mapping, "a mapping", "give for example {'user': load(1), 'cart': load(2)}")
    return derived.ParDict(tuple(ios.values()), _limit("par_dict", limit), tuple(ios))


def par_settle(ios: Iterable[IO[Value, Error]], /, *, limit: int | None = None) -> IO[list[Exit[Value, Error]]]:
    """Run `ios` at once, at most `limit`, each to its own end, and give the list of their exits."""
    return derived.ParSettle(argument.read("par_settle", ios), _limit("par_settle", limit))


def par_validate(ios: Iterable[IO[Value, Error]], /, *, limit: int | None = None) -> IO[list[Value], tuple[Error, ...]]:
    """Run all `ios` at once, at most `limit`; give the list of values or fail with all typed errors."""
    return derived.ParValidate(argument.read("par_validate", ios), _limit("par_validate", limit))


# -- Contests ------------------------------------------------------------------------------------------------


def race_all(
    ios: Iterable[IO[Value, Error]], /, *, dispose: Callable[[Value], IO[object]] | None = None
) -> IO[Value, Error]:
    """Run `ios` at once; the first success wins, the others are cancelled and awaited.

    If all fail, all failures are in the error tree. `dispose` is run with a value that was won but cannot be
    delivered: of a second winner, or because of a cancel from outside.
    """
    return derived.RaceAll(argument.read("race_all", ios), dispose)


def race_staggered(
    attempts: Iterable[IO[Value, Error]],
    /,
    delay: Seconds | None = None,
    *,
    dispose: Callable[[Value], IO[object]] | None = None,
) -> IO[Value, Error]:
    """Start each attempt after `delay` seconds, or when the one before fails; otherwise like `race_all`.

    The delay counts from the start before; None is 0.25 s as in RFC 8305 (happy eyeballs), 0 starts all at
    once.
    """
    pause = seconds(STAGGER if delay is None else delay, "delay of race_staggered")
    return derived.RaceStaggered(argument.read("race_staggered", attempts), dispose, pause)


def hedge(
    io: IO[Value, Error], /, after: Seconds, *, dispose: Callable[[Value], IO[object]] | None = None
) -> IO[Value, Error]:
    """Run `io`, and once more if it has failed or has no result `after` seconds; otherwise like `race_all`.

    For programs that may run twice and are now and then slow (Dean and Barroso, The Tail at Scale).
    """
    return derived.Hedge((io, io), dispose, seconds(after, "delay of hedge"))


# -- Again after failures ------------------------------------------------------------------------------------


def retrying(make: Callable[[int], IO[Value, Error]], schedule: Schedule[Any, object] | int, /) -> IO[Value, Error]:
    """Run what `make` makes of the number of the attempt, 1 for the first; otherwise like `io.retry`.

    >>> from effio import Schedule, fail, pure, run
    >>> run(retrying(lambda attempt: pure(attempt) if attempt > 2 else fail("busy"), Schedule.recurs(5)))
    3
    """
    return derived.Retrying(make, argument.schedule("retrying", schedule))


def supervise(io: IO[Value, Error], policy: Schedule[Cause[Error], object] | int, /) -> IO[Value, Error]:
    """Run `io`; after a failure or a bug run it again as long as `policy` says, which is shown the cause.

    When the policy ends, this fails with the causes of the attempts, one after another, the first and the last ten of
    them: whoever runs this decides what then. A success ends it, and so does a cancel.
    """
    return derived.Supervise(program("supervise", io), argument.schedule("supervise", policy))


def supervise_all(
    services: Mapping[Key, IO[Value, Error]],
    policy: Schedule[Cause[Error], object] | int,
    /,
    *,
    strategy: Strategy = "one_for_one",
) -> IO[dict[Key, Value], Error]:
    """Run the programs of a mapping at once, each under its name, and restart what fails as `policy` says.

    "one_for_one" restarts the one that failed; "one_for_all" cancels and awaits the others and restarts them all. When
    the policy ends, the others are cancelled and awaited, and this fails like `supervise`.
    """
    argument.instance("supervise_all", services, Mapping, "a mapping", "give for example {'web': serve, 'jobs': work}")
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy of supervise_all must be one of {STRATEGIES}, not {strategy!r}")
    schedule = argument.schedule("supervise_all", policy)
    return derived.SuperviseAll(tuple(services.values()), tuple(services), schedule, strategy)


# -- Arguments -----------------------------------------------------------------------------------------------


def _limit(word: str, limit: int | None) -> int | None:
    return None if limit is None else argument.count(word, "limit", limit, 1)
