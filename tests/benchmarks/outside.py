"""Foreign coroutines: what it costs to await one inside a program."""

from __future__ import annotations

import asyncio
from typing import Any

from effio import Do, do, from_async
from tests.benchmarks.benchmark import Benchmark, Must
from tests.benchmarks.host import Main, timings
from tests.benchmarks.step import incremented


async def incremented_later(number: int) -> int:
    """Wait on a future that the event loop fills at its next turn."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    loop.call_soon(future.set_result, number + 1)
    return await future


def leaves(key: str, title: str, leaf: Any, must: Must, *, full: int) -> Benchmark:
    """Await `leaf` again and again, inside a program and in place."""

    @do
    def effio_leaves(size: int) -> Do[int, Exception]:
        number: int = 0
        while number < size:
            number = yield from from_async(leaf, number)
        return number

    async def asyncio_leaves(size: int) -> int:
        number: int = 0
        while number < size:
            number = await leaf(number)
        return number

    main: Main = asyncio_leaves
    return Benchmark(
        key, title, competitors=timings(effio=effio_leaves, asyncio=main), small=1_000, full=full, must=must
    )


BENCHMARKS = (
    leaves("11", "foreign coroutine that does not wait", incremented, Must(15, 9), full=50_000),
    leaves("11b", "foreign coroutine that waits on a future", incremented_later, Must(2.0, 1.7), full=20_000),
)
