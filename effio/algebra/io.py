"""`IO`, a program as a value: every method builds a node, nothing runs before somebody runs the whole."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Generic, Never, TypeAlias, overload

from returns.result import Failure, Result, Success
from typing_extensions import TypeVar

from effio.algebra import argument, describe, port
from effio.algebra.tag import Tagged
from effio.data.call_site import OWN_FRAMES, caller
from effio.data.cause import Cause
from effio.data.duration import Seconds, seconds
from effio.data.errors import TimedOut
from effio.data.exit import Exit
from effio.data.native import mypyc_attr
from effio.schedule.schedule import Schedule

if TYPE_CHECKING:
    from effio.algebra.handle import TaskGroup

FUNCTION: Final = FunctionType
is_function: Final[Callable[[object], bool]] = callable  # a name of this module, found faster than a builtin

Value = TypeVar("Value", covariant=True)
Error = TypeVar("Error", covariant=True, default=Never)
NewValue = TypeVar("NewValue")
NewError = TypeVar("NewError")
OtherValue = TypeVar("OtherValue")
OtherError = TypeVar("OtherError")
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
X1 = TypeVar("X1")
X2 = TypeVar("X2")
X3 = TypeVar("X3")
X4 = TypeVar("X4")


@mypyc_attr(allow_interpreted_subclasses=True)
class IO(Tagged, Generic[Value, Error]):
    """A program that succeeds with a `Value` or fails with an `Error`; it can run any number of times.

    Nothing happens before somebody runs it: `run(program)`, `await program` in a coroutine, `yield from program` in a
    `@do` function. Programs are immutable and compared by identity.
    """

    __slots__ = ()

    # -- The value -------------------------------------------------------------------------------------------

    def map(self, f: Callable[[Value], NewValue], /) -> IO[NewValue, Error]:
        """Apply `f` to the value. What `f` raises is a defect."""
        if type(f) is not FUNCTION and not is_function(f):
            raise argument.not_a_function("map", f)
        return primitive.Map(self, f)

    def flat_map(self, f: Callable[[Value], IO[NewValue, NewError]], /) -> IO[NewValue, Error | NewError]:
        """Run the program that `f` makes of the value. What `f` raises is a defect."""
        if type(f) is not FUNCTION and not is_function(f):
            raise argument.not_a_function("flat_map", f)
        return primitive.FlatMap(self, f)

    def then(self, other: IO[NewValue, NewError], /) -> IO[NewValue, Error | NewError]:
        """Run `other` next and give its value."""
        return primitive.Then(self, other)

    def tap(self, f: Callable[[Value], IO[object, NewError]], /) -> IO[Value, Error | NewError]:
        """Run the program that `f` makes of the value, then give the value itself."""
        return derived.Tap(self, f)

    def zip(self, other: IO[NewValue, NewError], /) -> IO[tuple[Value, NewValue], Error | NewError]:
        """Run `other` next and give both values."""
        return derived.Zip(self, other)

    def flatten(self: IO[IO[OtherValue, OtherError], NewError]) -> IO[OtherValue, OtherError | NewError]:
        """Run the program that is the value."""
        return derived.Flatten(self)

    def as_value(self, value: NewValue, /) -> IO[NewValue, Error]:
        """Give `value` instead of its own."""
        return derived.AsValue(self, value)

    # -- Failures --------------------------------------------------------------------------------------------

    def map_error(self, f: Callable[[Error], NewError], /) -> IO[Value, NewError]:
        """Apply `f` to every typed error; the shape of the error tree stays."""
        return derived.MapError(self, f)

    def catch_all(self, f: Callable[[Error], IO[NewValue, NewError]], /) -> IO[Value | NewValue, NewError]:
        """Go on with the program that `f` makes of the typed error.

        Of several errors `f` sees the first. A failure with a defect or a cancellation in it goes on
        unchanged.
        """
        return derived.CatchAll(self, f)

    def catch_some(
        self, f: Callable[[Error], IO[NewValue, NewError] | None], /
    ) -> IO[Value | NewValue, Error | NewError]:
        """Go on with the program that `f` makes of the typed error; fail as before if `f` gives None."""
        return derived.CatchSome(self, f)

    def or_else(self, other: IO[NewValue, NewError], /) -> IO[Value | NewValue, NewError]:
        """Run `other` after a typed error."""
        return derived.OrElse(self, other)

    def or_else_succeed(self, value: NewValue, /) -> IO[Value | NewValue]:
        """Give `value` after a typed error."""
        return derived.OrElseSucceed(self, value)

    def or_die(self) -> IO[Value]:
        """Take every typed error for a defect; one that is no exception is wrapped in `Failed`."""
        return derived.OrDie(self)

    @overload
    def refine(self, x1: type[X1], /) -> IO[Value, X1]: ...
    @overload
    def refine(self, x1: type[X1], x2: type[X2], /) -> IO[Value, X1 | X2]: ...
    @overload
    def refine(self, x1: type[X1], x2: type[X2], x3: type[X3], /) -> IO[Value, X1 | X2 | X3]: ...
    @overload
    def refine(self, x1: type[X1], x2: type[X2], x3: type[X3], x4: type[X4], /) -> IO[Value, X1 | X2 | X3 | X4]: ...
    def refine(self, *kept: type[Any]) -> IO[Any, Any]:
        """Keep the typed errors of the given classes and take every other one for a defect."""
        return derived.Refine(self, argument.types("refine", kept))

    def either(self) -> IO[Success[Value] | Failure[Error]]:
        """Give the value as `Success`, the typed error as `Failure`."""
        return derived.Either(self)

    @overload
    def absolve(
        self: IO[Success[OtherValue] | Failure[OtherError], NewError],
    ) -> IO[OtherValue, OtherError | NewError]: ...
    @overload
    def absolve(
        self: IO[Result[OtherValue, OtherError], NewError],
    ) -> IO[OtherValue, OtherError | NewError]: ...
    def absolve(self) -> IO[Any, Any]:
        """Succeed with what is in a `Success`, fail with what is in a `Failure`: undoes `either`."""
        return derived.Absolve(self)

    def flip(self) -> IO[Error, Value]:
        """Exchange the value and the typed error."""
        return derived.Flip(self)

    def fold(
        self, on_error: Callable[[Error], NewValue], on_success: Callable[[Value], OtherValue], /
    ) -> IO[NewValue | OtherValue]:
        """Give what `on_error` makes of the typed error, or `on_success` of the value."""
        return derived.FoldBoth(self, on_error, on_success)

    def fold_cause(
        self, on_cause: Callable[[Cause[Error]], NewValue], on_success: Callable[[Value], OtherValue], /
    ) -> IO[NewValue | OtherValue]:
        """Give what `on_cause` makes of the error tree, defects included, or `on_success` of the value."""
        return derived.FoldCause(self, on_cause, on_success)

    def exit(self) -> IO[Exit[Value, Error]]:
        """Give the exit as a value, whatever it is."""
        return derived.ToExit(self)

    def tap_error(self, f: Callable[[Error], IO[object, NewError]], /) -> IO[Value, Error | NewError]:
        """Run the program that `f` makes of the typed error, then fail as before.

        If that program fails too, its failure follows the first one in the error tree.
        """
        return derived.TapError(self, f)

    def squashed(self) -> IO[Value, Error]:
        """Fail with the primary error alone, the others being notes on it."""
        return derived.Squashed(self)

    # -- Again, and under a name -----------------------------------------------------------------------------

    @overload
    def retry(self, times: int, /, *, delay: Seconds = 0) -> IO[Value, Error]: ...
    @overload
    def retry(self, schedule: Schedule[Error, object], /) -> IO[Value, Error]: ...
    def retry(self, again: Any, /, *, delay: Seconds = 0) -> IO[Value, Error]:
        """Run again after a typed failure as long as the schedule says, or so many times, `delay` seconds apart.

        If the last attempt fails too, the errors of the attempts are in the error tree, one after another: the first
        and the last ten of them. A defect or a cancel ends it at once.
        """
        return derived.Retry(self, argument.schedule("retry", again, delay))

    def retry_or_else(
        self, schedule: Schedule[Error, T], f: Callable[[Error, T], IO[NewValue, NewError]], /
    ) -> IO[Value | NewValue, NewError]:
        """Retry; when the schedule ends, run what `f` makes of the last error and of what the schedule tells."""
        return derived.RetryOrElse(self, argument.schedule("retry_or_else", schedule), f)

    @overload
    def repeat(self, times: int, /, *, delay: Seconds = 0) -> IO[Value, Error]: ...
    @overload
    def repeat(self, schedule: Schedule[Value, object], /) -> IO[Value, Error]: ...
    def repeat(self, again: Any, /, *, delay: Seconds = 0) -> IO[Value, Error]:
        """Run, then again as long as the schedule says, or so many times more, `delay` apart; give the last value."""
        return derived.Repeat(self, argument.schedule("repeat", again, delay))

    def scheduled(self, schedule: Schedule[Value, T], /) -> IO[T, Error]:
        """Run, then again as long as the schedule says; give what the schedule tells at the end."""
        return derived.Scheduled(self, argument.schedule("scheduled", schedule))

    def named(self, name: str, /) -> IO[Value, Error]:
        """Run under `name`, which stands in the path of every failure inside."""
        argument.text("named", "name", name)
        return primitive.Named(self, name)

    def with_progress(self, label: str, /, *, total: float | None = None) -> IO[Value, Error]:
        """Run and keep count of how far it is, for `effio run --live`.

        `advance_progress` inside moves the count, also in children. What runs many programs, such as
        `par_traverse`, moves it by itself when one of them has succeeded, and knows its `total`.
        """
        argument.text("with_progress", "label", label)
        return derived.WithProgress(self, label, argument.total("with_progress", total))

    # -- Finalizers ------------------------------------------------------------------------------------------

    def ensuring(self, finalizer: IO[object, NewError], /) -> IO[Value, Error | NewError]:
        """Run `finalizer`, shielded, when this has ended, however it did.

        If it fails, its failure follows the first one in the error tree; after a success it fails the
        program.
        """
        return derived.Ensuring(self, finalizer)

    def on_exit(self, f: Callable[[Exit[Value, Error]], IO[object, NewError]], /) -> IO[Value, Error | NewError]:
        """Run the finalizer that `f` makes of the exit; otherwise like `ensuring`."""
        return primitive.OnExit(self, argument.function("on_exit", f))

    def on_cancel(
        self, finalizer: IO[object, NewError] | Callable[[Cause[Error]], IO[object, NewError]], /
    ) -> IO[Value, Error | NewError]:
        """Run `finalizer`, or what it makes of the cause, if this was cancelled; else like `ensuring`."""
        return derived.OnCancel(self, finalizer)

    def on_error(
        self, finalizer: IO[object, NewError] | Callable[[Cause[Error]], IO[object, NewError]], /
    ) -> IO[Value, Error | NewError]:
        """Run `finalizer`, or what it makes of the cause, if this failed without being cancelled."""
        return derived.OnError(self, finalizer)

    @overload
    def bracket(
        self, use: Callable[[Value], IO[NewValue]], release: Callable[[Value], IO[object]], /
    ) -> IO[NewValue, Error]: ...
    @overload
    def bracket(
        self,
        use: Callable[[Value], IO[NewValue, NewError]],
        release: Callable[[Value], IO[object, OtherError]],
        /,
    ) -> IO[NewValue, Error | NewError | OtherError]: ...
    def bracket(
        self, use: Callable[[Value], IO[Any, Any]], release: Callable[[Value], IO[Any, Any]], /
    ) -> IO[Any, Any]:
        """Run this, shielded, then `use` the value, then `release` it, shielded, however the use ended."""
        return derived.Bracket(self, use, release)

    def shielded(self) -> IO[Value, Error]:
        """Run protected from the scopes outside: their cancels take effect at the first action afterwards."""
        return derived.Shielded(self)

    # -- Together --------------------------------------------------------------------------------------------

    def par_zip(self, other: IO[NewValue, NewError], /) -> IO[tuple[Value, NewValue], Error | NewError]:
        """Run both at once and give both values; the first failure cancels the other and awaits it."""
        return derived.ParZip((self, other))

    def race(self, other: IO[NewValue, NewError], /) -> IO[Value | NewValue, Error | NewError]:
        """Run both at once; the first success wins and the loser is cancelled and awaited."""
        return derived.Race((self, other), None)

    # -- Time ------------------------------------------------------------------------------------------------

    def fail_after(self, duration: Seconds, /) -> IO[Value, Error | TimedOut]:
        """Cancel after `duration` seconds and fail with `TimedOut`.

        Waits for the program's finalizers, however long they take. 0 is "already expired", infinite is no
        limit.
        """
        return derived.FailAfter(self, seconds(duration, "timeout of fail_after"), caller(OWN_FRAMES))

    def move_on_after(self, duration: Seconds, /) -> IO[Value | None, Error]:
        """Cancel after `duration` seconds and give None; otherwise like `fail_after`."""
        return derived.MoveOnAfter(self, seconds(duration, "timeout of move_on_after"))

    def timeout_to(
        self, duration: Seconds, fallback: IO[NewValue, NewError], /
    ) -> IO[Value | NewValue, Error | NewError]:
        """Cancel after `duration` seconds and run `fallback`; otherwise like `fail_after`."""
        return derived.TimeoutTo(self, seconds(duration, "timeout of timeout_to"), fallback)

    def abandon_after(self, duration: Seconds, /, *, group: TaskGroup | None = None) -> IO[Value, Error | TimedOut]:
        """Cancel after `duration` seconds and fail with `TimedOut` at once, without waiting for finalizers.

        They end behind, in `group`, or, if there is none, before the whole run ends.
        """
        return derived.AbandonAfter(self, seconds(duration, "timeout of abandon_after"), group, caller(OWN_FRAMES))

    # -- Composition -----------------------------------------------------------------------------------------

    @overload
    def pipe(self, f1: Callable[[IO[Value, Error]], T1], /) -> T1: ...
    @overload
    def pipe(self, f1: Callable[[IO[Value, Error]], T1], f2: Callable[[T1], T2], /) -> T2: ...
    @overload
    def pipe(self, f1: Callable[[IO[Value, Error]], T1], f2: Callable[[T1], T2], f3: Callable[[T2], T3], /) -> T3: ...
    @overload
    def pipe(
        self,
        f1: Callable[[IO[Value, Error]], T1],
        f2: Callable[[T1], T2],
        f3: Callable[[T2], T3],
        f4: Callable[[T3], T4],
        /,
    ) -> T4: ...
    def pipe(self, *functions: Callable[[Any], Any]) -> Any:
        """Give the program to the first function, its result to the next, and so on, at once."""
        current: Any = self
        for function in functions:
            current = function(current)
        return current

    def __iter__(self) -> Generator[IO[object, Error], object, Value]:
        """Let `yield from` in a `@do` function run this and give its value."""
        sent: Any = yield self
        value: Value = sent
        return value

    def __await__(self) -> Generator[Any, Any, Value]:
        """Run in the host's task; give the value or raise what `cause.to_exception()` gives."""
        return port.await_program(self)

    # -- The names that `returns` looks for ------------------------------------------------------------------

    def bind(self, function: Callable[[Value], IO[NewValue, NewError]]) -> IO[NewValue, Error | NewError]:
        """Do the same as `flat_map`."""
        return primitive.FlatMap(self, function)

    def lash(self, function: Callable[[Error], IO[NewValue, NewError]]) -> IO[Value | NewValue, NewError]:
        """Do the same as `catch_all`."""
        return derived.CatchAll(self, function)

    def alt(self, function: Callable[[Error], NewError]) -> IO[Value, NewError]:
        """Do the same as `map_error`."""
        return derived.MapError(self, function)

    def swap(self) -> IO[Error, Value]:
        """Do the same as `flip`."""
        return derived.Flip(self)

    # -- For people ------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return describe.line(self)

    def __str__(self) -> str:
        return describe.tree(self)

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        return describe.shallow_fields(self)


Task: TypeAlias = IO[T, Exception]

# The knot: nodes are programs, so their modules import this one; methods look them up when they are called.
from effio.algebra import derived, primitive
