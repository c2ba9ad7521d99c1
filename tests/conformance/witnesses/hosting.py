"""Who drives the foreign coroutines of a fiber, and what then works inside them.

A fiber awaits several coroutines, one after the other. Whether the same task drives them all is not a detail: half of
what asyncio's and anyio's own scopes do depends on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar, Token, copy_context
from typing import Any, TypeAlias

import anyio

from effio import collect, from_async, run_async
from tests.conformance.support import TICK
from tests.conformance.witnesses.row import LONG, sweep

Leaf: TypeAlias = Callable[[], Coroutine[Any, Any, object]]
Driver: TypeAlias = Callable[[Sequence[Leaf]], Coroutine[Any, Any, object]]
Probe: TypeAlias = Callable[[Driver], Coroutine[Any, Any, str]]

COLOUR: ContextVar[str] = ContextVar("colour", default="none")

PATIENCE = 10 * TICK
"""After so many seconds a scope that should have ended counts as one that never does."""


# -- Drivers -------------------------------------------------------------------------------------------------


async def one_task(leaves: Sequence[Leaf]) -> None:
    """Await them in effio: each fiber has a task for its foreign coroutines."""
    await run_async(collect([from_async(leaf) for leaf in leaves]))


async def task_for_each(leaves: Sequence[Leaf]) -> None:
    """Give each coroutine a new task."""
    for leaf in leaves:
        await asyncio.create_task(leaf())


async def no_task(leaves: Sequence[Leaf]) -> None:
    """Step the coroutines by hand, from callbacks of the loop."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    Stepping([leaf() for leaf in leaves], ended).start()
    await ended


class Stepping:
    """Coroutines that are sent on whenever the future that they wait for is done."""

    def __init__(self, coroutines: list[Coroutine[Any, Any, object]], ended: asyncio.Future[None]) -> None:
        self.coroutines = coroutines
        self.ended = ended
        self.context = copy_context()

    def start(self) -> None:
        asyncio.get_running_loop().call_soon(self.step, context=self.context)

    def step(self, future: object = None) -> None:
        while self.coroutines:
            try:
                waiting = self.coroutines[0].send(None)
            except StopIteration:
                del self.coroutines[0]
            except BaseException as error:
                self.end(error)
                return
            else:
                self.wait_for(waiting)
                return
        self.ended.set_result(None)

    def wait_for(self, waiting: Any) -> None:
        if waiting is None:
            self.start()
        else:
            waiting._asyncio_future_blocking = False
            waiting.add_done_callback(self.step, context=self.context)

    def end(self, error: BaseException) -> None:
        for coroutine in self.coroutines:
            coroutine.close()
        self.ended.set_exception(error)


DRIVERS: dict[str, Driver] = {
    "one task for each fiber (effio)": one_task,
    "a new task for each coroutine": task_for_each,
    "no task: stepped by hand": no_task,
}


# -- Probes --------------------------------------------------------------------------------------------------


async def timeout_inside(drive: Driver) -> str:
    """`asyncio.timeout` in a coroutine."""

    async def limited() -> None:
        async with asyncio.timeout(TICK):
            await asyncio.sleep(LONG)

    try:
        await drive([limited])
    except TimeoutError:
        return "fires"
    except RuntimeError:
        return "fails"
    return "never fires"


async def anyio_inside(drive: Driver) -> str:
    """A timeout of anyio in a coroutine."""

    async def limited() -> None:
        with anyio.fail_after(TICK):
            await asyncio.sleep(LONG)

    try:
        await drive([limited])
    except TimeoutError:
        return "fires"
    except Exception:
        return "fails"
    return "never fires"


async def token_over_two(drive: Driver) -> str:
    """A context variable is set in one coroutine and reset in the next."""
    tokens: list[Token[str]] = []

    async def enter() -> None:
        tokens.append(COLOUR.set("inside"))

    async def leave() -> None:
        COLOUR.reset(tokens.pop())

    try:
        await drive([enter, leave])
    except ValueError:
        return "fails"
    return "works"


async def timeout_over_three(drive: Driver) -> str:
    """`asyncio.timeout` is entered in one coroutine and left in the third."""
    timeout = asyncio.timeout(TICK)
    cut: list[bool] = []

    async def enter() -> None:
        await timeout.__aenter__()

    async def work() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cut.append(True)

    async def leave() -> None:
        await timeout.__aexit__(None, None, None)

    try:
        await drive([enter, work, leave])
    except RuntimeError:
        return "fails"
    return "fires" if cut else "never fires"


async def anyio_over_three(drive: Driver) -> str:
    """A task group of anyio is entered in one coroutine and left in the third."""
    group = anyio.create_task_group()

    async def enter() -> None:
        await group.__aenter__()

    async def work() -> None:
        group.start_soon(anyio.sleep, TICK)

    async def leave() -> None:
        await group.__aexit__(None, None, None)

    try:
        await drive([enter, work, leave])
    except (RuntimeError, TypeError):
        return "fails"
    return "works"


PROBES: tuple[Probe, ...] = (timeout_inside, anyio_inside, token_over_two, timeout_over_three, anyio_over_three)


def cell(driver: Driver, probe: Probe) -> str:
    """Run a probe with a driver, on a loop of its own."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    try:
        return loop.run_until_complete(probe(driver))
    finally:
        sweep(loop)
