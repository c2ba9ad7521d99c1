"""Recording a run: the observer that makes a `Trace`."""

from __future__ import annotations

from collections import deque
from types import CodeType
from typing import Any, Final, TypeAlias, final

from effio.algebra.io import IO
from effio.data.call_site import CallSite, Site
from effio.data.cause import Cancelled, Cause, Die
from effio.data.cause_text import error_text, short_repr
from effio.data.identity import Path
from effio.data.origin import Origin, origin_of
from effio.interpreter.action import Resume, Watching
from effio.interpreter.clock import Clock
from effio.interpreter.fiber import Fiber, Sleeping, Wait
from effio.interpreter.observer import Observer, Part
from effio.interpreter.parallel import ParallelFamily
from effio.interpreter.scope import Region, Request, ScopeRegion
from effio.interpreter.supervision import ChildrenWait, Family
from effio.observe import trace as model
from effio.observe.short_path import ShortPaths
from effio.observe.trace import Cancel, Kind, On, Span, State, Trace

Waited: TypeAlias = tuple[str, On, float, float, int | None]
Place: TypeAlias = Site | CodeType | None

LIMIT: Final = 100_000
WAITS_OF_ONE_FIBER: Final = 1_000
RACES: Final = ("race", "first")


@final
class Recorder(Observer):
    """Keeps what happens in a run; `trace` makes a picture of it at any time, also while it goes on.

    At most `limit` spans and waits of fibers that have ended are kept, the latest ones, and the latest thousand waits
    of each fiber. With a `sample` below 1 only that part of the children of every construct is recorded, evenly.
    """

    def __init__(self, *, limit: int = LIMIT, sample: float = 1.0) -> None:
        if limit < 1:
            raise ValueError(f"limit must be 1 or more, not {limit!r}")
        if not 0 <= sample <= 1:
            raise ValueError(f"sample must be between 0 and 1, not {sample!r}")
        self.limit = limit
        self.sample = sample
        self.clock: Clock | None = None
        self._begin(None)

    def trace(self) -> Trace:
        """Give what was recorded so far. Cost: linear in the number of spans."""
        if self.clock is None:
            raise RuntimeError("there is no trace yet: nothing was run with this recorder")
        end = self.ended_at if self.ended_at is not None else self.clock.now()
        records = [*self.finished, *(record for records in self.open.values() for record in records)]
        paths = ShortPaths()
        spans = sorted((record.span(self.began, paths) for record in records), key=lambda span: span.id)
        return Trace(tuple(spans), end - self.began, virtual=self.clock.virtual, dropped=self.dropped)

    def _begin(self, clock: Clock | None) -> None:
        self.clock = clock
        self.began = 0.0 if clock is None else clock.now()
        self.ended_at: float | None = None
        self.count = 0
        self.dropped = 0
        self.size = 0
        self.finished: deque[Record] = deque()
        self.open: dict[Fiber, list[Record]] = {}
        self.regions: dict[Region, Record] = {}
        self.cancels: dict[int, Cancel] = {}
        self.running: int | None = None
        self.just_ended: int | None = None

    # -- What an observer is told ----

    def on_fork(self, fiber: Fiber) -> None:
        family = fiber.family
        if family is None:
            self._begin(fiber.scheduler.clock)
        elif family.fiber not in self.open or not self._sampled(fiber):
            return
        parent = None if family is None else self.regions.get(family) or self.open[family.fiber][0]
        around = None if family is None else family.path
        record = self._new(parent, fiber.name, "fiber", around, origin_in(fiber.node))
        record.forked_by = self.just_ended or self.running
        record.region = fiber
        self.open[fiber] = [record]
        self.regions[fiber] = record

    def on_resume(self, fiber: Fiber) -> None:
        records = self.open.get(fiber)
        self.running = None if records is None else records[0].id
        self.just_ended = None
        if records is not None and records[0].parked is not None:
            # After a coroutine a fiber goes on without having been in the queue.
            records[0].wake(self._now(), None)

    def on_pause(self, fiber: Fiber) -> None:
        self.running = None
        self.just_ended = None
        records = self.open.get(fiber)
        if records is not None and records[0].parked is not None:
            # Only now everything is known, the coroutine or the children; when it wakes they are gone.
            records[0].parked_for = records[0].parked.describe()

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        records = self.open.get(fiber)
        if records is not None:
            records[0].park(wait, self._now())

    def on_wake(self, fiber: Fiber) -> None:
        records = self.open.get(fiber)
        if records is None:
            return
        waker = self.running
        if self.just_ended is not None and isinstance(records[0].parked, ChildrenWait):
            waker = self.just_ended
        records[0].wake(self._now(), waker)

    def on_enter(self, fiber: Fiber, part: Part, name: str, region: Region | None) -> None:
        records = self.open.get(fiber)
        if records is None:
            return
        path = region.path if isinstance(region, Family) else fiber.path
        site = region.site if isinstance(region, Family) else None
        record = self._new(records[-1], name, kind_of(part, region), path, site)
        record.fiber = records[0].fiber
        record.region = region
        records.append(record)
        if region is not None:
            self.regions[region] = record

    def on_leave(self, fiber: Fiber, part: Part, name: str, cause: Cause[Any] | None) -> None:
        records = self.open.get(fiber)
        if records is not None and len(records) > 1:
            self._close(records.pop(), cause)

    def on_cancel(self, region: Region, request: Request) -> None:
        record = self.regions.get(region)
        if record is not None:
            reason = None if request.reason is None else short_repr(request.reason)
            record.cancel = Cancel(request.source, request.by, reason=reason, at=self._now() - self.began)
            record.request = request.leaf.scope or 0
            self.cancels[record.request] = record.cancel

    def on_end(self, fiber: Fiber) -> None:
        records = self.open.pop(fiber, None)
        if records is None:
            return
        for record in reversed(records):
            self._close(record, fiber.cause)
        self.just_ended = records[0].id
        if fiber.family is None:
            self.ended_at = records[0].end

    # -- Keeping ----

    def _now(self) -> float:
        assert self.clock is not None
        return self.clock.now()

    def _sampled(self, fiber: Fiber) -> bool:
        return int((fiber.index + 1) * self.sample) > int(fiber.index * self.sample)

    def _new(self, parent: Record | None, name: str, kind: Kind, path: Path | None, origin: Place) -> Record:
        self.count += 1
        return Record(self.count, None if parent is None else parent.id, name, kind, path, origin, self._now())

    def _close(self, record: Record, cause: Cause[Any] | None) -> None:
        """Keep a span that has ended, and let go of the oldest if there are too many."""
        record.close(self._now(), cause, self.cancels)
        if record.region is not None:
            self.regions.pop(record.region, None)
        if record.request is not None:
            self.cancels.pop(record.request, None)
        record.region = None
        self.finished.append(record)
        self.size += 1 + len(record.waits)
        while self.size > self.limit and len(self.finished) > 1:
            self.size -= 1 + len(self.finished.popleft().waits)
            self.dropped += 1


@final
class Record:
    """A span while it is being recorded; times are those of the run's clock, other spans are named by their number.

    `path` is that of the span, but of a fiber that of the construct that forked it.
    """

    __slots__ = (
        "cancel",
        "end",
        "error",
        "fiber",
        "forked_by",
        "id",
        "kind",
        "late",
        "name",
        "origin",
        "parent",
        "parked",
        "parked_at",
        "parked_for",
        "path",
        "region",
        "request",
        "start",
        "state",
        "waits",
    )

    def __init__(
        self,
        identity: int,
        parent: int | None,
        name: str,
        kind: Kind,
        path: Path | None,
        origin: Place,
        start: float,
    ) -> None:
        self.id = identity
        self.parent = parent
        self.name = name
        self.kind: Kind = kind
        self.path = path
        self.origin = origin
        self.start = start
        self.fiber = identity
        self.forked_by: int | None = None
        self.end: float | None = None
        self.state: State = "running"
        self.error: str | None = None
        self.cancel: Cancel | None = None
        self.region: Region | None = None
        self.request: int | None = None
        self.late = 0.0
        # Most spans never wait, and an empty deque takes as much memory as all the rest.
        self.waits: deque[Waited] | tuple[()] = ()
        self.parked: Wait | None = None
        self.parked_for: str | None = None
        self.parked_at = start

    def park(self, wait: Wait, now: float) -> None:
        self.parked = wait
        self.parked_for = None
        self.parked_at = now

    def wake(self, now: float, waker: int | None) -> None:
        wait, self.parked = self.parked, None
        if wait is not None and now > self.parked_at:
            if not isinstance(self.waits, deque):
                self.waits = deque(maxlen=WAITS_OF_ONE_FIBER)
            self.waits.append((self.parked_for or wait.describe(), kind_of_wait(wait), self.parked_at, now, waker))

    def close(self, now: float, cause: Cause[Any] | None, cancels: dict[int, Cancel]) -> None:
        """The span ends, with a value or with `cause`."""
        self.end = now
        if cause is None:
            self.state = "succeeded"
            self.late = lateness(self.region, now)
            return
        leaf = next((leaf for leaf in cause.leaves() if not isinstance(leaf, Cancelled)), None)
        if leaf is None:
            self.state = "cancelled"
            first = cause.cancellations()[0]
            self.cancel = self.cancel or cancels.get(first.scope or 0)
        else:
            self.state = "failed"
            self.error = error_text(leaf.exception if isinstance(leaf, Die) else leaf.error).partition("\n")[0]

    def span(self, began: float, paths: ShortPaths) -> Span:
        """Give what is known of the span so far, its times from `began` on."""
        path = paths.names(self.path)
        waits = [
            model.Wait(reason, start - began, end=end - began, on=on, woken_by=waker)
            for reason, on, start, end, waker in self.waits
        ]
        if self.parked is not None:
            waits.append(model.Wait(self.parked.describe(), self.parked_at - began, on=kind_of_wait(self.parked)))
        return Span(
            id=self.id,
            parent=self.parent,
            name=self.name,
            kind=self.kind,
            path=(*path, self.name) if self.kind == "fiber" else path,
            fiber=self.fiber,
            state=self.state,
            start=self.start - began,
            end=None if self.end is None else self.end - began,
            waits=tuple(waits),
            cancel=self.cancel,
            error=self.error,
            late=self.late,
            origin=shown(self.origin),
            forked_by=self.forked_by,
        )


def kind_of(part: Part, region: Region | None) -> Kind:
    """What a part is called in a trace."""
    if isinstance(region, ParallelFamily) and region.node.policy in RACES:
        return "race"
    return part


def lateness(region: Region | None, now: float) -> float:
    """How long after its deadline a scope ends."""
    deadline = region.deadline if isinstance(region, ScopeRegion) else None
    return 0.0 if deadline is None else max(0.0, now - deadline)


def kind_of_wait(wait: Wait) -> On:
    """What a fiber stands still for."""
    if isinstance(wait, Sleeping):
        return "time"
    if isinstance(wait, Resume):
        return "outside" if wait._node.outside else "fibers"  # pyright: ignore[reportPrivateUsage]: only tells
    return "fibers" if isinstance(wait, (ChildrenWait, Watching)) else "outside"


def origin_in(node: IO[Any, Any]) -> Place:
    """Where a program was built, or its function defined, as far as the node knows."""
    site = getattr(node, "site", None)
    if isinstance(site, (CallSite, Origin)):
        return site
    function = getattr(node, "function", None)
    code = getattr(function, "__code__", None)
    return code if code is not None or function is None else origin_of(function)


def shown(place: Place) -> str | None:
    """Say where in the source something is."""
    if isinstance(place, CodeType):
        place = Origin(place.co_filename, place.co_firstlineno, place.co_qualname)
    return None if place is None else str(place)
