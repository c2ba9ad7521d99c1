"""What a run gives, or raises, once it is over."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from returns.result import Failure, Success

from effio.data.cause import Cancelled, Cause, Die, Fail
from effio.data.exit import Exit
from effio.interpreter.callers import forget_callers
from effio.interpreter.frames import followed
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.timers import Timers


def outcome(scheduler: Scheduler) -> Exit[Any, Any]:
    """Take the exit of the run, once.

    What broke the run itself is raised. So is a KeyboardInterrupt or SystemExit, bare, what else failed as its context.
    """
    root = scheduler.root
    value: Any = root.value
    cause = root.cause
    dissolve(scheduler)
    if scheduler.crash is not None:
        raise scheduler.crash
    if scheduler.stuck is not None:
        return Failure(followed(Die(scheduler.stuck, root.at(None)), others(cause, None)))
    fatal = scheduler.fatal or (None if cause is None else cause.fatal())
    if fatal is None and scheduler.signalled:
        fatal = KeyboardInterrupt()
    if fatal is None:
        return Success(value) if cause is None else Failure(cause.placed(root.at(None)))
    rest = others(cause, fatal)
    if rest is not None:
        fatal.__context__ = rest.to_exception()
    raise fatal


def dissolve(scheduler: Scheduler) -> None:
    """Let go of what ran, so that nothing of it lives as long as the run's own cycle of objects."""
    root = scheduler.current = scheduler.root
    if root.cause is not None:
        forget_callers(root.cause)
    root.value = root.cause_ = None
    scheduler.timers = Timers()
    scheduler.background_ = None


def others(cause: Cause[Any] | None, fatal: BaseException | None) -> Cause[Any] | None:
    """What a cause tells beside `fatal` and cancels."""
    return None if cause is None else cause.keep(partial(is_other, fatal))


def is_other(fatal: BaseException | None, leaf: Fail[Any] | Die | Cancelled) -> bool:
    """Whether a leaf tells of something else than `fatal`, and of more than a cancel."""
    if isinstance(leaf, Cancelled):
        return False
    return has_other(leaf.exception if isinstance(leaf, Die) else leaf.error, fatal)


def has_other(error: object, fatal: BaseException | None) -> bool:
    """Whether an error, or what a group of them holds, is something else than `fatal`."""
    pending: list[object] = [error]
    while pending:
        inner = pending.pop()
        if isinstance(inner, BaseExceptionGroup):
            pending.extend(cast("BaseExceptionGroup[BaseException]", inner).exceptions)
        elif inner is not fatal:
            return True
    return False
