"""What the words for one program after another mean.

The functions that users give are called by the interpreter alone, so that it knows whom to name when one
raises.
"""

# Reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final, TypeVar

from effio.algebra import derived
from effio.algebra.primitive import FlatMap, Generate, Map, Pure, Then
from effio.algebra.shape import Program

T = TypeVar("T")

UNIT: Final = Pure(None)


def constant(value: T) -> Callable[[Any], T]:
    """A function that gives `value` whatever it is given."""
    return partial(first, value)


def first(value: T, _ignored: object) -> T:
    return value


def unit(node: derived.Unit) -> Program:
    return UNIT


def tap(node: derived.Tap) -> Program:
    return FlatMap(node._source, partial(tapped, node._function))


def tapped(function: Callable[[T], Program], value: T) -> Program:
    return Map(FlatMap(Pure(value), function), constant(value))


def zip_other(node: derived.Zip) -> Program:
    return FlatMap(node._source, partial(paired, node._other))


def paired(other: Program, value: object) -> Program:
    return Map(other, partial(pair, value))


def pair(left: object, right: object) -> tuple[object, object]:
    return left, right


def flatten(node: derived.Flatten) -> Program:
    return FlatMap(node._source, the_program_to_flatten)


def the_program_to_flatten(value: Program) -> Program:
    return value


def as_value(node: derived.AsValue) -> Program:
    return Then(node._source, Pure(node._value))


# -- Choice --------------------------------------------------------------------------------------------------


def if_then(node: derived.IfThen) -> Program:
    if isinstance(node._condition, bool):
        return branch(node, node._condition)
    return FlatMap(node._condition, partial(branch, node))


def branch(node: derived.IfThen, condition: object) -> Program:
    return node._if_true if condition else node._if_false


# -- Many ----------------------------------------------------------------------------------------------------


def collect(node: derived.Collect) -> Program:
    return Generate(in_order, (node._ios,), {})


def zip_all(node: derived.ZipAll) -> Program:
    return Map(Generate(in_order, (node._ios,), {}), tuple)


def in_order(ios: tuple[Program, ...]) -> Generator[Program, Any, list[Any]]:
    values: list[Any] = []
    for io in ios:
        values.append((yield io))
    return values


def traverse(node: derived.Traverse) -> Program:
    return Generate(each_in_order, (node._items, node._function), {})


def each_in_order(items: tuple[Any, ...], function: Callable[[Any], Program]) -> Generator[Program, Any, list[Any]]:
    values: list[Any] = []
    for item in items:
        values.append((yield FlatMap(Pure(item), function)))
    return values


ROWS: Final[dict[type, Callable[[Any], Program]]] = {
    derived.Unit: unit,
    derived.Tap: tap,
    derived.Zip: zip_other,
    derived.Flatten: flatten,
    derived.AsValue: as_value,
    derived.IfThen: if_then,
    derived.Collect: collect,
    derived.ZipAll: zip_all,
    derived.Traverse: traverse,
}
