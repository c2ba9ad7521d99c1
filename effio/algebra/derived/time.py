"""What waits, and what is given a time: a node for each word, checked when it is built."""

from __future__ import annotations

from typing import Any, ClassVar

from effio.algebra.field import field
from effio.algebra.shape import Derived, Function, Program, WithSeconds, a_function, a_program
from effio.data.call_site import Site
from effio.data.native import mypyc_attr


class SleepUntil(Derived):
    """Wait until the clock shows `deadline`."""

    __slots__ = ("_deadline",)

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    deadline: ClassVar[float] = field("deadline")


@mypyc_attr(free_list_len=1)
class FailAfter(WithSeconds):
    """Cancel `source` after `seconds` and fail with `TimedOut`, from the line `site`."""

    __slots__ = ("_site",)

    def __init__(self, source: Program, seconds: float, site: Site) -> None:
        self._source = source
        self._seconds = seconds
        self._site = site

    site: ClassVar[Site] = field("site")


@mypyc_attr(free_list_len=1)
class MoveOnAfter(WithSeconds):
    """Cancel `source` after `seconds` and give None."""

    __slots__ = ()


class TimeoutTo(WithSeconds):
    """Cancel `source` after `seconds` and run `fallback`."""

    __slots__ = ("_fallback",)

    def __init__(self, source: Program, seconds: float, fallback: Any) -> None:
        self._source = source
        self._seconds = seconds
        self._fallback = a_program(self, fallback)

    fallback: ClassVar[Program] = field("fallback")


class AbandonAfter(WithSeconds):
    """Cancel `source` after `seconds`, fail with `TimedOut` at once; `group` (None: the run) sees it end."""

    __slots__ = ("_group", "_site")

    def __init__(self, source: Program, seconds: float, group: Any, site: Site) -> None:
        self._source = source
        self._seconds = seconds
        self._group = group
        self._site = site

    group: ClassVar[Any] = field("group")
    site: ClassVar[Site] = field("site")


class CancelScoped(Derived):
    """Run what `body` makes of a new `CancelScope`; give None if the scope caught its own cancel."""

    __slots__ = ("_body", "_name", "_seconds")
    word: ClassVar[str] = "cancel_scope"

    def __init__(self, body: Function, seconds: float | None, name: str | None) -> None:
        self._body = a_function(self, body)
        self._seconds = seconds
        self._name = name

    body: ClassVar[Any] = field("body")
    seconds: ClassVar[float | None] = field("seconds")
    name: ClassVar[str | None] = field("name")
