"""`Pool`, a few resources that are acquired once and lent to one user after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from math import inf
from typing import Any, Final, Generic, Never, TypeVar, final

import attrs
from returns.result import Failure, Success
from typing_extensions import TypeVar as TypeVarWithDefault

from effio.algebra import argument
from effio.algebra.desugar.error import is_typed
from effio.algebra.desugar.signal import Signal
from effio.algebra.desugar.time import background_of, time_of
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import (
    Ask,
    FlatMap,
    Fold,
    Generate,
    Halt,
    Map,
    OnExit,
    Operation,
    Parallel,
    Park,
    Pure,
    Shield,
    Sleep,
    Suspend,
    Then,
)
from effio.algebra.shape import Program
from effio.concurrent.shared import Shared, first_of, shared
from effio.data.cause import Cause, Die
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit
from effio.resource.attendant import NOTHING, Attendant, Holder, Use
from effio.resource.entry import Entry, Plan
from effio.resource.resource import Resource, all_of, resource
from effio.schedule.rule import TOLERANCE

Item = TypeVar("Item", covariant=True)
ItemError = TypeVarWithDefault("ItemError", covariant=True, default=Never)
Given = TypeVar("Given")
GivenError = TypeVar("GivenError")


class PoolClosed(RuntimeError):
    """Somebody wanted something of a pool whose use had ended."""

    def __init__(self) -> None:
        super().__init__("the pool is closed")
        self.add_note("use it inside the use of the resource that makes it")


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


@final
class Pool(Generic[Item, ItemError]):
    """Lends resources: at most `max` at once, to users in order of arrival, the one that was used last first.

    A slot is counted from before its resource is opened until it is closed. Whoever is given a slot or an entry has
    it in the same step in which it leaves the queue, so a cancel can lose neither. What is opened belongs to the run
    in which the pool was, the `home`, and may be lent to other runs on the same loop.
    """

    __slots__ = (
        "_closed",
        "_emptied",
        "_home",
        "_idle",
        "_lent",
        "_plan",
        "_reaper",
        "_shared",
        "_size",
        "_sums",
        "_unreleased",
        "_waiting",
        "_went_idle",
    )

    def __init__(self, plan: Plan, shared: Shared, home: Any) -> None:
        self._plan = plan
        self._shared = shared
        self._home = home
        self._size = 0
        self._idle: deque[Entry] = deque()
        self._lent: dict[Entry, Any] = {}
        self._waiting: dict[Any, None] = {}
        self._closed = False
        self._emptied = Signal("the last user of a pool")
        self._went_idle = Signal("something in the pool to be idle")
        self._reaper = Attendant("pool")
        self._unreleased: list[Cause[Any]] = []
        self._sums = {"opened": 0, "reused": 0, "closed": 0}

    @staticmethod
    def make(
        resource: Resource[Given, GivenError],
        /,
        *,
        max: int,
        min: int = 0,
        idle_time: Seconds = inf,
        check: Callable[[Given], IO[bool, object]] | None = None,
        breaks: Callable[[Cause[Any]], bool] | None = None,
        name: str | None = None,
    ) -> Resource[Pool[Given, GivenError], GivenError]:
        """Open `min` resources at once, and at most `max` when they are wanted; close all of them in the end.

        What has been idle for `idle_time` seconds is closed, down to `min`. `check` runs before an idle one is lent:
        if it gives false or fails, another one is opened instead. One whose use failed or was cancelled is closed;
        `breaks` may say for which causes. The next user who needs one opens another in its place. The end waits until
        everything that was lent has come back.
        """
        plan = Plan(
            checked("Pool.make", resource),
            argument.count("Pool.make", "max", max, 1),
            argument.count("Pool.make", "min", min, 0),
            seconds(idle_time, "idle_time of Pool.make"),
            None if check is None else argument.function("Pool.make", check),
            always if breaks is None else argument.function("Pool.make", breaks),
        )
        if plan.min > plan.max:
            raise ValueError(f"min of Pool.make must be at most max, but {min} is more than {max}")
        return Resource(partial(Pool[Given, GivenError]._opened, plan, shared("Pool", name)))

    # -- For users -------------------------------------------------------------------------------------------

    def use(self, f: Callable[[Item], IO[NewValue, NewError]], /) -> IO[NewValue, ItemError | NewError]:
        """Borrow a resource, run what `f` makes of it, give it back; wait in order of arrival if all are lent.

        If it has to be opened and that fails, this fails. After use is closed in the pool, a `PoolClosed` defect.
        """
        return self._lend(argument.function("use", f))

    def get(self) -> Resource[Item, ItemError]:
        """The same as a resource."""
        return Resource(self._lend)

    def invalidate(self, item: object, /) -> IO[None]:
        """Have `item`, which is lent now, closed when it is given back."""
        return Operation(self._break, self._shared.writes, (item,))

    def stats(self) -> IO[PoolStats]:
        """Give how the pool stands."""
        return Operation(self._stats, self._shared.reads)

    def holders(self) -> tuple[Any, ...]:
        """The running fibers that something is lent to, for dumps."""
        return (*self._lent.values(),)

    def __repr__(self) -> str:
        return f"<{self._shared}: {len(self._idle)} of {self._size} idle, max {self._plan.max}>"

    # -- Borrowing -------------------------------------------------------------------------------------------

    def _lend(self, use: Use) -> Program:
        """No action stands between the end of the wait and the finalizer that gives back, so no cancel hits there."""
        waiting = Park(self._enlist, self._withdraw, self._reason, touches=self._shared.writes)
        return FlatMap(ME, lambda fiber: FlatMap(waiting, partial(self._lent_to, fiber, use)))

    def _lent_to(self, fiber: Any, use: Use, entry: Entry) -> Program:
        self._lent[entry] = fiber
        return OnExit(Suspend(partial(use, entry.value)), partial(self._give_back, entry))

    def _enlist(self, resume: Any) -> Program | None:
        if self._closed:
            return Halt(Die(PoolClosed()))
        found = self._take()
        if found is None:
            self._waiting[resume] = None
        return found

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)

    def _reason(self) -> str:
        lent_to = first_of(fiber.name for fiber in self._lent.values())
        return f"one of the {self._plan.max} resources of {self._shared}, lent to {lent_to}"

    def _take(self) -> Program | None:
        """The program that gives an entry, which is taken out already; None if all are lent.

        Nobody overtakes a waiter here: what comes back, entry or slot, is given to the first of them at once.
        """
        if self._idle:
            entry = self._idle.pop()
            self._sums["reused"] += 1
            return Pure(entry) if self._plan.check is None else self._checked(entry, self._plan.check)
        if self._size < self._plan.max:
            self._size += 1
            return self._open()
        return None

    def _open(self) -> Program:
        """Open a resource in a slot that is counted; give the slot back if that fails."""
        entry = Entry(Holder(self._plan.resource.opened, self._home))

        def ended(exit: Exit[Any, Any]) -> Program:
            if isinstance(exit, Failure):
                return Operation(self._free, self._shared.writes)
            self._sums["opened"] += 1
            return NOTHING

        return OnExit(Map(entry.holder.open(), entry.opened), ended)

    def _checked(self, entry: Entry, check: Callable[[Any], Program]) -> Program:
        """Give the entry if it is in good health; else open another one in its slot."""

        def failed(cause: Cause[Any]) -> Program:
            return Pure(False) if is_typed(cause) else Halt(cause)

        def ended(exit: Exit[Any, Any]) -> Program:
            return self._retire(entry, exit) if isinstance(exit, Failure) else NOTHING

        def judged(healthy: bool) -> Program:
            return Pure(entry) if healthy else Then(self._replaced(entry), Suspend(self._open))

        return FlatMap(OnExit(Fold(Suspend(partial(check, entry.value)), failed), ended), judged)

    def _replaced(self, entry: Entry) -> Program:
        """Close the entry, and count its slot on for the next one."""
        closing = self._close_quietly(entry)
        return Shield(lambda restore: closing)

    # -- Giving back -----------------------------------------------------------------------------------------

    def _give_back(self, entry: Entry, exit: Exit[Any, Any]) -> Program:
        del self._lent[entry]
        if isinstance(exit, Failure) and self._plan.breaks(exit.failure()):
            entry.broken = True
        return FlatMap(Ask(partial(self._keep, entry, exit), peek=True, touches=self._shared.writes), itself)

    def _keep(self, entry: Entry, exit: Exit[Any, Any], fiber: Any) -> Program:
        """Hand the entry to the first in the queue, or keep it; close it if nobody must get it any more."""
        if entry.broken or self._closed:
            return self._retire(entry, exit)
        if self._waiting:
            self._sums["reused"] += 1
            self._first_in_queue()(Pure(entry))
        else:
            entry.idle_since = fiber.now()
            self._idle.append(entry)
            self._went_idle.fire(NOTHING)
        return NOTHING

    def _first_in_queue(self) -> Any:
        resume = next(iter(self._waiting))
        del self._waiting[resume]
        return resume

    def _retire(self, entry: Entry, exit: Exit[Any, Any]) -> Program:
        """Close the entry, then free its slot; to be run shielded."""
        self._sums["closed"] += 1
        return OnExit(entry.holder.close(exit), lambda closed: Operation(self._free, self._shared.writes))

    def _free(self) -> None:
        """Give up a slot; whoever waits may open a resource in it."""
        self._size -= 1
        if self._closed and self._size == 0:
            self._emptied.fire(NOTHING)
        if self._waiting:
            found = self._take()
            if found is not None:
                self._first_in_queue()(found)

    def _break(self, item: object) -> None:
        for entry in self._lent:
            if entry.value is item:
                entry.broken = True

    def _stats(self) -> PoolStats:
        return PoolStats(self._size, len(self._idle), len(self._lent), len(self._waiting), **self._sums)

    # -- Behind the scenes -----------------------------------------------------------------------------------

    def _close_quietly(self, entry: Entry) -> Program:
        """Close an entry that nobody uses; what fails is told when the pool closes. To be run shielded."""
        self._sums["closed"] += 1
        return Fold(entry.holder.close(Success(None)), self._note)

    def _note(self, cause: Cause[Any]) -> Program:
        self._unreleased.append(cause)
        return NOTHING

    def _reap(self) -> Generator[Program, Any, None]:
        """Close what has been idle for too long, for ever."""
        while True:
            if self._idle and self._size > self._plan.min:
                now: float = yield Ask(time_of)
                due = self._idle[0].idle_since + self._plan.idle_time if self._idle else now
                if due - now > TOLERANCE:
                    yield Sleep(due - now)
                yield Shield(lambda restore: FlatMap(Ask(self._reap_one, touches=self._shared.writes), itself))
            else:
                self._went_idle = Signal("something in the pool to be idle")
                yield self._went_idle.wait()

    def _reap_one(self, fiber: Any) -> Program:
        """Close the one that has been idle for longest, if it has been so for long enough."""
        if not self._idle or self._size <= self._plan.min:
            return NOTHING
        if self._idle[0].idle_since + self._plan.idle_time - fiber.now() > TOLERANCE:
            return NOTHING
        return self._discard(self._idle.popleft())

    def _discard(self, entry: Entry) -> Program:
        """Close an entry that nobody uses and free its slot."""
        return OnExit(self._close_quietly(entry), lambda closed: Operation(self._free, self._shared.writes))

    # -- The pool as a resource ------------------------------------------------------------------------------

    @staticmethod
    def _opened(plan: Plan, shared: Shared, use: Use) -> Program:
        """The use of a new pool."""

        def begin(home: Any) -> Program:
            pool: Pool[Any, Any] = Pool(plan, shared, home)
            return OnExit(Then(pool._begin(), Suspend(partial(use, pool))), pool._end)

        return FlatMap(Ask(background_of, peek=True, touches=()), begin)

    def _begin(self) -> Program:
        """Open the first ones, and start to watch what is idle."""
        plan = self._plan
        self._size = plan.min
        filling = [FlatMap(self._open(), self._add) for _ in range(plan.min)]
        filled = Parallel(filling, "all", "Pool.make") if filling else NOTHING
        if plan.idle_time == inf:
            return filled
        return Then(filled, self._reaper.start(Generate(self._reap, (), {})))

    def _add(self, entry: Entry) -> Program:
        return FlatMap(Ask(partial(self._keep, entry, Success(None)), peek=True, touches=self._shared.writes), itself)

    def _end(self, exit: Exit[Any, Any]) -> Program:
        """Let nobody in any more, close what is idle, wait for what is lent, and tell what could not be closed."""
        self._closed = True
        while self._waiting:
            self._first_in_queue()(Halt(Die(PoolClosed())))
        idle, self._idle = self._idle, deque[Entry]()
        emptied = self._emptied.wait() if self._size else NOTHING
        told = Suspend(lambda: all_of([Halt(cause) for cause in self._unreleased], "Pool"))
        closing = all_of([self._discard(entry) for entry in idle], "Pool")
        return Then(self._reaper.stop(), Then(closing, Then(emptied, told)))


ME: Final = Ask(lambda fiber: fiber, peek=True, touches=())
"""The fiber that runs."""


def itself(program: Program) -> Program:
    """The program that was decided on."""
    return program


def checked(word: str, given: Any) -> Resource[Any, Any]:
    """Refuse what is no resource."""
    return resource(word, given)


def always(cause: Cause[Any]) -> bool:
    """After every failed use nobody else must get it: what was left half done inside is not known."""
    return True
