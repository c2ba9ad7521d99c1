"""What runs now: one line for a glance, or every fiber with what it waits for, since when, and where in the source."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from effio.algebra.progress import CURRENT
from effio.algebra.tag import FLAT_MAP, FOLD, GENERATE, MAP
from effio.data.errors import Deadlock
from effio.data.fiber_dump import Doing, FiberDump, FiberState, ProgressState
from effio.data.origin import Origin, origin_of
from effio.data.source_text import is_users
from effio.interpreter.knowing import known_to
from effio.interpreter.scope import SHIELD, Region, RestoreRegion, effective_deadline, visible_cancel

if TYPE_CHECKING:
    from effio.interpreter.fiber import Fiber
    from effio.interpreter.scheduler import Scheduler

FRAMES_SEARCHED: Final = 100

FIBERS_ASKED: Final = 100
"""Where more fibers wait, none is asked what it still knows."""

NAMES_SHOWN: Final = 3


def line_of(scheduler: Scheduler, asking: Fiber) -> str:
    """Every fiber in tree order, with whether it is the one that runs."""
    return " ".join(f"{fiber.name}[{fiber is asking}]" for fiber in scheduler.fibers())


def tree_of(scheduler: Scheduler, asking: Fiber | None = None) -> FiberDump:
    """Look at every fiber of a run; `asking` is the one that runs meanwhile, by default the one that ran last."""
    asking = asking or scheduler.current
    fibers = list(scheduler.fibers())
    places = {fiber: place for place, fiber in enumerate(fibers)}
    now = scheduler.now()
    return FiberDump([state_of(fiber, now, asking, places) for fiber in fibers])


def standstill(scheduler: Scheduler, known: Sequence[str] = ()) -> Deadlock:
    """Say why nothing can go on; `known` is what else there is to say of each fiber.

    Where nobody holds what is waited for, those are told that could still do something about it.
    """
    dump = tree_of(scheduler)
    fibers = list(scheduler.fibers())
    wanted = [
        None if state.waits_for else thing_of(fiber.wait) for state, fiber in zip(dump.fibers, fibers, strict=True)
    ]
    things = [thing for thing in wanted if thing is not None]
    if things and len(fibers) <= FIBERS_ASKED:
        knowing = {fiber: known_to(fiber, things) for fiber in fibers}
        dump = FiberDump([with_knowers(*each, knowing) for each in zip(dump.fibers, fibers, wanted, strict=True)])
    return Deadlock(dump.standstill(known), dump.deadlock)


def with_knowers(state: FiberState, fiber: Fiber, thing: object, knowing: dict[Fiber, set[int]]) -> FiberState:
    """Tell of a fiber that waits for a thing that nobody holds which others still refer to it."""
    if thing is None:
        return state
    around = {fiber, *owners_of(fiber)}
    others = [
        (place, other.name)
        for place, (other, known) in enumerate(knowing.items())
        if id(thing) in known and other not in around and thing_of(other.wait) is not thing
    ]
    who = f"only {listed([name for _, name in others])}" if others else "no other fiber"
    text = f"{state.wait}; {who} {'refer' if len(others) > 1 else 'refers'} to it"
    return attrs.evolve(state, wait=text, waits_for=tuple(place for place, _ in others))


def thing_of(wait: Any) -> object | None:
    """The shared thing that a wait is for."""
    touches: Any = getattr(getattr(wait, "_node", None), "_touches", None)
    told: Any = touches() if callable(touches) else touches
    return cast("object", told[0].object) if told else None


def owners_of(fiber: Fiber) -> Iterator[Fiber]:
    """Yield the fibers around one that wait for it to end."""
    family = fiber.family
    while family is not None:
        if hasattr(family.fiber.wait, "family"):
            yield family.fiber
        family = family.fiber.family


def state_of(fiber: Fiber, now: float, asking: Fiber, places: dict[Fiber, int]) -> FiberState:
    """Describe one fiber."""
    wait = fiber.wait
    target = visible_cancel(fiber.region)
    deadline = effective_deadline(fiber.region) - now
    request = None if target is None else target.request
    origin = source_of(fiber)
    others = () if wait is None else awaited_by(wait)
    doing: Doing = "waiting" if wait is not None else "running" if fiber is asking else "ready"
    return FiberState(
        name=fiber.name,
        path=fiber.path.names,
        depth=depth_of(fiber),
        state=doing,
        age=max(0.0, now - fiber.began),
        wait=None if wait is None else wait_text(wait, others),
        waited=0.0 if wait is None else max(0.0, now - fiber.since),
        deadline=deadline if isfinite(deadline) else None,
        shielded=is_shielded(fiber),
        cancelled=None if request is None else request.leaf.text(),
        source=None if origin is None else str(origin),
        progress=progress_of(fiber),
        waits_for=tuple(places[other] for other in others if other in places),
        needs_all=hasattr(wait, "family"),
    )


def wait_text(wait: Any, others: Iterable[Fiber]) -> str:
    """What a wait is for, and which of those it needs can never do their part."""
    gone = [] if hasattr(wait, "target") else [fiber.name for fiber in others if fiber.finished]
    text: str = wait.describe()
    return f"{text}, but {listed(gone)} ended without giving it back" if gone else text


def listed(names: Sequence[str]) -> str:
    """The first few names, for people.

    >>> listed(["ann", "bob"])
    "'ann' and 'bob'"
    """
    shown = [*map(repr, names[:NAMES_SHOWN])]
    return " and ".join([*shown, f"{len(names) - NAMES_SHOWN} more"] if len(names) > NAMES_SHOWN else shown)


def progress_of(fiber: Fiber) -> ProgressState | None:
    """How far the part of the program is that the fiber itself keeps count of."""
    progress = fiber.context.get(CURRENT)
    inherited = None if fiber.family is None else fiber.family.fiber.context.get(CURRENT)
    return None if progress is None or progress is inherited else progress.state()


def depth_of(fiber: Fiber) -> int:
    """How many fibers are around it."""
    depth = 0
    family = fiber.family
    while family is not None:
        depth += 1
        family = family.fiber.family
    return depth


def is_shielded(fiber: Fiber) -> bool:
    """Whether a shield of its own, which no `restore` lifts, protects it."""
    lifted: list[object] = []
    region: Region | None = fiber.region
    while region is not None and region is not fiber:
        if region.kind == SHIELD and region not in lifted:
            return True
        lifted += [region.lifted] if isinstance(region, RestoreRegion) else []
        region = region.outer
    return False


def awaited_by(wait: Any) -> Iterable[Fiber]:
    """The fibers without which a wait does not end: the one that is watched, the children, the holders."""
    if hasattr(wait, "target"):
        return (wait.target,)
    if hasattr(wait, "family"):
        return tuple(wait.family.children)
    reason = getattr(getattr(wait, "_node", None), "_reason", None)
    primitive: Any = getattr(getattr(reason, "func", reason), "__self__", None)
    holders: Callable[[], Iterable[Fiber]] | None = getattr(primitive, "holders", None)
    return () if holders is None else holders()


# -- Where in the source -------------------------------------------------------------------------------------


def source_of(fiber: Fiber) -> Origin | None:
    """The user's line that the fiber is at: where its innermost body is suspended, or what function comes next."""
    for frame in islice(reversed(fiber.stack), FRAMES_SEARCHED):
        origin = origin_in(frame)
        if origin is not None and is_users(origin):
            return origin
    return None


def origin_in(frame: Any) -> Origin | None:
    """Where the body of a frame is suspended, or its function defined."""
    if frame._tag == GENERATE:
        inside = getattr(frame.generator, "gi_frame", None)
        if inside is None:
            return None
        return Origin(inside.f_code.co_filename, inside.f_lineno, inside.f_code.co_qualname)
    if frame._tag in (FLAT_MAP, MAP):
        return origin_of(frame._next)
    return origin_of(frame._next or frame._on_failure) if frame._tag == FOLD else None
