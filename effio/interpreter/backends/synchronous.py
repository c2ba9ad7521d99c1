"""A run without an event loop, as far as that goes: programs that never wait end here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, final

from effio.algebra.io import IO
from effio.algebra.primitive import Leaf
from effio.interpreter.backend import Backend
from effio.interpreter.fiber import Fiber
from effio.interpreter.scheduler import Scheduler


@final
class Unhosted:
    """A run that has no event loop yet: what needs one is kept until `runtime` brings it."""

    __slots__ = ("calls", "leaves", "successor")
    sealed = False

    def __init__(self) -> None:
        self.leaves: list[tuple[Fiber, Leaf]] = []
        self.calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self.successor: Backend | None = None

    def wake(self) -> None:
        """Nothing: the run is being driven."""

    def arm(self, when: float | None) -> None:
        """Nothing: the driver asks for the next timer itself."""

    def start_leaf(self, fiber: Fiber, node: Leaf) -> IO[Any, Any] | None:
        fiber.park(Hosting(self, node))
        self.leaves.append((fiber, node))
        return None

    def release(self, fiber: Fiber) -> bool:
        return True

    def give_up(self) -> None:
        """Nothing: no fiber is hosted."""

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        self.calls.append((function, args))
        # Another thread may come here while the event loop takes over: whoever takes a call out forwards it.
        if self.successor is not None:
            self.forward(self.successor)

    def forward(self, backend: Backend) -> None:
        """Pass on the calls that came before the event loop did."""
        while True:
            try:
                function, args = self.calls.popleft()
            except IndexError:
                return
            backend.call(function, *args)

    def hand_over(self, backend: Backend, scheduler: Scheduler) -> None:
        """Give the run to a backend with an event loop: calls, leaves, turns and timers."""
        scheduler.backend = backend
        self.successor = backend
        self.forward(backend)
        for fiber, node in self.leaves:
            backend.start_leaf(fiber, node)
        self.leaves.clear()
        scheduler.awake = True
        backend.wake()


@final
class Hosting:
    """The wait of a fiber for the event loop that its coroutine needs."""

    __slots__ = ("backend", "node")

    def __init__(self, backend: Unhosted, node: Leaf) -> None:
        self.backend = backend
        self.node = node

    def abort(self, fiber: Fiber) -> bool:
        self.backend.leaves = [(waiting, node) for waiting, node in self.backend.leaves if waiting is not fiber]
        return True

    def describe(self) -> str:
        return "an event loop"


def drive(scheduler: Scheduler) -> bool:
    """Run until the root has ended, or only an event loop can help; whether it has ended.

    Virtual time jumps when nothing can run. A run in which nothing can ever run again ends as a deadlock.
    """
    backend = scheduler.backend
    assert isinstance(backend, Unhosted)
    while True:
        scheduler.turn()
        if scheduler.over:
            return True
        if backend.calls:
            function, args = backend.calls.popleft()
            function(*args)
            continue
        if scheduler.ready:
            continue
        if backend.leaves or not scheduler.clock.virtual or scheduler.may_be_woken():
            return False
        if not scheduler.pass_time():
            return True
