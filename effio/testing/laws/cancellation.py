"""Scopes, shields and finalizers. A cancel of one's own scope is followed by an action, at which it hits."""

from __future__ import annotations

from collections.abc import Callable

from effio.algebra.create import (
    bracket,
    cancel_scope,
    fail,
    never,
    pure,
    shield,
    sleep,
    task_group,
    unit,
    yield_now,
)
from effio.algebra.handle import CancelScope
from effio.testing.laws.equation import AnyIO, Continuation, Equation

Context = Callable[[AnyIO], AnyIO]


def cancelled(scope: CancelScope) -> AnyIO:
    """Cancel the scope and be cancelled."""
    return scope.cancel().then(yield_now)


def on_exit_of_a_constant(around: Context, fa: AnyIO, fin: AnyIO) -> Equation:
    """A finalizer that does not look at the exit is one for every exit."""
    return Equation(around(fa.on_exit(lambda exit: fin)), around(fa.ensuring(fin)))


def shield_with_restore(around: Context, fa: AnyIO) -> Equation:
    """Restoring the whole of a shielded program is no shield at all."""
    return Equation(around(shield(lambda restore: restore(fa))), around(fa))


def shield_in_shield(around: Context, fa: AnyIO) -> Equation:
    """A second shield changes nothing."""
    return Equation(around(fa.shielded().shielded()), around(fa.shielded()))


def restore_twice(around: Context, fa: AnyIO) -> Equation:
    """Restoring again changes nothing."""
    left = around(shield(lambda restore: restore(restore(fa))))
    return Equation(left, around(shield(lambda restore: restore(fa))))


def restore_of_the_outer_shield(around: Context, fa: AnyIO) -> Equation:
    """Restoring through another shield changes nothing: that one still protects."""
    left = around(shield(lambda outer: shield(lambda inner: outer(fa))))
    return Equation(left, around(fa.shielded()))


def restore_that_escaped(around: Context, fa: AnyIO) -> Equation:
    """A restore changes nothing outside of its shield."""
    escaped = shield(pure)
    left = around(escaped.flat_map(lambda restore: restore(fa)))
    return Equation(left, around(unit.then(fa)))


def nothing_cancels_a_shield_from_outside(around: Context, peaceful: AnyIO, fin: AnyIO) -> Equation:
    """A shielded program has nothing to do on cancel."""
    return Equation(around(peaceful.on_cancel(fin).shielded()), around(peaceful.shielded()))


def a_shield_in_a_finalizer(around: Context, fa: AnyIO, fin: AnyIO, fin2: AnyIO) -> Equation:
    """A finalizer is shielded anyway."""
    left = around(fa.on_cancel(fin.shielded()).on_cancel(fin2))
    return Equation(left, around(fa.on_cancel(fin).on_cancel(fin2)))


def a_shield_in_the_finalizer_of_a_cancel(fin: AnyIO) -> Equation:
    """A finalizer is shielded anyway, also when it runs because of a cancel."""
    left = cancel_scope(lambda scope: cancelled(scope).on_cancel(fin.shielded()))
    return Equation(left, cancel_scope(lambda scope: cancelled(scope).on_cancel(fin)))


def inner_before_outer(fin: AnyIO, fin2: AnyIO) -> Equation:
    """The inner finalizer runs first, and its failure does not stop the outer one."""
    left = cancel_scope(lambda scope: cancelled(scope).on_cancel(fin).on_cancel(fin2))
    right = cancel_scope(lambda scope: cancelled(scope).on_cancel(fin.ensuring(fin2)))
    return Equation(left, right)


def finalizers_nest(around: Context, fa: AnyIO, fin: AnyIO, fin2: AnyIO) -> Equation:
    """Two finalizers are one with a finalizer of its own."""
    return Equation(around(fa.ensuring(fin).ensuring(fin2)), around(fa.ensuring(fin.ensuring(fin2))))


def a_failing_finalizer(error: object, fin: AnyIO) -> Equation:
    """The failure of a finalizer of what was cancelled goes on, and so do the finalizers outside."""
    left = cancel_scope(lambda scope: cancelled(scope).ensuring(fail(error)).ensuring(fin))
    return Equation(left, fail(error).ensuring(fin))


def nothing_comes_after_a_cancel(fa: AnyIO) -> Equation:
    """Where a cancel hits, the program ends."""
    return Equation(cancel_scope(lambda scope: cancelled(scope).then(fa)), cancel_scope(cancelled))


def a_cancel_inside_a_shield(around: Context, fa: AnyIO, fb: AnyIO) -> Equation:
    """A cancel that is asked for inside a shield hits at the first action after it."""
    left = cancel_scope(lambda scope: scope.cancel().then(fa).shielded().then(yield_now).then(fb))
    return Equation(around(left), around(unit.then(fa.shielded()).then(yield_now)))


def a_cancel_with_nothing_left_to_do(still: AnyIO) -> Equation:
    """A cancel after which no action comes changes nothing."""
    return Equation(cancel_scope(lambda scope: scope.cancel().then(still)), still)


def a_scope_that_is_not_cancelled(around: Context, fa: AnyIO) -> Equation:
    """A scope changes nothing by itself."""
    return Equation(around(cancel_scope(lambda scope: fa)), around(fa))


def outer_wins(fa: AnyIO, fin: AnyIO) -> Equation:
    """Of two scopes that are cancelled the outer one catches."""
    left = cancel_scope(
        lambda outer: cancel_scope(
            lambda inner: inner.cancel().then(outer.cancel()).shielded().then(yield_now).ensuring(fin)
        ).then(fa)
    )
    return Equation(left, cancel_scope(lambda scope: cancelled(scope).ensuring(fin)))


def a_failure_between_two_cancels(fa: AnyIO, error: object) -> Equation:
    """What failed while an inner cancel was on its way is kept when an outer one takes over."""

    def inside(outer: CancelScope) -> AnyIO:
        finalizer = outer.cancel().then(fail(error))
        return cancel_scope(lambda inner: cancelled(inner).ensuring(finalizer)).then(fa)

    return Equation(cancel_scope(inside), fail(error))


def handlers_between_restore_and_shield(fa: AnyIO, f: Continuation) -> Equation:
    """A cancel that hits a restored part passes the handlers in the shield, also those around a group."""

    def guarded(restore: Context) -> AnyIO:
        return task_group(lambda group: restore(never)).exit().flat_map(f).then(fa)

    return Equation(shield(guarded).move_on_after(1), never.move_on_after(1))


def cancelling_twice(fin: AnyIO) -> Equation:
    """The second cancel of a scope does nothing."""
    left = cancel_scope(lambda scope: scope.cancel("a").then(scope.cancel("b")).shielded().then(sleep(1)).ensuring(fin))
    return Equation(left, cancel_scope(lambda scope: cancelled(scope).ensuring(fin)))


def bracket_is_a_shield_with_a_finalizer(around: Context, fa: AnyIO, f: Continuation, fin: AnyIO) -> Equation:
    """Acquiring is shielded, using is not, and releasing is a finalizer."""
    left = bracket(fa, f, lambda value: fin)
    right = shield(lambda restore: fa.flat_map(lambda value: restore(unit.then(f(value))).ensuring(fin)))
    return Equation(around(left), around(right))
