"""`FiberSet`, the fibers of a kind that run now; one that ends leaves it."""

from __future__ import annotations

from functools import partial
from typing import Any, Generic, Never, TypeAlias, final

import attrs
from typing_extensions import TypeVar

from effio.algebra import argument
from effio.algebra.combine import collect, par_settle
from effio.algebra.create import shield
from effio.algebra.handle import Fiber, TaskGroup
from effio.algebra.io import IO
from effio.algebra.primitive import Ask, FlatMap, OnExit, Operation, Park, Suspend
from effio.algebra.shape import program
from effio.concurrent.shared import NOTHING, Shared, lineage, make, shared
from effio.data.made_elsewhere import made_elsewhere

Ran = TypeVar("Ran")
RanError = TypeVar("RanError", default=Never)
Fibers: TypeAlias = tuple[Fiber[Any, Any], ...]


@final
@attrs.frozen
class FiberSetStats:
    """The names of the fibers that run, and how many wait until none does."""

    running: tuple[str, ...]
    waiting: int


@final
@attrs.define(eq=False)
class Member:
    """A program on its way into the set; it may have ended before its fiber is known."""

    fiber: Fiber[Any, Any] | None = None
    ended: bool = False


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class FiberSet(Generic[Ran, RanError]):
    """Fibers forked into a task group, to be counted, cancelled and awaited apart from the others of that group."""

    _shared: Shared
    _group: TaskGroup
    _members: dict[Member, None] = attrs.field(init=False, factory=dict[Member, None])
    _waiting: dict[Any, None] = attrs.field(init=False, factory=dict[Any, None])

    @classmethod
    def make(cls, group: TaskGroup, *, name: str | None = None) -> IO[FiberSet[Ran, RanError]]:
        """Make a new `FiberSet` whose fibers are children of `group`."""
        argument.instance("FiberSet.make", group, TaskGroup, "a task group", "make it in task_group(lambda group: ...)")
        return make(cls, shared("FiberSet", name), group)

    def fork(self, io: IO[Ran, RanError], /, *, name: str | None = None) -> IO[Fiber[Ran, RanError]]:
        """Start `io` as a child of the group and give its fiber, which leaves the set when it ends."""
        argument.name("fork", name)
        return Suspend(partial(self._fork, program("fork", io), name))

    def fibers(self) -> IO[tuple[Fiber[Ran, RanError], ...]]:
        """Give the fibers that run, the oldest first."""
        return Operation(self._fibers, self._shared.reads)

    def cancel(self, reason: object = None, /) -> IO[None]:
        """Cancel all fibers that run, and wait for their finalizers; fibers that are forked later run.

        A fiber of the set that runs this, or is around it, is cancelled too, but not waited for.
        """
        return FlatMap(Ask(self._seen_from, touches=self._shared.reads), partial(cancelled, reason))

    def wait_empty(self) -> IO[None]:
        """Wait until no fiber of the set runs. For one of them that is a defect, since it would wait for itself."""
        return Park(self._enlist, self._withdraw, self._reason, touches=self._shared.reads)

    def stats(self) -> IO[FiberSetStats]:
        """Tell which fibers run, and count who waits."""
        return Operation(self._stats, self._shared.reads)

    def __repr__(self) -> str:
        return f"<{self._shared}: {len(self._members)} fibers>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _fork(self, io: IO[Ran, RanError], name: str | None) -> IO[Fiber[Ran, RanError]]:
        member = Member()
        guarded = OnExit(io, lambda exit: Operation(self._remove, self._shared.writes, (member,)))
        return FlatMap(self._group.fork(guarded, name=name), partial(self._adding, member))

    def _adding(self, member: Member, fiber: Fiber[Ran, RanError]) -> IO[Fiber[Ran, RanError]]:
        """A step that no cancel can hit, so that every fiber that was forked gets into the set."""
        return Ask(partial(self._add, member, fiber), peek=True, touches=self._shared.writes)

    def _add(self, member: Member, fiber: Fiber[Ran, RanError], forking: Any) -> Fiber[Ran, RanError]:
        if not member.ended:
            member.fiber = fiber
            self._members[member] = None
        return fiber

    def _remove(self, member: Member) -> None:
        member.ended = True
        self._members.pop(member, None)
        if not self._members:
            waiting, self._waiting = self._waiting, {}
            for resume in waiting:
                resume(NOTHING)

    def _fibers(self) -> tuple[Fiber[Ran, RanError], ...]:
        return tuple(member.fiber for member in self._members if member.fiber is not None)

    def _seen_from(self, fiber: Any) -> tuple[Fibers, Fibers]:
        """The fibers that run, and those of them that may end before `fiber` does."""
        fibers, around = self._fibers(), lineage(fiber)
        return fibers, tuple(each for each in fibers if core_of(each) not in around)

    def _enlist(self, resume: Any) -> IO[None] | None:
        if not self._members:
            return NOTHING
        fibers, others = self._seen_from(resume.fiber)
        if len(others) < len(fibers):
            raise RuntimeError(f"{resume.fiber.name!r} cannot wait until {self._shared} is empty, which it is in")
        self._waiting[resume] = None
        return None

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)

    def _stats(self) -> FiberSetStats:
        return FiberSetStats(tuple(fiber.name for fiber in self._fibers()), len(self._waiting))

    def _reason(self) -> str:
        return f"{len(self._members)} fibers of {self._shared}"


def cancelled(reason: object, seen: tuple[Fibers, Fibers]) -> IO[None]:
    """Ask all to stop, even if that hits who asks, then wait for those that can be waited for."""
    fibers, others = seen
    ended = par_settle([fiber.exit() for fiber in others]).as_value(None)
    return shield(lambda restore: collect([fiber.cancel_soon(reason) for fiber in fibers]).then(restore(ended)))


def core_of(fiber: Fiber[Any, Any]) -> Any:
    """What runs behind a handle."""
    return fiber._core  # pyright: ignore[reportPrivateUsage]  # the set asks who runs in it
