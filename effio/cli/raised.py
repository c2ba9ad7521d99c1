"""What a module of the user raised before its program could run, without the frames that only led there."""

from __future__ import annotations

import importlib
from traceback import FrameSummary, StackSummary, TracebackException
from typing import Final

from effio.data.origin import Origin
from effio.data.source_text import full_traceback, is_users

IMPORT: Final = ("<frozen importlib", importlib.__file__)


def users_traceback(error: BaseException) -> str:
    """Write the traceback of an error with the user's frames alone; with all of them if none is the user's."""
    told = TracebackException.from_exception(error)
    if not full_traceback() and (isinstance(error, SyntaxError) or any(map(is_shown, told.stack))):
        leave_out(told)
    return "".join(told.format() if told.stack else told.format_exception_only())


def leave_out(told: TracebackException) -> None:
    """Leave the other frames out of an error, and of those it came from or holds."""
    pending: list[TracebackException | None] = [told]
    while pending:
        each = pending.pop()
        if each is not None:
            each.stack = StackSummary.from_list([frame for frame in each.stack if is_shown(frame)])
            pending += [each.__cause__, each.__context__, *(each.exceptions or ())]


def is_shown(frame: FrameSummary) -> bool:
    """Whether a frame is in the source of the user."""
    return not frame.filename.startswith(IMPORT) and is_users(Origin(frame.filename, frame.lineno or 0, frame.name))
