"""Pictures of a trace along the time: a tree, a Gantt chart as text, and the same as SVG.

In all of them ✓ succeeded, ✗ failed, ○ was cancelled, ▶ still ran when the trace was taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from operator import attrgetter
from typing import TYPE_CHECKING, Final, final

import attrs

from effio.data.cause_text import CANCELLED, FAILED, RUNNING, SUCCEEDED, Mark, Outline, draw

if TYPE_CHECKING:
    from effio.observe.trace import Span, State, Trace, Wait

WIDTH: Final = 110
NARROWEST_BAR: Final = 20
LABEL_WIDTH: Final = 36
NOTE_WIDTH: Final = 44

WIDEST: Final = 50
DEEPEST: Final = 20
LONGEST: Final = 1_000

RAN: Final = "█"
WAITED: Final = "▒"
WAITED_FOR_FIBER: Final = "─"
LEGEND: Final = f"{RAN} ran  {WAITED} waited for time or the outside  {WAITED_FOR_FIBER} waited for another fiber"

MARKS: Final[dict[State, Mark]] = {
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "cancelled": CANCELLED,
    "running": RUNNING,
}


# -- Tree ----


def tree_of(trace: Trace) -> str:
    """Draw what ran inside what, like the tree of a failure."""
    outlines: dict[int, Outline] = {}
    for span in reversed(trace.spans):
        inside = tuple(outlines.pop(child.id) for child in trace.children(span))
        outlines[span.id] = Outline(_summary(span, trace), MARKS[span.state], label=span.name, entries=inside)
    root = outlines.pop(trace.root.id)
    return draw(attrs.evolve(root, text=f"{root.mark} {root.label}  {root.text}"))


def _summary(span: Span, trace: Trace) -> str:
    """How long it took, what ended it early, and how long after its deadline it ended."""
    ended = span.error or ("" if span.cancel is None or span.state in ("succeeded", "failed") else span.cancel.text())
    late = f"late by {_seconds(span.late)}" if span.late else ""
    known = [_seconds(trace.length(span)), ended, late]
    if span.state == "running" and span.waits and span.waits[-1].end is None:
        known.append(f"waits for {span.waits[-1].reason}")
    return " · ".join(part for part in known if part)


def _seconds(seconds: float) -> str:
    """Show a time with three digits that matter.

    >>> [_seconds(time) for time in (0, 0.0000123, 0.0123, 1.5, 83.25)]
    ['0 s', '12.3 µs', '12.3 ms', '1.5 s', '83.2 s']
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns" if seconds > 0 else "0 s"


# -- Rows ----


@final
@attrs.frozen
class Row:
    """A line of a chart: a span under the rails of those around it, or a text about what is left out."""

    rails: str
    span: Span | None
    text: str


def rows_of(trace: Trace) -> Iterator[Row]:
    """Lay out the spans, each above what ran inside it; wide and deep trees are folded."""
    pending: list[tuple[Span | str, str, str, int]] = [(trace.root, "", "", 0)]
    shown: int = 0
    while pending:
        item, rails, below, depth = pending.pop()
        if shown >= LONGEST:
            yield Row("", None, f"… and {len(trace.spans) - shown} more")
            return
        if isinstance(item, str):
            yield Row(rails, None, item)
            continue
        shown += 1
        yield Row(rails, item, item.name)
        entries = _entries(trace, item, depth)
        for index in reversed(range(len(entries))):
            last = index == len(entries) - 1
            branch, rail = ("└─ ", "   ") if last else ("├─ ", "│  ")
            pending.append((entries[index], below + branch, below + rail, depth + 1))


def _entries(trace: Trace, span: Span, depth: int) -> list[Span | str]:
    """What is shown inside a span: all of it, or those that failed, the first others, and how many there are more."""
    inside = trace.children(span)
    if depth >= DEEPEST and inside:
        return ["… more inside"]
    if len(inside) <= WIDEST:
        return list(inside)
    by_rank = sorted(inside, key=lambda child: (child.state != "failed", child.id))
    shown = sorted(by_rank[:WIDEST], key=attrgetter("id"))
    return [*shown, f"… and {len(inside) - WIDEST} more"]


# -- Text ----


def text_of(trace: Trace, width: int) -> str:
    """Draw a bar for each row, and what the signs mean below."""
    rows = list(rows_of(trace))
    label_width = min(LABEL_WIDTH, max(len(row.rails) + len(row.text) for row in rows))
    bar_width = max(NARROWEST_BAR, width - label_width - NOTE_WIDTH)
    end = _seconds(trace.seconds)
    lines = [f"{'':{label_width}}  0{end:>{bar_width - 1}}"]
    for row in rows:
        label = f"{_label(row, label_width):{label_width}}"
        if row.span is None:
            lines.append(label.rstrip())
            continue
        bar = _bar(row.span, trace, bar_width)
        note = _clipped(f"{MARKS[row.span.state]} {_summary(row.span, trace)}", NOTE_WIDTH - 4)
        lines.append(f"{label}  {bar}  {note}")
    if trace.dropped:
        lines.append(f"… {trace.dropped} spans that ended early were not kept")
    return "\n".join([*lines, LEGEND])


def _label(row: Row, width: int) -> str:
    """Shorten the rails of a deep row before its text."""
    room = max(width // 2, width - len(row.text))
    rails = row.rails if len(row.rails) <= room else f"…{row.rails[1 - room :]}"
    return _clipped(rails + row.text, width)


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _bar(span: Span, trace: Trace, width: int) -> str:
    """Draw the time of a span; each cell shows what took most of it."""
    scale = width / trace.seconds if trace.seconds > 0 else 0.0
    first = min(int(span.start * scale), width - 1)
    last = min(max(first + 1, round((span.start + trace.length(span)) * scale)), width)
    begin, end = span.start * scale, (span.start + trace.length(span)) * scale
    shares = [{RAN: min(end, cell + 1) - max(begin, cell), WAITED: 0.0, WAITED_FOR_FIBER: 0.0} for cell in range(width)]
    for wait, start, stop in waits_in(span, trace):
        low, high = start * scale, stop * scale
        sign = WAITED_FOR_FIBER if wait.on == "fibers" else WAITED
        for cell in range(max(first, int(low)), min(last, int(high) + 1)):
            share = max(0.0, min(high, cell + 1) - max(low, cell))
            shares[cell][RAN] -= share
            shares[cell][sign] += share
    drawn = "".join(max(share, key=share.__getitem__) for share in shares[first:last])
    return f"{' ' * first}{drawn}{' ' * (width - last)}"


def waits_in(span: Span, trace: Trace) -> Iterator[tuple[Wait, float, float]]:
    """List the waits of a span's fiber while it was in the span, with their starts and ends there."""
    fiber = trace.span(span.fiber)
    until = span.start + trace.length(span)
    for wait in () if fiber is None else fiber.waits:
        start, end = max(span.start, wait.start), min(until, trace.seconds if wait.end is None else wait.end)
        if end > start:
            yield wait, start, end


# -- SVG ----

ROW_HEIGHT: Final = 22
LEFT: Final = 260
CHART: Final = 720
RIGHT: Final = 320
STYLE: Final = """
text { font: 12px ui-monospace, monospace; fill: #1a202c } .dim { fill: #718096 }
.succeeded { fill: #2f855a } .failed { fill: #c53030 } .cancelled { fill: #718096 } .running { fill: #2b6cb0 }
.wait { fill: #ffffff; opacity: 0.45 } .fiber { fill: #ffffff; opacity: 0.75 } .page { fill: #ffffff }
.grid { stroke: #e2e8f0 }
@media (prefers-color-scheme: dark) {
text { fill: #e2e8f0 } .page { fill: #1a202c } .grid { stroke: #2d3748 } .dim { fill: #a0aec0 }
.succeeded { fill: #68d391 } .failed { fill: #fc8181 } .cancelled { fill: #a0aec0 } .running { fill: #63b3ed }
.wait, .fiber { fill: #1a202c } }
"""


def svg_of(trace: Trace) -> str:
    """Draw the chart with the rows of the text; where a bar is paler its fiber waited, and the tips say more."""
    rows = list(rows_of(trace))
    height = (len(rows) + 1) * ROW_HEIGHT + 8
    width = LEFT + CHART + RIGHT
    title = escape(f"timeline of {trace.root.name}")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        *_grid(trace, height),
    ]
    for index, row in enumerate(rows):
        lines += _svg_row(row, trace, (index + 1) * ROW_HEIGHT)
    return "\n".join([*lines, "</svg>"])


def _grid(trace: Trace, height: int) -> Iterator[str]:
    for quarter in range(5):
        x = LEFT + CHART * quarter / 4
        yield f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{ROW_HEIGHT}" y2="{height}"/>'
        yield f'<text class="dim" x="{x:g}" y="15" text-anchor="middle">{_seconds(trace.seconds * quarter / 4)}</text>'


def _svg_row(row: Row, trace: Trace, top: int) -> Iterator[str]:
    baseline = top + 16
    indent = 10 + 12 * (len(row.rails) // 3)
    span = row.span
    label = escape(_clipped(row.text, max(8, (LEFT - indent) // 8)))
    if span is None:
        yield f'<text class="dim" x="{indent}" y="{baseline}">{label}</text>'
        return
    x = _x(span.start, trace)
    end = _x(span.start + trace.length(span), trace)
    note = escape(_clipped(_summary(span, trace), NOTE_WIDTH - 4))
    yield f"<g><title>{escape(_tip(span, trace))}</title>"
    yield f'<text x="{indent}" y="{baseline}">{label}</text>'
    yield f'<rect class="{span.state}" x="{x:.2f}" y="{top + 4}" width="{max(2.0, end - x):.2f}" height="14" rx="3"/>'
    for wait, start, stop in waits_in(span, trace):
        left, right = _x(start, trace), _x(stop, trace)
        if right - left >= 0.5:
            kind = "fiber" if wait.on == "fibers" else "wait"
            yield f'<rect class="{kind}" x="{left:.2f}" y="{top + 4}" width="{right - left:.2f}" height="14"/>'
    yield f'<text x="{LEFT + CHART + 12}" y="{baseline}">{MARKS[span.state]} {note}</text></g>'


def _x(time: float, trace: Trace) -> float:
    return LEFT + (CHART * time / trace.seconds if trace.seconds > 0 else 0.0)


def _tip(span: Span, trace: Trace) -> str:
    """Say all that is known of a span."""
    lines = [" > ".join(span.path), f"{span.kind}, {_seconds(trace.length(span))}", span.origin, span.error]
    lines += [None if span.cancel is None else span.cancel.text()]
    lines += [f"waited for {wait.reason}" for wait in span.waits[:10]]
    return "\n".join(line for line in lines if line)
