"""Who looks after a pool while nobody asks for anything: closes what is idle for too long, opens what is missing."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any, final

from effio.algebra.derived import Supervise
from effio.algebra.desugar.signal import Signal
from effio.algebra.desugar.time import time_of
from effio.algebra.primitive import Ask, FlatMap, Fold, Generate, Halt, Operation, Parallel, Pure, Shield, Sleep, Then
from effio.algebra.shape import Program
from effio.data.cause import Cause
from effio.resource.attendant import NOTHING, Attendant
from effio.resource.stock import Stock, itself
from effio.schedule.rule import TOLERANCE


@final
class Upkeep:
    """Two fibers, as far as there is something to do for them, from the first to the last moment of a pool."""

    __slots__ = ("reaper", "refiller", "stock")

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.reaper = Attendant("pool")
        self.refiller = Attendant("refill of pool")

    def start(self) -> Program:
        """Open the first ones, then begin to look after them."""
        plan = self.stock.plan
        started: Program = NOTHING
        if plan.idle_time < inf:
            started = self.reaper.start(Generate(self.reap, (), {}))
        if plan.min:
            started = Then(started, self.refiller.start(Generate(self.refill, (), {})))
        filling = [self.opening()] * plan.min
        return Then(Parallel(filling, "all", "Pool.make"), started) if filling else started

    def stop(self) -> Program:
        """Cancel both and wait for their ends; to be run shielded."""
        return Then(self.reaper.stop(), self.refiller.stop())

    # -- What is idle ----------------------------------------------------------------------------------------

    def reap(self) -> Generator[Program, Any, None]:
        """Close what has been idle for too long, for ever."""
        stock = self.stock
        while True:
            if stock.idle and stock.size > stock.plan.min:
                now: float = yield Ask(time_of)
                due = stock.idle[0].idle_since + stock.plan.idle_time if stock.idle else now
                if due - now > TOLERANCE:
                    yield Sleep(due - now)
                yield Shield(lambda restore: FlatMap(Ask(self.reap_one, touches=stock.shared.writes), itself))
            else:
                stock.went_idle = Signal("something in the pool to be idle")
                yield stock.went_idle.wait()

    def reap_one(self, fiber: Any) -> Program:
        """Close the one that has been idle for longest, if it has been so for long enough."""
        stock = self.stock
        if not stock.idle or stock.size <= stock.plan.min:
            return NOTHING
        if stock.idle[0].idle_since + stock.plan.idle_time - fiber.now() > TOLERANCE:
            return NOTHING
        return stock.discard(stock.idle.popleft())

    # -- What is missing -------------------------------------------------------------------------------------

    def refill(self) -> Generator[Program, Any, None]:
        """Open what is missing, one after another, for ever; if it cannot be opened, until the next time."""
        stock = self.stock
        opening = Supervise(self.opening(), stock.plan.refill)
        while True:
            given_up: bool = yield Fold(Then(opening, Pure(False)), left_to_users)
            if given_up or stock.size >= stock.plan.min:
                stock.went_missing = Signal("something in the pool to be missing")
                yield stock.went_missing.wait()

    def opening(self) -> Program:
        """Open one more, if one is missing."""
        return FlatMap(Operation(self.open_one, self.stock.shared.writes), itself)

    def open_one(self) -> Program:
        """Have a slot at once, so that nobody else takes it, and open one more in it."""
        stock = self.stock
        if stock.closed or stock.size >= stock.plan.min:
            return NOTHING
        stock.size += 1
        return FlatMap(stock.open(), stock.kept)


def left_to_users(cause: Cause[Any]) -> Program:
    """Whoever needs what could not be opened tries it again, and is told what went wrong."""
    return Pure(True) if cause.fatal() is None else Halt(cause)
