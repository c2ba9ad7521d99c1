"""What runs at once: a node for each word, checked when it is built."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

from effio.algebra.field import field
from effio.algebra.primitive import OnFailure
from effio.algebra.shape import (
    Contest,
    Derived,
    Dispose,
    Function,
    ManySources,
    WithItems,
    WithLimit,
    a_function,
    contestants,
    programs,
)
from effio.data.call_site import Site
from effio.data.native import mypyc_attr


@mypyc_attr(free_list_len=1)
class ParZip(ManySources):
    """Run `ios` at once and give the tuple of their values."""

    __slots__ = ()


class ParMap(ManySources):
    """Run `ios` at once and give what `function` makes of their values."""

    __slots__ = ("_function",)

    def __init__(self, ios: Any, function: Function) -> None:
        self._ios = programs(self, ios)
        self._function = a_function(self, function)

    function: ClassVar[Any] = field("function")


class ParCollect(WithLimit):
    """Run `ios` at once and give the list of their values."""

    __slots__ = ()


class ParTraverse(WithItems):
    """Run what `function` makes of each of `items`, at most `limit` at once; give the list of values."""

    __slots__ = ("_limit",)

    def __init__(self, items: tuple[Any, ...], function: Function, limit: int | None) -> None:
        self._items = items
        self._function = a_function(self, function)
        self._limit = limit

    limit: ClassVar[int | None] = field("limit")


class ParDict(WithLimit):
    """Run `ios` at once and give their values as a dictionary by `keys`."""

    __slots__ = ("_keys",)

    def __init__(self, ios: Any, limit: int | None, keys: tuple[Hashable, ...]) -> None:
        self._ios = programs(self, ios)
        self._limit = limit
        self._keys = keys

    keys: ClassVar[tuple[Hashable, ...]] = field("keys")


class ParSettle(WithLimit):
    """Run `ios` at once and give the list of their exits."""

    __slots__ = ()


class ParValidate(WithLimit):
    """Run `ios` at once; give the list of values, or fail with the tuple of all typed errors."""

    __slots__ = ()


@mypyc_attr(free_list_len=1)
class Race(Contest):
    """Run `ios` at once; the first success wins."""

    __slots__ = ()


class RaceAll(Contest):
    """Run `ios` at once; the first success wins."""

    __slots__ = ()


class FirstCompleted(Contest):
    """Run `ios` at once; the first exit wins."""

    __slots__ = ()


class RaceStaggered(Contest):
    """Start each of `ios` when the last one started fails or after `seconds`; the first success wins."""

    __slots__ = ("_seconds",)

    def __init__(self, ios: Any, dispose: Dispose, seconds: float) -> None:
        self._ios = contestants(self, ios)
        self._dispose = None if dispose is None else a_function(self, dispose)
        self._seconds = seconds

    seconds: ClassVar[float] = field("seconds")


class Hedge(RaceStaggered):
    """Start the second of two equal `ios` when the first fails or after `seconds`; the first success wins."""

    __slots__ = ()


class TaskGrouped(Derived):
    """Run what `body` makes of a new `TaskGroup`, then wait for all its children."""

    __slots__ = ("_body", "_handler", "_name", "_on_failure", "_site")
    word: ClassVar[str] = "task_group"
    _on_failure: OnFailure

    def __init__(
        self, body: Function, on_failure: OnFailure, handler: Function | None, name: str | None, site: Site
    ) -> None:
        self._body = a_function(self, body)
        self._on_failure = on_failure
        self._handler = None if handler is None else a_function(self, handler)
        self._name = name
        self._site = site

    body: ClassVar[Any] = field("body")
    on_failure: ClassVar[OnFailure] = field("on_failure")
    handler: ClassVar[Any] = field("handler")
    name: ClassVar[str | None] = field("name")
    site: ClassVar[Site] = field("site")


class StartService(Derived):
    """Start in `group` what `service` makes of `started`; give the value `started` is called with."""

    __slots__ = ("_group", "_name", "_service")
    word: ClassVar[str] = "start"

    def __init__(self, group: Any, service: Function, name: str | None) -> None:
        self._group = group
        self._service = a_function(self, service)
        self._name = name

    group: ClassVar[Any] = field("group")
    service: ClassVar[Any] = field("service")
    name: ClassVar[str | None] = field("name")
