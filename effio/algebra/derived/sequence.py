"""One after another, again, or one of two: a node for each word, checked when it is built."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar, Literal, TypeAlias

from effio.algebra.field import field
from effio.algebra.shape import (
    Again,
    Derived,
    Function,
    ManySources,
    OneSource,
    Program,
    WithFunction,
    WithItems,
    WithOther,
    WithValue,
    a_function,
    a_program,
    programs,
)
from effio.data.native import mypyc_attr
from effio.schedule.schedule import Schedule

Strategy: TypeAlias = Literal["one_for_one", "one_for_all"]


class Tap(WithFunction):
    """Run `source`, then what `function` makes of its value; keep that value."""

    __slots__ = ()


class Zip(WithOther):
    """Run `source`, then `other`, and give both values."""

    __slots__ = ()


class Flatten(OneSource):
    """Run `source`, then the program that is its value."""

    __slots__ = ()


@mypyc_attr(free_list_len=1)
class AsValue(WithValue):
    """Run `source` and give `value` instead of its own."""

    __slots__ = ()


class IfThen(Derived):
    """Run `if_true` or `if_false`, as `condition` says."""

    __slots__ = ("_condition", "_if_false", "_if_true")
    word: ClassVar[str] = "if_"

    def __init__(self, condition: Any, if_true: Any, if_false: Any) -> None:
        self._condition = condition if isinstance(condition, bool) else a_program(self, condition)
        self._if_true = a_program(self, if_true)
        self._if_false = a_program(self, if_false)

    condition: ClassVar[bool | Program] = field("condition")
    if_true: ClassVar[Program] = field("if_true")
    if_false: ClassVar[Program] = field("if_false")


class Collect(ManySources):
    """Run `ios` one after another and give the list of their values."""

    __slots__ = ()


class Traverse(WithItems):
    """Run what `function` makes of each of `items`, one after another, and give the list of values."""

    __slots__ = ()


class ZipAll(ManySources):
    """Run `ios` one after another and give the tuple of their values."""

    __slots__ = ()


class Repeat(Again):
    """Run `source`, then again as long as `schedule` says; give the last value."""

    __slots__ = ()


class Scheduled(Again):
    """Run `source`, then again as long as `schedule` says; give what that tells at the end."""

    __slots__ = ()


class Retry(Again):
    """Run `source`, again after typed failures as long as `schedule` says."""

    __slots__ = ()


class RetryOrElse(Again):
    """Retry `source`; when `schedule` ends, run what `function` makes of the last error and of what that tells."""

    __slots__ = ("_function",)

    def __init__(self, source: Program, schedule: Schedule[Any, Any], function: Function) -> None:
        self._source = source
        self._schedule = schedule
        self._function = a_function(self, function)

    function: ClassVar[Any] = field("function")


class Retrying(Derived):
    """Run what `function` makes of the number of the attempt, again after typed failures as `schedule` says."""

    __slots__ = ("_function", "_schedule")

    def __init__(self, function: Function, schedule: Schedule[Any, Any]) -> None:
        self._function = a_function(self, function)
        self._schedule = schedule

    function: ClassVar[Any] = field("function")
    schedule: ClassVar[Schedule[Any, Any]] = field("schedule")


class Supervise(Again):
    """Run `source`, again after failures and bugs as long as `schedule` says."""

    __slots__ = ()


class SuperviseAll(ManySources):
    """Run `ios` at once, each under its name; restart what fails, alone or all of them, as `schedule` says."""

    __slots__ = ("_keys", "_schedule", "_strategy")

    def __init__(self, ios: Any, keys: tuple[Hashable, ...], schedule: Schedule[Any, Any], strategy: Strategy) -> None:
        self._ios = programs(self, ios)
        self._keys = keys
        self._schedule = schedule
        self._strategy = strategy

    keys: ClassVar[tuple[Hashable, ...]] = field("keys")
    schedule: ClassVar[Schedule[Any, Any]] = field("schedule")
    strategy: ClassVar[Strategy] = field("strategy")


class Memoize(OneSource):
    """Give a program that runs `source` once and has the same exit at every run."""

    __slots__ = ()


class WithProgress(OneSource):
    """Run `source` and keep count of how far it is, under `label`, on the way to `total` (None: unknown)."""

    __slots__ = ("_label", "_total")

    def __init__(self, source: Program, label: str, total: float | None) -> None:
        self._source = source
        self._label = label
        self._total = total

    label: ClassVar[str] = field("label")
    total: ClassVar[float | None] = field("total")
