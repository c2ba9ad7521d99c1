"""How closely the two sides of a law are looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from returns.result import Failure, Success
from typing_extensions import TypeIs

from effio.data.cause import Cause
from effio.testing.observation import Observation

View: TypeAlias = Callable[[Observation], object]


def everything(seen: Observation) -> object:
    """See all of it."""
    return seen


def unordered(seen: Observation) -> object:
    """See everything but the order of what happened at one instant."""
    return seen.exit, seen.time, sorted(seen.log, key=repr)


def primary(seen: Observation) -> object:
    """See the first typed error alone where there are nothing but typed errors."""
    cause = None if isinstance(seen.exit, Success) else seen.exit.failure()
    first = None if cause is None or cause.has_defect or cause.has_cancelled else cause.first_fail()
    return seen if first is None else (first, seen.time, seen.log)


def leaves(seen: Observation) -> object:
    """See what failed, not what ran side by side."""
    if isinstance(seen.exit, Success):
        return seen
    return [*seen.exit.failure().leaves()], seen.time, seen.log


def nameless(seen: Observation) -> object:
    """See everything but the names of fibers and of constructs."""
    log = [(time, text, without_names(detail)) for time, text, detail in seen.log]
    return without_names(seen.exit), seen.time, log


def nameless_leaves(seen: Observation) -> object:
    """See what failed, without names and whatever ran side by side."""
    if isinstance(seen.exit, Success):
        return nameless(seen)
    log = [(time, text, without_names(detail)) for time, text, detail in seen.log]
    return [without_names(leaf) for leaf in seen.exit.failure().leaves()], seen.time, log


def without_names(value: Any) -> object:
    """The same value, exit or list of them with all names left out of its causes."""
    if isinstance(value, Success):
        return "success", without_names(value.unwrap())
    if isinstance(value, Failure):
        return "failure", without_names(value.failure())
    if is_cause(value):
        return anonymous(value)
    if isinstance(value, list | tuple):
        return [without_names(part) for part in cast("list[Any]", value)]
    return value


def is_cause(value: object) -> TypeIs[Cause[Any]]:
    """Whether it is an error tree."""
    return isinstance(value, Cause)


def anonymous(cause: Cause[Any]) -> object:
    """A cause as nested tuples without names."""

    def inner(word: str) -> Callable[[tuple[object, ...]], object]:
        return lambda parts: (word, *parts)

    return cause.fold(
        on_fail=lambda error: ("fail", error),
        on_die=lambda error: ("die", type(error), error.args),
        on_cancelled=lambda leaf: ("cancelled", leaf.source, leaf.reason),
        on_then=inner("then"),
        on_both=inner("both"),
    )
