"""The user's own source lines: those that a failure passed through, and the line at a place."""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Final, final

import attrs

from effio.data.call_site import CallSite, Site
from effio.data.origin import Origin, raised_at

OWN_PACKAGE: Final = "effio."
RUNNER: Final = "effio.interpreter.runtime."
SHOWN_LIKE_USERS: Final = "effio.demos."
OWN_FOLDER: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
LONGEST_LINE: Final = 160
FIRST_FRAMES: Final = 4
LAST_FRAMES: Final = 8


@final
@attrs.frozen(str=False)
class SourceLine:
    """A place in source code and the text of its line, empty if it cannot be read."""

    origin: Origin
    text: str

    def __str__(self) -> str:
        return f"{self.origin}\n    {self.text}" if self.text else str(self.origin)


def line_at(place: Site) -> SourceLine:
    """Read the line at a place."""
    origin = place.origin() if isinstance(place, CallSite) else place
    text = linecache.getline(origin.file, origin.line).strip()
    return SourceLine(origin, text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…")


def lines_of(exception: BaseException) -> tuple[SourceLine, ...]:
    """Read the lines that an exception passed through, the outermost first, those of effio itself left out.

    Of many the first and the last are kept. `EFFIO_FULL_TRACEBACK=1` in the environment leaves out nothing.
    """
    shown = [origin for origin, own in _passed(exception.__traceback__) if full_traceback() or not own]
    if len(shown) > FIRST_FRAMES + LAST_FRAMES and not full_traceback():
        shown = shown[:FIRST_FRAMES] + shown[-LAST_FRAMES:]
    return tuple(line_at(origin) for origin in shown)


def is_users(origin: Origin) -> bool:
    """Whether a place is in the user's source, not in effio's."""
    return not origin.file.startswith(OWN_FOLDER) or origin.file.startswith(f"{OWN_FOLDER}demos")


def full_traceback() -> bool:
    """Whether the user wants to see the frames of the interpreter too."""
    return os.environ.get("EFFIO_FULL_TRACEBACK", "") not in ("", "0")


def _passed(trace: TracebackType | None) -> Iterator[tuple[Origin, bool]]:
    """List the places of a traceback, and whether each belongs to effio.

    What is before the run that raised it belongs to whoever called that.
    """
    passed: list[tuple[Origin, bool]] = []
    while trace is not None:
        module = f"{trace.tb_frame.f_globals.get('__name__', '')}."
        if module == RUNNER and not full_traceback():
            passed.clear()
        own = module.startswith(OWN_PACKAGE) and not module.startswith(SHOWN_LIKE_USERS)
        passed.append((raised_at(trace), own))
        trace = trace.tb_next
    return iter(passed)
