"""Sleeping, deadlines, and how long things take."""

from __future__ import annotations

from math import inf

from effio.algebra.arity import par_zip
from effio.algebra.create import cancel_scope, fail, never, now, pure, sleep, sleep_until, unit, yield_now
from effio.data.errors import TimedOut
from effio.testing.laws.cancellation import Context
from effio.testing.laws.equation import AnyIO, Equation


def sleeping_takes_its_time(seconds: int) -> Equation:
    """The clock shows so much more after a sleep."""
    left = now.flat_map(lambda before: sleep(seconds).then(now).map(lambda after: after - before))
    return Equation(left, sleep(seconds).as_value(seconds))


def sleeps_add_up(seconds: int, seconds2: int) -> Equation:
    """Two sleeps are one as long as both."""
    return Equation(sleep(seconds).then(sleep(seconds2)), sleep(seconds + seconds2))


def sleeping_until(seconds: int) -> Equation:
    """Sleeping until a moment is sleeping for what is left."""
    left = now.flat_map(lambda before: sleep_until(before + seconds))
    return Equation(left, sleep(seconds))


def no_sleep_is_a_yield(around: Context) -> Equation:
    """Sleeping for no time lets the others run."""
    return Equation(around(sleep(0)), around(yield_now))


def together_takes_the_longer(seconds: int, seconds2: int) -> Equation:
    """Two sleeps at once are one as long as the longer."""
    left = par_zip(sleep(seconds), sleep(seconds2)).as_value(None)
    return Equation(left, sleep(max(seconds, seconds2)))


def an_infinite_timeout(around: Context, fa: AnyIO) -> Equation:
    """A timeout that never comes changes nothing."""
    return Equation(around(fa.fail_after(inf)), around(fa))


def a_timeout_that_is_not_reached(still: AnyIO, seconds: int) -> Equation:
    """A timeout of what takes no time changes nothing."""
    return Equation(still.fail_after(seconds), still)


def no_time_at_all(still: AnyIO) -> Equation:
    """What needs no action needs no time."""
    return Equation(still.fail_after(0), still)


def fail_after_is_timeout_to(around: Context, fa: AnyIO, seconds: int) -> Equation:
    """Failing after a time is going on with a failure."""
    part = unit.then(fa)
    right = part.timeout_to(seconds, fail(TimedOut(seconds)))
    return Equation(around(part.fail_after(seconds)), around(right))


def move_on_after_is_timeout_to(around: Context, fa: AnyIO, seconds: int) -> Equation:
    """Moving on after a time is going on with None."""
    return Equation(around(fa.move_on_after(seconds)), around(fa.timeout_to(seconds, pure(None))))


def move_on_after_is_a_scope(around: Context, fa: AnyIO, seconds: int) -> Equation:
    """Moving on after a time is a scope with a deadline."""
    right = cancel_scope(lambda scope: fa, deadline=seconds)
    return Equation(around(fa.move_on_after(seconds)), around(right))


def the_outer_timeout_wins(seconds: int) -> Equation:
    """Of two timeouts at the same time the outer one is told."""
    left = never.move_on_after(seconds).then(pure("inner")).fail_after(seconds)
    return Equation(left, sleep(seconds).then(fail(TimedOut(seconds))))


def a_timeout_waits_for_finalizers(fin: AnyIO, seconds: int) -> Equation:
    """Finalizers are complete before a timeout is seen."""
    left = never.ensuring(fin.exit()).move_on_after(seconds).then(now)
    return Equation(left, sleep(seconds).then(fin.exit()).then(now))


def a_result_wins_over_a_deadline(peaceful: AnyIO, seconds: int) -> Equation:
    """What is ready at the deadline is in time."""
    return Equation(sleep(seconds).as_value("ready").fail_after(seconds), sleep(seconds).as_value("ready"))


def late_work_counts(peaceful: AnyIO) -> Equation:
    """A shielded program that ends after the deadline gives its value."""
    late = sleep(2).then(peaceful).shielded()
    return Equation(late.fail_after(1), late)
