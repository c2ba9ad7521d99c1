"""Where in the user's source something stands: a file, a line, a function."""

from __future__ import annotations

import functools
import os
from inspect import getattr_static
from sys import _getframe  # pyright: ignore[reportPrivateUsage]: documented, and the only cheap way
from types import CodeType, FunctionType, MethodType
from typing import final

import attrs


@final
@attrs.frozen(str=False)
class Origin:
    """A place in source code.

    >>> str(Origin("/elsewhere/shop/orders.py", 41, "load"))
    'shop/orders.py:41 in load'
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        where = f"{_shown_file(self.file)}:{self.line}"
        function = _shown_function(self.function)
        return f"{where} in {function}" if function else where


@final
class CallSite:
    """One instruction of a running function; its line is looked up only when it is asked for.

    Slots are written by hand, since one is made wherever a program is built or forked.
    """

    __slots__ = ("code", "lasti")

    code: CodeType
    lasti: int

    def __init__(self, code: CodeType, lasti: int) -> None:
        self.code = code
        self.lasti = lasti

    def origin(self) -> Origin:
        """Look up the line. Cost: linear in the length of the function."""
        for start, end, line in self.code.co_lines():
            if start <= self.lasti < end and line is not None:
                return Origin(self.code.co_filename, line, self.code.co_qualname)
        return _first_line(self.code)

    def __str__(self) -> str:
        return str(self.origin())

    def __repr__(self) -> str:
        return f"CallSite({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CallSite):
            return NotImplemented
        return self.code is other.code and self.lasti == other.lasti

    def __hash__(self) -> int:
        return hash((id(self.code), self.lasti))

    def __reduce__(self) -> tuple[object, tuple[str, int, str]]:
        # Code objects do not pickle; elsewhere the place itself is all that is wanted.
        origin = self.origin()
        return (Origin, (origin.file, origin.line, origin.function))


def caller(depth: int = 0) -> CallSite:
    """Capture the place `depth` calls above the function that calls this one."""
    try:
        frame = _getframe(depth + 1)
    except ValueError:
        frame = _getframe(1)
    return CallSite(frame.f_code, frame.f_lasti)


def origin_of(function: object) -> Origin | None:
    """Find where a callable was defined, seen through partials, methods and `functools.wraps`.

    None for what is not written in Python.

    >>> origin_of(len) is None
    True
    """
    inner = _innermost(function)
    if not isinstance(inner, FunctionType):
        inner = _innermost(getattr_static(type(inner), "__call__", None))
    return _first_line(inner.__code__) if isinstance(inner, FunctionType) else None


# -- Helpers ----


def _innermost(function: object) -> object:
    seen: set[int] = set()
    while id(function) not in seen:
        seen.add(id(function))
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, MethodType):
            function = function.__func__
        else:
            function = getattr(function, "__wrapped__", function)
    return function


def _first_line(code: CodeType) -> Origin:
    return Origin(code.co_filename, code.co_firstlineno, code.co_qualname)


def _shown_file(file: str) -> str:
    try:
        below = os.path.relpath(file)
    except (OSError, ValueError):
        below = os.pardir
    if not below.startswith(os.pardir):
        return below
    return "/".join(file.replace(os.sep, "/").rsplit("/", 2)[-2:])


def _shown_function(qualified: str) -> str:
    """Drop what surrounds a nested function; a module's own line has no function.

    >>> [_shown_function(name) for name in ("<module>", "main.<locals>.load", "main.<locals>.<lambda>")]
    ['', 'load', 'a lambda in main']
    """
    if qualified == "<module>":
        return ""
    if not qualified.endswith("<lambda>"):
        return qualified.rsplit("<locals>.", 1)[-1]
    around = qualified.removesuffix("<lambda>").removesuffix(".<locals>.")
    return f"a lambda in {_shown_function(around)}" if around else "a lambda"
