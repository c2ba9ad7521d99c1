"""A pool that is open in one run and lends to other runs on the same event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from effio import Pool, Resource, delay, from_async, sleep


def test_pool_of_one_run_lends_to_another() -> None:
    """Runs that borrow end on time, and what they borrowed is closed with the pool."""
    log: list[str] = []
    connection = Resource.make(delay(log.append, "open"), lambda each: delay(log.append, "close"))

    async def main() -> list[int]:
        opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        closing = asyncio.Event()

        async def hold() -> None:
            await Pool.make(connection, max=1).use(
                lambda pool: delay(opened.set_result, pool).then(from_async(closing.wait))
            )

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hold())
            pool = await opened
            borrowing = (pool.use(lambda each, n=n: sleep(0.001).as_value(n)) for n in range(3))
            values = await asyncio.gather(*borrowing)
            closing.set()
        return values

    assert asyncio.run(asyncio.wait_for(main(), 20)) == [0, 1, 2]
    assert log == ["open", "close"]
