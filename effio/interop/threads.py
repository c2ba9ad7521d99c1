"""Blocking functions as programs: each call runs in a worker thread and holds up nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVarTuple, overload

from effio.algebra.call import caught
from effio.algebra.io import IO, X1, X2, X3, X4, T, Task
from effio.algebra.primitive import Call, Suspend
from effio.concurrent.capacity_limiter import CapacityLimiter
from effio.interop.thread_call import ThreadCall, ThreadCancelled, checked_limiter, plain, running_call, title

P = ParamSpec("P")
Args = TypeVarTuple("Args")

LIMIT: Final = 40
"""How many threads of a run are busy at most, where nothing else is said."""


@overload
def to_thread(f: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Task[T]: ...
@overload
def to_thread(
    f: Callable[[*Args], T], /, *args: *Args, limiter: CapacityLimiter | None = None, abandon: bool = False
) -> Task[T]: ...
@overload
def to_thread(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: type[X1] | tuple[type[X1]],
    limiter: CapacityLimiter | None = None,
    abandon: bool = False,
) -> IO[T, X1]: ...
@overload
def to_thread(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: tuple[type[X1], type[X2]],
    limiter: CapacityLimiter | None = None,
    abandon: bool = False,
) -> IO[T, X1 | X2]: ...
@overload
def to_thread(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: tuple[type[X1], type[X2], type[X3]],
    limiter: CapacityLimiter | None = None,
    abandon: bool = False,
) -> IO[T, X1 | X2 | X3]: ...
@overload
def to_thread(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: tuple[type[X1], type[X2], type[X3], type[X4]],
    limiter: CapacityLimiter | None = None,
    abandon: bool = False,
) -> IO[T, X1 | X2 | X3 | X4]: ...
def to_thread(
    f: Callable[..., Any],
    /,
    *args: object,
    catch: Any = Exception,
    limiter: Any = None,
    abandon: Any = False,
    **kwargs: Any,
) -> IO[Any, Any]:
    """Call `f` in a worker thread and give its result. An `Exception` that it raises is a typed failure.

    With `catch=`, a class or a tuple, only such exceptions are, and any other one is a defect. The thread works in a
    copy of the fiber's context. At most 40 of these calls run at once, or as many as `limiter` lets through.

    Cancelling waits until the thread has ended; if that gives a value or a failure all the same, it counts. A
    function that takes long asks `check_cancelled()`. With `abandon=True` a cancel leaves the thread to itself,
    and what comes of it is dropped.

    >>> from effio import run
    >>> run(to_thread(sum, [1, 2, 3]))
    6
    """
    work = Call(plain("to_thread", f), args, kwargs or None, caught("to_thread", catch))
    checked_limiter("to_thread", limiter)
    return Suspend(ThreadCall("to_thread", work, limiter, title=title("to_thread", work), limit=LIMIT, abandon=abandon))


def check_cancelled() -> None:
    """Raise `ThreadCancelled` if the program that waits for this thread was cancelled.

    To be called in a function that `to_thread` runs; anywhere else it is a RuntimeError.
    """
    if running_call("check_cancelled").is_cancelled():
        raise ThreadCancelled
