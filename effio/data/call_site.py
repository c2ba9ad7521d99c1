"""The instruction at which something was built, captured there and looked up only for a failure."""

from __future__ import annotations

from sys import _getframe  # pyright: ignore[reportPrivateUsage]: documented, and the only cheap way
from types import CodeType
from typing import Final, TypeAlias, final

from effio.data.native import mypyc_attr
from effio.data.origin import Origin, first_line

OWN_FRAMES: Final = int(__file__.endswith(".py"))
"""How many frames a call of the library's compiled modules has: they have none there."""

frame_at: Final = _getframe  # a name of this module, found faster


@final
@mypyc_attr(free_list_len=1, acyclic=True)
class CallSite:
    """One instruction of a running function; its line is looked up only when it is asked for.

    Slots are written by hand, since one is made wherever a program is built or forked.
    """

    __slots__ = ("code", "lasti")

    def __init__(self, code: CodeType, lasti: int) -> None:
        self.code = code
        self.lasti = lasti

    def origin(self) -> Origin:
        """Look up the line. Cost: linear in the length of the function."""
        for start, end, line in self.code.co_lines():
            if start <= self.lasti < end and line is not None:
                return Origin(self.code.co_filename, line, self.code.co_qualname)
        return first_line(self.code)

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


Site: TypeAlias = CallSite | Origin
"""Where something was built: the instruction, or, if it comes from elsewhere, the line."""


def caller(depth: int = 0) -> CallSite:
    """Capture the place `depth` calls above the function that calls this one."""
    try:
        frame = frame_at(depth + OWN_FRAMES)
    except ValueError:
        frame = frame_at(OWN_FRAMES)
    return CallSite(frame.f_code, frame.f_lasti)
