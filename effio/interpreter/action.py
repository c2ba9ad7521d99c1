"""The colder nodes, one function each: waiting, scopes, and what runs together.

A function gives the next node to run, or None if the fiber stops here for now.
"""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# The test for a program leaves its type arguments open.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any, Final, TypeAlias, final

from effio.algebra import handle
from effio.algebra.io import IO
from effio.algebra.primitive import (
    Ask,
    Fork,
    Group,
    Halt,
    Leaf,
    Named,
    Parallel,
    Park,
    Restore,
    Scoped,
    Shield,
    Sleep,
    Watch,
)
from effio.algebra.shape import made
from effio.algebra.tag import ASK, GROUP, LEAF, NAMED, RESTORE, SCOPED, SHIELD
from effio.data.errors import ScopeClosed
from effio.data.identity import Path
from effio.data.native import mypyc_attr
from effio.interpreter.fiber import DONE, GIVEN, NOTHING, YIELDED, Fiber, Sleeping, Wait
from effio.interpreter.frames import NamedFrame, RegionFrame, ScopeFrame, exit_as
from effio.interpreter.group import TaskGroupFamily, TaskGroupFrame
from effio.interpreter.observer import Part
from effio.interpreter.parallel import run_parallel
from effio.interpreter.scope import Region, RestoreRegion, ScopeRegion, ShieldRegion
from effio.interpreter.supervision import Family

Next: TypeAlias = "IO[Any, Any] | None"


# -- Waiting -------------------------------------------------------------------------------------------------


def sleep(fiber: Fiber, node: Sleep) -> Next:
    if fiber.check:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    if node._seconds <= 0:
        return give_way(fiber)
    scheduler = fiber.scheduler
    when = scheduler.now() + node._seconds
    fiber.park(Sleeping(node._seconds))
    scheduler.timers.add(when, 0, fiber)
    return None


def give_way(fiber: Fiber) -> Next:
    """Let everything that is ready run once."""
    fiber.node = NOTHING
    fiber.state = YIELDED
    if fiber.unarmed:
        fiber.arm_deadlines()
    fiber.scheduler.enqueue(fiber)
    return None


@final
@mypyc_attr(free_list_len=1)
class Resume:
    """The wait that ends when this is called, on the run's own thread; what comes later is ignored."""

    __slots__ = ("_fiber", "_node")

    def __init__(self, fiber: Fiber, node: Park) -> None:
        self._fiber = fiber
        self._node = node

    @property
    def fiber(self) -> Fiber:
        """Who waits."""
        return self._fiber

    def __call__(self, program: IO[Any, Any]) -> bool:
        """Wake the fiber with `program`; False if it waits no longer."""
        fiber = self._fiber
        if fiber.wait is not self:
            return False
        if self._node._outside:
            fiber.scheduler.outside -= 1
        fiber.wake(program)
        return True

    def from_anywhere(self, program: IO[Any, Any]) -> None:
        """The same from any thread."""
        scheduler = self._fiber.scheduler
        if get_ident() == scheduler.thread:
            self(program)
        else:
            scheduler.call(self, program)

    def abort(self, fiber: Fiber) -> bool:
        node = self._node
        if node._outside:
            fiber.scheduler.outside -= 1
        if node._withdraw is not None:
            node._withdraw(self)
        return True

    def describe(self) -> str:
        reason = self._node._reason
        return str(reason() if callable(reason) else reason)


def park(fiber: Fiber, node: Park) -> Next:
    if fiber.check:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    resume: Wait = Resume(fiber, node)  # As wide as the slot: what enlists may change that.
    fiber.wait = resume
    if node._outside:
        fiber.scheduler.outside += 1
    try:
        at_once: IO[Any, Any] | None = node._enlist(resume)
    except BaseException as error:
        at_once = Halt(fiber.raised(error))
    if fiber.wait is not resume:
        return None  # It was called already, and the fiber is in the queue.
    if at_once is None and fiber.check:  # The fiber may have cancelled itself.
        cause = fiber.poll()
        if cause is not None:
            resume.abort(fiber)
            at_once = Halt(cause)
    elif at_once is not None and node._outside:
        fiber.scheduler.outside -= 1
    if at_once is None:
        fiber.park(resume)
    else:
        fiber.wait = None
    return at_once


@final
class Watching:
    """The wait for the end of a fiber."""

    __slots__ = ("target",)

    def __init__(self, target: Fiber) -> None:
        self.target = target

    def abort(self, fiber: Fiber) -> bool:
        assert self.target.watchers is not None
        del self.target.watchers[fiber]
        return True

    def describe(self) -> str:
        return f"the end of fiber {self.target.name!r}"


def watch(fiber: Fiber, node: Watch) -> Next:
    if fiber.check:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    target: Fiber = node._fiber
    if node._how == "cancel" and target.state != DONE:
        target.request_cancel("explicit", fiber.name, node._reason)
        if fiber.check:  # It may have cancelled itself.
            cause = fiber.poll()
            if cause is not None:
                return Halt(cause)
    if target.state == DONE:
        if target.cause_ is None and target.hit is None and node._how == "join":
            fiber.value = target.value
            return GIVEN
        return exit_as(node._how, target)
    if target is fiber:
        return Halt(fiber.raised(waits_for_itself(fiber)))
    if target.watchers is None:
        target.watchers = {}
    target.watchers[fiber] = node._how
    fiber.park(Watching(target))
    return None


def waits_for_itself(fiber: Fiber) -> RuntimeError:
    """The error for a fiber that would never go on, nor end."""
    problem = RuntimeError(f"fiber {fiber.name!r} cannot wait for its own end")
    problem.add_note("cancel_soon cancels without waiting")
    return problem


def leaf(fiber: Fiber, node: Leaf) -> Next:
    if fiber.check:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    return fiber.scheduler.backend.start_leaf(fiber, node)


def ask(fiber: Fiber, node: Ask) -> Next:
    if fiber.check and not node._peek:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    try:
        value = node._question(fiber)
    except BaseException as error:
        return Halt(fiber.raised(error))
    fiber.value = value
    return GIVEN


# -- Scopes --------------------------------------------------------------------------------------------------


def named(fiber: Fiber, node: Named) -> Next:
    fiber.stack.append(NamedFrame(fiber.path_))
    fiber.path_ = Path(fiber.path, node._name)
    if fiber.scheduler.observer is not None:
        fiber.scheduler.observer.on_enter(fiber, "named", node._name, None)
    return node._source


def shield(fiber: Fiber, node: Shield) -> Any:
    region = ShieldRegion(fiber.region)
    enter(fiber, "shield", region)
    return make(fiber, node._body, Restoring(region))


@final
class Restoring:
    """The `restore` of one shield."""

    __slots__ = ("_region",)

    def __init__(self, region: ShieldRegion) -> None:
        self._region = region

    def __call__(self, program: IO[Any, Any], /) -> IO[Any, Any]:
        return Restore(program, self._region)


def restore(fiber: Fiber, node: Restore) -> Next:
    enter(fiber, "restore", RestoreRegion(fiber.region, node._shield))
    return node._source


def enter(fiber: Fiber, part: Part, region: Region) -> None:
    """Go into `region` until what comes next has ended."""
    fiber.stack.append(RegionFrame(fiber.region, part))
    fiber.region = region
    if fiber.scheduler.observer is not None:
        fiber.scheduler.observer.on_enter(fiber, part, part, region)


def scoped(fiber: Fiber, node: Scoped) -> Next:
    region = ScopeRegion(fiber.region, fiber)
    fiber.stack.append(ScopeFrame(region, node._expired, node._name))
    fiber.region = region
    if node._seconds is not None:
        region.open_until(node._seconds)
    if fiber.scheduler.observer is not None:
        fiber.scheduler.observer.on_enter(fiber, "scope", node._name, region)
    body = node._body
    return body if isinstance(body, IO) else make(fiber, body, handle.CancelScope(region))


def make(fiber: Fiber, body: Callable[[Any], IO[Any, Any]], given: Any) -> Any:
    """The program that `body` makes of what it is given."""
    try:
        return made(body, given)
    except BaseException as error:
        return Halt(fiber.raised(error))


# -- Together ------------------------------------------------------------------------------------------------


def group(fiber: Fiber, node: Group) -> Any:
    family = TaskGroupFamily(fiber, node)
    fiber.region = family
    fiber.stack.append(TaskGroupFrame(family))
    if fiber.scheduler.observer is not None:
        fiber.scheduler.observer.on_enter(fiber, "group", family.name, family)
    return make(fiber, node._body, handle.TaskGroup(family))


def fork(fiber: Fiber, node: Fork) -> Next:
    if fiber.check:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    family: Family = node._group
    if family.closed:
        return Halt(fiber.raised(ScopeClosed(node._name or "a fiber", family.name, family.site)))
    fiber.value = handle.Fiber(family.start_child(node._source, node._name, fiber))
    return GIVEN


def parallel(fiber: Fiber, node: Parallel) -> Next:
    if fiber.check:
        cause = fiber.poll()
        if cause is not None:
            return Halt(cause)
    return run_parallel(fiber, node)


BY_TAG: Final[dict[int, Callable[[Fiber, Any], Next]]] = {
    LEAF: leaf,
    SHIELD: shield,
    RESTORE: restore,
    SCOPED: scoped,
    GROUP: group,
    NAMED: named,
    ASK: ask,
}

ACTIONS: Final[tuple[Callable[[Fiber, Any], Next], ...]] = tuple(BY_TAG.get(tag, ask) for tag in range(max(BY_TAG) + 1))
"""The same by position, which is faster to look up; tags that are handled elsewhere never come here."""
