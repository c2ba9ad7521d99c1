"""What waits for others, and what looks at the run: a node for each word, checked when it is built."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from effio.algebra.field import field
from effio.algebra.shape import Derived, Function, Word, a_function
from effio.data.fiber_dump import FiberDump


class Never(Word[NoReturn]):
    """Wait for ever."""

    __slots__ = ()


class FromCallback(Derived):
    """Run the program that somebody calls the `resume` with that `register` is given."""

    __slots__ = ("_register",)

    def __init__(self, register: Function) -> None:
        self._register = a_function(self, register)

    register: ClassVar[Any] = field("register")


class ShowFibers(Word[str]):
    """Give one line with the names of all fibers and which one runs."""

    __slots__ = ()


class DumpFibers(Word[FiberDump]):
    """Give the tree of all fibers with what each one waits for."""

    __slots__ = ()
