"""Writes `effio/algebra/arity.pyi`: the overloads of what takes two to eight programs as arguments.

Run `python tests/types/generate_overloads.py` after a change here; a test holds the file to it.

For each number of programs the overload for those that cannot fail comes first, since pyright makes Unknown
of a union of type variables that are all Never. Without overloads mypy would join different values to
`object`. The last overload, for any number of programs, takes no function: a lambda would fit it as well, and
mypy would give up.
"""

from __future__ import annotations

from pathlib import Path

MOST = 8
WIDTH = 120
STUB = Path(__file__).parents[2] / "effio" / "algebra" / "arity.pyi"

HEAD = '''\
"""The types of `arity`, written by `tests/types/generate_overloads.py`."""

from collections.abc import Callable
from typing import TypeVar, overload

from effio.algebra.io import IO

T = TypeVar("T")
E = TypeVar("E")
'''


def stub() -> str:
    """The whole text of the stub."""
    numbers = range(1, MOST + 1)
    variables = "".join(f'{letter}{number} = TypeVar("{letter}{number}")\n' for letter in "AE" for number in numbers)
    sections = [
        zips("zip_all"),
        zips("par_zip"),
        maps("par_map"),
        contests("race"),
        contests("first_completed"),
    ]
    return HEAD + variables + "\n" + "".join(sections)


def zips(name: str) -> str:
    """A function that gives the values as a tuple."""
    cases = [
        overload(name, programs(count, fails), f"tuple[{values(count, ', ')}]", errors(count, fails))
        for count in range(2, MOST + 1)
        for fails in (False, True)
    ]
    return "".join(cases) + overload(name, ["*ios: IO[T, E]"], "tuple[T, ...]", ", E")


def maps(name: str) -> str:
    """A function that gives what its first argument makes of the values."""
    cases = [
        overload(name, [function(values(count, ", ")), *programs(count, fails)], "T", errors(count, fails))
        for count in range(1, MOST + 1)
        for fails in (False, True)
    ]
    return "".join(cases)


def contests(name: str) -> str:
    """A function that gives one of the values."""
    cases = [
        overload(
            name,
            [*programs(count, fails), "*", dispose(values(count, " | "))],
            values(count, " | "),
            errors(count, fails),
        )
        for count in range(2, MOST + 1)
        for fails in (False, True)
    ]
    return "".join(cases) + overload(name, ["*ios: IO[T, E]"], "T", ", E")


def overload(name: str, parameters: list[str], value: str, error: str) -> str:
    """One overload, its lines broken as the formatter breaks them."""
    given = ", ".join(parameters)
    result = f"IO[{value}{error}]: ..."
    line = f"def {name}({given}) -> {result}"
    if len(line) > WIDTH:
        inner = f"    {given}\n" if len(given) + 4 <= WIDTH else "".join(f"    {one},\n" for one in parameters)
        line = f"def {name}(\n{inner}) -> {result}"
    return f"@overload\n{line}\n"


def programs(count: int, fails: bool) -> list[str]:
    """The parameters for the programs, which can only be given by position."""
    one = "io{0}: IO[A{0}, E{0}]" if fails else "io{0}: IO[A{0}]"
    return [*(one.format(number) for number in range(1, count + 1)), "/"]


def values(count: int, separator: str) -> str:
    """The types of the values."""
    return separator.join(f"A{number}" for number in range(1, count + 1))


def errors(count: int, fails: bool) -> str:
    """The union of the types of the errors, as the second argument of `IO`."""
    return ", " + " | ".join(f"E{number}" for number in range(1, count + 1)) if fails else ""


def function(arguments: str) -> str:
    """The parameter of `par_map` for its function."""
    return f"f: Callable[[{arguments}], T]"


def dispose(value: str) -> str:
    """The parameter for what disposes of a value that was won and cannot be delivered."""
    return f"dispose: Callable[[{value}], IO[object]] | None = None"


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
