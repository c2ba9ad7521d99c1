"""Functor, monad and applicative: programs one after another."""

from __future__ import annotations

from effio.algebra.arity import zip_all
from effio.algebra.combine import collect, traverse
from effio.algebra.create import pure, unit
from effio.testing.laws.equation import AnyIO, Continuation, Equation, Function


def map_identity(fa: AnyIO) -> Equation:
    """Mapping the identity changes nothing."""
    return Equation(fa.map(lambda value: value), fa)


def map_composition(fa: AnyIO, h: Function, k: Function) -> Equation:
    """Mapping twice is mapping once with both functions."""
    return Equation(fa.map(h).map(k), fa.map(lambda value: k(h(value))))


def left_identity(value: object, f: Continuation) -> Equation:
    """A value that goes into a continuation is its argument."""
    return Equation(pure(value).flat_map(f), f(value))


def right_identity(fa: AnyIO) -> Equation:
    """Going on with the value itself changes nothing."""
    return Equation(fa.flat_map(pure), fa)


def associativity(fa: AnyIO, f: Continuation, g: Continuation) -> Equation:
    """How steps are nested makes no difference."""
    return Equation(fa.flat_map(f).flat_map(g), fa.flat_map(lambda value: f(value).flat_map(g)))


def map_is_flat_map_of_pure(fa: AnyIO, h: Function) -> Equation:
    """Mapping is going on with the mapped value."""
    return Equation(fa.map(h), fa.flat_map(lambda value: pure(h(value))))


def then_is_flat_map(fa: AnyIO, fb: AnyIO) -> Equation:
    """Going on whatever the value is flat_map with a constant."""
    return Equation(fa.then(fb), fa.flat_map(lambda value: fb))


def unit_then(fa: AnyIO) -> Equation:
    """Doing nothing first changes nothing."""
    return Equation(unit.then(fa), fa)


def tap_keeps_value(fa: AnyIO, f: Continuation) -> Equation:
    """Tapping is going on and coming back to the value."""
    return Equation(fa.tap(f), fa.flat_map(lambda value: f(value).as_value(value)))


def as_value_is_map(fa: AnyIO, value: object) -> Equation:
    """Another value is a constant map."""
    return Equation(fa.as_value(value), fa.map(lambda old: value))


def flatten_of_map(fa: AnyIO, f: Continuation) -> Equation:
    """Mapping to programs and flattening is flat_map."""
    return Equation(fa.map(f).flatten(), fa.flat_map(f))


def zip_is_two_steps(fa: AnyIO, fb: AnyIO) -> Equation:
    """Zipping runs one after the other."""
    return Equation(fa.zip(fb), fa.flat_map(lambda a: fb.map(lambda b: (a, b))))


def zip_associativity(fa: AnyIO, fb: AnyIO, fc: AnyIO) -> Equation:
    """How three are zipped makes no difference but in the shape of the value."""
    left = fa.zip(fb).zip(fc).map(lambda nested: (*nested[0], nested[1]))
    right = fa.zip(fb.zip(fc)).map(lambda nested: (nested[0], *nested[1]))
    return Equation(left, right)


def zip_all_is_zip(fa: AnyIO, fb: AnyIO) -> Equation:
    """Zipping two of any number is zipping two."""
    return Equation(zip_all(fa, fb), fa.zip(fb))


def collect_is_repeated_zip(fa: AnyIO, fb: AnyIO, fc: AnyIO) -> Equation:
    """Collecting runs in order and gives a list."""
    return Equation(collect([fa, fb, fc]), zip_all(fa, fb, fc).map(list))


def traverse_is_collect(f: Continuation, value: object) -> Equation:
    """Traversing is collecting what the function makes of each item."""
    items = [value, "other"]
    return Equation(traverse(items, f), collect([f(item) for item in items]))


def repeat_is_many_steps(fa: AnyIO, times: int) -> Equation:
    """Repeating is running it so many times more."""
    return Equation(fa.repeat(times), collect([fa] * (times + 1)).map(lambda values: values[-1]))


def names_do_not_matter(fa: AnyIO) -> Equation:
    """A name inside a program changes nothing but the path of failures."""
    return Equation(unit.then(fa.named("part")), unit.then(fa))
