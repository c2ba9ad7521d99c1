"""What really ran: every fiber and named region of a run as a span, with its times, its waits and who cancelled it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast, final

import attrs

from effio.data.errors import CancelSource, cancelled_text
from effio.observe import chrome_trace, critical_path, timeline
from effio.observe.critical_path import PathStep
from effio.observe.render import html

Kind: TypeAlias = Literal["fiber", "named", "scope", "group", "parallel", "race", "shield", "restore", "finalizer"]
State: TypeAlias = Literal["running", "succeeded", "failed", "cancelled"]
On: TypeAlias = Literal["time", "outside", "fibers"]

FORMAT = "effio.trace"
VERSION = 1


@final
@attrs.frozen
class Wait:
    """A time in which a fiber stood still: what for, and which fiber's span ended it, where one did.

    It stood still for a moment in time, for something outside of the run, or for other fibers, as `on` says.
    """

    reason: str
    start: float
    end: float | None = attrs.field(default=None, kw_only=True)
    on: On = attrs.field(default="fibers", kw_only=True)
    woken_by: int | None = attrs.field(default=None, kw_only=True)


@final
@attrs.frozen
class Cancel:
    """The first request to stop that a span was given, and when."""

    source: CancelSource
    by: str | None
    reason: str | None = attrs.field(kw_only=True)
    at: float = attrs.field(kw_only=True)

    def text(self) -> str:
        """Say in one sentence who cancelled and why."""
        return cancelled_text(self.source, self.reason, self.by)


@final
@attrs.frozen(kw_only=True)
class Span:
    """A fiber or a region of one, from its start to its end in seconds of the trace.

    `parent` is the span it ran inside; that of a fiber is the construct that forked it. `fiber` is the span of the
    fiber it ran in, `forked_by` that of the fiber that forked it. Waits are kept on fibers only; of a `path` of
    more than 16 names those in the middle are left out.
    A scope is `late` by so many seconds if it ended with a value after its deadline: it was shielded, or busy.
    """

    id: int
    parent: int | None
    name: str
    kind: Kind
    path: tuple[str, ...]
    fiber: int
    state: State
    start: float
    end: float | None = None
    waits: tuple[Wait, ...] = ()
    cancel: Cancel | None = None
    error: str | None = None
    late: float = 0.0
    origin: str | None = None
    forked_by: int | None = None


@final
@attrs.frozen(slots=False, repr=False)
class Trace:
    """Everything that was recorded of one run; `spans` are in order of their start, the root first.

    `seconds` is its whole length, of a virtual clock if `virtual`. `dropped` counts the spans that were let go, the
    first to end first, so that the trace stayed within its bound.
    """

    spans: tuple[Span, ...]
    seconds: float
    virtual: bool = attrs.field(default=False, kw_only=True)
    dropped: int = attrs.field(default=0, kw_only=True)

    # -- What is in it ----

    @property
    def root(self) -> Span:
        """The span of the whole program."""
        return self.spans[0]

    def span(self, identity: int, /) -> Span | None:
        """Find a span by its identity; None if it was let go."""
        return self._by_id.get(identity)

    def named(self, name: str, /) -> tuple[Span, ...]:
        """Find the spans with this name, in order of their start."""
        return tuple(span for span in self.spans if span.name == name)

    def children(self, span: Span, /) -> tuple[Span, ...]:
        """List what ran directly inside a span, in order of its start."""
        return tuple(self._by_parent.get(span.id, ()))

    def length(self, span: Span, /) -> float:
        """How many seconds a span took, or has taken when the trace was made."""
        return (self.seconds if span.end is None else span.end) - span.start

    def critical_path(self) -> tuple[PathStep, ...]:
        """Follow back what the end of the program waited for: the steps without which it would have been faster.

        They follow each other without a gap from the start of the trace to its end.
        """
        return critical_path.steps_of(self)

    # -- Pictures ----

    def tree(self) -> str:
        """Draw what ran inside what, with times, failures and cancels."""
        return timeline.tree_of(self)

    def timeline(self, *, width: int = timeline.WIDTH) -> str:
        """Draw a line for each span along the time: solid where it ran, light where it waited."""
        return timeline.text_of(self, width)

    def timeline_svg(self) -> str:
        """Draw the same as a picture (SVG), for light and dark pages."""
        return timeline.svg_of(self)

    def to_html(self) -> str:
        """Write a page with the tree beside the timeline, for a browser; one file, no network."""
        return html.trace_page(self)

    # -- For other programs ----

    def to_chrome_trace(self) -> str:
        """Write it in the Trace Event Format, which Perfetto, chrome://tracing and speedscope open."""
        return json.dumps(chrome_trace.events_of(self))

    def to_json(self) -> str:
        """Write all of it; `Trace.from_json` reads it back."""
        return json.dumps({"format": FORMAT, "version": VERSION, **attrs.asdict(self)})

    @staticmethod
    def from_json(text: str, /) -> Trace:
        """Read what `to_json` wrote. Raises ValueError if the text is something else."""
        read = cast("dict[str, Any]", json.loads(text))
        if not isinstance(cast("object", read), dict) or read.get("format") != FORMAT:
            raise ValueError(f"this is no JSON of the format {FORMAT!r}")
        if read["version"] != VERSION:
            raise ValueError(f"cannot read version {read['version']} of {FORMAT!r}, only {VERSION}")
        spans = tuple(_span(span) for span in read["spans"])
        return Trace(spans, read["seconds"], virtual=read["virtual"], dropped=read["dropped"])

    def __repr__(self) -> str:
        return f"Trace({self.root.name!r}, {len(self.spans)} spans, {self.seconds:.3f} s)"

    def __str__(self) -> str:
        return self.timeline()

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        yield "root", self.root.name
        yield "spans", len(self.spans)
        yield "seconds", self.seconds

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.timeline(), "text/html": html.frame(self.to_html(), f"trace of {self.root.name}")}

    # -- Looked up often ----

    @cached_property
    def _by_id(self) -> dict[int, Span]:
        return {span.id: span for span in self.spans}

    @cached_property
    def _by_parent(self) -> dict[int, list[Span]]:
        found: dict[int, list[Span]] = defaultdict(list)
        for span in self.spans:
            if span.parent is not None:
                found[span.parent].append(span)
        return found


def _span(read: dict[str, Any]) -> Span:
    fields = dict(read)
    fields["path"] = tuple(read["path"])
    fields["waits"] = tuple(Wait(**wait) for wait in read["waits"])
    fields["cancel"] = None if read["cancel"] is None else Cancel(**read["cancel"])
    return Span(**fields)
