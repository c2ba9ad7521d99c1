"""`Mutex`, which one fiber at a time holds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, final

import attrs

from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Ask, Halt, Operation, Park
from effio.algebra.shape import program
from effio.concurrent.shared import NOTHING, AtEnd, OneTouch, Shared, held, make, shared
from effio.data.cause import Die
from effio.data.made_elsewhere import made_elsewhere


class MutexBroken(RuntimeError):
    """The fiber that held a mutex has ended without releasing it, so what it guards may be half done."""

    def __init__(self, mutex: str, owner: str) -> None:
        super().__init__(mutex, owner)
        self.mutex = mutex
        self.owner = owner
        self.add_note("hold it by with_lock, which releases it however the program ends")

    def __str__(self) -> str:
        return f"cannot acquire {self.mutex}: {self.owner!r} ended without releasing it"


class MutexMisused(RuntimeError):
    """A fiber acquired a mutex that it holds, or released one that it does not hold."""

    def __init__(self, mutex: str, fiber: str, verb: str, owner: str | None) -> None:
        super().__init__(mutex, fiber, verb, owner)
        self.mutex = mutex
        self.fiber = fiber
        self.verb = verb
        self.owner = owner
        if verb == "acquire":
            self.add_note("a mutex is not re-entrant: let only the outermost function acquire it")

    def __str__(self) -> str:
        holder = "nobody" if self.owner is None else "it" if self.verb == "acquire" else repr(self.owner)
        return f"{self.fiber!r} cannot {self.verb} {self.mutex}, which {holder} holds"


@final
@attrs.frozen
class MutexStats:
    """The name of the fiber that holds it, if one does, and how many wait."""

    owner: str | None
    waiting: int

    @property
    def locked(self) -> bool:
        """Whether it is held."""
        return self.owner is not None


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Mutex:
    """Is held by one fiber at a time, in the order they came; only the one that holds it may release it.

    Acquiring it twice is a defect, not a deadlock. If its owner ends without releasing it, it is broken for good:
    whoever waits for it or asks for it later has a `MutexBroken` defect.
    """

    _shared: Shared
    _takes: OneTouch = attrs.field(init=False)
    _entering: IO[None] = attrs.field(init=False)
    _leaving: IO[None] = attrs.field(init=False)
    _owner: Any = attrs.field(init=False, default=None)
    _at_end: AtEnd | None = attrs.field(init=False, default=None)
    _broken_by: str | None = attrs.field(init=False, default=None)
    _waiting: OrderedDict[Any, bool] = attrs.field(init=False, factory=OrderedDict[Any, bool])

    def __attrs_post_init__(self) -> None:
        self._takes = self._shared.takes("", 1)
        self._entering = Park(self._enlist_within, self._withdraw, self._reason, touches=self._takes)
        self._leaving = self.release()

    @staticmethod
    def make(*, name: str | None = None) -> IO[Mutex]:
        """Make a new `Mutex` that nobody holds."""
        return make(Mutex, shared("Mutex", name))

    def with_lock(self, io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]:
        """Wait until it is free, run `io` holding it, and release it, however `io` ends."""
        return held(self._entering, program("with_lock", io), self._finalizer)

    def acquire(self) -> IO[None]:
        """Wait until it is free, and hold it until `release`."""
        return Park(self._enlist, self._withdraw, self._reason, touches=self._takes)

    def try_acquire(self) -> IO[bool]:
        """Hold it, if it is free and nobody waits; tell whether it was, without waiting."""
        return Ask(self._try_acquire, touches=self._shared.writes)

    def release(self) -> IO[None]:
        """Hand it over to the fiber that has waited longest."""
        return Ask(self._release, touches=self._shared.gives(""))

    @property
    def locked(self) -> bool:
        """Whether it is held now."""
        return self._owner is not None

    @property
    def waiting(self) -> int:
        """How many fibers wait for it now."""
        return len(self._waiting)

    def stats(self) -> IO[MutexStats]:
        """Tell who holds it, and count who waits."""
        return Operation(self._stats, self._shared.reads)

    def holders(self) -> tuple[Any, ...]:
        """The running fiber that holds it, if one does, for dumps."""
        return () if self._owner is None else (self._owner,)

    def __repr__(self) -> str:
        state = "broken" if self._broken_by is not None else "free" if self._owner is None else "held"
        return f"<{self._shared}: {state}>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _enlist(self, resume: Any, watched: bool = True) -> IO[None] | None:
        fiber = resume.fiber
        if self._try(fiber, watched):
            return NOTHING
        self._waiting[resume] = watched
        return None

    def _enlist_within(self, resume: Any) -> IO[None] | None:
        return self._enlist(resume, watched=False)

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)

    def _try_acquire(self, fiber: Any) -> bool:
        return self._try(fiber, watched=True)

    def _try(self, fiber: Any, watched: bool) -> bool:
        if self._broken_by is not None:
            raise self._breakage()
        if self._owner is fiber:
            raise MutexMisused(str(self._shared), fiber.name, "acquire", fiber.name)
        if self._owner is not None:
            return False
        self._give(fiber, watched)
        return True

    def _give(self, fiber: Any, watched: bool) -> None:
        self._owner = fiber
        if watched:
            self._at_end = AtEnd(self._break)
            self._at_end.set_on(fiber)

    def _release(self, fiber: Any) -> None:
        if self._owner is not fiber:
            owner = None if self._owner is None else self._owner.name
            raise MutexMisused(str(self._shared), fiber.name, "release", owner)
        if self._at_end is not None:
            self._at_end.take_off(fiber)
            self._at_end = None
        self._owner = None
        while self._waiting and self._owner is None:
            resume, watched = self._waiting.popitem(last=False)
            if resume(NOTHING):
                self._give(resume.fiber, watched)

    def _finalizer(self, exit: Any) -> IO[None]:
        return self._leaving

    def _stats(self) -> MutexStats:
        return MutexStats(None if self._owner is None else self._owner.name, len(self._waiting))

    def _reason(self) -> str:
        return f"{self._shared}, held by {'nobody' if self._owner is None else repr(self._owner.name)}"

    # -- The end of the owner --------------------------------------------------------------------------------

    def _break(self) -> None:
        """The owner has ended and holds it still: all who wait fail."""
        self._broken_by = self._owner.name
        self._owner = None
        waiting, self._waiting = self._waiting, OrderedDict()
        for resume in waiting:
            resume(Halt(Die(self._breakage())))

    def _breakage(self) -> MutexBroken:
        return MutexBroken(str(self._shared), str(self._broken_by))
