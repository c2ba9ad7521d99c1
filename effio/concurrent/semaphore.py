"""`Semaphore`, a number of permits that fibers take and give back."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any, Protocol, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Ask, Operation, Park
from effio.algebra.shape import program
from effio.concurrent.shared import NOTHING, OneTouch, Shared, first_of, held, make, shared
from effio.data.made_elsewhere import made_elsewhere


class Permitted(Protocol):
    """What `with_permits` gives: runs a program holding permits."""

    def __call__(self, io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]: ...


@final
@attrs.frozen
class SemaphoreStats:
    """How many permits can be taken, how many fibers wait, and the names of those that hold some."""

    available: int
    waiting: int
    holders: tuple[str, ...]


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Semaphore:
    """Holds permits, handed out strictly in the order they were asked for: who wants few waits behind who wants many.

    Any fiber may release, also more than was ever taken.
    """

    _shared: Shared
    _available: int
    _takes: OneTouch = attrs.field(init=False)
    _gives: OneTouch = attrs.field(init=False)
    _holders: OrderedDict[Any, int] = attrs.field(init=False, factory=OrderedDict[Any, int])
    _waiting: OrderedDict[Any, int] = attrs.field(init=False, factory=OrderedDict[Any, int])

    def __attrs_post_init__(self) -> None:
        self._takes = self._shared.takes("", self._available)
        self._gives = self._shared.gives("")

    @staticmethod
    def make(permits: int, *, name: str | None = None) -> IO[Semaphore]:
        """Make a new `Semaphore` with so many permits to take."""
        return make(Semaphore, shared("Semaphore", name), argument.count("Semaphore", "permits", permits, 0))

    def with_permit(self, io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]:
        """Wait for a permit, run `io` holding it, and give it back, however `io` ends."""
        return held(self._wait(1), program("with_permit", io), partial(self._finalizer, 1))

    def with_permits(self, permits: int, /) -> Permitted:
        """Run the program that the result is given holding so many permits, and give them back, however it ends."""
        count = argument.count("with_permits", "permits", permits, 1)

        def permitted(io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]:
            return held(self._wait(count), program("with_permits", io), partial(self._finalizer, count))

        return permitted

    def acquire(self, permits: int = 1, /) -> IO[None]:
        """Wait until there are so many permits and everybody who came before is served, and take them."""
        return self._wait(argument.count("acquire", "permits", permits, 1))

    def try_acquire(self, permits: int = 1, /) -> IO[bool]:
        """Take so many permits, if they are there and nobody waits; tell whether they were, without waiting."""
        count = argument.count("try_acquire", "permits", permits, 1)
        return Ask(partial(self._take, count), touches=self._shared.writes)

    def release(self, permits: int = 1, /) -> IO[None]:
        """Give so many permits to those who have waited longest."""
        return self._give_back(argument.count("release", "permits", permits, 1))

    def stats(self) -> IO[SemaphoreStats]:
        """Count the permits and who waits, and tell who holds some."""
        return Operation(self._stats, self._shared.reads)

    def holders(self) -> tuple[Any, ...]:
        """The running fibers that hold permits, for dumps."""
        return (*self._holders,)

    def __repr__(self) -> str:
        return f"<{self._shared}: {self._available} available>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _wait(self, permits: int) -> IO[None]:
        reason = partial(self._reason, permits)
        touches = self._takes if permits == 1 else self._shared.writes
        return Park(partial(self._enlist, permits), self._withdraw, reason, touches=touches)

    def _give_back(self, permits: int) -> IO[None]:
        touches = self._gives if permits == 1 else self._shared.writes
        return Ask(partial(self._release, permits), touches=touches)

    def _enlist(self, permits: int, resume: Any) -> IO[None] | None:
        if self._take(permits, resume.fiber):
            return NOTHING
        self._waiting[resume] = permits
        return None

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)
        self._grant()  # It may have wanted more than those behind it.

    def _take(self, permits: int, fiber: Any) -> bool:
        if self._waiting or permits > self._available:
            return False
        self._give(permits, fiber)
        return True

    def _give(self, permits: int, fiber: Any) -> None:
        self._available -= permits
        self._holders[fiber] = self._holders.get(fiber, 0) + permits

    def _release(self, permits: int, fiber: Any) -> None:
        self._take_back(permits, fiber)
        self._grant()

    def _take_back(self, permits: int, fiber: Any) -> None:
        """Have them again; those that a stranger gives back are taken for those of who has held some longest."""
        self._available += permits
        while permits and self._holders:
            holder = fiber if fiber in self._holders else next(iter(self._holders))
            count = self._holders.pop(holder)
            if count > permits:
                self._holders[holder] = count - permits
            permits = max(0, permits - count)

    def _grant(self) -> None:
        waiting = self._waiting
        while waiting:
            resume, permits = next(iter(waiting.items()))
            if permits > self._available:
                return
            del waiting[resume]
            fiber = resume.fiber
            self._give(permits, fiber)
            if not resume(NOTHING):
                self._take_back(permits, fiber)

    def _finalizer(self, permits: int, exit: Any) -> IO[None]:
        return self._give_back(permits)

    def _stats(self) -> SemaphoreStats:
        return SemaphoreStats(self._available, len(self._waiting), self._names())

    def _names(self) -> tuple[str, ...]:
        return tuple(str(fiber.name) for fiber in self._holders)

    def _reason(self, permits: int) -> str:
        wanted = "a permit" if permits == 1 else f"{permits} permits"
        free = f", {self._available} free" if self._available else ""
        return f"{wanted} of {self._shared}{free}, held by {first_of(self._names())}"
