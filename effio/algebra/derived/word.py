"""The words without arguments: each is its own program.

Never compiled: mypyc puts what makes an object callable before its inherited fields, where the step loop reads the tag.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, NoReturn, TypeVar

from effio.algebra.describe import spoken
from effio.algebra.io import IO
from effio.data.fiber_dump import FiberDump

Given = TypeVar("Given", covariant=True)


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


class Unit(Word[None]):
    """Succeed with None."""

    __slots__ = ()


class Now(Word[float]):
    """Give the time of the clock in seconds."""

    __slots__ = ()


class YieldNow(Word[None]):
    """Let the others run once."""

    __slots__ = ()


class EffectiveDeadline(Word[float]):
    """Give the earliest deadline around, infinite if there is none."""

    __slots__ = ()


class Never(Word[NoReturn]):
    """Wait for ever."""

    __slots__ = ()


class ShowFibers(Word[str]):
    """Give one line with the names of all fibers and which one runs."""

    __slots__ = ()


class DumpFibers(Word[FiberDump]):
    """Give the tree of all fibers with what each one waits for."""

    __slots__ = ()
