"""Keeping count of a program: nobody but who looks at the count can tell."""

from __future__ import annotations

from effio.algebra.combine import collect, par_collect
from effio.algebra.create import unit
from effio.algebra.progress import advance_progress
from effio.testing.laws.cancellation import Context
from effio.testing.laws.equation import AnyIO, Equation


def counting_changes_nothing(around: Context, fa: AnyIO) -> Equation:
    """A program does under a count what it does without one."""
    return Equation(around(unit.then(fa.with_progress("count"))), around(unit.then(fa)))


def counting_of_many_in_order_changes_nothing(around: Context, fa: AnyIO, fb: AnyIO) -> Equation:
    """The same holds where each part moves the count."""
    many = collect([fa, fb])
    return Equation(around(many.with_progress("parts")), around(many))


def counting_of_many_at_once_changes_nothing(around: Context, fa: AnyIO, fb: AnyIO) -> Equation:
    """And where the parts run at the same time."""
    many = par_collect([fa, fb])
    return Equation(around(many.with_progress("parts")), around(many))


def moving_a_count_is_no_action(around: Context, fa: AnyIO) -> Equation:
    """A count that is moved keeps nobody waiting and lets no cancel in."""
    return Equation(around(advance_progress().then(fa)), around(unit.then(fa)))
