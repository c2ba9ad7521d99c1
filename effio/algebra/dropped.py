"""Finds programs that a `@do` body builds and drops, since `yield from` was forgotten; for development only.

A statement `save(order)` in such a body builds a program that nobody runs. The interpreter cannot see it, but
Python can: the program dies at once, while the frame of the body stands at the instruction that throws the
result of a call away. So a finalizer on `IO` looks at that instruction. It is installed only on demand;
without it programs have none.
"""

from __future__ import annotations

import dis
import inspect
import os
import sys
import warnings
from functools import lru_cache
from itertools import pairwise
from types import CodeType
from typing import Any, Final

from effio.algebra.io import IO
from effio.data.errors import ProgramDropped

FINALIZER: Final = "__del__"
MAKERS: Final = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX", "BINARY_OP"})

_reported: set[tuple[CodeType, int]] = set()
_watched: set[CodeType] = set()


def watch(code: CodeType) -> None:
    """Look for dropped programs in the body with this code, once development mode is on."""
    _watched.add(code)


def development_mode(on: bool = True, /) -> None:
    """Warn with `ProgramDropped` when a `@do` body builds a program and drops it, once for each place.

    On from the beginning under `python -X dev` and with `EFFIO_DEV=1` in the environment.
    """
    _reported.clear()
    if on:
        setattr(IO, FINALIZER, _look)
    elif FINALIZER in vars(IO):
        delattr(IO, FINALIZER)


def _look(program: IO[Any, Any]) -> None:
    """Warn if what drops the last reference is a watched body, at the end of a bare expression statement."""
    here = inspect.currentframe()
    frame = here and here.f_back
    if frame is None:
        return
    code, place = frame.f_code, frame.f_lasti
    # The parts of a dropped program die at the same instruction, right after it.
    if code not in _watched or (code, place) in _reported or place not in _statement_ends(code):
        return
    _reported.add((code, place))
    warning = ProgramDropped(repr(program), code.co_filename, frame.f_lineno)
    warnings.warn_explicit(warning, ProgramDropped, code.co_filename, frame.f_lineno)


@lru_cache(maxsize=1024)
def _statement_ends(code: CodeType) -> frozenset[int]:
    """Find the instructions that throw away what a call or an operator has just given."""
    return frozenset(
        after.offset
        for before, after in pairwise(dis.get_instructions(code))
        if after.opname == "POP_TOP" and before.opname in MAKERS
    )


if sys.flags.dev_mode or os.environ.get("EFFIO_DEV") == "1":
    development_mode()
