"""What the words about failures mean.

All but those for the whole cause see its primary typed error, and only if nothing else than typed errors is
in it: a bug must not be handled by accident, and a cancellation must reach the scope that it is meant for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import attrs
from returns.result import Failure, Success

from effio.algebra import argument, derived
from effio.algebra.primitive import Fail as FailNode
from effio.algebra.primitive import FlatMap, Fold, Halt, Map, Pure
from effio.algebra.shape import Program, is_io
from effio.data import tree
from effio.data.cause import Both, Cause, Die, Fail, Then, then
from effio.data.errors import Failed


def is_typed(cause: Cause[Any]) -> bool:
    """Whether typed errors are all that is in the cause, so that handlers may see it."""
    return type(cause) is Fail or not (cause.has_defect or cause.has_cancelled)


def handled(recovery: Callable[[Any], Program], cause: Cause[Any]) -> Program:
    """Go on with what `recovery` makes of the primary error; fail as before if it is not to be handled."""
    found = cause.first_fail() if is_typed(cause) else None
    return Halt(cause) if found is None else recovery(found.error)


def recovering(source: Program, recovery: Callable[[Any], Program]) -> Program:
    """Run `source`; `recovery` is effio's own function."""
    return Fold(source, partial(handled, recovery))


# -- Recovery ------------------------------------------------------------------------------------------------


def catch_all(node: derived.CatchAll) -> Program:
    return recovering(node.source, partial(flat_applied, node.function))


def flat_applied(function: Callable[[Any], Program], value: object) -> Program:
    """Let the interpreter call the function of the user, so that it knows whom to name when that raises."""
    return FlatMap(Pure(value), function)


def applied(function: Callable[[Any], object], value: object) -> Program:
    return Map(Pure(value), function)


def catch_some(node: derived.CatchSome) -> Program:
    return Fold(node.source, partial(caught_perhaps, node.function))


def caught_perhaps(function: Callable[[Any], Program | None], cause: Cause[Any]) -> Program:
    again = Halt(cause)
    return handled(lambda error: FlatMap(Map(Pure(error), function), partial(chosen, function, again)), cause)


def chosen(function: Callable[[Any], Program | None], again: Program, recovery: Program | None) -> Program:
    if recovery is None:
        return again
    if not is_io(recovery):
        raise argument.returned_no_program(function, recovery)
    return recovery


def catch_only(node: derived.CatchOnly) -> Program:
    return Fold(node.source, partial(caught_if, node))


def caught_if(node: derived.CatchOnly, cause: Cause[Any]) -> Program:
    found = cause.first_fail() if is_typed(cause) else None
    if found is None or not isinstance(found.error, node.exceptions):
        return Halt(cause)
    return FlatMap(Pure(found.error), node.function)


def or_else(node: derived.OrElse) -> Program:
    return recovering(node.source, lambda error: node.other)


def or_else_succeed(node: derived.OrElseSucceed) -> Program:
    return recovering(node.source, lambda error: Pure(node.value))


# -- The typed outcome as a value ----------------------------------------------------------------------------


def either(node: derived.Either) -> Program:
    return Fold(node.source, partial(handled, failure_as_value), success_as_value)


def failure_as_value(error: object) -> Program:
    return Pure(Failure(error))


def success_as_value(value: object) -> Program:
    return Pure(Success(value))


def absolve(node: derived.Absolve) -> Program:
    return FlatMap(node.source, the_outcome)


def the_outcome(result: object) -> Program:
    if isinstance(result, Success):
        return Pure(result.unwrap())
    if isinstance(result, Failure):
        return FailNode(result.failure())
    raise TypeError(f"absolve needs a Success or a Failure, not {result!r}")


def flip(node: derived.Flip) -> Program:
    return Fold(node.source, partial(handled, Pure), FailNode)


def fold(node: derived.FoldBoth) -> Program:
    failed = partial(handled, partial(applied, node.if_failed))
    return Fold(node.source, failed, partial(applied, node.if_succeeded))


# -- The whole cause -----------------------------------------------------------------------------------------


def fold_cause(node: derived.FoldCause) -> Program:
    return Fold(node.source, partial(applied, node.if_failed), partial(applied, node.if_succeeded))


def to_exit(node: derived.ToExit) -> Program:
    return Fold(node.source, failure_as_value, success_as_value)


def squashed(node: derived.Squashed) -> Program:
    return Fold(node.source, squash)


def squash(cause: Cause[Any]) -> Program:
    return Halt(cause.squashed())


def tap_error(node: derived.TapError) -> Program:
    return Fold(node.source, partial(tapped, node.function))


def tapped(function: Callable[[Any], Program], cause: Cause[Any]) -> Program:
    def failed_too(second: Cause[Any]) -> Program:
        return Halt(then(cause, second))

    def again(_value: object) -> Program:
        return Halt(cause)

    return handled(lambda error: Fold(FlatMap(Pure(error), function), failed_too, again), cause)


# -- Other errors in the same tree ---------------------------------------------------------------------------


def map_error(node: derived.MapError) -> Program:
    return Fold(node.source, partial(mapped, node.function))


def mapped(function: Callable[[Any], object], cause: Cause[Any]) -> Program:
    return Halt(cause.map(function))


def or_die(node: derived.OrDie) -> Program:
    return Fold(node.source, partial(with_defects, ()))


def refine(node: derived.Refine) -> Program:
    return Fold(node.source, partial(with_defects, node.kept))


def with_defects(kept: tuple[type[Any], ...], cause: Cause[Any]) -> Program:
    """Fail with the same tree in which every typed error but those of the classes `kept` is a defect."""

    def combine(part: Cause[Any], below: tuple[Cause[Any], ...]) -> Cause[Any]:
        if isinstance(part, Fail) and not isinstance(part.error, kept):
            return Die(part.error if isinstance(part.error, BaseException) else Failed(part.error), part.at)
        return attrs.evolve(part, causes=below) if isinstance(part, (Then, Both)) else part

    return Halt(tree.fold(cause, parts_of, combine))


def parts_of(cause: Cause[Any]) -> tuple[Cause[Any], ...]:
    return cause.parts


ROWS: Final[dict[type, Callable[[Any], Program]]] = {
    derived.CatchAll: catch_all,
    derived.CatchSome: catch_some,
    derived.CatchOnly: catch_only,
    derived.OrElse: or_else,
    derived.OrElseSucceed: or_else_succeed,
    derived.Either: either,
    derived.Absolve: absolve,
    derived.Flip: flip,
    derived.FoldBoth: fold,
    derived.FoldCause: fold_cause,
    derived.ToExit: to_exit,
    derived.Squashed: squashed,
    derived.TapError: tap_error,
    derived.MapError: map_error,
    derived.OrDie: or_die,
    derived.Refine: refine,
}
