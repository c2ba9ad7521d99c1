"""What is tried again, borrowed and kept: retries, pools and caches, each beside what one writes for asyncio."""

from __future__ import annotations

import asyncio

from effio import IO, Cache, Do, Pool, Resource, do, fail, par_collect, pure, suspend, unit, yield_now
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.host import timings

CONNECTIONS = 10
USERS = 100

# -- The third attempt succeeds ------------------------------------------------------------------------------


@do
def effio_retry(size: int) -> Do[int, str]:
    tries = [0]

    def flaky() -> IO[int, str]:
        tries[0] += 1
        return fail("busy") if tries[0] % 3 else pure(1)

    stubborn = suspend(flaky).retry(2)
    total = 0
    for _ in range(size):
        total += yield from stubborn
    return total


class Busy(Exception):
    """What the first two attempts fail with."""


async def asyncio_retry(size: int) -> int:
    tries = 0

    async def flaky() -> int:
        nonlocal tries
        tries += 1
        if tries % 3:
            raise Busy
        return 1

    async def stubborn() -> int:
        for _ in range(2):
            try:
                return await flaky()
            except Busy:
                pass
        return await flaky()

    total = 0
    for _ in range(size):
        total += await stubborn()
    return total


# -- Many users of a few connections -------------------------------------------------------------------------


def effio_pool(size: int) -> IO[int]:
    def using(pool: Pool[int]) -> IO[int]:
        user = pool.use(lambda connection: yield_now().as_value(1))
        return par_collect([user] * size, limit=USERS).map(sum)

    return Pool.make(Resource.make(pure(0), lambda connection: unit), max=CONNECTIONS).use(using)


async def asyncio_pool(size: int) -> int:
    """A queue of connections: the simplest pool there is, which loses none as long as none breaks."""
    idle: asyncio.LifoQueue[int] = asyncio.LifoQueue()
    for connection in range(CONNECTIONS):
        idle.put_nowait(connection)
    users = asyncio.Semaphore(USERS)

    async def use() -> int:
        async with users:
            connection = await idle.get()
            try:
                await asyncio.sleep(0)
                return 1
            finally:
                idle.put_nowait(connection)

    return sum(await asyncio.gather(*[use() for _ in range(size)]))


# -- A value that is there -----------------------------------------------------------------------------------


def load(key: int) -> IO[int]:
    return pure(key)


@do
def effio_cache(size: int) -> Do[int]:
    cache = yield from Cache.make(load, capacity=CONNECTIONS)
    total = 0
    for number in range(size):
        total += yield from cache.get(number % CONNECTIONS)
    return total


async def asyncio_cache(size: int) -> int:
    """A dictionary of tasks: it keeps everything for ever, and failures too."""
    loads: dict[int, asyncio.Task[int]] = {}

    async def loaded(key: int) -> int:
        return key

    async def get(key: int) -> int:
        if key not in loads:
            loads[key] = asyncio.create_task(loaded(key))
        return await asyncio.shield(loads[key])

    total = 0
    for number in range(size):
        total += await get(number % CONNECTIONS)
    return total


BENCHMARKS = (
    Benchmark(
        "R1",
        "retry until the third attempt",
        competitors=timings(effio=effio_retry, asyncio=asyncio_retry),
        small=1_000,
        full=10_000,
    ),
    Benchmark(
        "R2",
        "100 users of a pool of 10",
        competitors=timings(effio=effio_pool, asyncio=asyncio_pool),
        small=1_000,
        full=10_000,
    ),
    Benchmark(
        "R3",
        "cache that has the value",
        competitors=timings(effio=effio_cache, asyncio=asyncio_cache),
        small=1_000,
        full=20_000,
    ),
)
