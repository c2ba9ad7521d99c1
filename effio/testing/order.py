"""One order in which fibers take turns, as what differs from the one that comes by itself."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import attrs

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.testing.exploration.simulation import Simulation, inject, simulation_of
from effio.testing.exploration.steps.faults import Faults, faults_of
from effio.testing.exploration.steps.journal import Journal, is_cancellable, is_shielded
from effio.testing.exploration.steps.stepping import Stepped, Stepping
from effio.testing.exploration.steps.timing import TimeMode, is_racy
from effio.testing.exploration.steps.ways import Models

NOTHING: Final[Mapping[Any, Any]] = {}


@final
@attrs.frozen
class Order:
    """By itself a fiber goes on as long as it can, then the first in the queue does.

    `deviations` are pairs: at which choice among several fibers it is otherwise, and which of the others it is then,
    modulo how many there are. So every order fits every program, and one with fewer deviations has fewer preemptions.
    """

    deviations: tuple[tuple[int, int], ...] = ()

    def simulate(
        self,
        io: IO[Any, Any],
        /,
        *,
        faults: Mapping[Any, Any] = NOTHING,
        cancels: Mapping[int, int] = NOTHING,
        time: TimeMode = "idle",
        models: Models | None = None,
        max_steps: int = 100_000,
    ) -> Simulation:
        """Run `io` once in virtual time in this order.

        The actions with the numbers in `faults` fail instead: typed where the action catches such an exception, with a
        defect elsewhere; what primitives do in finalizers does not fail. Calls of the functions in `faults` may go
        wrong as in `explore`, if the order deviates there. Before the steps with the numbers in `cancels` a fiber is
        cancelled, the one of that number among those that a program can cancel, modulo how many there are. The run's
        token is for `replay`.

        >>> from effio import delay, par_zip
        >>> log = []
        >>> both = par_zip(delay(log.append, 1), delay(log.append, 2))
        >>> Order(((0, 0),)).simulate(both) and log
        [2, 1]
        """
        by_function = faults_by_function(faults)
        system = Stepped(program("simulate", io), models, racy=is_racy(time), faults=by_function)
        journal = Journal()
        run = Ordered(Stepping(system, journal), journal, dict(self.deviations), faults, cancels)
        while run.go_on() and journal.turns < max_steps:
            pass
        return simulation_of(run.stepping, journal)


@final
@attrs.define
class Ordered:
    """A run under way: `choices`, `actions` and `steps` so far, and the thread that acted last."""

    stepping: Stepping
    journal: Journal
    deviations: Mapping[int, int]
    faults: Mapping[Any, Any]
    cancels: Mapping[int, int]
    choices: int = 0
    actions: int = 0
    steps: int = 0
    last: int = -1

    def go_on(self) -> bool:
        """Take one step; false if there is none."""
        self.cancel_if_told()
        ready = self.stepping.ready()
        if not ready:
            return False
        self.last = self.chosen(ready)
        self.fail_if_told()
        self.stepping.take(self.last)
        return True

    def chosen(self, ready: Sequence[int]) -> int:
        """Who comes next."""
        usual = self.last if self.last in ready else ready[0]
        others = [thread for thread in ready if thread != usual]
        if not others:
            return usual
        which = self.deviations.get(self.choices)
        self.choices += 1
        return usual if which is None else others[which % len(others)]

    def cancel_if_told(self) -> None:
        """Cancel a fiber, if it is the moment for it and there is one."""
        which = self.cancels.get(self.steps)
        self.steps += 1
        if which is None:
            return
        fibers = [fiber for fiber in self.stepping.scheduler.fibers() if is_cancellable(fiber)]
        if fibers:
            self.stepping.cancel(fibers[which % len(fibers)])
            self.stepping.go_on()

    def fail_if_told(self) -> None:
        """Put a failure in the place of the action that comes next, if it is its turn to fail."""
        fiber = self.stepping.footprints.fibers.get(self.last)
        node = None if fiber is None else self.stepping.held.get(fiber)
        if fiber is None or node is None or (getattr(node, "_touches", None) is not None and is_shielded(fiber)):
            return
        fault = self.faults.get(self.actions)
        self.actions += 1
        if fault is not None:
            inject(self.stepping, self.journal, fiber, fault)


def faults_by_function(faults: Mapping[Any, Any]) -> Faults | None:
    """What may go wrong with calls of functions, without the actions that fail by their number."""
    if isinstance(faults, Faults):
        return faults
    by_function = {what: fault for what, fault in faults.items() if type(what) is not int}
    return faults_of(by_function) if by_function else None
