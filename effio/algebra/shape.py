"""The shapes that derived words share, and what they check of their fields when they are built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias, TypeVar

from typing_extensions import TypeIs

from effio.algebra import argument, describe
from effio.algebra.field import field, fields
from effio.algebra.io import IO, is_function
from effio.schedule.schedule import Schedule

Program: TypeAlias = IO[Any, Any]
Programs: TypeAlias = tuple[Program, ...]
Function: TypeAlias = Callable[..., Any]
Dispose: TypeAlias = Callable[[Any], Program] | None
Built = TypeVar("Built")


class Derived(IO[Any, Any]):
    """A program that is replaced by its desugaring when it runs; `word` is what the user wrote."""

    __slots__ = ()
    word: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if "word" not in vars(cls):
            cls.word = describe.spoken(cls.__name__)

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self), dict(fields(self)))


def rebuilt(kind: type[Program], values: dict[str, Any]) -> Any:
    """Build a node of its fields."""
    return kind(**values)


def changed(node: Derived, **values: Any) -> Any:
    """Build the same node with some other fields."""
    return rebuilt(type(node), {**dict(fields(node)), **values})


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


# -- Fields --------------------------------------------------------------------------------------------------


def a_program(node: Derived, value: Any) -> Program:
    """Refuse what is no program."""
    if not is_io(value):
        raise argument.not_a_program(node.word, value)
    program: Program = value
    return program


def programs(node: Derived, values: Any) -> Programs:
    """Refuse a tuple in which something is no program."""
    given: tuple[Any, ...] = values  # as programs the compiled core would refuse them in words of its own
    for value in given:
        a_program(node, value)
    return given


def contestants(node: Derived, values: Any) -> Programs:
    """Refuse a contest that nobody can win."""
    given = programs(node, values)
    if not given:
        problem = ValueError(f"{node.word} needs at least one program")
        problem.add_note("of none the first success would never come")
        raise problem
    return given


def a_function(node: Derived, value: Function) -> Function:
    """Refuse what cannot be called."""
    if not is_function(value):
        raise argument.not_a_function(node.word, value)
    return value


# -- Shapes --------------------------------------------------------------------------------------------------


class OneSource(Derived):
    """What says something about `source`, which is not checked: mostly it is the program of a method call."""

    __slots__ = ("_source",)

    def __init__(self, source: Program) -> None:
        self._source = source

    source: ClassVar[Program] = field("source")


class WithFunction(OneSource):
    """What applies `function` to what comes out of `source`."""

    __slots__ = ("_function",)

    def __init__(self, source: Program, function: Function) -> None:
        self._source = source
        self._function = a_function(self, function)

    function: ClassVar[Any] = field("function")


class WithOther(OneSource):
    """What puts `other` beside `source`."""

    __slots__ = ("_other",)

    def __init__(self, source: Program, other: Any) -> None:
        self._source = source
        self._other = a_program(self, other)

    other: ClassVar[Program] = field("other")


class WithFinalizer(OneSource):
    """What runs `finalizer`, a program or a function that makes one, when `source` has ended."""

    __slots__ = ("_finalizer",)

    def __init__(self, source: Program, finalizer: Any) -> None:
        self._source = source
        self._finalizer = finalizer if callable(finalizer) else a_program(self, finalizer)

    finalizer: ClassVar[Any] = field("finalizer")


class WithSeconds(OneSource):
    """What gives `source` no more than `seconds`."""

    __slots__ = ("_seconds",)

    def __init__(self, source: Program, seconds: float) -> None:
        self._source = source
        self._seconds = seconds

    seconds: ClassVar[float] = field("seconds")


class WithValue(OneSource):
    """What gives `value` in some outcome of `source`."""

    __slots__ = ("_value",)

    def __init__(self, source: Program, value: Any) -> None:
        self._source = source
        self._value = value

    value: ClassVar[Any] = field("value")


class Again(OneSource):
    """What runs `source` again as long as `schedule` says."""

    __slots__ = ("_schedule",)

    def __init__(self, source: Program, schedule: Schedule[Any, Any]) -> None:
        self._source = source
        self._schedule = schedule

    schedule: ClassVar[Schedule[Any, Any]] = field("schedule")


class TwoWays(OneSource):
    """What applies one of two functions to the outcome of `source`."""

    __slots__ = ("_if_failed", "_if_succeeded")

    def __init__(self, source: Program, if_failed: Function, if_succeeded: Function) -> None:
        self._source = source
        self._if_failed = a_function(self, if_failed)
        self._if_succeeded = a_function(self, if_succeeded)

    if_failed: ClassVar[Any] = field("if_failed")
    if_succeeded: ClassVar[Any] = field("if_succeeded")


class WithItems(Derived):
    """What runs the programs that `function` makes of `items`."""

    __slots__ = ("_function", "_items")

    def __init__(self, items: tuple[Any, ...], function: Function) -> None:
        self._items = items
        self._function = a_function(self, function)

    items: ClassVar[tuple[Any, ...]] = field("items")
    function: ClassVar[Any] = field("function")


class ManySources(Derived):
    """What runs `ios`."""

    __slots__ = ("_ios",)

    def __init__(self, ios: Any) -> None:
        self._ios = programs(self, ios)

    ios: ClassVar[Programs] = field("ios")


class WithLimit(ManySources):
    """What runs `ios`, no more than `limit` at once (None: all)."""

    __slots__ = ("_limit",)

    def __init__(self, ios: Any, limit: int | None) -> None:
        self._ios = programs(self, ios)
        self._limit = limit

    limit: ClassVar[int | None] = field("limit")


class Contest(ManySources):
    """What runs `ios` until one has won; `dispose` gets a value that was won and cannot be delivered."""

    __slots__ = ("_dispose",)

    def __init__(self, ios: Any, dispose: Dispose) -> None:
        self._ios = contestants(self, ios)
        self._dispose = None if dispose is None else a_function(self, dispose)

    dispose: ClassVar[Any] = field("dispose")
