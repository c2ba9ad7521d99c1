"""What makes a program of a value or a function in hand: the words of which loops make one for every step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec, TypeVarTuple, overload

from effio.algebra import argument
from effio.algebra.io import IO, X1, X2, X3, X4, NewError, NewValue, T, Task, is_function
from effio.algebra.primitive import Call, Leaf, Pure, Sleep, Suspend
from effio.data.duration import Seconds, seconds

P = ParamSpec("P")
Args = TypeVarTuple("Args")

EVERY: Final = Exception  # a name of this module, found faster than a builtin
ANY_EXCEPTION: Final = (EVERY,)


def pure(value: T, /) -> IO[T]:
    """Succeed with `value`."""
    return Pure(value)


def sleep(duration: Seconds, /) -> IO[None]:
    """Wait for `duration` seconds; 0 lets the others run once."""
    return Sleep(seconds(duration, "duration of sleep"))


def delay(f: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> IO[T]:
    """Call `f` and give its result. What it raises is a defect."""
    if not is_function(f):
        raise argument.not_a_function("delay", f)
    return Call(f, args, kwargs or None)


def suspend(thunk: Callable[[], IO[NewValue, NewError]], /) -> IO[NewValue, NewError]:
    """Run the program that `thunk` makes, which is made anew each time."""
    if not is_function(thunk):
        raise argument.not_a_function("suspend", thunk)
    return Suspend(thunk)


@overload
def attempt(f: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Task[T]: ...
@overload
def attempt(f: Callable[[*Args], T], /, *args: *Args, catch: type[X1] | tuple[type[X1]]) -> IO[T, X1]: ...
@overload
def attempt(f: Callable[[*Args], T], /, *args: *Args, catch: tuple[type[X1], type[X2]]) -> IO[T, X1 | X2]: ...
@overload
def attempt(
    f: Callable[[*Args], T], /, *args: *Args, catch: tuple[type[X1], type[X2], type[X3]]
) -> IO[T, X1 | X2 | X3]: ...
@overload
def attempt(
    f: Callable[[*Args], T], /, *args: *Args, catch: tuple[type[X1], type[X2], type[X3], type[X4]]
) -> IO[T, X1 | X2 | X3 | X4]: ...
def attempt(f: Callable[..., Any], /, *args: object, catch: Any = Exception, **kwargs: Any) -> IO[Any, Any]:
    """Call `f` and give its result. An `Exception` that it raises is a typed failure.

    With `catch=`, a class or a tuple, only such exceptions are, and any other one is a defect.
    """
    if not is_function(f):
        raise argument.not_a_function("attempt", f)
    return Call(f, args, kwargs or None, caught("attempt", catch))


@overload
def from_async(f: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> Task[T]: ...
@overload
def from_async(f: Callable[[*Args], Awaitable[T]], /, *args: *Args, catch: type[X1] | tuple[type[X1]]) -> IO[T, X1]: ...
@overload
def from_async(
    f: Callable[[*Args], Awaitable[T]], /, *args: *Args, catch: tuple[type[X1], type[X2]]
) -> IO[T, X1 | X2]: ...
@overload
def from_async(
    f: Callable[[*Args], Awaitable[T]], /, *args: *Args, catch: tuple[type[X1], type[X2], type[X3]]
) -> IO[T, X1 | X2 | X3]: ...
@overload
def from_async(
    f: Callable[[*Args], Awaitable[T]], /, *args: *Args, catch: tuple[type[X1], type[X2], type[X3], type[X4]]
) -> IO[T, X1 | X2 | X3 | X4]: ...
def from_async(f: Callable[..., Any], /, *args: object, catch: Any = Exception, **kwargs: Any) -> IO[Any, Any]:
    """Await what `f` makes, in the fiber's own host task. An `Exception` that it raises is a typed failure.

    With `catch=`, a class or a tuple, only such exceptions are, and any other one is a defect.
    Cancelling cancels the coroutine and waits until it has ended.
    """
    if not is_function(f):
        raise argument.not_a_function("from_async", f)
    return Leaf(f, args, kwargs or None, caught("from_async", catch))


def caught(word: str, catch: type[Any] | tuple[type[Any], ...]) -> tuple[type[BaseException], ...]:
    """The classes to catch, without looking closely at the usual one."""
    return ANY_EXCEPTION if catch is EVERY else argument.types(word, catch)
