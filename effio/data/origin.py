"""Where in the user's source something stands: a file, a line, a function."""

from __future__ import annotations

import functools
import os
from inspect import getattr_static, isgenerator
from types import CodeType, FunctionType, GeneratorType, MethodType, TracebackType
from typing import Any, final

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


def origin_of(function: object) -> Origin | None:
    """Find where a callable was defined, seen through partials, methods and `functools.wraps`.

    Of a generator, find the line at which it stands. None for what is not written in Python.

    >>> origin_of(len) is None
    True
    """
    if isgenerator(function):
        return _standing_at(function)
    inner = _innermost(function)
    if not isinstance(inner, FunctionType):
        inner = _innermost(getattr_static(type(inner), "__call__", None))
    return first_line(inner.__code__) if isinstance(inner, FunctionType) else None


def first_line(code: CodeType) -> Origin:
    """Give the place where a function begins."""
    return Origin(code.co_filename, code.co_firstlineno, code.co_qualname)


def raised_at(trace: TracebackType) -> Origin:
    """Give the line at which an exception passed the first frame of its traceback."""
    code = trace.tb_frame.f_code
    return Origin(code.co_filename, trace.tb_lineno or code.co_firstlineno, code.co_qualname)


# -- Helpers ----


def _standing_at(body: GeneratorType[Any, Any, Any]) -> Origin | None:
    while isgenerator(body.gi_yieldfrom):
        body = body.gi_yieldfrom
    frame = body.gi_frame
    return None if frame is None else Origin(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


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
