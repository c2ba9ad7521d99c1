"""A program of effio as a system to explore: the real interpreter, stopped before every action.

A step is one action of one fiber, with the pure code that it and those it woke have up to their next action. What a
step touches is known before it is taken from the node that is to be run; what pure code does to the tree of fibers
(it ends, fails, cancels) is known from the runs before: a run that does more than was foretold is remembered, and the
search begins anew.
"""

# The explorer reads the slots of nodes and waits, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, Final, final

from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.lift import function_of
from effio.algebra.primitive import Ask, Leaf, Suspend
from effio.data.cause import Die
from effio.data.exit import Exit
from effio.interpreter.backends.simulated import Simulated
from effio.interpreter.clock import VirtualClock
from effio.interpreter.fiber import YIELDED, Fiber
from effio.interpreter.scheduler import Scheduler, run_in
from effio.interpreter.scope import visible_cancel
from effio.interpreter.step import advance
from effio.testing.exploration.schedules.system import CANCELLER, CLOCK, NOTHING, ROOT, Footprint, Step
from effio.testing.exploration.steps.assertion import Watch
from effio.testing.exploration.steps.faults import Faults
from effio.testing.exploration.steps.footprints import Knowledge, both, touches_of
from effio.testing.exploration.steps.happening import Happening
from effio.testing.exploration.steps.interrupt import exit_of
from effio.testing.exploration.steps.journal import Journal, prospect, thing_text
from effio.testing.exploration.steps.lasso import Rounds
from effio.testing.exploration.steps.opaque import WORLD, Opaque
from effio.testing.exploration.steps.places import Places
from effio.testing.exploration.steps.standstill import end
from effio.testing.exploration.steps.timing import Alarms, asks_for_time, of_clock
from effio.testing.exploration.steps.ways import Models, Ways

KEPT: Final = ("merge", "racy", "symmetric", "faults", "opaque")
"""What a program is run with, whatever was learned about it and whoever is cancelled."""


@final
class Stepped(Places):
    """A program that is run step by step, again and again, and what was learned about it.

    If there is a thread to `cancel`, that is done at some moment of every run. `sightings` tells whether what should
    hold sometimes did. Without `merge` fibers that were woken always take steps of their own. Calls of the foreign
    coroutine functions in `models` are replaced, those of the functions in `faults` may go wrong. In a `racy` system
    the next timer may fire at any moment. In a `symmetric` one fibers that run the same program begin in order. What
    calls touch that do not say so, `opaque` tells.
    """

    def __init__(
        self,
        program: IO[Any, Any],
        models: Models | None = None,
        *,
        cancel: int | None = None,
        merge: bool = True,
        racy: bool = False,
        symmetric: bool = False,
        faults: Faults | None = None,
        opaque: Opaque = WORLD,
    ) -> None:
        super().__init__()
        self.program = program
        self.models: Models = {function_of(function): model for function, model in (models or {}).items()}
        self.cancel = cancel
        self.merge = merge
        self.racy = racy
        self.symmetric = symmetric
        self.faults = faults
        self.opaque = opaque
        self.knowledge = Knowledge()
        self.sightings: dict[str, bool] = {}
        if cancel is not None:
            self.knowledge.cancelled.add(cancel)

    def start(self) -> Stepping:
        return Stepping(self)

    def cancelling(self, thread: int) -> Stepped:
        """The same program, that thread cancelled at some moment."""
        other = self.anew(cancel=thread)
        other.places, other.names = self.places, self.names
        return other

    def anew(self, *, cancel: int | None = None) -> Stepped:
        """The same program, nothing learned about it yet."""
        same: dict[str, Any] = {name: getattr(self, name) for name in KEPT}
        return Stepped(self.program, self.models, cancel=cancel, **same)

    def learned(self) -> bool:
        return self.knowledge.take_in()


@final
class Stepping(Happening):
    """One run of a program. `held` are the fibers that stopped before an action; `permitted` may perform its own now.

    Those before which there is a choice have several `ways` to go on, each one a thread of its own; `chosen` is the one
    that whoever takes the next turn goes, by its number. If there is a source of `chance`, that chooses.
    """

    def __init__(self, system: Stepped, journal: Journal | None = None, chance: Random | None = None) -> None:
        super().__init__(system, system.knowledge, system.opaque, symmetric=system.symmetric)
        self.system = system
        self.journal = journal
        self.watch = Watch(system.sightings, self.footprints)
        self.watched = self.watch.properties
        self.held: dict[Fiber, Any] = {}
        self.permitted: Fiber | None = None
        self.ways = Ways(system, system.faults, system.models, system.sightings, chance)
        self.offered = self.ways.offered
        self.rounds = Rounds(self.footprints.threads, thing_text if journal is None else journal.name)
        if journal is not None:
            journal.spinning = self.rounds.spinning
        self.steps: dict[Fiber, int] = {}
        self.exit: Exit[Any, Any] | None = None
        self.cancel_sent = system.cancel is None
        self.is_plain = self.cancel_sent and not (system.racy or system.symmetric)
        self.cancel_step = -1
        backend = Simulated()
        self.calls = backend.calls
        self.scheduler = Scheduler(system.program, VirtualClock(), backend, observer=self, steering=self)
        self.alarms = Alarms(self.scheduler, self.footprints, racy=system.racy)
        self.scheduler.begin_turn()

    # -- What the search asks ----

    def ready(self) -> list[int]:
        threads = self.footprints.threads
        found = [threads[fiber] for fiber in self.scheduler.ready]
        if found and self.is_plain and not (self.offered or self.rounds.spinning):
            return found
        if self.rounds.lasso is not None:
            return []
        found = self.choosable()
        over = self.scheduler.over
        can_cancel = not (self.cancel_sent or self.finishing) and self.system.cancel in self.footprints.fibers
        if not (found or over or (can_cancel and self.scheduler.timers.next() is None)):
            found = [CLOCK]
        elif self.may_hurry():
            found.append(CLOCK)
        return [*found, CANCELLER] if can_cancel else found

    def choosable(self) -> list[int]:
        """The fibers that may take a step, each way of theirs a thread."""
        found: list[int] = []
        spinning = self.rounds.spinning
        for fiber in self.scheduler.ready:
            if fiber not in spinning and (self.twins is None or fiber not in self.twins.behind):
                found += self.ways.threads_of(fiber, self.footprints.threads[fiber])
        return found

    def pending(self, thread: int) -> Footprint:
        footprints = self.footprints
        if thread == CLOCK:
            return of_clock(footprints, self.scheduler.timers if self.system.racy else None)
        if thread == CANCELLER:
            time = footprints.of("time", None, writes=True)
            return both(time, footprints.of_cancel(footprints.fibers[self.system.cancel or ROOT]))
        knowledge = self.knowledge
        fiber = footprints.fibers.get(thread)
        if fiber is None:
            return self.ways.pending(thread, footprints)
        node = self.held.get(fiber)
        footprint = NOTHING if node is None else footprints.of_action(node)
        if self.offered and fiber in self.offered:
            footprint = both(footprint, footprints.of("ways", fiber, writes=True))
        if knowledge.cancelled and (node is not None or fiber.unwinding or fiber.state == YIELDED):
            footprint = both(footprint, footprints.of_looking(fiber))
        if knowledge.effects:
            for effect in knowledge.effects.get((thread, self.counts.get(thread, 0)), ()):
                footprint = both(footprint, footprints.of_effect(effect))
        return footprint

    def take(self, thread: int) -> Step:
        if thread < ROOT:
            return self.pass_time() if thread == CLOCK else self.send_cancel()
        fiber = self.footprints.fibers.get(thread)
        if fiber is None or (self.offered and fiber in self.offered):
            return self.take_way(thread)
        return self.take_step(thread, self.at(thread, self.scheduler.ready))

    def take_step(self, thread: int, fiber: Fiber) -> Step:
        """Let a fiber, or one of its ways, take a step."""
        foretold = self.pending(thread)
        enablers: Sequence[int] = self.edges.pop(fiber, ())
        self.extra = NOTHING
        self.late = []
        self.turn(fiber)
        self.steps[fiber] = self.number
        if self.late:
            enablers = [*enablers, *(step for step in self.late if step < self.number)]
        self.go_on()
        return self.stepped(both(foretold, self.extra), enablers)

    def take_way(self, thread: int) -> Step:
        """Let a fiber go one of its ways: it has to come after what the fiber did, and before what it will do."""
        own, number = self.system.way_at(thread)
        fiber = self.at(own, self.scheduler.ready)
        others = tuple(other for other in self.ways.threads_of(fiber, own) if other != thread)
        before = [self.steps[fiber]] if fiber in self.steps else []
        if number:
            self.choose(number)
        step = self.take_step(thread, fiber)
        self.edges.setdefault(fiber, []).append(self.number - 1)
        return Step(step.footprint, [*before, *step.enablers], others)

    def choose(self, number: int) -> None:
        """The next turn goes that way."""
        self.ways.chosen = number
        if self.journal is not None:
            self.journal.choose(self.scheduler, number)

    def scene(self) -> str:
        return "; ".join(sorted([prospect(node) for node in self.held.values()]))

    def outcome(self) -> Exit[Any, Any] | None:
        """The exit of the program; None if it has not ended."""
        if self.rounds.lasso is not None:
            return Failure(Die(self.rounds.lasso))
        if self.exit is None and self.scheduler.over:
            broken = self.watch.broken()
            self.exit = exit_of(self.scheduler) if broken is None else Failure(Die(broken))
        return self.exit

    def close(self) -> None:
        """Leave the cycle of objects that a run is, so that most of it goes without the garbage collector."""
        self.scheduler.observer = self.scheduler.steering = None

    # -- Turns ----

    def stepped(self, footprint: Footprint, enablers: Sequence[int]) -> Step:
        self.number += 1
        return Step(footprint, enablers)

    def turn(self, fiber: Fiber) -> None:
        """Let a fiber run up to its next action; if it stopped before one, perform that first."""
        node = self.held.pop(fiber, None)
        if self.journal is not None:
            self.journal.turn(self.scheduler, self.held, fiber, node)
        if self.offered and fiber in self.offered:
            node = self.go_way(fiber, node)
        self.current = fiber
        self.scheduler.ready.remove(fiber)
        thread = self.footprints.threads[fiber]
        if node is None:
            self.permitted = None
            self.run(fiber, thread)
        else:
            self.permitted = fiber
            self.act(fiber, thread, node)
        self.counts[thread] = self.counts.get(thread, 0) + 1
        while self.calls:
            function, args = self.calls.popleft()
            function(*args)
        if self.watched:
            self.watch.look()
        if node is not None and not self.scheduler.over:
            self.rounds.note(fiber, node, self.scheduler, others=not self.cancel_sent)

    def act(self, fiber: Fiber, thread: int, node: Any) -> None:
        """Let a fiber perform the action that it stopped before, and go on to the next one."""
        self.acts[self.number] = node
        if self.twins is not None:
            self.let_follow(fiber)
        if type(node) is Leaf and node._function in self.system.models:
            model = self.system.models[node._function]
            fiber.node = Suspend(partial(model, *node._args, **(node._kwargs or {})))
        touches = touches_of(node)
        if touches is None or (self.scheduler.cancels and visible_cancel(fiber.region) is not None):
            self.run(fiber, thread)
            return
        deal = self.exchanges.deal(touches)
        self.give(fiber, node, deal)
        self.run(fiber, thread)
        self.take_given(fiber, node, deal)

    def run(self, fiber: Fiber, thread: int) -> None:
        """Let a fiber run until it stops, and note what others notice of what it does to the timers."""
        if not (self.system.racy or self.knowledge.tied):
            run_in(fiber.context, advance, fiber)
            return
        self.alarms.look()
        run_in(fiber.context, advance, fiber)
        for kind, footprint in self.alarms.changes():
            self.did((kind, (thread, 0)), footprint)

    def go_way(self, fiber: Fiber, node: Any) -> Any:
        """Let a fiber go the way that was chosen; give the action that it performs now, if any."""
        way = self.ways.go(fiber)
        if self.journal is not None and way.text:
            self.journal.events[-1].shown = way.text
        if way.program is None:
            return node
        fiber.node = way.program
        self.permitted = None
        return None

    def go_on(self) -> None:
        """Bring every fiber that was woken to its next action, which commutes with all that others do.

        A fiber whose way there is known to matter to others takes a step of its own for it.
        """
        ready, held = self.scheduler.ready, self.held
        waiting = len(ready) > len(held)
        while waiting:
            waiting = False
            for fiber in [fiber for fiber in ready if fiber not in held]:
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
        (self.hurry if self.scheduler.ready else self.let_time_pass)()
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
        self.rounds.spinning.clear()
        self.alarms.fire_next()

    def let_time_pass(self) -> None:
        """Jump to the next timer that wakes somebody; without one, end the run, its finalizers in order of arrival."""
        self.current = None
        if not self.alarms.wake():
            self.finishing = True
            end(self.scheduler, self.journal)

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
        self.rounds.spinning.clear()
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
        if type(node) is Ask or self.system.faults is not None:
            self.ways.offer(fiber, node)
        return True
