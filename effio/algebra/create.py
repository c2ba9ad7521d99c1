"""What makes programs out of plain values, functions, coroutines, callbacks and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Never, ParamSpec, get_args, overload

from returns.result import Failure, Result, Success

from effio.algebra import argument, derived
from effio.algebra.call import attempt as attempt
from effio.algebra.call import delay as delay
from effio.algebra.call import from_async as from_async
from effio.algebra.call import pure as pure
from effio.algebra.call import sleep as sleep
from effio.algebra.call import suspend as suspend
from effio.algebra.derived.word import Word
from effio.algebra.handle import CancelScope, Restore, TaskGroup
from effio.algebra.io import IO, X1, NewError, NewValue, OtherError, OtherValue, T
from effio.algebra.primitive import Fail, Halt, OnFailure, Pure, Shield
from effio.algebra.shape import program
from effio.data.call_site import caller
from effio.data.cause import Cause, Die
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit
from effio.data.fiber_dump import FiberDump

P = ParamSpec("P")

ON_FAILURE: Final = get_args(OnFailure)
OUTCOMES: Final = (Success, Failure)

# -- Values and failures -------------------------------------------------------------------------------------

unit: Final[Word[None]] = derived.Unit()
"""Succeed with None. `unit` and `unit()` are the same program."""


def fail(error: T, /) -> IO[Never, T]:
    """Fail with the typed `error`, which may be any value."""
    return Fail(error, caller(1))


def die(defect: BaseException, /) -> IO[Never]:
    """Fail with a bug, which typed handlers do not see."""
    way_out = "give an exception, not its class; errors that are plain values go to fail"
    argument.instance("die", defect, BaseException, "an exception", way_out)
    return Halt(Die(defect), caller(1))


def from_result(result: Result[NewValue, NewError], /) -> IO[NewValue, NewError]:
    """Succeed with what is in a `Success`, fail with what is in a `Failure`."""
    argument.instance("from_result", result, OUTCOMES, "a result", "give for example Success(1) or Failure('no')")
    if isinstance(result, Success):
        return Pure(result.unwrap())
    return Fail(result.failure(), caller(1))


def from_exit(exit: Exit[NewValue, NewError], /) -> IO[NewValue, NewError]:
    """End with `exit`, its whole error tree included."""
    argument.instance("from_exit", exit, OUTCOMES, "an exit", "give for example what run_exit(io) gave")
    if isinstance(exit, Success):
        return Pure(exit.unwrap())
    cause: Cause[NewError] = exit.failure()
    return Halt(cause, caller(1))


def from_callback(
    register: Callable[[Callable[[IO[NewValue, NewError]], None]], IO[object] | None], /
) -> IO[NewValue, NewError]:
    """Call `register` with a `resume`, wait until somebody calls that with a program, and run it.

    `resume` may be called from any thread; only its first call counts. If `register` returns a program, that
    runs when the wait is cancelled.
    """
    return derived.FromCallback(register)


# -- Time ----------------------------------------------------------------------------------------------------

now: Final[Word[float]] = derived.Now()
"""Give the time of the run's clock, in seconds."""

yield_now: Final[Word[None]] = derived.YieldNow()
"""Let every other fiber that is ready run once."""

never: Final[Word[Never]] = derived.Never()
"""Wait for ever, until cancelled."""

effective_deadline: Final[Word[float]] = derived.EffectiveDeadline()
"""Give the earliest deadline around: infinite if there is none, minus infinite if it is cancelled already."""


def sleep_until(deadline: float, /) -> IO[None]:
    """Wait until the run's clock shows `deadline`, in seconds as `now` gives them."""
    return derived.SleepUntil(argument.moment("sleep_until", deadline))


# -- Choice --------------------------------------------------------------------------------------------------


@overload
def if_(condition: bool | IO[bool], then: IO[NewValue], otherwise: IO[OtherValue], /) -> IO[NewValue | OtherValue]: ...
@overload
def if_(
    condition: bool, then: IO[NewValue, NewError], otherwise: IO[OtherValue, OtherError], /
) -> IO[NewValue | OtherValue, NewError | OtherError]: ...
@overload
def if_(
    condition: IO[bool, X1], then: IO[NewValue, NewError], otherwise: IO[OtherValue, OtherError], /
) -> IO[NewValue | OtherValue, X1 | NewError | OtherError]: ...
def if_(condition: bool | IO[bool, Any], then: IO[Any, Any], otherwise: IO[Any, Any], /) -> IO[Any, Any]:
    """Run `then` if `condition` is true or gives true, else `otherwise`."""
    return derived.IfThen(condition, then, otherwise)


@overload
def when(condition: bool | IO[bool], io: IO[NewValue], /) -> IO[NewValue | None]: ...
@overload
def when(condition: bool, io: IO[NewValue, NewError], /) -> IO[NewValue | None, NewError]: ...
@overload
def when(condition: IO[bool, X1], io: IO[NewValue, NewError], /) -> IO[NewValue | None, X1 | NewError]: ...
def when(condition: bool | IO[bool, Any], io: IO[Any, Any], /) -> IO[Any, Any]:
    """Run `io` if `condition` is true or gives true, else give None."""
    way = condition if isinstance(condition, bool) else program("when", condition)
    return derived.IfThen(way, program("when", io), unit)


def memoize(io: IO[NewValue, NewError], /) -> IO[IO[NewValue, NewError]]:
    """Give a program that runs `io` at its first run and has the same exit at all others."""
    return derived.Memoize(program("memoize", io))


# -- Scopes --------------------------------------------------------------------------------------------------


@overload
def bracket(
    acquire: IO[T], use: Callable[[T], IO[NewValue]], release: Callable[[T], IO[object]], /
) -> IO[NewValue]: ...
@overload
def bracket(
    acquire: IO[T, X1],
    use: Callable[[T], IO[NewValue, NewError]],
    release: Callable[[T], IO[object, OtherError]],
    /,
) -> IO[NewValue, X1 | NewError | OtherError]: ...
def bracket(
    acquire: IO[Any, Any], use: Callable[[Any], IO[Any, Any]], release: Callable[[Any], IO[Any, Any]], /
) -> IO[Any, Any]:
    """Run `acquire`, shielded, then `use` its value, then `release` it, shielded, however use ended."""
    return derived.Bracket(acquire, use, release)


def shield(body: Callable[[Restore], IO[NewValue, NewError]], /) -> IO[NewValue, NewError]:
    """Run what `body` makes of `restore`, protected from the scopes outside.

    `restore(io)` runs `io` as if this shield were not there. A cancel that comes meanwhile takes effect at
    the first action after the shield.
    """
    return Shield(argument.function("shield", body))


def cancel_scope(
    body: Callable[[CancelScope], IO[NewValue, NewError]],
    /,
    *,
    deadline: Seconds | None = None,
    name: str | None = None,
) -> IO[NewValue | None, NewError]:
    """Run what `body` makes of a new `CancelScope`; give None if the scope caught its own cancel.

    `deadline` is in seconds from when this runs.
    """
    argument.name("cancel_scope", name)
    limit = None if deadline is None else seconds(deadline, "deadline of cancel_scope")
    return derived.CancelScoped(body, limit, name)


def task_group(
    body: Callable[[TaskGroup], IO[NewValue, NewError]],
    /,
    *,
    on_failure: OnFailure = "cancel",
    handler: Callable[[Cause[Any]], IO[object]] | None = None,
    name: str | None = None,
) -> IO[NewValue, NewError]:
    """Run what `body` makes of a new `TaskGroup`, wait for all its children, and give the value of the body.

    `on_failure` says what the failure of one child means: "cancel" cancels the body and all others, "collect"
    lets them end and then fails with all failures, "ignore" gives each to `handler` and goes on; a
    handler that fails itself fails the group, with both.
    """
    if on_failure not in ON_FAILURE:
        raise ValueError(f"on_failure of task_group must be one of {ON_FAILURE}, not {on_failure!r}")
    if (on_failure == "ignore") != (handler is not None):
        problem = ValueError(f"task_group with on_failure={on_failure!r} cannot have handler={handler!r}")
        problem.add_note('on_failure="ignore" needs a handler, which is given the cause of every failed child')
        raise problem
    argument.name("task_group", name)
    return derived.TaskGrouped(body, on_failure, handler, name, caller(1))


# -- Looking -------------------------------------------------------------------------------------------------

show_fibers: Final[Word[str]] = derived.ShowFibers()
"""Give one line with the names of all fibers and which one runs."""

dump_fibers: Final[Word[FiberDump]] = derived.DumpFibers()
"""Give the tree of all fibers with what each one waits for."""
