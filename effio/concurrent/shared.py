"""What all primitives share: what they are called, what their operations touch, how they are made and held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO
from effio.algebra.primitive import OnExit, Operation, Pure, Then
from effio.data.call_site import CallSite, caller
from effio.data.touch import Mode, Touch, Touches

NOTHING: Final = Pure(None)
OneTouch: TypeAlias = tuple[Touch]
Parts: TypeAlias = tuple[Touch, ...]

FREE: Final[Touches] = ()
"""What an operation touches that makes something new: nothing that anybody else knows."""


# Every primitive makes some, in every run of a program that is explored: to fill the slots takes a third of the time
# that the constructor of a frozen class takes.
set_object: Final = vars(Touch)["object"].__set__
set_mode: Final = vars(Touch)["mode"].__set__
set_part: Final = vars(Touch)["part"].__set__
set_amount: Final = vars(Touch)["amount"].__set__
new: Final = Touch.__new__


def touch(thing: Shared, mode: Mode, part: str = "", amount: float = 0) -> OneTouch:
    """What an operation touches that does one thing to one part."""
    made = new(Touch)
    set_object(made, thing)
    set_mode(made, mode)
    set_part(made, part)
    set_amount(made, amount)
    return (made,)


@final
@attrs.define(eq=False, repr=False)
class Shared:
    """What a primitive is called, and what its operations touch.

    It stands for the primitive itself, so that programs that are kept do not keep the primitive's values. Where many
    await what happens once, `awaits` commutes with all but `counts`, which also counts those who wait.
    """

    kind: str
    name: str | None
    site: CallSite
    reads: OneTouch = attrs.field(init=False)
    writes: OneTouch = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.reads = touch(self, "read")
        self.writes = touch(self, "write")

    @property
    def awaits(self) -> Parts:
        """What an operation touches that waits for what happens once."""
        return touch(self, "await") + touch(self, "read", "waiters")

    @property
    def counts(self) -> Parts:
        """What an operation touches that counts those who wait."""
        return self.reads + touch(self, "write", "waiters")

    def takes(self, part: str, amount: float) -> OneTouch:
        """What an operation touches that takes one thing from a part, in which `amount` were at the beginning."""
        return touch(self, "take", part, amount)

    def gives(self, part: str) -> OneTouch:
        """What an operation touches that adds one thing to a part."""
        return touch(self, "give", part)

    def reads_part(self, part: str) -> OneTouch:
        """What an operation touches that depends on a part."""
        return touch(self, "read", part)

    def writes_part(self, part: str) -> OneTouch:
        """What an operation touches that may change a part."""
        return touch(self, "write", part)

    def __str__(self) -> str:
        return f"{self.kind} made at {self.site}" if self.name is None else f"{self.kind} {self.name!r}"

    def __repr__(self) -> str:
        return f"<{self}>"


def shared(kind: str, name: str | None) -> Shared:
    """The identity of a new primitive, made by the caller of the function that calls this."""
    argument.name(kind, name)
    return Shared(kind, name, caller(2))


def make(kind: Callable[..., Any], *args: Any) -> IO[Any]:
    """Make a new primitive, at each run another one."""
    return Operation(kind, FREE, args)


def held(acquire: IO[Any, Any], io: IO[Any, Any], release: Callable[[Any], IO[Any, Any]]) -> IO[Any, Any]:
    """Run `acquire`, then `io`, then what `release` makes of its exit, with no gap for a cancel in between."""
    return Then(acquire, OnExit(io, release))


@final
@attrs.frozen(eq=False, repr=False)
class AtEnd:
    """Calls `function` when a fiber that it was set on has ended."""

    function: Callable[[], None]

    def set_on(self, fiber: Any) -> None:
        """Watch that fiber."""
        watchers: dict[Any, str] = fiber.watchers or {}
        watchers[self] = "exit"
        fiber.watchers = watchers

    def take_off(self, fiber: Any) -> None:
        """Watch it no more."""
        fiber.watchers.pop(self, None)

    def wake(self, exit: IO[Any, Any]) -> None:
        """The fiber has ended: called by the run."""
        self.function()


def lineage(fiber: Any) -> set[Any]:
    """The running fiber and those around it, which end after it."""
    found = set[Any]()
    while fiber is not None:
        found.add(fiber)
        fiber = None if fiber.family is None else fiber.family.fiber
    return found


def first_of(names: Iterable[str]) -> str:
    """The first few names, for people.

    >>> first_of(["fetch", "store"]), first_of([]), first_of("abcde")
    ("'fetch', 'store'", 'nobody', "'a', 'b', 'c' and 2 more")
    """
    known = [*map(repr, names)]
    shown = ", ".join(known[:NAMES_SHOWN])
    return f"{shown} and {len(known) - NAMES_SHOWN} more" if len(known) > NAMES_SHOWN else shown or "nobody"


NAMES_SHOWN: Final = 3
