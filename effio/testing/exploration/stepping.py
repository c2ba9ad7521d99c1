"""A program of effio as a system to explore: the real interpreter, stopped before every action.

A step is one action of one fiber, with the pure code that it and those it woke have up to their next action. What a
step touches is known before it is taken from the node that is to be run; what pure code does to the tree of fibers
(it ends, fails, cancels) is known from the runs before: a run that does more than was foretold is remembered, and the
search begins anew.
"""

# The explorer reads the slots of nodes and waits, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, final

from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Leaf, Park, Suspend
from effio.data.cause import Cause, Die
from effio.data.exit import Exit
from effio.interpreter.action import Resume, Watching
from effio.interpreter.backends.simulated import Simulated, drive
from effio.interpreter.clock import VirtualClock
from effio.interpreter.fiber import YIELDED, Fiber, Wait
from effio.interpreter.observer import Observer, Part
from effio.interpreter.parallel import ParallelFamily
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.scope import Region, Request, visible_cancel
from effio.interpreter.supervision import ChildrenWait
from effio.testing.exploration.assertion import Watch
from effio.testing.exploration.exchange import Exchanges
from effio.testing.exploration.footprints import Effect, Footprints, Knowledge, both, decides, told
from effio.testing.exploration.journal import Journal, is_cancellable
from effio.testing.exploration.system import CANCELLER, CLOCK, NOTHING, ROOT, Footprint, Step
from effio.testing.exploration.timing import armed, asks_for_time, fire_next_timer, of_clock, wake_by_time

Models: TypeAlias = Mapping[Any, Callable[..., IO[Any, Any]]]
"""Foreign coroutine functions, each with what makes a program that stands for a call of it."""


@final
class Stepped:
    """A program that is run step by step, again and again, and what was learned about it.

    `places` numbers the fibers by where they were forked, the same in every run. If there is a thread to `cancel`, that
    is done at some moment of every run. `sightings` tells whether what should hold sometimes did. Without `merge`
    fibers that were woken always take steps of their own. Calls of the foreign coroutine functions in `models` are
    replaced. In a `racy` system the next timer may fire at any moment.
    """

    def __init__(
        self,
        program: IO[Any, Any],
        models: Models | None = None,
        *,
        cancel: int | None = None,
        merge: bool = True,
        racy: bool = False,
    ) -> None:
        self.program = program
        self.models: Models = models or {}
        self.cancel = cancel
        self.merge = merge
        self.racy = racy
        self.places: dict[tuple[int, int, int], int] = {}
        self.names: list[str] = ["clock", "canceller", "main"]
        self.knowledge = Knowledge()
        self.cancellable: set[int] = set()
        self.sightings: dict[str, bool] = {}
        if cancel is not None:
            self.knowledge.cancelled.add(cancel)

    def start(self) -> Stepping:
        return Stepping(self)

    def cancelling(self, thread: int) -> Stepped:
        """The same program, that thread cancelled at some moment."""
        other = Stepped(self.program, self.models, cancel=thread, merge=self.merge, racy=self.racy)
        other.places, other.names = self.places, self.names
        return other

    def learned(self) -> bool:
        return self.knowledge.take_in()

    def thread_at(self, place: tuple[int, int, int], name: str) -> int:
        """The number of the fiber that was forked there."""
        thread = self.places.get(place)
        if thread is None:
            thread = self.places[place] = len(self.names)
            self.names.append(name)
        return thread


@final
class Stepping(Observer):
    """One run of a program. `held` are the fibers that stopped before an action; `permitted` may perform its own now.

    `edges` holds, for each fiber, the steps without which its next one could not be taken; `ends` and `family_ends` the
    steps that an end depends on. `extra` is what the step under way touched beyond what its node tells, `late` what it
    had to wait for before that.
    """

    def __init__(self, system: Stepped, journal: Journal | None = None) -> None:
        self.system = system
        self.knowledge = system.knowledge
        self.journal = journal
        self.exchanges = Exchanges()
        self.footprints = Footprints(system.knowledge)
        self.watch = Watch(system.sightings, self.footprints)
        self.number = 0
        self.held: dict[Fiber, Any] = {}
        self.permitted: Fiber | None = None
        self.current: Fiber | None = None
        self.born: dict[Fiber, tuple[int, ...]] = {}
        self.edges: dict[Fiber, list[int]] = {}
        self.ends: dict[Fiber, list[int]] = {}
        self.family_ends: dict[Region, list[int]] = {}
        self.counts: dict[int, int] = {}
        self.forks: dict[int, int] = {}
        self.nesting: dict[Fiber, list[Region | None]] = {}
        self.extra = NOTHING
        self.late: list[int] = []
        self.finishing = False
        self.exit: Exit[Any, Any] | None = None
        self.cancel_sent = system.cancel is None
        self.cancel_step = -1
        self.backend = Simulated()
        self.scheduler = Scheduler(system.program, VirtualClock(), self.backend, observer=self, steering=self)
        self.scheduler.begin_turn()

    # -- What the search asks ----

    def ready(self) -> Sequence[int]:
        over = self.scheduler.over
        can_cancel = not (self.cancel_sent or self.finishing) and self.system.cancel in self.footprints.fibers
        threads = self.footprints.threads
        found = [threads[fiber] for fiber in self.scheduler.ready]
        if not (found or over or (can_cancel and self.scheduler.timers.next() is None)):
            found = [CLOCK]
        elif self.may_hurry():
            found.append(CLOCK)
        return [*found, CANCELLER] if can_cancel else found

    def pending(self, thread: int) -> Footprint:
        footprints = self.footprints
        if thread == CLOCK:
            return of_clock(footprints, self.scheduler.timers if self.system.racy else None)
        if thread == CANCELLER:
            time = footprints.of("time", None, writes=True)
            return both(time, footprints.of_cancel(footprints.fibers[self.system.cancel or ROOT]))
        fiber = footprints.fibers[thread]
        node = self.held.get(fiber)
        footprint = NOTHING if node is None else footprints.of_action(node)
        if node is not None or fiber.unwinding or fiber.state == YIELDED:
            footprint = both(footprint, footprints.of_looking(fiber))
        for effect in self.knowledge.effects.get((thread, self.counts.get(thread, 0)), ()):
            footprint = both(footprint, footprints.of_effect(effect))
        return footprint

    def take(self, thread: int) -> Step:
        if thread == CLOCK:
            return self.pass_time()
        if thread == CANCELLER:
            return self.send_cancel()
        fiber = self.footprints.fibers[thread]
        foretold = self.pending(thread)
        enablers: Sequence[int] = self.edges.pop(fiber, ())
        self.extra = NOTHING
        self.late = []
        self.turn(fiber)
        if self.late:
            enablers = [*enablers, *(step for step in self.late if step < self.number)]
        self.go_on()
        return self.stepped(both(foretold, self.extra), enablers)

    def outcome(self) -> Exit[Any, Any] | None:
        """The exit of the program; None if it has not ended."""
        if self.exit is None and self.scheduler.over:
            broken = self.watch.broken()
            self.exit = self.result() if broken is None else Failure(Die(broken))
        return self.exit

    def result(self) -> Exit[Any, Any]:
        try:
            return self.scheduler.result()
        except BaseException as error:  # KeyboardInterrupt and SystemExit end a run, not the exploration.
            return Failure(Die(error))

    # -- Turns ----

    def stepped(self, footprint: Footprint, enablers: Sequence[int]) -> Step:
        self.number += 1
        return Step(footprint, enablers)

    def turn(self, fiber: Fiber) -> None:
        """Let a fiber run up to its next action; if it stopped before one, perform that first."""
        node = self.held.pop(fiber, None)
        self.permitted = None if node is None else fiber
        if self.journal is not None:
            self.journal.turn(self.scheduler, self.held, fiber, node)
        thread = self.footprints.threads[fiber]
        self.current = fiber
        self.scheduler.ready.remove(fiber)
        if type(node) is Leaf and node._function in self.system.models:
            model = self.system.models[node._function]
            fiber.node = Suspend(partial(model, *node._args, **(node._kwargs or {})))
        touches = getattr(node, "_touches", None)
        known = () if touches is None or visible_cancel(fiber.region) is not None else told(touches)
        if known:
            self.exchanges.give(fiber, known, self.number)
        timers = armed(self.scheduler.timers) if self.system.racy else ()
        fiber.context.run(self.scheduler.advance, fiber)
        if self.system.racy and armed(self.scheduler.timers) != timers:
            self.did(("time", (thread, 0)), self.footprints.of("time", None))
        if known and not self.waits_at(fiber, node):
            self.edges.setdefault(fiber, []).extend(self.exchanges.take(known))
        self.counts[thread] = self.counts.get(thread, 0) + 1
        while self.backend.calls:
            function, args = self.backend.calls.popleft()
            function(*args)
        if self.watch.properties:
            self.watch.look()

    def waits_at(self, fiber: Fiber, node: Any) -> bool:
        """Whether the fiber waits for what `node` waits for, and was not given it at once."""
        wait = self.footprints.waits.get(fiber)
        return isinstance(wait, Resume) and wait._node is node

    def go_on(self) -> None:
        """Bring every fiber that was woken to its next action, which commutes with all that others do.

        A fiber whose way there is known to matter to others takes a step of its own for it.
        """
        ready = self.scheduler.ready
        waiting = True
        while waiting:
            waiting = False
            for fiber in [fiber for fiber in ready if fiber not in self.held]:
                if self.is_quiet(fiber):
                    self.turn(fiber)
                    waiting = True

    def is_quiet(self, fiber: Fiber) -> bool:
        """Whether nobody notices what the fiber does up to its next action."""
        if not self.system.merge or fiber.unwinding or (fiber.state == YIELDED and self.knowledge.cancelled):
            return False
        thread = self.footprints.threads[fiber]
        return not self.knowledge.effects.get((thread, self.counts.get(thread, 0)))

    def pass_time(self) -> Step:
        """Go on to the next timer: if nothing can run, after everything so far and before everything that follows."""
        footprint = self.pending(CLOCK)
        if self.may_hurry():
            self.hurry()
            self.go_on()
            return self.stepped(both(footprint, self.extra), ())
        everything = [step for step in range(self.number) if step != self.cancel_step]
        self.let_time_pass()
        self.go_on()
        return self.stepped(footprint, everything)

    def may_hurry(self) -> bool:
        """Whether the next timer may fire although fibers are ready."""
        return self.system.racy and not self.scheduler.over and self.scheduler.timers.next() is not None

    def hurry(self) -> None:
        """The next timer fires, before whoever is ready."""
        if self.journal is not None:
            self.journal.hurry(self.scheduler)
        self.current = None
        self.extra = NOTHING
        fire_next_timer(self.scheduler)

    def let_time_pass(self) -> None:
        """Jump to the next timer that wakes somebody; without one, end the run, its finalizers in order of arrival."""
        self.current = None
        if not wake_by_time(self.scheduler):
            self.finishing = True
            drive(self.scheduler)

    def send_cancel(self) -> Step:
        """Cancel the fiber that this run is to cancel."""
        target = self.footprints.fibers[self.system.cancel or ROOT]
        self.cancel_sent = True
        self.cancel_step = self.number
        self.extra = NOTHING
        foretold = self.pending(CANCELLER)
        self.cancel(target)
        self.go_on()
        return self.stepped(both(foretold, self.extra), self.born[target])

    def cancel(self, fiber: Fiber) -> None:
        """Cancel a fiber from outside."""
        if self.journal is not None:
            self.journal.cancel(self.scheduler, fiber)
        self.current = None
        fiber.request_cancel("explicit", "the explorer", None)

    # -- What the interpreter tells ----

    def stops_before(self, fiber: Fiber, node: IO[Any, Any]) -> bool:
        if self.system.racy and asks_for_time(node):
            self.did(("time", (self.footprints.threads[fiber], 0)), self.footprints.of("time", None))
        if self.finishing or (type(node) is Ask and node._peek and not node._touches):
            return False
        if self.permitted is fiber:
            self.permitted = None
            return False
        self.held[fiber] = node
        return True

    def on_fork(self, fiber: Fiber) -> None:
        family = fiber.family
        if family is None:
            thread = ROOT
        else:
            owner, ordinal = self.footprints.place(family)
            if isinstance(family, ParallelFamily):
                place = (owner, ordinal, fiber.index)
            else:
                forker = self.footprints.threads[self.current or family.fiber]
                count = self.forks[forker] = self.forks.get(forker, 0) + 1
                place = (forker, -1, count)
            thread = self.system.thread_at(place, fiber.name)
        if is_cancellable(fiber):
            self.system.cancellable.add(thread)
        self.footprints.threads[fiber] = thread
        self.footprints.fibers[thread] = fiber
        self.footprints.place(fiber)
        self.born[fiber] = () if family is None else (self.number,)
        self.edges[fiber] = [*self.born[fiber]]

    def on_park(self, fiber: Fiber, wait: Wait) -> None:
        self.footprints.waits[fiber] = wait

    def on_wake(self, fiber: Fiber) -> None:
        wait = self.footprints.waits.pop(fiber, None)
        edges = self.edges.setdefault(fiber, [])
        edges.append(self.number)
        if isinstance(wait, ChildrenWait):
            edges.extend(self.family_ends.get(wait.family, ()))
        elif isinstance(wait, Watching):
            edges.extend(self.ends.get(wait.target, ()))
        elif isinstance(wait, Resume):
            self.granted(fiber, wait._node, edges)

    def granted(self, fiber: Fiber, node: Park, edges: list[int]) -> None:
        """A wait for something shared is over; what was waited for may have been given long before."""
        if fiber.unwinding:
            self.exchanges.withdraw(fiber)
        elif node._touches is None:
            self.extra = both(self.extra, self.footprints.world())
        else:
            edges.extend(self.exchanges.take(told(node._touches)))

    def on_enter(self, fiber: Fiber, part: Part, name: str, region: Region | None) -> None:
        self.nesting.setdefault(fiber, []).append(region)
        if region is not None and part in ("scope", "group", "parallel"):
            self.footprints.place(region)

    def on_leave(self, fiber: Fiber, part: Part, name: str, cause: Cause[Any] | None) -> None:
        region = self.nesting[fiber].pop()
        if region is not None and region in self.family_ends:
            self.edges.setdefault(fiber, []).extend(self.family_ends.pop(region))

    def on_cancel(self, region: Region, request: Request) -> None:
        if self.finishing:
            return
        self.did(("cancel", self.footprints.place(region)), self.footprints.of_cancel(region))

    def on_end(self, fiber: Fiber) -> None:
        self.ends[fiber] = [self.number, *self.edges.pop(fiber, ())]
        family = fiber.family
        if family is None or self.finishing:
            return
        self.family_ends.setdefault(family, []).extend(self.ends[fiber])
        owner, _ = place = self.footprints.place(family)
        if decides(family, fiber):
            self.knowledge.note(self.knowledge.decided, owner)
            self.did(("decide", place), self.footprints.of("family", family, writes=True))
        elif owner in self.knowledge.decided:
            self.did(("count", place), self.footprints.of("family", family))
        if fiber.watchers and (
            self.knowledge.cancelled or any(type(watcher) is not Fiber for watcher in fiber.watchers)
        ):
            self.did(("end", (self.footprints.threads[fiber], 0)), self.footprints.of_watchers(fiber))

    def did(self, effect: Effect, footprint: Footprint) -> None:
        """The step under way did something that its node does not tell."""
        self.extra = both(self.extra, footprint)
        if self.current is not None:
            if footprint.written:
                self.late += (*self.edges.get(self.current, ()), *self.ends.get(self.current, ()))
            thread = self.footprints.threads[self.current]
            self.knowledge.learn((thread, self.counts.get(thread, 0)), effect)
