"""Programs at the same time."""

from __future__ import annotations

from effio.algebra.arity import par_zip
from effio.algebra.combine import (
    collect,
    par_collect,
    par_dict,
    par_settle,
    par_traverse,
    par_validate,
)
from effio.algebra.create import fail, never, pure, sleep
from effio.testing.laws.equation import AnyIO, Continuation, Equation
from effio.testing.laws.view import leaves, nameless, unordered


def parallel_is_sequential_when_nothing_shows(still: AnyIO, still2: AnyIO) -> Equation:
    """Programs without actions give the same at once and one after another."""
    return Equation(par_zip(still, still2), still.zip(still2))


def par_zip_commutes(peaceful: AnyIO, peaceful2: AnyIO) -> Equation:
    """The order of arguments is the order of results, and nothing else."""
    left = par_zip(peaceful, peaceful2)
    right = par_zip(peaceful2, peaceful).map(lambda pair: (pair[1], pair[0]))
    return Equation(left, right, unordered)


def par_zip_associates(peaceful: AnyIO, peaceful2: AnyIO, peaceful3: AnyIO) -> Equation:
    """How three are zipped makes no difference but in the shape of the value."""
    left = par_zip(par_zip(peaceful, peaceful2), peaceful3).map(lambda nested: (*nested[0], nested[1]))
    right = par_zip(peaceful, par_zip(peaceful2, peaceful3)).map(lambda nested: (nested[0], *nested[1]))
    return Equation(left, right, unordered)


def par_zip_method(fa: AnyIO, fb: AnyIO) -> Equation:
    """The method is the function."""
    return Equation(fa.par_zip(fb), par_zip(fa, fb))


def a_failure_cancels_the_sibling(fin: AnyIO, error: object) -> Equation:
    """A sibling that waits is cancelled, and its finalizer is complete before the failure is seen."""
    left = par_zip(never.on_cancel(fin), fail(error)).exit().then(sleep(1))
    return Equation(left, fin.exit().then(sleep(1)), nameless)


def no_part_succeeds_at_once() -> Equation:
    """Nothing at once is nothing."""
    return Equation(par_collect([]), pure([]))


def one_at_a_time_is_in_order(peaceful: AnyIO, peaceful2: AnyIO, peaceful3: AnyIO) -> Equation:
    """With a limit of one nothing overlaps."""
    parts = [peaceful, peaceful2, peaceful3]
    return Equation(par_collect(parts, limit=1), collect(parts))


def a_high_limit_is_no_limit(fa: AnyIO, fb: AnyIO, limit: int) -> Equation:
    """A limit that is never reached changes nothing."""
    return Equation(par_collect([fa, fb], limit=limit + 1), par_collect([fa, fb]))


def par_traverse_is_par_collect(f: Continuation) -> Equation:
    """Traversing is collecting what the function makes of each item."""
    items = ["one", "other"]
    return Equation(par_traverse(items, f), par_collect([f(item) for item in items]), nameless)


def par_dict_is_par_collect(fa: AnyIO, fb: AnyIO) -> Equation:
    """The values of a dictionary are those of a list."""
    left = par_dict({"a": fa, "b": fb}).map(lambda values: list(values.values()))
    return Equation(left, par_collect([fa, fb]), nameless)


def par_settle_collects_exits(ending: AnyIO, ending2: AnyIO) -> Equation:
    """Settling gives the exit of each."""
    right = par_collect([ending.exit(), ending2.exit()])
    return Equation(par_settle([ending, ending2]), right, nameless)


def par_validate_of_successes(peaceful: AnyIO, peaceful2: AnyIO) -> Equation:
    """Validating what succeeds is collecting it."""
    return Equation(par_validate([peaceful, peaceful2]), par_collect([peaceful, peaceful2]))


def par_validate_gathers_errors(error: object, peaceful: AnyIO) -> Equation:
    """Validating runs everything and fails with every typed error."""
    left = par_validate([fail(error), peaceful, peaceful.flip()]).flip()
    right = par_collect([pure(error), peaceful, peaceful]).map(lambda values: (values[0], values[2]))
    return Equation(left, right)


def a_single_part_fails_as_a_group(error: object) -> Equation:
    """What failed in parallel words is the same leaf."""
    return Equation(par_collect([fail(error)]), fail(error), leaves)
