"""Failures and the handlers that see them."""

from __future__ import annotations

from returns.result import Failure, Success

from effio.algebra.create import cancel_scope, delay, die, fail, from_exit, pure, sleep
from effio.testing.laws.equation import AnyIO, Continuation, Equation, Function
from effio.testing.laws.view import primary


def fail_absorbs(error: object, f: Continuation) -> Equation:
    """Nothing comes after a failure."""
    return Equation(fail(error).flat_map(f), fail(error))


def die_absorbs(bug: BaseException, f: Continuation) -> Equation:
    """Nothing comes after a bug."""
    return Equation(die(bug).flat_map(f), die(bug))


def catch_all_of_fail(error: object, f: Continuation) -> Equation:
    """A handler is given the error."""
    return Equation(fail(error).catch_all(f), f(error))


def catch_all_of_pure(value: object, f: Continuation) -> Equation:
    """A handler does not see a value."""
    return Equation(pure(value).catch_all(f), pure(value))


def catch_all_with_fail(fa: AnyIO) -> Equation:
    """Failing again with the error that was caught changes nothing, apart from what was beside it."""
    return Equation(fa.catch_all(fail), fa, primary)


def catch_all_never_sees_a_bug(bug: BaseException, f: Continuation) -> Equation:
    """A handler of typed errors does not see a bug."""
    return Equation(die(bug).catch_all(f), die(bug))


def handlers_never_see_a_cancel(fa: AnyIO, f: Continuation) -> Equation:
    """No handler sees the cancel of a scope around it."""
    right = cancel_scope(lambda scope: scope.cancel().then(sleep(0)).then(fa))
    left = cancel_scope(
        lambda scope: scope.cancel().then(sleep(0)).then(fa).catch_all(f).exit().fold_cause(repr, repr).tap_error(f)
    )
    return Equation(left, right)


def either_of_fail(error: object) -> Equation:
    """A typed failure as a value."""
    return Equation(fail(error).either(), pure(Failure(error)))


def either_of_pure(value: object) -> Equation:
    """A success as a value."""
    return Equation(pure(value).either(), pure(Success(value)))


def absolve_undoes_either(fa: AnyIO) -> Equation:
    """The typed outcome as a value and back is the same, apart from what was beside the first error."""
    return Equation(fa.either().absolve(), fa, primary)


def from_exit_undoes_exit(fa: AnyIO) -> Equation:
    """The whole exit as a value and back is the same."""
    return Equation(fa.exit().flat_map(from_exit), fa)


def map_error_identity(fa: AnyIO) -> Equation:
    """Mapping every error to itself changes nothing."""
    return Equation(fa.map_error(lambda error: error), fa)


def map_error_composition(fa: AnyIO, h: Function, k: Function) -> Equation:
    """Mapping errors twice is mapping once with both functions."""
    return Equation(fa.map_error(h).map_error(k), fa.map_error(lambda error: k(h(error))))


def flip_undoes_itself(fa: AnyIO) -> Equation:
    """Exchanging twice changes nothing, apart from what was beside the first error."""
    return Equation(fa.flip().flip(), fa, primary)


def fold_is_map_and_catch_all(fa: AnyIO, h: Function, k: Function) -> Equation:
    """Folding maps the value and handles the error."""
    return Equation(fa.fold(h, k), fa.map(k).catch_all(lambda error: pure(h(error))))


def fold_cause_sees_the_exit(fa: AnyIO) -> Equation:
    """Folding over the cause is looking at the exit."""
    left = fa.fold_cause(lambda cause: ("failed", cause), lambda value: ("succeeded", value))
    right = fa.exit().map(
        lambda exit: ("succeeded", exit.unwrap()) if isinstance(exit, Success) else ("failed", exit.failure())
    )
    return Equation(left, right)


def or_else_is_catch_all(fa: AnyIO, fb: AnyIO) -> Equation:
    """The other program after any typed error."""
    return Equation(fa.or_else(fb), fa.catch_all(lambda error: fb))


def catch_some_that_takes_none(fa: AnyIO) -> Equation:
    """A handler that takes no error changes nothing."""
    return Equation(fa.catch_some(lambda error: None), fa)


def tap_error_that_does_nothing(fa: AnyIO) -> Equation:
    """Looking at the error changes nothing."""
    return Equation(fa.tap_error(pure), fa)


def or_die_shows_a_bug(bug: Exception) -> Equation:
    """An exception that is no longer expected is a bug."""
    return Equation(fail(bug).or_die().exit(), die(bug).exit())


def retry_stops_at_success(fa: AnyIO, times: int) -> Equation:
    """What has succeeded, or cannot be handled, is not run again."""
    settled = fa.catch_all(pure)
    return Equation(settled.retry(times), settled)


def retry_of_fail(error: object, times: int) -> Equation:
    """What fails for ever fails once more than it is retried, and every failure is kept."""
    once = delay(lambda: None).then(fail(error))
    left = once.retry(times).exit().map(lambda exit: exit.failure().failures())
    return Equation(left, pure((error,) * (times + 1)))
