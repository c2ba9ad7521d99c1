"""Hand-off: two fibers in turn, each waking the other through a place that is filled once."""

from __future__ import annotations

import asyncio
from typing import Any

from effio import Do, TaskGroup, delay, do, pure, task_group
from effio.algebra.desugar.signal import Signal
from tests.benchmarks.benchmark import Benchmark, Must
from tests.benchmarks.host import anyio, timings, trio


class EffioTable:
    """Where the ball lies: one signal for each player, replaced when it is taken up."""

    def __init__(self) -> None:
        self.sides = [Signal("the ball"), Signal("the ball")]

    def strike(self, side: int, ball: int) -> None:
        self.sides[side].fire(pure(ball))

    @do
    def play(self, side: int, size: int) -> Do[int]:
        ball = 0
        for _ in range(size):
            ball = yield from self.sides[side].wait()
            self.sides[side] = Signal("the ball")
            yield from delay(self.strike, 1 - side, ball + 1)
        return ball


@do
def effio_match(group: TaskGroup, size: int) -> Do[int]:
    table = EffioTable()
    yield from group.fork(table.play(0, size))
    other = yield from group.fork(table.play(1, size))
    yield from delay(table.strike, 0, 0)
    ball = yield from other.join()
    return ball + 1


class AsyncioTable:
    """The same with futures."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.sides: list[asyncio.Future[int]] = [self.loop.create_future(), self.loop.create_future()]

    async def play(self, side: int, size: int) -> int:
        ball = 0
        for _ in range(size):
            ball = await self.sides[side]
            self.sides[side] = self.loop.create_future()
            self.sides[1 - side].set_result(ball + 1)
        return ball


async def asyncio_match(size: int) -> int:
    table = AsyncioTable()
    async with asyncio.TaskGroup() as group:
        group.create_task(table.play(0, size))
        other = group.create_task(table.play(1, size))
        table.sides[0].set_result(0)
    return other.result() + 1


class EventTable:
    """The same with the events of trio or anyio, which carry no value."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.sides = [library.Event(), library.Event()]
        self.ball = 0

    async def play(self, side: int, size: int) -> None:
        for _ in range(size):
            await self.sides[side].wait()
            self.sides[side] = self.library.Event()
            self.ball += 1
            self.sides[1 - side].set()


async def trio_match(size: int) -> int:
    table = EventTable(trio)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(table.play, 0, size)
        nursery.start_soon(table.play, 1, size)
        table.sides[0].set()
    return table.ball


async def anyio_match(size: int) -> int:
    table = EventTable(anyio)
    async with anyio.create_task_group() as group:
        group.start_soon(table.play, 0, size)
        group.start_soon(table.play, 1, size)
        table.sides[0].set()
    return table.ball


BENCHMARKS = (
    Benchmark(
        "8",
        "ping-pong over a deferred",
        competitors=timings(
            effio=lambda size: task_group(lambda group: effio_match(group, size)),
            asyncio=asyncio_match,
            trio=trio_match,
            anyio=anyio_match,
        ),
        small=1_000,
        full=10_000,
        must=Must(1.3, 0.6),
    ),
)
