"""`Resource`, a value that is acquired before its use and released after it, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import partial
from inspect import Parameter, signature
from typing import Any, Generic, Never, TypeVar, cast, final, overload

import attrs
from returns.result import Failure
from typing_extensions import TypeVar as TypeVarWithDefault

from effio.algebra import argument
from effio.algebra.derived import Bracket
from effio.algebra.io import IO, X1, NewError, NewValue, OtherError, T
from effio.algebra.primitive import FlatMap, Halt, Map, OnExit, Parallel, Pure, Suspend
from effio.algebra.shape import Program, program
from effio.data.cause import Both
from effio.data.exit import Exit
from effio.data.made_elsewhere import made_elsewhere
from effio.resource.attendant import NOTHING, Holder, Opened, Use
from effio.resource.context_manager import CM, entered

Value = TypeVar("Value", covariant=True)
Error = TypeVarWithDefault("Error", covariant=True, default=Never)
OtherValue = TypeVar("OtherValue")


@final
@made_elsewhere(Callable, "Resource.make(acquire, release), Resource.from_cm(cm) and the like are resources")
@attrs.frozen(repr=False, eq=False)
class Resource(Generic[Value, Error]):
    """A recipe for something that has to be released: each use acquires it anew, and releases it before it ends.

    Several are acquired in order and released in the opposite one. A release is shielded; if it fails, its failure
    follows the one of the use in the error tree. One recipe may be used in many fibers at once.

    >>> from effio import delay, pure, run
    >>> door = Resource.make(delay(print, "open").as_value("door"), lambda value: delay(print, "close"))
    >>> run(door.use(lambda value: delay(print, "through the", value)))
    open
    through the door
    close
    """

    opened: Opened

    # -- Making one ------------------------------------------------------------------------------------------

    @overload
    @staticmethod
    def make(acquire: IO[T], release: Callable[[T], IO[object]], /) -> Resource[T]: ...
    @overload
    @staticmethod
    def make(acquire: IO[T], release: Callable[[T, Exit[Any, Any]], IO[object]], /) -> Resource[T]: ...
    @overload
    @staticmethod
    def make(acquire: IO[T, X1], release: Callable[[T], IO[object, NewError]], /) -> Resource[T, X1 | NewError]: ...
    @overload
    @staticmethod
    def make(
        acquire: IO[T, X1], release: Callable[[T, Exit[Any, Any]], IO[object, NewError]], /
    ) -> Resource[T, X1 | NewError]: ...
    @staticmethod
    def make(acquire: IO[Any, Any], release: Callable[..., IO[Any, Any]], /) -> Resource[Any, Any]:
        """Acquire, shielded, by running `acquire`; release by running what `release` makes of the value.

        A `release` with two parameters that have no default is also given the exit of the use.
        """
        argument.function("Resource.make", release)
        return Resource(partial(acquired, program("Resource.make", acquire), release, wants_exit(release)))

    @staticmethod
    def pure(value: T, /) -> Resource[T]:
        """Acquire nothing and give `value`."""
        return Resource(partial(given, value))

    @staticmethod
    def from_io(io: IO[T, X1], /) -> Resource[T, X1]:
        """Acquire by running `io`, which may be cancelled; there is nothing to release."""
        return Resource(partial(FlatMap, program("Resource.from_io", io)))

    @staticmethod
    def from_cm(
        cm: AbstractContextManager[T, Any] | Callable[[], AbstractContextManager[T, Any]], /
    ) -> Resource[T, Exception]:
        """Acquire by entering a context manager, or the one that a function makes for each use; release by leaving it.

        What it raises is a typed failure. It is told the exception of a use that failed, and cannot swallow it.
        """
        return Resource(entered(cast("CM", cm), "from_cm"))

    @staticmethod
    def from_async_cm(
        cm: AbstractAsyncContextManager[T, Any] | Callable[[], AbstractAsyncContextManager[T, Any]], /
    ) -> Resource[T, Exception]:
        """Do the same with an asynchronous one; it is entered and left in one task.

        That is the task of the fiber that uses it. In a pool or a `par_zip` it is one of its own, so what guards the
        running task, as `asyncio.timeout` does, belongs into no such place. Entering it can be cancelled.
        """
        return Resource(entered(cast("CM", cm), "from_async_cm"))

    # -- Using it --------------------------------------------------------------------------------------------

    def use(self, f: Callable[[Value], IO[NewValue, NewError]], /) -> IO[NewValue, Error | NewError]:
        """Acquire, run what `f` makes of the value, release."""
        return self.opened(argument.function("use", f))

    def open(self) -> AbstractAsyncContextManager[Value, None]:
        """Acquire it for the block of an `async with` in a coroutine of asyncio, and release it at the end of that.

        Both happen in one task, not in the one of the coroutine. A cancel of the coroutine waits for the release.

        >>> import asyncio
        >>> from effio import delay
        >>> door = Resource.make(delay(print, "open").as_value("door"), lambda value: delay(print, "close"))
        >>> async def walk() -> None:
        ...     async with door.open() as value:
        ...         print("through the", value)
        >>> asyncio.run(walk())
        open
        through the door
        close
        """
        from effio.resource.opening import Opening

        return Opening(self.opened)

    # -- Changing and combining ------------------------------------------------------------------------------

    def map(self, f: Callable[[Value], NewValue], /) -> Resource[NewValue, Error]:
        """Apply `f` to the value; the release is given the value as it was."""
        return Resource(partial(mapped, self.opened, argument.function("map", f)))

    def flat_map(self, f: Callable[[Value], Resource[NewValue, NewError]], /) -> Resource[NewValue, Error | NewError]:
        """Acquire next the resource that `f` makes of the value, and release it first."""
        return Resource(partial(chained, self.opened, argument.function("flat_map", f)))

    def zip(self, other: Resource[OtherValue, OtherError], /) -> Resource[tuple[Value, OtherValue], Error | OtherError]:
        """Acquire `other` next, release it first, and give both values."""
        opened = resource("zip", other).opened
        return Resource(partial(zipped, self.opened, opened))

    def par_zip(
        self, other: Resource[OtherValue, OtherError], /
    ) -> Resource[tuple[Value, OtherValue], Error | OtherError]:
        """Acquire both at once, each in a fiber of its own, give both values, and release both at once.

        If one of them cannot be acquired, the other is cancelled, or released. What fails here is a `Both`.
        """
        return Resource(partial(held_together, (self.opened, resource("par_zip", other).opened)))

    def __repr__(self) -> str:
        return "<Resource>"


# -- What they mean ------------------------------------------------------------------------------------------


def acquired(acquire: Program, release: Callable[..., Any], sees_exit: bool, use: Use) -> Program:
    """A bracket, whose release may be shown the exit of the use."""
    return Bracket(acquire, use, release, sees_exit=sees_exit)


def given(value: Any, use: Use) -> Program:
    """The use alone."""
    return Suspend(partial(use, value))


def mapped(source: Opened, function: Callable[[Any], Any], use: Use) -> Program:
    """Use what `function` makes of the value; suspended, so that many of them need no deep stack."""
    return Suspend(lambda: source(lambda value: FlatMap(Map(Pure(value), function), use)))


def chained(source: Opened, function: Callable[[Any], Any], use: Use) -> Program:
    """Use another resource inside the use of the first."""

    def following(value: Any) -> Program:
        found: Resource[Any, Any] = resource("flat_map", function(value))
        return found.opened(use)

    return Suspend(lambda: source(following))


def zipped(left: Opened, right: Opened, use: Use) -> Program:
    """Use two, one inside the other."""
    return Suspend(lambda: left(lambda one: right(lambda other: FlatMap(Pure((one, other)), use))))


def held_together(resources: tuple[Opened, ...], use: Use) -> Program:
    """Use several, each held by a fiber of its own."""

    def hold() -> Program:
        holders = [Holder(each) for each in resources]
        opening = Parallel([holder.open() for holder in holders], "all", "par_zip")
        using = FlatMap(opening, lambda values: use(tuple(values)))
        return OnExit(using, lambda exit: all_of([holder.close(exit) for holder in holders], "par_zip"))

    return Suspend(hold)


def all_of(programs: Sequence[Program], name: str) -> Program:
    """Run all at once, each to its end; fail with all that failed."""
    return FlatMap(Parallel(programs, "settle", name), partial(no_failure, name)) if programs else NOTHING


def no_failure(name: str, exits: list[Exit[Any, Any]]) -> Program:
    """Fail with what is in the exits, side by side."""
    causes = tuple(exit.failure() for exit in exits if isinstance(exit, Failure))
    return Halt(Both(causes, name)) if causes else Pure(None)


# -- Arguments -----------------------------------------------------------------------------------------------


def resource(word: str, value: Any) -> Resource[Any, Any]:
    """Refuse what is no resource."""
    if not isinstance(value, Resource):
        way_out = "give for example Resource.make(acquire, release), or Resource.from_io(io)"
        argument.instance(word, value, Resource, "a resource", way_out)
    return cast("Resource[Any, Any]", value)


def wants_exit(release: Callable[..., Any]) -> bool:
    """Whether two parameters have to be given."""
    try:
        parameters = signature(release).parameters.values()
    except ValueError:
        return False
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.default is Parameter.empty and each.kind in positional for each in parameters) == 2
