"""Memory: what a fiber that sleeps occupies."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

from effio import Do, TaskGroup, delay, do, sleep, task_group, yield_now
from tests.benchmarks.benchmark import Benchmark, Competitor, Must, Sample
from tests.benchmarks.host import Work, anyio, trio, trio_turn, works

LONG = 3600.0


def allocated() -> int:
    """The bytes that are allocated now."""
    return tracemalloc.get_traced_memory()[0]


def weighed(work: Work) -> Competitor:
    """Take for the cost what `work` gives: the bytes it occupied while everything in it slept."""

    def weigh(size: int) -> Sample:
        tracemalloc.start()
        try:
            occupied: Any = work(size)
        finally:
            tracemalloc.stop()
        return Sample(occupied, size)

    return weigh


@do
def effio_sleepers(group: TaskGroup, size: int) -> Do[int]:
    before = allocated()
    for _ in range(size):
        yield from group.fork(sleep(LONG))
    yield from yield_now
    occupied = yield from delay(allocated)
    yield from group.cancel()
    return occupied - before


async def asyncio_sleepers(size: int) -> int:
    before = allocated()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.sleep(LONG)) for _ in range(size)]
        await asyncio.sleep(0)
        occupied = allocated()
        for task in tasks:
            task.cancel()
    return occupied - before


async def trio_sleepers(size: int) -> int:
    before = allocated()
    async with trio.open_nursery() as nursery:
        for _ in range(size):
            nursery.start_soon(trio.sleep, LONG)
        await trio_turn()
        occupied = allocated()
        nursery.cancel_scope.cancel()
    return occupied - before


async def anyio_sleepers(size: int) -> int:
    before = allocated()
    async with anyio.create_task_group() as group:
        for _ in range(size):
            group.start_soon(anyio.sleep, LONG)
        await anyio.lowlevel.checkpoint()
        occupied = allocated()
        group.cancel_scope.cancel()
    return occupied - before


SLEEPERS = works(
    effio=lambda size: task_group(lambda group: effio_sleepers(group, size)),
    asyncio=asyncio_sleepers,
    trio=trio_sleepers,
    anyio=anyio_sleepers,
)

BENCHMARKS = (
    Benchmark(
        "9",
        "memory of a sleeping fiber",
        competitors={name: weighed(work) for name, work in SLEEPERS.items()},
        small=1_000,
        full=10_000,
        must=Must(900, 700, unit="bytes"),
    ),
)
