"""`Pool`, a few resources that are acquired once and lent to one user after another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any, Final, Generic, Never, TypeVar, final

from typing_extensions import TypeVar as TypeVarWithDefault

from effio.algebra import argument
from effio.algebra.desugar.time import background_of
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Ask, FlatMap, Halt, OnExit, Operation, Suspend, Then
from effio.algebra.shape import Program
from effio.concurrent.shared import Shared, shared
from effio.data.cause import Cause, Die
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit
from effio.data.made_elsewhere import made_elsewhere
from effio.resource.attendant import NOTHING, Use
from effio.resource.entry import Plan
from effio.resource.resource import Resource, all_of, resource
from effio.resource.stock import PoolClosed, PoolStats, Stock, itself
from effio.resource.upkeep import Upkeep
from effio.schedule.schedule import Schedule

Item = TypeVar("Item", covariant=True)
ItemError = TypeVarWithDefault("ItemError", covariant=True, default=Never)
Given = TypeVar("Given")
GivenError = TypeVar("GivenError")

REFILL: Final[Schedule[object, object]] = (Schedule.exponential(1) | Schedule.spaced(60)).up_to(300)
"""When to try again to open what is missing: after one second, two, four, at most a minute, for five minutes."""


@final
@made_elsewhere(Stock, "the resource {make} gives one")
class Pool(Generic[Item, ItemError]):
    """Lends resources: at most `max` at once, to users in order of arrival, the one that was used last first."""

    __slots__ = ("_stock",)

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

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
        refill: Schedule[Cause[GivenError], object] | int = REFILL,
        name: str | None = None,
    ) -> Resource[Pool[Given, GivenError], GivenError]:
        """Open `min` resources at once, and at most `max` when they are wanted; close all of them in the end.

        What has been idle for `idle_time` seconds is closed, down to `min`. `check` runs before an idle one is lent:
        if it gives false or fails, another one is opened instead. One whose use failed or was cancelled is closed;
        `breaks` may say for which causes. When fewer than `min` are left, others are opened behind the scenes, one
        after another. If that fails nobody is told: it is tried again as `refill` says, and by the next user who needs
        one. The end waits until everything that was lent has come back.
        """
        plan = Plan(
            checked("Pool.make", resource),
            argument.count("Pool.make", "max", max, 1),
            argument.count("Pool.make", "min", min, 0),
            seconds(idle_time, "idle_time of Pool.make"),
            None if check is None else argument.function("Pool.make", check),
            always if breaks is None else argument.function("Pool.make", breaks),
            argument.schedule("Pool.make", refill),
        )
        if plan.min > plan.max:
            raise ValueError(f"min of Pool.make must be at most max, but {min} is more than {max}")
        return Resource(partial(opened, plan, shared("Pool", name)))

    def use(self, f: Callable[[Item], IO[NewValue, NewError]], /) -> IO[NewValue, ItemError | NewError]:
        """Borrow a resource, run what `f` makes of it, give it back; wait in order of arrival if all are lent.

        If it has to be opened and that fails, this fails. After use is closed in the pool, a `PoolClosed` defect.
        """
        return self._stock.lend(argument.function("use", f))

    def get(self) -> Resource[Item, ItemError]:
        """The same as a resource."""
        return Resource(self._stock.lend)

    def invalidate(self, item: object, /) -> IO[None]:
        """Close `item`: now if nobody uses it, else when it is given back."""
        stock = self._stock
        return FlatMap(Operation(stock.spoil, stock.shared.writes, (item,)), itself)

    def stats(self) -> IO[PoolStats]:
        """Give how the pool stands."""
        return Operation(self._stock.stats, self._stock.shared.reads)

    def __repr__(self) -> str:
        stock = self._stock
        return f"<{stock.shared}: {len(stock.idle)} of {stock.size} idle, max {stock.plan.max}>"


# -- The pool as a resource ----------------------------------------------------------------------------------


def opened(plan: Plan, shared: Shared, use: Use) -> Program:
    """The use of a new pool."""

    def begin(home: Any) -> Program:
        stock = Stock(plan, shared, home)
        upkeep = Upkeep(stock)
        return OnExit(Then(upkeep.start(), Suspend(partial(use, Pool(stock)))), partial(ended, stock, upkeep))

    return FlatMap(Ask(background_of, peek=True, touches=()), begin)


def ended(stock: Stock, upkeep: Upkeep, exit: Exit[Any, Any]) -> Program:
    """Let nobody in any more, close what is idle, wait for what is lent, and tell what could not be closed."""
    stock.closed = True
    while stock.waiting:
        stock.first_in_queue()(Halt(Die(PoolClosed())))
    idle = [*stock.idle]
    stock.idle.clear()
    emptied = stock.emptied.wait() if stock.size else NOTHING
    told = Suspend(lambda: all_of([Halt(cause) for cause in stock.unreleased], "Pool"))
    closing = all_of([stock.discard(entry) for entry in idle], "Pool")
    return Then(upkeep.stop(), Then(closing, Then(emptied, told)))


def checked(word: str, given: Any) -> Resource[Any, Any]:
    """Refuse what is no resource."""
    return resource(word, given)


def always(cause: Cause[Any]) -> bool:
    """After every failed use nobody else must get it: what was left half done inside is not known."""
    return True
