"""What waits for others, and what looks at the run: a node for each word, checked when it is built."""

from __future__ import annotations

from typing import Any, ClassVar

from effio.algebra.field import field
from effio.algebra.shape import Derived, Function, a_function


class FromCallback(Derived):
    """Run the program that somebody calls the `resume` with that `register` is given."""

    __slots__ = ("_register",)

    def __init__(self, register: Function) -> None:
        self._register = a_function(self, register)

    register: ClassVar[Any] = field("register")
