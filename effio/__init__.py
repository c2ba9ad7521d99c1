"""Programs as values: the words that make them, what runs them, and what shows how they ended.

>>> from effio import par_zip, run, sleep
>>> page = par_zip(sleep(0.01).as_value("profile"), sleep(0.02).as_value("basket")).fail_after(1)
>>> run(page)
('profile', 'basket')

`help(effio.IO)` tells what can be made of one program, `help(effio.par_zip)` what of several, and so on for each name.
A name is loaded when it is first used, as `homes` says.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from effio import build as build
from effio.homes import CORE, HOMES, NOTEBOOK

if TYPE_CHECKING:
    from returns.result import Failure, Success

    from effio import cause
    from effio.algebra.arity import first_completed, par_map, par_zip, race, zip_all
    from effio.algebra.catching import catch
    from effio.algebra.combine import (
        collect,
        hedge,
        par_collect,
        par_dict,
        par_settle,
        par_traverse,
        par_validate,
        race_all,
        race_staggered,
        retrying,
        supervise,
        supervise_all,
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
    from effio.algebra.progress import advance_progress
    from effio.concurrent.barrier import Barrier
    from effio.concurrent.capacity_limiter import CapacityLimiter
    from effio.concurrent.channel import Channel, Receiver, Sender
    from effio.concurrent.deferred import Deferred
    from effio.concurrent.event import Event
    from effio.concurrent.fiber_set import FiberSet
    from effio.concurrent.latch import Latch
    from effio.concurrent.mutex import Mutex, MutexBroken, MutexMisused
    from effio.concurrent.pipe import ChannelClosed
    from effio.concurrent.rate_limiter import RateLimiter
    from effio.concurrent.ref import Ref
    from effio.concurrent.select import select
    from effio.concurrent.semaphore import Semaphore
    from effio.concurrent.topic import Subscription, Topic
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
    from effio.interop.portal import Portal
    from effio.interop.processes import BrokenProcess, to_process
    from effio.interop.thread_call import ThreadCancelled
    from effio.interop.threads import check_cancelled, to_thread
    from effio.interpreter.clock import VirtualClock
    from effio.interpreter.observer import Observer
    from effio.interpreter.runtime import Runtime, run, run_async, run_async_exit, run_exit, run_total
    from effio.observe.explain import explain
    from effio.observe.plan import Plan
    from effio.observe.recorder import Recorder
    from effio.observe.trace import Trace
    from effio.observe.traced_run import run_traced, run_traced_async
    from effio.observe.watched import dump_on_signal
    from effio.resource.cache import Cache, CacheStats, memo
    from effio.resource.circuit_breaker import CircuitBreaker, CircuitBreakerStats, CircuitOpen
    from effio.resource.pool import Pool
    from effio.resource.resource import Resource
    from effio.resource.stock import PoolClosed, PoolStats
    from effio.schedule.schedule import Schedule


if not TYPE_CHECKING:  # Otherwise a type checker would believe in any name.

    def __getattr__(name: str) -> object:
        """Load the core, then the module where `name` is at home; in a notebook, let exits draw themselves."""
        home = HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'effio' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        if CORE not in sys.modules and "IPython" in sys.modules:
            import_module(NOTEBOOK).show_exits()
        import_module(CORE)
        module = import_module(home)
        value = module if home == f"effio.{name}" else getattr(module, name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *HOMES})


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
    # Again
    "Schedule",
    "retrying",
    "hedge",
    "supervise",
    "supervise_all",
    # Resources
    "Resource",
    "Pool",
    "PoolStats",
    "PoolClosed",
    "Cache",
    "CacheStats",
    "memo",
    "CircuitBreaker",
    "CircuitBreakerStats",
    "CircuitOpen",
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
    # Shared
    "Ref",
    "Deferred",
    "Event",
    "Latch",
    "Barrier",
    "Mutex",
    "MutexBroken",
    "MutexMisused",
    "Semaphore",
    "CapacityLimiter",
    "RateLimiter",
    "Channel",
    "Sender",
    "Receiver",
    "ChannelClosed",
    "Topic",
    "Subscription",
    "FiberSet",
    "select",
    # Threads and processes
    "to_thread",
    "to_process",
    "check_cancelled",
    "ThreadCancelled",
    "BrokenProcess",
    "Portal",
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
    "explain",
    "Plan",
    "run_traced",
    "run_traced_async",
    "Trace",
    "Recorder",
    "Observer",
    "show_fibers",
    "dump_fibers",
    "dump_on_signal",
    "advance_progress",
    "development_mode",
]
