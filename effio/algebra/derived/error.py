"""What is said about failures: a node for each word, checked when it is built."""

from __future__ import annotations

from typing import Any, ClassVar

from effio.algebra.field import field
from effio.algebra.shape import Function, OneSource, Program, TwoWays, WithFunction, WithOther, WithValue, a_function


class MapError(WithFunction):
    """Apply `function` to the typed errors of `source`."""

    __slots__ = ()


class CatchAll(WithFunction):
    """Go on with what `function` makes of the typed error of `source`."""

    __slots__ = ()


class CatchSome(WithFunction):
    """Go on with what `function` makes of the typed error of `source`, unless that is None."""

    __slots__ = ()


class CatchOnly(WithFunction):
    """Go on with what `function` makes of the typed error of `source` if it is one of `exceptions`."""

    __slots__ = ("_exceptions",)
    word: ClassVar[str] = "catch"

    def __init__(self, source: Program, function: Function, exceptions: tuple[type[Any], ...]) -> None:
        self._source = source
        self._function = a_function(self, function)
        self._exceptions = exceptions

    exceptions: ClassVar[tuple[type[Any], ...]] = field("exceptions")


class OrElse(WithOther):
    """Run `other` if `source` fails."""

    __slots__ = ()


class OrElseSucceed(WithValue):
    """Give `value` if `source` fails."""

    __slots__ = ()


class OrDie(OneSource):
    """Take every typed error of `source` for a defect."""

    __slots__ = ()


class Refine(OneSource):
    """Take every typed error of `source` that is not one of `kept` for a defect."""

    __slots__ = ("_kept",)

    def __init__(self, source: Program, kept: tuple[type[Any], ...]) -> None:
        self._source = source
        self._kept = kept

    kept: ClassVar[tuple[type[Any], ...]] = field("kept")


class Either(OneSource):
    """Give the typed outcome of `source` as a value."""

    __slots__ = ()


class Absolve(OneSource):
    """Take on the outcome that is the value of `source`."""

    __slots__ = ()


class Flip(OneSource):
    """Exchange value and typed error of `source`."""

    __slots__ = ()


class FoldBoth(TwoWays):
    """Give what one of two functions makes of the typed outcome of `source`."""

    __slots__ = ()
    word: ClassVar[str] = "fold"


class FoldCause(TwoWays):
    """Give what one of two functions makes of the exit of `source`."""

    __slots__ = ()


class ToExit(OneSource):
    """Give the exit of `source` as a value."""

    __slots__ = ()
    word: ClassVar[str] = "exit"


class TapError(WithFunction):
    """Run what `function` makes of the typed error of `source`, and fail all the same."""

    __slots__ = ()


class Squashed(OneSource):
    """Fail with the primary error of `source` alone, the others being notes on it."""

    __slots__ = ()
