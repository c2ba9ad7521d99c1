"""A page for a plan or a trace: one file that needs no network, only a browser."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from effio.observe.render import text
from effio.observe.step import EFFECTS, TOGETHER, Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan
    from effio.observe.trace import Span, Trace, Wait

PARTS: Final = Path(__file__).with_name("page")
FRAME_HEIGHT: Final = 520
MOST_WAITS: Final = 50


def plan_page(plan: Plan) -> str:
    """Write the page of a plan: its tree."""
    steps = plan.steps()
    title = f"plan of {steps[0].name or steps[0].text}" if steps else "plan"
    more = " and more" if plan.cut else ""
    summary = f"{counted(len(steps), 'step')}{more} · at most {plan.parallel_width():,} at once".replace(",", " ")
    return page("plan", title, {"summary": summary, "rows": list(plan_rows(plan))}, text.drawn(plan))


def trace_page(trace: Trace) -> str:
    """Write the page of a trace: its tree beside its times."""
    states = Counter(span.state for span in trace.spans if span.kind == "fiber")
    known = [counted(sum(states.values()), "fiber"), f"{trace.seconds:.3g} s{' of virtual time' * trace.virtual}"]
    if trace.dropped:
        known.append(f"{counted(trace.dropped, 'span')} let go")
    data = {"summary": " · ".join(known), "seconds": trace.seconds, "rows": list(trace_rows(trace))}
    return page("trace", trace.root.name, data, trace.tree())


def frame(whole: str, title: str) -> str:
    """Put a page into a frame, for a notebook."""
    style = f"width:100%;height:{FRAME_HEIGHT}px;border:1px solid #8884;border-radius:8px"
    return f'<iframe title="{escape(title)}" srcdoc="{escape(whole)}" style="{style}"></iframe>'


def page(kind: str, title: str, data: dict[str, Any], drawn: str) -> str:
    """Fill in the page; `drawn` is for a browser without scripts."""
    # In a script element only "<" could end it early; elsewhere text is escaped.
    written = json.dumps({"kind": kind, **data}, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "kind": kind,
        "title": escape(title),
        "style": part("page.css"),
        "script": part("page.js"),
        "text": escape(drawn),
        "data": written,
    }
    before, *rest = part("page.html").split("{{")
    filled = [before]
    for piece in rest:
        name, _, after = piece.partition("}}")
        filled += [parts[name], after]
    return "".join(filled)


@cache
def part(name: str) -> str:
    """Read a part of the page."""
    return (PARTS / name).read_text(encoding="utf-8")


def counted(number: int, what: str) -> str:
    """Say how many there are.

    >>> counted(1, "step"), counted(12000, "step")
    ('1 step', '12 000 steps')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}".replace(",", " ")


# -- Rows, an outer one before those inside it ----------------------------------------------------------------


def plan_rows(plan: Plan) -> Iterator[dict[str, Any]]:
    """Yield a row for each step."""
    depths: dict[int | None, int] = {None: -1}
    begun = set[tuple[int | None, int]]()
    for step in plan.steps():
        depths[step.number] = depth = depths[step.parent] + 1
        row = filled(plan_row(step), depth=depth, kind=step.kind, label=step.text)
        if step.role and (step.parent, step.branch) not in begun:
            row["role"] = step.role
        begun.add((step.parent, step.branch))
        yield row


def plan_row(step: Step) -> dict[str, Any]:
    """Say what is known about a step."""
    origin = step.origin
    return {
        "number": step.number,
        "named": step.is_named,
        "opaque": step.opaque,
        "together": step.kind in TOGETHER,
        "source": None if origin is None else str(origin),
        "on_error": None if step.on_error == "passes" else EFFECTS[step.on_error][0],
        "means": "what it runs is known only when it runs" if step.opaque else None,
    }


def trace_rows(trace: Trace) -> Iterator[dict[str, Any]]:
    """Yield a row for each span."""
    critical = {step.span.id for step in trace.critical_path()} if trace.spans else set[int]()
    pending = [(trace.root, 0)] if trace.spans else []
    while pending:
        span, depth = pending.pop()
        row = filled(span_row(span), depth=depth, kind=span.kind, label=span.name, state=span.state, start=span.start)
        if waits := [(wait.start, wait.end, wait.reason) for wait in waits_in(span, trace.span(span.fiber))]:
            row["waits"] = waits
        if span.id in critical:
            row["critical"] = True
        yield row
        pending += [(inside, depth + 1) for inside in reversed(trace.children(span))]


def span_row(span: Span) -> dict[str, Any]:
    """Say what is known about a span."""
    return {
        "end_time": span.end,
        "together": span.kind in TOGETHER or span.kind == "group",
        "error": span.error,
        "late": span.late or None,
        "cancel": None if span.cancel is None else span.cancel.text(),
        "path": " > ".join(span.path),
        "source": span.origin,
    }


def waits_in(span: Span, fiber: Span | None) -> Sequence[Wait]:
    """List when the fiber of a span stood still inside it; of a region the first ones only."""
    if span is fiber or fiber is None:
        return span.waits
    first = bisect_left(fiber.waits, span.start, key=lambda wait: wait.start)
    last = len(fiber.waits) if span.end is None else bisect_left(fiber.waits, span.end, key=lambda wait: wait.start)
    return fiber.waits[first : min(last, first + MOST_WAITS)]


def filled(known: dict[str, Any], **always: Any) -> dict[str, Any]:
    """Leave out what is empty; 0 is not."""
    return {**always, **{name: value for name, value in known.items() if value or type(value) in {int, float}}}
