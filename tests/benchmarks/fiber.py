"""Fibers that start and end: fork and join, race, cancel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from effio import IO, Do, TaskGroup, do, par_traverse, pure, race, sleep, task_group, yield_now
from tests.benchmarks.benchmark import Benchmark, Must
from tests.benchmarks.host import Main, Program, anyio, timings, trio, trio_turn

LONG = 3600.0


# -- Fork and join -------------------------------------------------------------------------------------------


def join_all(child: Callable[[int], IO[int]]) -> Program:
    """Fork as many children as asked for, join them, add their values."""

    @do
    def body(group: TaskGroup, size: int) -> Do[int]:
        fibers = []
        for number in range(size):
            fibers.append((yield from group.fork(child(number))))
        total = 0
        for fiber in fibers:
            total += yield from fiber.join()
        return total

    return lambda size: task_group(lambda group: body(group, size))


def effio_yielding(number: int) -> IO[int]:
    return yield_now.map(lambda _: number)


async def returning(number: int) -> int:
    return number


async def asyncio_yielding(number: int) -> int:
    await asyncio.sleep(0)
    return number


def asyncio_join_all(child: Callable[[int], Coroutine[Any, Any, int]]) -> Main:
    async def main(size: int) -> int:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(child(number)) for number in range(size)]
        return sum(task.result() for task in tasks)

    return main


async def asyncio_gather(size: int) -> int:
    return sum(await asyncio.gather(*(asyncio_yielding(number) for number in range(size))))


def trio_join_all(yields: int) -> Main:
    async def main(size: int) -> int:
        total = 0

        async def child(number: int) -> None:
            nonlocal total
            for _ in range(yields):
                await trio.lowlevel.checkpoint()
            total += number

        async with trio.open_nursery() as nursery:
            for number in range(size):
                nursery.start_soon(child, number)
        return total

    return main


def anyio_join_all(yields: int) -> Main:
    async def main(size: int) -> int:
        total = 0

        async def child(number: int) -> None:
            nonlocal total
            for _ in range(yields):
                await anyio.lowlevel.checkpoint()
            total += number

        async with anyio.create_task_group() as group:
            for number in range(size):
                group.start_soon(child, number)
        return total

    return main


# -- Race ----------------------------------------------------------------------------------------------------


@do
def effio_races(size: int) -> Do[int]:
    won = 0
    for _ in range(size):
        won += yield from race(sleep(LONG).as_value(0), yield_now.as_value(1))
    return won


async def asyncio_races(size: int) -> int:
    won = 0
    for _ in range(size):
        contestants = [asyncio.create_task(asyncio.sleep(LONG, 0)), asyncio.create_task(asyncio.sleep(0, 1))]
        done, losers = await asyncio.wait(contestants, return_when=asyncio.FIRST_COMPLETED)
        for loser in losers:
            loser.cancel()
        await asyncio.gather(*losers, return_exceptions=True)
        won += done.pop().result()
    return won


async def trio_races(size: int) -> int:
    won = 0

    async def contestant(seconds: float, value: int) -> None:
        nonlocal won
        await trio.sleep(seconds)
        won += value
        nursery.cancel_scope.cancel()

    for _ in range(size):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(contestant, LONG, 0)
            nursery.start_soon(contestant, 0, 1)
    return won


async def anyio_races(size: int) -> int:
    won = 0

    async def contestant(seconds: float, value: int) -> None:
        nonlocal won
        await anyio.sleep(seconds)
        won += value
        group.cancel_scope.cancel()

    for _ in range(size):
        async with anyio.create_task_group() as group:
            group.start_soon(contestant, LONG, 0)
            group.start_soon(contestant, 0, 1)
    return won


# -- Cancel --------------------------------------------------------------------------------------------------


class Counter:
    """Counts the finalizers that ran, so that none is forgotten."""

    def __init__(self) -> None:
        self.count = 0

    def up(self, _: object = None) -> None:
        self.count += 1


def cancel_all(sleeper: Callable[[Counter], IO[None]]) -> Program:
    """Fork as many sleepers as asked for, let them fall asleep, cancel and await them."""

    @do
    def body(group: TaskGroup, size: int, finalized: Counter) -> Do[None]:
        for _ in range(size):
            yield from group.fork(sleeper(finalized))
        yield from yield_now
        yield from group.cancel()

    @do
    def program(size: int) -> Do[int]:
        finalized = Counter()
        yield from task_group(lambda group: body(group, size, finalized))
        return finalized.count

    return program


def effio_finalized_sleeper(finalized: Counter) -> IO[None]:
    return sleep(LONG).ensuring(yield_now.map(finalized.up))


async def asyncio_sleeper(finalized: Counter) -> None:
    await asyncio.sleep(LONG)


async def asyncio_finalized_sleeper(finalized: Counter) -> None:
    try:
        await asyncio.sleep(LONG)
    finally:
        await asyncio.sleep(0)
        finalized.up()


def asyncio_cancel_all(sleeper: Callable[[Counter], Coroutine[Any, Any, None]]) -> Main:
    async def main(size: int) -> int:
        finalized = Counter()
        tasks = [asyncio.create_task(sleeper(finalized)) for _ in range(size)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return finalized.count

    return main


async def trio_cancel_all(size: int) -> int:
    async with trio.open_nursery() as nursery:
        for _ in range(size):
            nursery.start_soon(trio.sleep, LONG)
        await trio_turn()
        nursery.cancel_scope.cancel()
    return 0


async def trio_cancel_all_finalized(size: int) -> int:
    finalized = Counter()

    async def sleeper() -> None:
        try:
            await trio.sleep(LONG)
        finally:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            finalized.up()

    async with trio.open_nursery() as nursery:
        for _ in range(size):
            nursery.start_soon(sleeper)
        await trio_turn()
        nursery.cancel_scope.cancel()
    return finalized.count


BENCHMARKS = (
    Benchmark(
        "4a",
        "fork and join children that return at once",
        competitors=timings(
            effio=join_all(pure),
            asyncio=asyncio_join_all(returning),
            trio=trio_join_all(0),
            anyio=anyio_join_all(0),
            tasks=True,
        ),
        small=1_000,
        full=10_000,
        must=Must(0.5, 0.2),
    ),
    Benchmark(
        "4b",
        "the same, one yield each",
        competitors=timings(
            effio=join_all(effio_yielding),
            asyncio=asyncio_join_all(asyncio_yielding),
            trio=trio_join_all(1),
            anyio=anyio_join_all(1),
            tasks=True,
        ),
        small=1_000,
        full=10_000,
        must=Must(0.5, 0.25),
    ),
    Benchmark(
        "4c",
        "par_traverse against gather, one yield each",
        competitors=timings(
            effio=lambda size: par_traverse(range(size), effio_yielding).map(sum),
            asyncio=asyncio_gather,
            tasks=True,
        ),
        small=1_000,
        full=10_000,
    ),
    Benchmark(
        "5",
        "race of two, the loser asleep and awaited",
        competitors=timings(effio=effio_races, asyncio=asyncio_races, trio=trio_races, anyio=anyio_races, tasks=True),
        small=500,
        full=3_000,
        must=Must(0.35, 0.12),
    ),
    Benchmark(
        "7",
        "fork and cancel sleepers",
        competitors=timings(
            effio=cancel_all(lambda finalized: sleep(LONG)),
            asyncio=asyncio_cancel_all(asyncio_sleeper),
            trio=trio_cancel_all,
        ),
        small=1_000,
        full=10_000,
        must=Must(0.45, 0.2),
    ),
    Benchmark(
        "7b",
        "the same, each with a finalizer that waits",
        competitors=timings(
            effio=cancel_all(effio_finalized_sleeper),
            asyncio=asyncio_cancel_all(asyncio_finalized_sleeper),
            trio=trio_cancel_all_finalized,
        ),
        small=1_000,
        full=10_000,
        must=Must(0.5, 0.2),
    ),
)
