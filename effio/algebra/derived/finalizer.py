"""What runs in any case: a node for each word, checked when it is built."""

from __future__ import annotations

from typing import Any, ClassVar

from effio.algebra.field import field
from effio.algebra.shape import Derived, Function, OneSource, Program, WithFinalizer, WithOther, a_function, a_program


class Ensuring(WithOther):
    """Run `other`, shielded, when `source` has ended."""

    __slots__ = ()


class OnCancel(WithFinalizer):
    """Run `finalizer`, shielded, when `source` was cancelled."""

    __slots__ = ()


class OnError(WithFinalizer):
    """Run `finalizer`, shielded, when `source` failed without being cancelled."""

    __slots__ = ()


class Bracket(Derived):
    """Run `acquire`, shielded, what `use` makes of its value, and, shielded, what `release` makes of it.

    If it `sees_exit`, the release is given the exit of the use too.
    """

    __slots__ = ("_acquire", "_release", "_sees_exit", "_use")

    def __init__(self, acquire: Any, use: Function, release: Function, *, sees_exit: bool = False) -> None:
        self._acquire = a_program(self, acquire)
        self._use = a_function(self, use)
        self._release = a_function(self, release)
        self._sees_exit = sees_exit

    acquire: ClassVar[Program] = field("acquire")
    use: ClassVar[Any] = field("use")
    release: ClassVar[Any] = field("release")
    sees_exit: ClassVar[bool] = field("sees_exit")


class Shielded(OneSource):
    """Run `source` protected from the scopes outside."""

    __slots__ = ()
