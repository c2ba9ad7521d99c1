"""Timeouts that do not expire: the common case, which should cost next to nothing."""

from __future__ import annotations

import asyncio

from effio import Do, TimedOut, delay, do, yield_now
from tests.benchmarks.benchmark import Benchmark, Must
from tests.benchmarks.host import anyio, timings, trio
from tests.benchmarks.step import increment, incremented

LIMIT = 60.0


@do
def effio_immediate(size: int) -> Do[int, TimedOut]:
    number = 0
    while number < size:
        number = yield from delay(increment, number).fail_after(LIMIT)
    return number


async def asyncio_immediate(size: int) -> int:
    number = 0
    while number < size:
        async with asyncio.timeout(LIMIT):
            number = await incremented(number)
    return number


async def trio_immediate(size: int) -> int:
    number = 0
    while number < size:
        with trio.fail_after(LIMIT):
            number = await incremented(number)
    return number


async def anyio_immediate(size: int) -> int:
    number = 0
    while number < size:
        with anyio.fail_after(LIMIT):
            number = await incremented(number)
    return number


@do
def effio_yielding(size: int) -> Do[int, TimedOut]:
    for _ in range(size):
        yield from yield_now.fail_after(LIMIT)
    return size


async def asyncio_yielding(size: int) -> int:
    for _ in range(size):
        async with asyncio.timeout(LIMIT):
            await asyncio.sleep(0)
    return size


async def trio_yielding(size: int) -> int:
    for _ in range(size):
        with trio.fail_after(LIMIT):
            await trio.lowlevel.checkpoint()
    return size


async def anyio_yielding(size: int) -> int:
    for _ in range(size):
        with anyio.fail_after(LIMIT):
            await anyio.lowlevel.checkpoint()
    return size


BENCHMARKS = (
    Benchmark(
        "6a",
        "timeout around an immediate step",
        competitors=timings(
            effio=effio_immediate, asyncio=asyncio_immediate, trio=trio_immediate, anyio=anyio_immediate
        ),
        small=2_000,
        full=20_000,
        must=Must(1.0, 0.45),
    ),
    Benchmark(
        "6b",
        "timeout around one yield",
        competitors=timings(effio=effio_yielding, asyncio=asyncio_yielding, trio=trio_yielding, anyio=anyio_yielding),
        small=2_000,
        full=20_000,
        must=Must(0.8, 0.3),
    ),
)
