"""Where each public name is at home, so that a name alone tells what has to be loaded."""

from __future__ import annotations

from typing import Final

CORE: Final = "effio.interpreter.runtime"
"""Loaded before any name: `await program` needs it, and a running loop must not wait for an import."""

NOTEBOOK: Final = "effio.observe.notebook"
"""Loaded beside the core where IPython is: it shows exits, which are values of another library."""

NAMES: Final = {
    "returns.result": "Failure Success",
    "effio.algebra.arity": "first_completed par_map par_zip race zip_all",
    "effio.algebra.catching": "catch",
    "effio.algebra.combine": (
        "collect hedge par_collect par_dict par_settle par_traverse par_validate race_all race_staggered retrying "
        "supervise supervise_all traverse"
    ),
    "effio.algebra.create": (
        "attempt bracket cancel_scope delay die dump_fibers effective_deadline fail from_async from_callback "
        "from_exit from_result if_ memoize never now pure shield show_fibers sleep sleep_until suspend task_group "
        "unit when yield_now"
    ),
    "effio.algebra.do_notation": "Do do",
    "effio.algebra.dropped": "development_mode",
    "effio.algebra.handle": "CancelScope Fiber TaskGroup",
    "effio.algebra.io": "IO Task",
    "effio.algebra.lift": "effect",
    "effio.algebra.progress": "advance_progress",
    "effio.cause": "cause",
    "effio.concurrent.barrier": "Barrier",
    "effio.concurrent.capacity_limiter": "CapacityLimiter",
    "effio.concurrent.channel": "Channel Receiver Sender",
    "effio.concurrent.deferred": "Deferred",
    "effio.concurrent.event": "Event",
    "effio.concurrent.fiber_set": "FiberSet",
    "effio.concurrent.latch": "Latch",
    "effio.concurrent.mutex": "Mutex MutexBroken MutexMisused",
    "effio.concurrent.pipe": "ChannelClosed",
    "effio.concurrent.rate_limiter": "RateLimiter",
    "effio.concurrent.ref": "Ref",
    "effio.concurrent.select": "select",
    "effio.concurrent.semaphore": "Semaphore",
    "effio.concurrent.topic": "Subscription Topic",
    "effio.data.cause": "Cause",
    "effio.data.errors": "Deadlock Failed ForeignCancelled NotStarted ProgramCancelled ScopeClosed TimedOut",
    "effio.data.exit": "Exit",
    "effio.interop.portal": "Portal",
    "effio.interop.processes": "BrokenProcess to_process",
    "effio.interop.thread_call": "ThreadCancelled",
    "effio.interop.threads": "check_cancelled to_thread",
    "effio.interpreter.clock": "VirtualClock",
    "effio.interpreter.observer": "Observer",
    "effio.interpreter.runtime": "Runtime run run_async run_async_exit run_exit run_total",
    "effio.observe.explain": "explain",
    "effio.observe.plan": "Plan",
    "effio.observe.recorder": "Recorder",
    "effio.observe.traced_run": "run_traced run_traced_async",
    "effio.observe.trace": "Trace",
    "effio.observe.watched": "dump_on_signal",
    "effio.resource.cache": "Cache CacheStats memo",
    "effio.resource.circuit_breaker": "CircuitBreaker CircuitBreakerStats CircuitOpen",
    "effio.resource.pool": "Pool",
    "effio.resource.resource": "Resource",
    "effio.resource.stock": "PoolClosed PoolStats",
    "effio.schedule.schedule": "Schedule",
}
"""The names of each module that are public in `effio`."""

HOMES: Final = {name: module for module, names in NAMES.items() for name in names.split()}
"""The module of each public name; `effio.cause` is a name itself."""
