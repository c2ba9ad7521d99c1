"""From `module:program` on the command line to the program."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import TypeAlias, cast

from effio import IO

Program: TypeAlias = IO[object, object]

TARGET = re.compile(r"(?P<module>\w+(\.\w+)*):(?P<name>\w+(\.\w+)*)")
FILE = re.compile(r"(\./)?(?P<path>[^:]+)\.py(:(?P<name>.*))?")


class NoProgram(Exception):
    """What was given does not lead to a program; the message says why."""


def load(target: str) -> Program:
    """Import the module and give its program of that name, or the one that its function of that name makes.

    Raises `NoProgram`, or what the module raises while it is imported.
    """
    file = FILE.fullmatch(target)
    if file is not None:
        example = f"{file['path'].replace('/', '.')}:{file['name'] or 'main'}"
        raise NoProgram(f"{target!r} is a file: name its module and a program in it, as in {example}")
    match = TARGET.fullmatch(target)
    if match is None:
        raise NoProgram(f"{target!r} is not of the form module:program")
    module = imported(match["module"])
    try:
        value: object = attrgetter(match["name"])(module)
    except AttributeError:
        raise NoProgram(f"module {match['module']!r} has no {match['name']!r}") from None
    program = made(target, cast("Callable[[], object]", value)) if callable(value) else value
    if not isinstance(program, IO):
        raise NoProgram(f"{target} is no program (IO) but {program!r:.100}")
    return cast("Program", program)


def imported(name: str) -> object:
    """Import a module; one that it imports itself and that is missing is its own error."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise NoProgram(f"there is no module {name!r}") from None


def made(target: str, function: Callable[[], object]) -> object:
    """Call a function that needs no arguments."""
    try:
        inspect.signature(function).bind()
    except TypeError:
        raise NoProgram(f"{target} needs arguments, so it cannot be run from here") from None
    return function()
