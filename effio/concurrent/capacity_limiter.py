"""`CapacityLimiter`, so many tokens for fibers and threads alike, a number that may change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Ask, Operation, Park
from effio.algebra.shape import program
from effio.concurrent.shared import NOTHING, Shared, first_of, held, make, shared
from effio.data.cause_text import short_repr
from effio.data.made_elsewhere import made_elsewhere


@final
@attrs.frozen
class CapacityLimiterStats:
    """How many tokens there are (perhaps infinitely many), how many are borrowed, how many wait, and who borrowed."""

    total: float
    borrowed: int
    waiting: int
    borrowers: tuple[str, ...]


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class CapacityLimiter:
    """Lends tokens, in the order they were asked for; each fiber or thread may borrow one at a time.

    One limiter may serve several threads and several runs. `_named` are those in whose name somebody waits. `_patient`
    are those of `_waiting` that wait for somebody out of sight of their run: in virtual time that is no deadlock.
    """

    _shared: Shared
    _total: float
    _lock: threading.RLock = attrs.field(init=False, factory=threading.RLock)
    _borrowers: dict[Any, None] = attrs.field(init=False, factory=dict[Any, None])
    _waiting: OrderedDict[Any, Any] = attrs.field(init=False, factory=OrderedDict[Any, Any])
    _named: set[Any] = attrs.field(init=False, factory=set[Any])
    _patient: set[Any] = attrs.field(init=False, factory=set[Any])

    @staticmethod
    def make(total: float, *, name: str | None = None) -> IO[CapacityLimiter]:
        """Make a new `CapacityLimiter` with `total` tokens, a whole number or `math.inf`."""
        return make(CapacityLimiter, shared("CapacityLimiter", name), number("CapacityLimiter", total))

    def with_token(self, io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]:
        """Wait for a token, run `io` holding it, and give it back, however `io` ends."""
        return held(self.acquire(), program("with_token", io), self._finalizer)

    def acquire(self, *, borrower: object = None) -> IO[None]:
        """Wait for a token and borrow it, for this fiber or in the name of `borrower`."""
        enlist, withdraw = partial(self._enlist, borrower), partial(self._withdraw, borrower)
        return Park(enlist, withdraw, self._reason, touches=self._shared.writes)

    def release(self, *, borrower: object = None) -> IO[None]:
        """Give back the token of this fiber or of `borrower`."""
        if borrower is None:
            return Ask(self.give_back, touches=self._shared.writes)
        return Operation(self.give_back, self._shared.writes, (borrower,))

    def resize(self, total: float, /) -> IO[None]:
        """Have `total` tokens from now on; those that are borrowed stay so, even if they are too many."""
        return Operation(self._resize, self._shared.writes, (number("resize", total),))

    def stats(self) -> IO[CapacityLimiterStats]:
        """Count the tokens and who waits, and tell who borrowed some."""
        return Operation(self._stats, self._shared.reads)

    def holders(self) -> tuple[Any, ...]:
        """The running fibers that borrowed tokens, for dumps."""
        return tuple(borrower for borrower in self._borrowers if hasattr(borrower, "scheduler"))

    def __repr__(self) -> str:
        return f"<{self._shared}: {len(self._borrowers)} of {self._total:g} borrowed>"

    # -- From any thread -------------------------------------------------------------------------------------

    @contextmanager
    def held_by_thread(self) -> Generator[None, None, None]:
        """Hold a token in the name of the calling thread, which is blocked until there is one.

        Not for a thread that runs fibers: they would be blocked too.
        """
        thread = threading.current_thread()
        waiter = Blocked()
        with self._lock:
            if self._lend(thread):
                waiter.lent.set()
            else:
                self._waiting[waiter] = thread
                self._named.add(thread)
        try:
            waiter.lent.wait()
        except BaseException:
            self._withdraw(thread, waiter)
            raise
        try:
            yield
        finally:
            self.give_back(thread)

    def give_back(self, borrower: object, /) -> None:
        """Give back the token of `borrower`, now, without a program."""
        with self._lock:
            if borrower not in self._borrowers:
                raise RuntimeError(f"{name_of(borrower)!r} has no token of {self._shared} to give back")
            self._take_back(borrower)

    # -- Steps -----------------------------------------------------------------------------------------------

    def _enlist(self, borrower: object, resume: Any) -> IO[None] | None:
        with self._lock:
            wanting = resume.fiber if borrower is None else borrower
            if borrower in self._named:
                raise self._second(borrower)
            if self._lend(wanting):
                return NOTHING
            if self._depends_on_strangers(resume.fiber):
                self._patient.add(resume)
                resume.fiber.scheduler.outside += 1
            self._waiting[resume] = wanting
            if borrower is not None:
                self._named.add(borrower)
            return None

    def _withdraw(self, borrower: object, waiter: Any) -> None:
        """Wait no more. A token that another thread has just lent, and that is still on its way, goes back."""
        with self._lock:
            self._in_sight(waiter)
            self._named.discard(borrower)
            if self._waiting.pop(waiter, None) is None:
                self._take_back(waiter.fiber if borrower is None else borrower)

    def _lend(self, borrower: object) -> bool:
        if borrower in self._borrowers:
            raise self._second(borrower)
        if self._waiting or len(self._borrowers) >= self._total:
            return False
        self._borrowers[borrower] = None
        return True

    def _depends_on_strangers(self, fiber: Any) -> bool:
        """Whether the next in the queue waits for somebody out of sight; if its predecessor does, so does it."""
        if self._waiting:
            last, borrower = next(reversed(self._waiting.items()))
            return last in self._patient or is_out_of_sight(borrower, fiber)
        return any(is_out_of_sight(borrower, fiber) for borrower in self._borrowers)

    def _second(self, borrower: object) -> RuntimeError:
        problem = RuntimeError(f"{name_of(borrower)!r} cannot borrow a second token of {self._shared}")
        problem.add_note("who waits for a second one while holding the first may wait for ever")
        return problem

    def _take_back(self, borrower: object) -> None:
        del self._borrowers[borrower]
        self._grant()

    def _grant(self) -> None:
        while self._waiting and len(self._borrowers) < self._total:
            waiter, borrower = self._waiting.popitem(last=False)
            self._named.discard(borrower)
            self._borrowers[borrower] = None
            waiter.from_anywhere(self._arriving(waiter) if waiter in self._patient else NOTHING)

    def _arriving(self, waiter: Any) -> IO[None]:
        """Go on holding a token, on the thread of the waiter's run."""
        return Ask(lambda fiber: self._in_sight(waiter), peek=True, touches=())

    def _in_sight(self, waiter: Any) -> None:
        """It does not wait any more."""
        if waiter in self._patient:
            self._patient.discard(waiter)
            waiter.fiber.scheduler.outside -= 1

    def _resize(self, total: float) -> None:
        with self._lock:
            self._total = total
            self._grant()

    def _finalizer(self, exit: Any) -> IO[None]:
        return self.release()

    def _stats(self) -> CapacityLimiterStats:
        with self._lock:
            names = tuple(map(name_of, self._borrowers))
            return CapacityLimiterStats(self._total, len(names), len(self._waiting), names)

    def _reason(self) -> str:
        return f"a token of {self._shared}, borrowed by {first_of(map(name_of, self._borrowers))}"


@final
@attrs.frozen(eq=False)
class Blocked:
    """A thread that waits for a token."""

    lent: threading.Event = attrs.field(factory=threading.Event)

    def from_anywhere(self, program: IO[Any, Any]) -> None:
        """It has the token: what a waiting fiber would go on with does not matter to it."""
        self.lent.set()


def is_out_of_sight(borrower: Any, fiber: Any) -> bool:
    """Whether the run of `fiber` may not see its token come back: that of a thread, or of a fiber of another run."""
    if isinstance(borrower, threading.Thread) or getattr(borrower, "out_of_sight", False):
        return True
    return getattr(borrower, "scheduler", fiber.scheduler) is not fiber.scheduler


def number(word: str, total: float) -> float:
    """Refuse what is no number of tokens."""
    return inf if total == inf else argument.count(word, "number of tokens", total, 0)


def name_of(borrower: object) -> str:
    """What a fiber, a thread or another borrower is called."""
    return str(getattr(borrower, "name", None) or short_repr(borrower))
