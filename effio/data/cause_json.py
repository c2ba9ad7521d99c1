"""An error tree as JSON: the same that people are shown, for other programs.

Each node is an object with its `kind`: "fail", "die" and "cancelled" are leaves, "then" and "both" hold `causes`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import attrs

from effio.data.cause_text import error_text, short_repr
from effio.data.errors import CancelSource, cancelled_text
from effio.data.location import ChildReport, Location
from effio.data.source_text import SourceLine, line_at, lines_of

Node = TypeVar("Node")
Record: TypeAlias = Mapping[str, object]


def text_of(root: Node, parts: Callable[[Node], Sequence[Node]], record: Callable[[Node], Record]) -> str:
    """Write the records of a tree of any depth, those of its parts inside them as `causes`."""
    written: list[str] = []
    pending: list[Node | str] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            written.append(item)
            continue
        fields = json.dumps(record(item), default=short_repr)
        below = parts(item)
        if not below:
            written.append(fields)
            continue
        written.append(f'{fields[:-1]}, "causes": [')
        separated = [between for part in below for between in (", ", part)]
        pending += ["]}", *reversed(separated[1:])]
    return "".join(written)


# -- What each kind of node says ----


def error_record(kind: str, error: object, at: Location | None) -> Record:
    """One error: type, message, place, notes, and the lines it passed through."""
    exception = error if isinstance(error, BaseException) else None
    cause = None if exception is None else exception.__cause__
    return {
        "kind": kind,
        "error": error_text(error),
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "caused_by": None if cause is None else error_text(cause),
        **place_record(at),
        "notes": [*(() if at is None else at.notes), *map(str, getattr(error, "__notes__", ()))],
        "lines": [] if exception is None else [line_record(line) for line in lines_of(exception)],
    }


def cancelled_record(source: CancelSource, reason: object, by: str | None, at: Location | None) -> Record:
    """One cancellation."""
    why = {"source": source, "by": by, "reason": None if reason is None else str(reason)}
    return {"kind": "cancelled", "text": cancelled_text(source, reason, by), **why, **place_record(at)}


def both_record(construct: str, at: Location | None, children: Sequence[ChildReport]) -> Record:
    """What ran side by side."""
    reports = [attrs.asdict(child) for child in children]
    return {"kind": "both", "construct": construct, **place_record(at), "children": reports}


def place_record(at: Location | None) -> Record:
    """Where something happened: the names around it, the line that built it, the fiber."""
    if at is None:
        return {"path": [], "source": None, "fiber": None}
    return {
        "path": [] if at.path is None else list(at.path.names),
        "source": None if at.origin is None else line_record(line_at(at.origin)),
        "fiber": at.fiber or None,
    }


def line_record(line: SourceLine) -> Record:
    """One source line: its file, number, function and text."""
    return {**attrs.asdict(line.origin), "text": line.text}
