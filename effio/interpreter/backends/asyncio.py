"""Running inside an asyncio event loop: one callback per turn, and a task of its own for a fiber with foreign leaves.

A fiber is no task. At its first foreign coroutine it gets one real `asyncio.Task` and keeps it until it ends, so that
context variables, `asyncio.timeout`, task groups and the scopes of other libraries hold across its leaves. While a
hosted fiber waits for something of effio's own, its task is parked and the fiber goes on in the ready queue.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Final, final

from effio.algebra.io import IO
from effio.algebra.primitive import Leaf
from effio.interpreter.backends.asyncio_host import Host
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler

LEAVES_PER_LOOK: Final = 3  # a mask: the clock is read after every fourth leaf that did not wait


@final
class AsyncioBackend:
    """The host of one run in one event loop. `waking` is the turn that was asked for, `timer` the one that is due."""

    sealed = False

    def __init__(self, loop: asyncio.AbstractEventLoop, scheduler: Scheduler) -> None:
        self.loop = loop
        self.scheduler = scheduler
        self.hosts: set[Host] = set()
        self.timer: asyncio.TimerHandle | None = None
        self.timer_at: float | None = None
        self.jump: asyncio.Handle | None = None

    # -- Turns ----

    def wake(self) -> None:
        self.loop.call_soon(self.scheduler.turn)

    def arm(self, when: float | None) -> None:
        if self.scheduler.clock.virtual:
            self.arm_jump(when)
            return
        if when == self.timer_at and self.timer is not None:
            return
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.timer_at = when
        if when is not None:
            delay = when - self.scheduler.now()
            self.timer = self.loop.call_later(max(0.0, delay), self.timer_due)

    def timer_due(self) -> None:
        self.timer = None
        if not self.scheduler.awake:
            self.scheduler.turn()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        self.loop.call_soon_threadsafe(function, *args)

    # -- Virtual time ----

    def arm_jump(self, when: float | None) -> None:
        """Jump when the loop has nothing to do; while anything is in flight, wait as long as the timer says."""
        self.disarm()
        if when is None:
            if not self.scheduler.in_flight and not self.scheduler.outside and not self.scheduler.over:
                self.jump = self.loop.call_soon(self.nothing_left)
        elif self.in_flight():
            delay = max(0.0, when - self.scheduler.now())
            self.timer = self.loop.call_later(delay, self.jump_to, when)
        else:
            self.jump = self.loop.call_soon(self.jump_to, when)

    def in_flight(self) -> bool:
        """Whether something out of sight may still wake a fiber."""
        scheduler = self.scheduler
        if scheduler.in_flight:
            return True
        busy = threading.active_count() > 1 or bool(getattr(self.loop, "_scheduled", ()))
        return scheduler.outside > 0 and busy

    def jump_to(self, when: float) -> None:
        self.jump = None
        self.timer = None
        if not self.scheduler.awake:
            self.scheduler.clock.advance_to(when)
            self.scheduler.turn()

    def nothing_left(self) -> None:
        """Everything waits, and virtual time has nothing to jump to."""
        self.jump = None
        if not self.scheduler.awake and not self.scheduler.over:
            self.scheduler.break_deadlock()

    def disarm(self) -> None:
        """Ask for no timer."""
        for pending in (self.timer, self.jump):
            if pending is not None:
                pending.cancel()
        self.timer = self.jump = None
        self.timer_at = None

    # -- Foreign coroutines ----

    def start_leaf(self, fiber: Fiber, node: Leaf) -> IO[Any, Any] | None:
        host: Host | None = fiber.host
        if host is None:
            host = fiber.host = Host(self, fiber)
            self.hosts.add(host)
        outcome = host.start(node) if host.stepping else None
        if outcome is not None:
            host.leaves += 1
            if host.leaves & LEAVES_PER_LOOK or not self.scheduler.turn_is_over():
                return outcome
            fiber.hold(outcome)
            return None
        host.leaf = node
        host.unpark()
        fiber.park(host)
        self.scheduler.in_flight += 1
        if host.stepping and fiber.check:
            fiber.interrupt()  # What has begun may have cancelled its own fiber.
        return None

    def release(self, fiber: Fiber) -> bool:
        """A hosted fiber ends when its task has ended."""
        host: Host = fiber.host
        host.stop()
        return False

    def give_up(self) -> None:
        self.disarm()
        for host in self.hosts:
            host.task.cancel()

    def hosted_ended(self, host: Host) -> None:
        """The task of a fiber that has its exit is over."""
        self.hosts.discard(host)
        self.scheduler.hosted_ended(host.fiber)
