"""A whole error tree for people: the picture of it, then each error with the user's own source lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import Final

from effio.data.cause_text import (
    CANCELLED,
    FAILED,
    RUNNING,
    SUCCEEDED,
    ErrorEntry,
    Outline,
    draw,
    error_text,
    grouped,
    said,
)
from effio.data.location import Location
from effio.data.source_text import SourceLine, line_at, lines_of

ERRORS_SHOWN: Final = 20
REASONS_SHOWN: Final = 5

STYLE: Final = "font-family:ui-monospace,Menlo,Consolas,monospace;line-height:1.3"
COLOURS: Final = {FAILED: "#d64545", CANCELLED: "#7b8794", SUCCEEDED: "#3a9d5d", RUNNING: "#3a7bd5"}
MARKED: Final = re.compile(f"([│├└─ ]*)([{''.join(COLOURS)}])(?= )")


def render(root: Outline) -> str:
    """Draw the tree, and below it what is known of each error; a lone error needs no tree."""
    entries = list(errors_of(root))
    if not entries:
        return draw(root)
    if not root.entries and entries[0].headline == root.text:
        return "\n".join(_section(entry, entry.headline) for entry in entries)
    shown = (_section(entry, _title(label, entry)) for label, entry in islice(_labelled(root), ERRORS_SHOWN))
    sections = [section for section in shown if "\n" in section]
    more = len(entries) - ERRORS_SHOWN
    if more > 0:
        sections.append(f"… and {grouped(more)} more errors")
    return "\n\n".join([draw(root, brief=True), *sections])


def errors_of(root: Outline) -> Iterator[ErrorEntry]:
    """Yield every error of a tree, from top to bottom."""
    return (entry for _, entry in _labelled(root))


def place_lines(error: object, at: Location | None) -> list[str]:
    """Say where an error happened, with the source lines it passed through."""
    lines = lines_of(error) if isinstance(error, BaseException) else ()
    if not lines and at is not None and at.origin is not None:
        lines = (line_at(at.origin),)
    path = None if at is None or at.path is None else str(at.path)
    if len(lines) == 1:
        return _indented(path, lines[0])
    frames = [text for line in lines for text in str(line).splitlines()]
    return ([path] if path else []) + frames


# -- In notebooks ----


def mimebundle(drawn: str) -> dict[str, str]:
    """What a notebook shows of a drawn tree: the text as it is, and as HTML with the marks in their colours."""
    lines = "\n".join(_coloured(escape(line)) for line in drawn.splitlines())
    return {"text/plain": drawn, "text/html": f'<pre style="{STYLE}">{lines}</pre>'}


def _coloured(line: str) -> str:
    """Colour the mark that an entry of the tree begins with."""
    entry = MARKED.match(line)
    if entry is None:
        return line
    mark = f'<b style="color:{COLOURS[entry[2]]}">{entry[2]}</b>'
    return f"{entry[1]}{mark}{line[entry.end() :]}"


# -- Helpers ----


def _labelled(root: Outline) -> Iterator[tuple[str, ErrorEntry]]:
    pending = [root]
    while pending:
        outline = pending.pop()
        yield from ((outline.label, entry) for entry in outline.failed)
        pending += reversed(outline.entries)


def _title(label: str, entry: ErrorEntry) -> str:
    return f"✗ {label}: {entry.headline}" if label else f"✗ {entry.headline}"


def _section(entry: ErrorEntry, title: str) -> str:
    more = error_text(entry.error).splitlines()[1:]
    notes = () if entry.at is None else entry.at.notes
    body = [*place_lines(entry.error, entry.at), *notes, *said(entry.error, entry.at, more, reasons_of(entry.error))]
    return "\n".join([title, *(f"  {line}" for line in body)])


def reasons_of(error: object) -> list[str]:
    """Say what caused an exception, with source lines and notes, and what caused that."""
    lines: list[str] = []
    reason = error.__cause__ if isinstance(error, BaseException) else None
    for _ in range(REASONS_SHOWN):
        if reason is None:
            break
        headline, *more = error_text(reason).splitlines() or [""]
        lines.append(f"caused by {headline}")
        lines += [f"  {line}" for line in (*place_lines(reason, None), *said(reason, None, more, ()))]
        reason = reason.__cause__
    return lines


def _indented(path: str | None, line: SourceLine) -> list[str]:
    place = str(line.origin) if path is None else f"{path} · {line.origin}"
    return [place, f"    {line.text}"] if line.text else [place]
