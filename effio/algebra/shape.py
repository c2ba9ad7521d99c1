"""The shapes that derived words share, and what they check of their fields when they are built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import attrs
from typing_extensions import TypeIs

from effio.algebra import argument
from effio.algebra.describe import spoken
from effio.algebra.io import IO
from effio.schedule.schedule import Schedule

Program: TypeAlias = IO[Any, Any]
Programs: TypeAlias = tuple[Program, ...]
Function: TypeAlias = Callable[..., Any]
Dispose: TypeAlias = Callable[[Any], Program] | None
Given = TypeVar("Given", covariant=True)
Built = TypeVar("Built")


class Derived(IO[Any, Any]):
    """A program that is replaced by its desugaring when it runs; `word` is what the user wrote."""

    __slots__ = ()
    word: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if "word" not in vars(cls):
            cls.word = spoken(cls.__name__)


class Word(IO[Given], Generic[Given]):
    """A program without arguments, written with or without parentheses."""

    __slots__ = ()
    word: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.word = spoken(cls.__name__)

    def __call__(self) -> IO[Given]:
        """Do the same: the word is its own program."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


def is_io(value: object) -> TypeIs[Program]:
    """Whether `value` is a program."""
    return isinstance(value, IO)


def made(maker: Callable[..., object], *given: object) -> Program:
    """The program that `maker` makes of what it is given; anything else is an error that names it."""
    value = maker(*given)
    if not is_io(value):
        raise argument.returned_no_program(maker, value)
    return value


def program(word: str, value: Built) -> Built:
    """Refuse what is no program."""
    if not is_io(value):
        raise argument.not_a_program(word, value)
    return value


# -- Checked fields ------------------------------------------------------------------------------------------


def is_program(node: Derived, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is no program."""
    if not isinstance(value, IO):
        raise argument.not_a_program(node.word, value)


def are_programs(node: Derived, field: attrs.Attribute[Any], values: tuple[object, ...]) -> None:
    """Refuse a tuple in which something is no program."""
    for value in values:
        is_program(node, field, value)


def is_function(node: Derived, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what cannot be called."""
    if not callable(value):
        raise argument.not_a_function(node.word, value)


def is_function_or_none(node: Derived, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what cannot be called, unless it is None."""
    if value is not None:
        is_function(node, field, value)


def is_condition(node: Derived, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is neither true nor false nor a program that may tell."""
    if not isinstance(value, bool):
        is_program(node, field, value)


def is_finalizer(node: Derived, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse what is neither a program nor a function that may make one."""
    if not callable(value):
        is_program(node, field, value)


# -- Shapes --------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class OneSource(Derived):
    """What says something about `source`, which is not checked: mostly it is the program of a method call."""

    source: Program


@attrs.frozen(eq=False, repr=False)
class WithFunction(OneSource):
    """What applies `function` to what comes out of `source`."""

    function: Function = attrs.field(validator=is_function)


@attrs.frozen(eq=False, repr=False)
class WithOther(OneSource):
    """What puts `other` beside `source`."""

    other: Program = attrs.field(validator=is_program)


@attrs.frozen(eq=False, repr=False)
class WithFinalizer(OneSource):
    """What runs `finalizer`, a program or a function that makes one, when `source` has ended."""

    finalizer: Program | Function = attrs.field(validator=is_finalizer)


@attrs.frozen(eq=False, repr=False)
class WithSeconds(OneSource):
    """What gives `source` no more than `seconds`."""

    seconds: float


@attrs.frozen(eq=False, repr=False)
class WithValue(OneSource):
    """What gives `value` in some outcome of `source`."""

    value: Any


@attrs.frozen(eq=False, repr=False)
class Again(OneSource):
    """What runs `source` again as long as `schedule` says."""

    schedule: Schedule[Any, Any]


@attrs.frozen(eq=False, repr=False)
class TwoWays(OneSource):
    """What applies one of two functions to the outcome of `source`."""

    if_failed: Function = attrs.field(validator=is_function)
    if_succeeded: Function = attrs.field(validator=is_function)


@attrs.frozen(eq=False, repr=False)
class WithItems(Derived):
    """What runs the programs that `function` makes of `items`."""

    items: tuple[Any, ...]
    function: Function = attrs.field(validator=is_function)


@attrs.frozen(eq=False, repr=False)
class ManySources(Derived):
    """What runs `ios`."""

    ios: Programs = attrs.field(validator=are_programs)


@attrs.frozen(eq=False, repr=False)
class WithLimit(ManySources):
    """What runs `ios`, no more than `limit` at once (None: all)."""

    limit: int | None


@attrs.frozen(eq=False, repr=False)
class Contest(ManySources):
    """What runs `ios` until one has won; `dispose` gets a value that was won and cannot be delivered."""

    dispose: Dispose = attrs.field(validator=is_function_or_none)
