"""One order in which fibers take turns, as what differs from the one that comes by itself."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import attrs

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.testing.exploration.journal import Journal, is_shielded
from effio.testing.exploration.simulation import Simulation, inject, simulation_of
from effio.testing.exploration.stepping import Stepped, Stepping

NO_FAULTS: Final[Mapping[int, BaseException]] = {}


@final
@attrs.frozen
class Order:
    """By itself a fiber goes on as long as it can, then the first in the queue does.

    `deviations` are pairs: at which choice among several fibers it is otherwise, and which of the others it is then,
    modulo how many there are. So every order fits every program, and one with fewer deviations has fewer preemptions.
    """

    deviations: tuple[tuple[int, int], ...] = ()

    def simulate(
        self, io: IO[Any, Any], /, *, faults: Mapping[int, BaseException] = NO_FAULTS, max_steps: int = 100_000
    ) -> Simulation:
        """Run `io` once in virtual time in this order; the actions with the numbers in `faults` fail instead.

        A failure is typed where the action catches such an exception, a defect elsewhere. What primitives do in
        finalizers does not fail. The run's token is for `replay`.

        >>> from effio import delay, par_zip
        >>> log = []
        >>> both = par_zip(delay(log.append, 1), delay(log.append, 2))
        >>> Order(((0, 0),)).simulate(both) and log
        [2, 1]
        """
        journal = Journal()
        run = Ordered(Stepping(Stepped(program("simulate", io)), journal), journal, dict(self.deviations), faults)
        while run.go_on() and journal.turns < max_steps:
            pass
        return simulation_of(run.stepping, journal)


@final
@attrs.define
class Ordered:
    """A run under way: `choices` and `actions` so far, and the thread that acted last."""

    stepping: Stepping
    journal: Journal
    deviations: Mapping[int, int]
    faults: Mapping[int, BaseException]
    choices: int = 0
    actions: int = 0
    last: int = -1

    def go_on(self) -> bool:
        """Take one step; false if there is none."""
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
