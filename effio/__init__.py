"""Programs as values: the words that make them, what runs them, and what shows how they ended."""

from returns.result import Failure, Success

from effio import cause
from effio.algebra.arity import first_completed, par_map, par_zip, race, zip_all
from effio.algebra.catching import catch
from effio.algebra.combine import (
    collect,
    par_collect,
    par_dict,
    par_settle,
    par_traverse,
    par_validate,
    race_all,
    race_staggered,
    traverse,
)
from effio.algebra.create import (
    attempt,
    bracket,
    cancel_scope,
    delay,
    die,
    dump_fibers,
    effective_deadline,
    fail,
    from_async,
    from_callback,
    from_exit,
    from_result,
    if_,
    memoize,
    never,
    now,
    pure,
    shield,
    show_fibers,
    sleep,
    sleep_until,
    suspend,
    task_group,
    unit,
    when,
    yield_now,
)
from effio.algebra.do_notation import Do, do
from effio.algebra.dropped import development_mode
from effio.algebra.handle import CancelScope, Fiber, TaskGroup
from effio.algebra.io import IO, Task
from effio.algebra.lift import effect
from effio.data.cause import Cause
from effio.data.errors import (
    Deadlock,
    Failed,
    ForeignCancelled,
    NotStarted,
    ProgramCancelled,
    ScopeClosed,
    TimedOut,
)
from effio.data.exit import Exit
from effio.interpreter.clock import VirtualClock
from effio.interpreter.runtime import Runtime, run, run_async, run_async_exit, run_exit, run_total

__all__ = [
    # Programs
    "IO",
    "Task",
    "Do",
    "do",
    "effect",
    "catch",
    # Values and failures
    "pure",
    "unit",
    "fail",
    "die",
    "from_result",
    "from_exit",
    # Functions and coroutines
    "delay",
    "attempt",
    "suspend",
    "from_async",
    "from_callback",
    # Time
    "sleep",
    "sleep_until",
    "now",
    "yield_now",
    "never",
    "effective_deadline",
    # Choice, once, in order
    "if_",
    "when",
    "memoize",
    "collect",
    "traverse",
    "zip_all",
    # At the same time
    "par_zip",
    "par_map",
    "par_collect",
    "par_traverse",
    "par_dict",
    "par_settle",
    "par_validate",
    "race",
    "race_all",
    "first_completed",
    "race_staggered",
    # Scopes
    "bracket",
    "shield",
    "cancel_scope",
    "CancelScope",
    "task_group",
    "TaskGroup",
    "Fiber",
    # Running
    "run",
    "run_exit",
    "run_total",
    "run_async",
    "run_async_exit",
    "Runtime",
    "VirtualClock",
    # Outcomes
    "Exit",
    "Success",
    "Failure",
    "Cause",
    "cause",
    "TimedOut",
    "ScopeClosed",
    "ForeignCancelled",
    "Failed",
    "ProgramCancelled",
    "Deadlock",
    "NotStarted",
    # Looking
    "show_fibers",
    "dump_fibers",
    "development_mode",
]
