"""Runs that go round and round: a state that comes back shows that they might do so for ever."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import sys
from contextvars import Context
from typing import Any, Final, NamedTuple, cast, final

from effio.algebra.primitive import Ask, Sleep
from effio.concurrent.shared import Shared
from effio.data.touch import Touch
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler
from effio.testing.exploration.steps.footprints import touches_of
from effio.testing.exploration.steps.journal import Naming, describe
from effio.testing.exploration.steps.livelock import Livelock
from effio.testing.exploration.steps.picture import Hidden, Painter, Picture
from effio.testing.exploration.steps.timing import armed, asks_for_time

SUSPICIOUS: Final = 16
"""Who does the same to the same thing so often is looked at: after every few actions, ever fewer."""

FIRST_GAP: Final = 8


class Taken(NamedTuple):
    """An action that a fiber has taken."""

    fiber: Fiber
    node: Any

    def is_seen(self) -> bool:
        """Whether all that the action does and depends on can be seen in the state."""
        if type(self.node) is Ask and asks_for_time(self.node):
            return False
        return type(self.node) is Sleep or getattr(self.node, "_touches", None) is not None


@final
class Rounds:
    """Looks for states that come back in one run.

    Fibers that are back where they were without any help are `spinning`: they wait until somebody else acts, since
    nothing that they do changes anything. If nobody else can, the run has a `lasso`, a livelock, and is over. `caught`
    are all that ever were spinning, `next_look` the number of the action after which the state is looked at again.
    `fibers` performed the actions in `nodes`, of which the first few are `counted`.
    """

    __slots__ = (
        "caught",
        "counted",
        "counts",
        "fibers",
        "lasso",
        "name",
        "next_look",
        "nodes",
        "seen",
        "spinning",
        "taken",
        "threads",
    )

    def __init__(self, threads: dict[Fiber, int], name: Naming) -> None:
        self.threads = threads
        self.name = name
        self.counts: dict[tuple[Fiber, object], int] = {}
        self.fibers: list[Fiber] = []
        self.nodes: list[Any] = []
        self.counted = 0
        self.taken: list[Taken] = []
        self.seen: dict[Picture, int] = {}
        self.spinning: set[Fiber] = set()
        self.caught: set[Fiber] = set()
        self.next_look = 0
        self.lasso: Livelock | None = None

    def note(self, fiber: Fiber, node: Any, scheduler: Scheduler, *, others: bool) -> None:
        """A fiber has performed the action `node`; there are `others` who may do something, but for the fibers."""
        if self.spinning and fiber not in self.spinning:
            self.spinning.clear()
        if touches_of(node) == () and not self.taken:
            return
        self.fibers.append(fiber)
        self.nodes.append(node)
        if len(self.nodes) < SUSPICIOUS or (self.count() < SUSPICIOUS and not self.taken):
            return
        self.taken.append(Taken(fiber, node))
        if len(self.taken) >= self.next_look or fiber in self.caught:
            self.next_look = len(self.taken) + FIRST_GAP + len(self.seen)
            self.look(scheduler, others=others)

    def count(self) -> int:
        """How often the last fiber has done the same to the same thing."""
        count = 0
        for place in range(self.counted, len(self.nodes)):
            action = self.fibers[place], subject_of(self.nodes[place])
            count = self.counts[action] = self.counts.get(action, 0) + 1
        self.counted = len(self.nodes)
        return count

    def look(self, scheduler: Scheduler, *, others: bool) -> None:
        """Compare the state with all those that were looked at before."""
        state = self.state(scheduler)
        if state is None:
            self.next_look, self.caught = sys.maxsize, set()
            return
        before = self.seen.get(state)
        if before is not None:
            self.came_back(self.taken[before:], scheduler, others=others)
        self.seen[state] = len(self.taken)

    def came_back(self, cycle: list[Taken], scheduler: Scheduler, *, others: bool) -> None:
        """After `cycle` everything is as it was."""
        if not all(action.is_seen() for action in cycle):
            return
        going = {action.fiber for action in cycle}
        self.spinning |= going
        if others or scheduler.timers.next() is not None or any(fiber not in going for fiber in scheduler.ready):
            self.caught |= going
        else:
            self.lasso = Livelock(once(tuple(map(self.text, cycle))))

    def text(self, action: Taken) -> str:
        """Who did what."""
        return f"{action.fiber.name}: {describe(action.node, self.name)}"

    def state(self, scheduler: Scheduler) -> Picture | None:
        """The picture of everything that a run can still depend on; None if not all of it can be seen."""
        painter = Painter(inside=True, cut=self.cut)
        now = scheduler.now()
        try:
            fibers = [self.of_fiber(painter, fiber) for fiber in scheduler.fibers()]
            timers = [(entry[0] - now, painter.of(entry[3])) for entry in armed(scheduler.timers)]
        except (Hidden, RecursionError, TypeError):
            return None
        return tuple(fibers), tuple(timers)

    def of_fiber(self, painter: Painter, fiber: Fiber) -> Picture:
        """Where a fiber is, and all it holds."""
        held = painter.of_all((fiber.node, *fiber.stack, fiber.wait, fiber.region))
        return self.threads[fiber], fiber.state, fiber.unwinding, held

    def cut(self, thing: Any) -> Picture | None:
        """What is known by its name, or says nothing of the state."""
        if isinstance(thing, Fiber):
            return "fiber", self.threads.get(thing, -1)
        if isinstance(thing, Shared):
            return "shared", thing.kind, thing.name
        return ("run", type(thing).__name__) if isinstance(thing, (Scheduler, Context, Touch)) else None


def subject_of(node: Any) -> object:
    """What tells an action on one thing from the same on another: what it touches, if it says so beforehand."""
    touches = touches_of(node)
    if touches is not None and not callable(touches):
        return id(touches)
    function: Any = getattr(node, "_function", None)
    return type(cast("object", node)), id(getattr(function, "__self__", function))


def once(actions: tuple[str, ...]) -> tuple[str, ...]:
    """What is done again and again in `actions`, one time.

    >>> once(("look", "wait", "look", "wait"))
    ('look', 'wait')
    """
    length = len(actions)
    periods = (period for period in range(1, length + 1) if not length % period)
    return next(actions[:period] for period in periods if actions[:period] * (length // period) == actions)
