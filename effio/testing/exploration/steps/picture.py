"""What programs and values look like from outside: pictures that are equal if nobody could tell two of them apart."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache, partial
from struct import calcsize
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any, Final, TypeAlias, cast, final

from effio.algebra.io import IO

Picture: TypeAlias = Any
"""Nested tuples of plain values, which can be compared and hashed."""

PLAIN: Final = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), range, Enum)
KNOWN_BY_NAME: Final = (type, ModuleType, CodeType)
LARGEST: Final = 5_000
"""A picture of more things is not worth its time."""

CLASSES_KEPT: Final = 512
"""Of so many classes it is remembered how their objects are looked into."""

POINTER: Final = calcsize("P")
HEAP_TYPE: Final = 1 << 9
"""The flag of a class that was made while Python ran: all of Python's own, some of C's (`Py_TPFLAGS_HEAPTYPE`)."""


class Hidden(Exception):
    """Something has a state that cannot be seen from outside."""


@final
class Painter:
    """Paints one picture after the other; equal pictures look the same, and share the same things in the same way.

    Without `inside`, what programs share is known by which it is; with it, by what is in it. `cut` gives the picture of
    what is not to be looked into, None for anything else.
    """

    def __init__(self, *, inside: bool, cut: Callable[[Any], Picture | None] = lambda thing: None) -> None:
        self.inside = inside
        self.cut = cut
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []
        self.left = LARGEST

    def of(self, thing: Any) -> Picture:
        """The picture of `thing`; raises `Hidden` if it cannot be known."""
        self.left -= 1
        if not self.left:
            raise Hidden(f"more than {LARGEST} things")
        if isinstance(thing, PLAIN):
            return class_of(thing).__name__, repr(thing) if isinstance(thing, (float, complex)) else thing
        if isinstance(thing, KNOWN_BY_NAME):
            return "the", id(thing)
        if isinstance(thing, (tuple, frozenset, IO, FunctionType, MethodType, BuiltinFunctionType, partial)):
            return self.of_fixed(thing)
        short = self.cut(thing)
        if short is not None:
            return short
        if not self.inside:
            return "the", id(thing)
        number = self.seen.get(id(thing))
        if number is not None:
            return "again", number
        self.seen[id(thing)] = len(self.seen)
        self.kept.append(thing)
        return self.of_changing(thing)

    def of_all(self, things: Iterable[Any]) -> Picture:
        """The pictures of several things."""
        return tuple(self.of(thing) for thing in things)

    def of_fixed(self, thing: Any) -> Picture:
        """The picture of what never changes itself."""
        if isinstance(thing, (tuple, frozenset)):
            return self.of_items(thing)
        if isinstance(thing, FunctionType):
            cells = [cell_content(cell) for cell in thing.__closure__ or ()]
            return "function", id(thing.__code__), self.of_all((*cells, *(thing.__defaults__ or ())))
        if isinstance(thing, MethodType):
            return "method", self.of(thing.__func__), self.of(thing.__self__)
        if isinstance(thing, BuiltinFunctionType):
            return "method", thing.__name__, self.of(thing.__self__)
        if isinstance(thing, partial):
            return "partial", self.of(thing.func), self.of_all(thing.args), self.of_all(thing.keywords.items())
        # The keyword arguments of a call are a dict that nobody else has.
        return class_of(thing).__name__, tuple(map(self.of_field, fields_of(thing)))

    def of_field(self, value: Any) -> Picture:
        """The picture of what is in a field of a program."""
        return self.of_items(value) if isinstance(value, dict) else self.of(value)

    def of_items(self, things: Any) -> Picture:
        """The picture of a container by what is in it, in order if there is one."""
        kind = class_of(things)
        if issubclass(kind, (set, frozenset)):
            return kind.__name__, frozenset(map(self.of, things))
        return kind.__name__, *self.of_all(things.items() if issubclass(kind, dict) else things)

    def of_changing(self, thing: Any) -> Picture:
        """The picture of what is in something that can change."""
        kind = class_of(thing)
        if issubclass(kind, (list, deque, dict, set)):
            return self.of_items(thing)
        if isinstance(thing, GeneratorType):
            return "generator", *self.of_generator(thing)
        if isinstance(thing, bytearray):
            return "bytearray", bytes(thing)
        if isinstance(thing, CellType):
            return "cell", self.of(cell_content(thing))
        if isinstance(thing, BaseException):
            return kind.__name__, self.of(thing.args), self.of(vars(thing))
        if is_transparent(kind):
            return id(kind), *self.of_all(fields_of(thing))
        if is_iterator(thing):
            return self.of(thing.__reduce__())
        raise Hidden(kind.__name__)

    def of_generator(self, generator: Any) -> Picture:
        """The picture of a body that has stopped: where it stands, and all that it holds, loops too."""
        if generator.gi_frame is None:
            return ("ended",)
        held = [held for held in gc.get_referents(generator) if held is not generator.gi_frame]
        return id(generator.gi_code), generator.gi_frame.f_lasti, self.of_all(held)


def class_of(thing: Any) -> Any:
    """The class of an object."""
    return type(cast("object", thing))


def cell_content(cell: CellType) -> Any:
    """What a closure holds; an empty cell holds nothing."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def fields_of(thing: Any) -> list[Any]:
    """The values of the fields of an object: those that its class declares, then those of its own, by their names."""
    values = [getattr(thing, name, None) for name in slot_names(class_of(thing))]
    own = sorted(getattr(thing, "__dict__", ()))
    return [*values, *own, *(getattr(thing, name) for name in own)]


@lru_cache(maxsize=CLASSES_KEPT)
def slot_names(kind: type) -> tuple[str, ...]:
    """The names of all slots of the objects of a class, in order."""
    names = {name for parent in kind.__mro__ for name in slots_of(parent)}
    return tuple(sorted(names - {"__weakref__", "__dict__"}))


def slots_of(kind: type) -> Iterable[str]:
    """The names of the slots that a class declares."""
    slots = kind.__dict__.get("__slots__") or kind.__dict__.get("__mypyc_attrs__") or ()
    return (slots,) if isinstance(slots, str) else slots


@lru_cache(maxsize=CLASSES_KEPT)
def is_transparent(kind: type) -> bool:
    """Whether all state of the objects of a class is in their fields: no class it is derived from is written in C."""
    return all(base is object or "__mypyc_attrs__" in vars(base) or is_of_python(base) for base in kind.__mro__)


def is_of_python(kind: type) -> bool:
    """Whether a class has no room for a state of its own but its slots, a dict and weak references."""
    if not kind.__flags__ & HEAP_TYPE:
        return False
    parent = kind.__base__ or object
    room = kind.__basicsize__ - parent.__basicsize__ - POINTER * len([*slots_of(kind)])
    return room <= 2 * POINTER and not isinstance(vars(kind).get("__new__"), BuiltinFunctionType)


def is_iterator(thing: Any) -> bool:
    """Whether it is one of the iterators of loops, which tell how far they are."""
    return type(thing).__module__ == "builtins" and hasattr(thing, "__next__") and hasattr(thing, "__length_hint__")
