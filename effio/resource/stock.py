"""What is inside a pool: the slots, what is idle in them, what is lent, and who waits for it."""

from __future__ import annotations

from collections import deque
from functools import partial, reduce
from typing import Any, Final, final

import attrs
from returns.result import Failure, Success

from effio.algebra.desugar.error import is_typed
from effio.algebra.desugar.signal import Signal
from effio.algebra.primitive import (
    Ask,
    Call,
    FlatMap,
    Fold,
    Halt,
    Map,
    OnExit,
    Operation,
    Park,
    Pure,
    Shield,
    Suspend,
    Then,
)
from effio.algebra.shape import Program
from effio.concurrent.shared import Shared, first_of
from effio.data.cause import Cause, Die
from effio.data.exit import Exit
from effio.resource.attendant import NOTHING, Holder, Use
from effio.resource.entry import Entry, Plan


class PoolClosed(RuntimeError):
    """Somebody wanted something of a pool whose use had ended."""

    def __init__(self) -> None:
        super().__init__()
        self.add_note("use it inside the use of the resource that makes it")

    def __str__(self) -> str:
        return "the pool is closed"


@final
@attrs.frozen
class PoolStats:
    """How a pool stands: `size` counts all there are, with those being opened or closed; the last three are sums."""

    size: int
    idle: int
    in_use: int
    waiting: int
    opened: int = attrs.field(kw_only=True)
    reused: int = attrs.field(kw_only=True)
    closed: int = attrs.field(kw_only=True)


UNUSED: Final[Exit[Any, Any]] = Success(None)
"""How the use of an entry ended that nobody has used."""


@final
class Stock:
    """A slot is counted from before its resource is opened until it is closed.

    Whoever is given a slot or an entry has it in the same step in which it leaves the queue, so a cancel can lose
    neither. What is opened belongs to the run in which the pool was made, the `home`, and may be lent to other runs on
    the same loop. `went_idle` and `went_missing` wake those that look after what is idle, and what is less than `min`.
    """

    __slots__ = (
        "closed",
        "emptied",
        "home",
        "idle",
        "lent",
        "plan",
        "shared",
        "size",
        "sums",
        "unreleased",
        "waiting",
        "went_idle",
        "went_missing",
    )

    def __init__(self, plan: Plan, shared: Shared, home: Any) -> None:
        self.plan = plan
        self.shared = shared
        self.home = home
        self.size = 0
        self.idle: deque[Entry] = deque()
        self.lent: dict[Entry, Any] = {}
        self.waiting: dict[Any, None] = {}
        self.closed = False
        self.emptied = Signal("the last user of a pool")
        self.went_idle = Signal("something in the pool to be idle")
        self.went_missing = Signal("something in the pool to be missing")
        self.unreleased: list[Cause[Any]] = []
        self.sums = {"opened": 0, "reused": 0, "closed": 0}

    # -- Borrowing -------------------------------------------------------------------------------------------

    def lend(self, use: Use) -> Program:
        """No action stands between the end of the wait and the finalizer that gives back, so no cancel hits there."""
        waiting = Park(self.enlist, self.withdraw, self.reason, touches=self.shared.writes)
        return FlatMap(ME, lambda fiber: FlatMap(waiting, partial(self.lent_to, fiber, use)))

    def lent_to(self, fiber: Any, use: Use, entry: Entry) -> Program:
        self.lent[entry] = fiber
        return OnExit(Suspend(partial(use, entry.value)), partial(self.give_back, entry))

    def enlist(self, resume: Any) -> Program | None:
        if self.closed:
            return Halt(Die(PoolClosed()))
        found = self.take()
        if found is None:
            self.waiting[resume] = None
        return found

    def withdraw(self, resume: Any) -> None:
        self.waiting.pop(resume, None)

    def reason(self) -> str:
        lent_to = first_of(fiber.name for fiber in self.lent.values())
        return f"one of the {self.plan.max} resources of {self.shared}, lent to {lent_to}"

    def holders(self) -> tuple[Any, ...]:
        """The running fibers that something is lent to."""
        return (*self.lent.values(),)

    def take(self) -> Program | None:
        """The program that gives an entry, which is taken out already; None if all are lent.

        Nobody overtakes a waiter here: what comes back, entry or slot, is given to the first of them at once.
        """
        if self.idle:
            entry = self.idle.pop()
            self.sums["reused"] += 1
            return Pure(entry) if self.plan.check is None else self.checked(entry)
        if self.size < self.plan.max:
            self.size += 1
            return self.open()
        return None

    def open(self) -> Program:
        """Open a resource in a slot that is counted; give the slot back if that fails."""
        entry = Entry(Holder(self.plan.resource.opened, self.home))

        def ended(exit: Exit[Any, Any]) -> Program:
            if isinstance(exit, Failure):
                return Operation(self.free, self.shared.writes)
            self.sums["opened"] += 1
            return NOTHING

        return OnExit(Map(entry.holder.open(), entry.opened), ended)

    def checked(self, entry: Entry) -> Program:
        """Give the entry if it is in good health; else open another one in its slot."""

        def failed(cause: Cause[Any]) -> Program:
            return Pure(False) if is_typed(cause) else Halt(cause)

        def ended(exit: Exit[Any, Any]) -> Program:
            return self.retire(entry, exit) if isinstance(exit, Failure) else NOTHING

        def judged(healthy: bool) -> Program:
            return Pure(entry) if healthy else Then(self.replaced(entry), Suspend(self.open))

        assert self.plan.check is not None
        return FlatMap(OnExit(Fold(Suspend(partial(self.plan.check, entry.value)), failed), ended), judged)

    def replaced(self, entry: Entry) -> Program:
        """Close the entry, and count its slot on for the next one."""
        closing = self.close_quietly(entry)
        return Shield(lambda restore: closing)

    # -- Giving back -----------------------------------------------------------------------------------------

    def give_back(self, entry: Entry, exit: Exit[Any, Any]) -> Program:
        del self.lent[entry]
        if isinstance(exit, Success) or entry.broken:
            return self.kept(entry, exit)
        return OnExit(Call(self.judge, (entry, exit.failure())), lambda judged: self.kept(entry, exit))

    def judge(self, entry: Entry, cause: Cause[Any]) -> None:
        """Decide whether somebody else may get the entry; nobody may if that is a mistake."""
        entry.broken = True
        entry.broken = self.plan.breaks(cause)

    def kept(self, entry: Entry, exit: Exit[Any, Any] = UNUSED) -> Program:
        """Have the entry, after a use that ended so."""
        return FlatMap(Ask(partial(self.keep, entry, exit), peek=True, touches=self.shared.writes), itself)

    def keep(self, entry: Entry, exit: Exit[Any, Any], fiber: Any) -> Program:
        """Hand the entry to the first in the queue, or keep it; close it if nobody must get it any more."""
        if entry.broken or self.closed:
            return self.retire(entry, exit)
        if self.waiting:
            self.sums["reused"] += 1
            resume = self.first_in_queue()
            self.lent[entry] = resume.fiber
            resume(Pure(entry))
        else:
            entry.idle_since = fiber.now()
            self.idle.append(entry)
            self.went_idle.fire(NOTHING)
        return NOTHING

    def first_in_queue(self) -> Any:
        """Whoever has waited longest, who waits no more."""
        resume = next(iter(self.waiting))
        del self.waiting[resume]
        return resume

    def retire(self, entry: Entry, exit: Exit[Any, Any]) -> Program:
        """Close the entry, then free its slot; to be run shielded."""
        self.sums["closed"] += 1
        return OnExit(entry.holder.close(exit), self.freed)

    def freed(self, exit: object) -> Program:
        return Operation(self.free, self.shared.writes)

    def free(self) -> None:
        """Give up a slot; whoever waits may open a resource in it."""
        self.size -= 1
        if self.closed and self.size == 0:
            self.emptied.fire(NOTHING)
        if self.waiting:
            found = self.take()
            if found is not None:
                self.first_in_queue()(found)
        if self.size < self.plan.min:
            self.went_missing.fire(NOTHING)

    def spoil(self, item: object) -> Program:
        """Let nobody else get what is lent now; close what is idle. To be run without an action before it."""
        for entry in self.lent:
            if entry.value is item:
                entry.broken = True
        found = [entry for entry in self.idle if entry.value is item]
        for entry in found:
            self.idle.remove(entry)
        return closed_one_by_one([self.discard(entry) for entry in found])

    # -- Behind the scenes -----------------------------------------------------------------------------------

    def discard(self, entry: Entry) -> Program:
        """Close an entry that nobody uses and free its slot."""
        return OnExit(self.close_quietly(entry), self.freed)

    def close_quietly(self, entry: Entry) -> Program:
        """Close an entry that nobody uses; what fails is told when the pool closes. To be run shielded."""
        self.sums["closed"] += 1
        return Fold(entry.holder.close(UNUSED), self.note)

    def note(self, cause: Cause[Any]) -> Program:
        self.unreleased.append(cause)
        return NOTHING

    def stats(self) -> PoolStats:
        return PoolStats(self.size, len(self.idle), len(self.lent), len(self.waiting), **self.sums)


def closed_one_by_one(closings: list[Program]) -> Program:
    """Run all of them, which never fail, shielded."""
    if not closings:
        return NOTHING
    closing = reduce(Then, closings)
    return Shield(lambda restore: closing)


ME: Final = Ask(lambda fiber: fiber, peek=True, touches=())
"""The fiber that runs."""


def itself(program: Program) -> Program:
    """The program that was decided on."""
    return program
