"""How `await program` finds the interpreter, which stands on a higher floor.

The algebra may not import what runs it, and still `IO.__await__` has to run. So the interpreter registers its
runner here when it is loaded: the one place where a lower floor calls a higher one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from importlib import import_module
from typing import Any, Final, TypeAlias

INTERPRETER: Final = "effio.interpreter.runtime"

Runner: TypeAlias = Callable[[Any], Generator[Any, Any, Any]]

_runners: list[Runner] = []


def register(runner: Runner) -> None:
    """Let `runner` answer every `await` of a program from now on."""
    _runners[:] = [runner]


def await_program(program: object) -> Generator[Any, Any, Any]:
    """Run the program inside the host's task; give its value or raise the exception of its cause."""
    if not _runners:
        import_module(INTERPRETER)
    return _runners[0](program)
