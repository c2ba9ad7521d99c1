"""The event loop that the fixtures and the tests of one backend share, and the resources that are held open in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, final

from returns.result import Failure

from effio.algebra.create import delay, from_async
from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.interpreter.clock import Clock
from effio.interpreter.runtime import run_async_exit, value_of
from effio.resource.resource import Resource


class Host(Protocol):
    """Where programs run that share an event loop."""

    def run_exit(self, program: IO[Any, Any], clock: Clock | None) -> Exit[Any, Any]:
        """Run a program; what is held open meanwhile goes on too."""
        ...

    def hold(self, resource: Resource[Any, Any]) -> tuple[Any, Callable[[], None]]:
        """Acquire a resource, and give its value and what releases it; either raises what went wrong."""
        ...

    def close(self) -> None:
        """End the event loop, if there is one."""
        ...


def host_of(backend: str) -> Host:
    """A host whose event loop is made when the first test or fixture needs it."""
    if backend == "trio":
        from effio.testing.pytest_plugin.trio_host import TrioHost

        return TrioHost()
    return AsyncioHost(backend)


@final
class AsyncioHost:
    """One event loop of asyncio, or of uvloop."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self._runner: asyncio.Runner | None = None

    @property
    def runner(self) -> asyncio.Runner:
        if self._runner is None:
            uvloop = self.backend == "uvloop"
            self._runner = asyncio.Runner(loop_factory=import_module("uvloop").new_event_loop if uvloop else None)
        return self._runner

    def run_exit(self, program: IO[Any, Any], clock: Clock | None) -> Exit[Any, Any]:
        return self.runner.run(run_async_exit(program, clock=clock))

    def hold(self, resource: Resource[Any, Any]) -> tuple[Any, Callable[[], None]]:
        held = Held(resource)
        value = self.runner.run(held.open())
        return value, lambda: self.runner.run(held.close())

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None


@final
class Held:
    """A resource in use by nobody but a program that waits to be told that it is needed no longer."""

    def __init__(self, resource: Resource[Any, Any]) -> None:
        self.resource = resource
        self.task: asyncio.Task[Exit[Any, Any]] | None = None

    async def open(self) -> Any:
        """Acquire; raises what the acquiring failed with."""
        self.value: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()
        self.task = asyncio.create_task(run_async_exit(self.resource.use(self.lend)))
        await asyncio.wait([self.value, self.task], return_when=asyncio.FIRST_COMPLETED)
        if self.value.done():
            return self.value.result()
        return value_of(await self.task)

    def lend(self, value: Any) -> IO[Any, Any]:
        return delay(self.value.set_result, value).then(from_async(self.over.wait))

    async def close(self) -> None:
        """Release; raises what the releasing failed with."""
        assert self.task is not None
        self.over.set()
        exit = await self.task
        if isinstance(exit, Failure):
            value_of(exit)
