"""What fibers share: locks, permits, channels and topics, each beside what asyncio, trio and anyio have of the kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from effio import (
    IO,
    Channel,
    ChannelClosed,
    Do,
    Event,
    Mutex,
    Semaphore,
    Topic,
    collect,
    delay,
    do,
    par_collect,
    par_zip,
    traverse,
    yield_now,
)
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.host import anyio, timings, trio

SUBSCRIBERS = 10
CONTENDERS = 1_000

# -- One item to and fro -------------------------------------------------------------------------------------


@do
def effio_ping_pong(size: int) -> Do[int, ChannelClosed]:
    there = yield from Channel[int].make(1)
    back = yield from Channel[int].make(1)

    @do
    def ping() -> Do[int, ChannelClosed]:
        ball = 0
        for _ in range(size):
            yield from there.send(ball)
            ball = yield from back.receive()
        return ball

    @do
    def pong() -> Do[None, ChannelClosed]:
        for _ in range(size):
            ball = yield from there.receive()
            yield from back.send(ball + 1)

    ball, _ = yield from par_zip(ping(), pong())
    return ball


async def asyncio_ping_pong(size: int) -> int:
    there: asyncio.Queue[int] = asyncio.Queue(1)
    back: asyncio.Queue[int] = asyncio.Queue(1)

    async def ping() -> int:
        ball = 0
        for _ in range(size):
            await there.put(ball)
            ball = await back.get()
        return ball

    async def pong() -> None:
        for _ in range(size):
            ball = await there.get()
            await back.put(ball + 1)

    ball, _ = await asyncio.gather(ping(), pong())
    return ball


async def streams_ping_pong(size: int, open_channel: Callable[[int], Any], open_group: Callable[[], Any]) -> int:
    """Over the channels of trio or the memory streams of anyio."""
    to_pong, at_pong = open_channel(1)
    to_ping, at_ping = open_channel(1)
    balls = [0]

    async def pong() -> None:
        for _ in range(size):
            await to_ping.send(await at_pong.receive() + 1)

    async with to_pong, at_pong, to_ping, at_ping, open_group() as group:
        group.start_soon(pong)
        for _ in range(size):
            await to_pong.send(balls[0])
            balls[0] = await at_ping.receive()
    return balls[0]


# -- A stream of items ---------------------------------------------------------------------------------------


@do
def effio_stream(size: int) -> Do[int, ChannelClosed]:
    channel = yield from Channel[int].make(100)
    received: list[int] = []

    @do
    def produce() -> Do[None, ChannelClosed]:
        for item in range(size):
            yield from channel.send(item)

    @do
    def consume() -> Do[None, ChannelClosed]:
        for _ in range(size):
            received.append((yield from channel.receive()))

    yield from par_zip(produce(), consume())
    return sum(received)


async def asyncio_stream(size: int) -> int:
    queue: asyncio.Queue[int] = asyncio.Queue(100)
    received: list[int] = []

    async def produce() -> None:
        for item in range(size):
            await queue.put(item)

    async def consume() -> None:
        for _ in range(size):
            received.append(await queue.get())

    await asyncio.gather(produce(), consume())
    return sum(received)


async def streams_stream(size: int, open_channel: Callable[[int], Any], open_group: Callable[[], Any]) -> int:
    sender, receiver = open_channel(100)
    received: list[int] = []

    async def produce() -> None:
        for item in range(size):
            await sender.send(item)

    async with sender, receiver, open_group() as group:
        group.start_soon(produce)
        for _ in range(size):
            received.append(await receiver.receive())
    return sum(received)


# -- Many who want the same ----------------------------------------------------------------------------------


def effio_contended(make: IO[Any], hold: Callable[[Any, IO[None]], IO[None]]) -> Callable[[int], IO[int]]:
    @do
    def contend(size: int) -> Do[int]:
        shared = yield from make
        done: list[None] = []
        use = hold(shared, yield_now().map(done.append))
        for _ in range(max(1, size // CONTENDERS)):
            yield from par_collect([use] * min(size, CONTENDERS))
        return len(done)

    return contend


def contended(make: Callable[[], AbstractAsyncContextManager[object]], turn: Callable[[], Any]) -> Callable[[int], Any]:
    """The same with tasks of asyncio."""

    async def contend(size: int) -> int:
        shared = make()
        done: list[None] = []

        async def use() -> None:
            async with shared:
                await turn()
                done.append(None)

        for _ in range(max(1, size // CONTENDERS)):
            await asyncio.gather(*[use() for _ in range(min(size, CONTENDERS))])
        return len(done)

    return contend


def contended_in_group(
    make: Callable[[], AbstractAsyncContextManager[object]], turn: Callable[[], Any], open_group: Callable[[], Any]
) -> Callable[[int], Any]:
    """The same in a nursery of trio or a task group of anyio."""

    async def contend(size: int) -> int:
        shared = make()
        done: list[None] = []

        async def use() -> None:
            async with shared:
                await turn()
                done.append(None)

        for _ in range(max(1, size // CONTENDERS)):
            async with open_group() as group:
                for _ in range(min(size, CONTENDERS)):
                    group.start_soon(use)
        return len(done)

    return contend


# -- Nobody else wants it ------------------------------------------------------------------------------------


@do
def effio_uncontended(size: int) -> Do[int]:
    mutex = yield from Mutex.make()
    done: list[None] = []
    use = mutex.with_lock(delay(done.append, None))
    for _ in range(size):
        yield from use
    return len(done)


async def asyncio_uncontended(size: int) -> int:
    lock = asyncio.Lock()
    done: list[None] = []
    for _ in range(size):
        async with lock:
            done.append(None)
    return len(done)


async def locks_uncontended(size: int, make: Callable[[], AbstractAsyncContextManager[object]]) -> int:
    lock = make()
    done: list[None] = []
    for _ in range(size):
        async with lock:
            done.append(None)
    return len(done)


# -- One to many ---------------------------------------------------------------------------------------------


@do
def effio_broadcast(size: int) -> Do[int, ChannelClosed]:
    topic = yield from Topic[int].make()
    subscriptions = yield from collect([topic.subscribe(capacity=100) for _ in range(SUBSCRIBERS)])

    @do
    def consume(subscription: Any) -> Do[int, ChannelClosed]:
        total = 0
        for _ in range(size):
            total += yield from subscription.receive()
        return total

    totals, _ = yield from par_zip(par_collect(map(consume, subscriptions)), traverse(range(size), topic.publish))
    return sum(totals)


async def asyncio_broadcast(size: int) -> int:
    """A queue for each subscriber, since asyncio has no topic."""
    queues: list[asyncio.Queue[int]] = [asyncio.Queue(100) for _ in range(SUBSCRIBERS)]

    async def consume(queue: asyncio.Queue[int]) -> int:
        total = 0
        for _ in range(size):
            total += await queue.get()
        return total

    async def produce() -> None:
        for item in range(size):
            for queue in queues:
                await queue.put(item)

    *totals, _ = await asyncio.gather(*map(consume, queues), produce())
    return sum(total or 0 for total in totals)


@do
def effio_event(size: int) -> Do[int]:
    event = yield from Event.make()
    woken: list[None] = []
    yield from par_zip(par_collect([event.wait().map(woken.append)] * size), yield_now().then(event.set()))
    return len(woken)


async def asyncio_event(size: int) -> int:
    event = asyncio.Event()
    woken: list[None] = []

    async def wait() -> None:
        await event.wait()
        woken.append(None)

    async def fire() -> None:
        await asyncio.sleep(0)
        event.set()

    await asyncio.gather(*[wait() for _ in range(size)], fire())
    return len(woken)


# -- The hosts -----------------------------------------------------------------------------------------------


async def trio_ping_pong(size: int) -> int:
    return await streams_ping_pong(size, trio.open_memory_channel, trio.open_nursery)


async def anyio_ping_pong(size: int) -> int:
    return await streams_ping_pong(size, anyio.create_memory_object_stream, anyio.create_task_group)


async def trio_stream(size: int) -> int:
    return await streams_stream(size, trio.open_memory_channel, trio.open_nursery)


async def anyio_stream(size: int) -> int:
    return await streams_stream(size, anyio.create_memory_object_stream, anyio.create_task_group)


async def trio_uncontended(size: int) -> int:
    return await locks_uncontended(size, trio.Lock)


async def anyio_uncontended(size: int) -> int:
    return await locks_uncontended(size, anyio.Lock)


async def asyncio_turn() -> None:
    await asyncio.sleep(0)


async def trio_turn() -> None:
    await trio.lowlevel.checkpoint()


async def anyio_turn() -> None:
    await anyio.lowlevel.checkpoint()


def trio_lock() -> Any:
    return trio.Lock()


def anyio_lock() -> Any:
    return anyio.Lock()


def trio_group() -> Any:
    return trio.open_nursery()


def anyio_group() -> Any:
    return anyio.create_task_group()


BENCHMARKS = (
    Benchmark(
        "P1",
        "ping-pong over channels for one item",
        competitors=timings(
            effio=effio_ping_pong, asyncio=asyncio_ping_pong, trio=trio_ping_pong, anyio=anyio_ping_pong
        ),
        small=1_000,
        full=10_000,
    ),
    Benchmark(
        "P2",
        "stream over a channel for 100 items",
        competitors=timings(effio=effio_stream, asyncio=asyncio_stream, trio=trio_stream, anyio=anyio_stream),
        small=1_000,
        full=20_000,
    ),
    Benchmark(
        "P3",
        "1 000 fibers contend for a mutex",
        competitors=timings(
            effio=effio_contended(Mutex.make(), lambda mutex, io: mutex.with_lock(io)),
            asyncio=contended(asyncio.Lock, asyncio_turn),
            trio=contended_in_group(trio_lock, trio_turn, trio_group),
            anyio=contended_in_group(anyio_lock, anyio_turn, anyio_group),
        ),
        small=1_000,
        full=4_000,
    ),
    Benchmark(
        "P4",
        "1 000 fibers contend for a semaphore of 10",
        competitors=timings(
            effio=effio_contended(Semaphore.make(10), lambda semaphore, io: semaphore.with_permit(io)),
            asyncio=contended(lambda: asyncio.Semaphore(10), asyncio_turn),
            trio=contended_in_group(lambda: trio.Semaphore(10), trio_turn, trio_group),
            anyio=contended_in_group(lambda: anyio.Semaphore(10), anyio_turn, anyio_group),
        ),
        small=1_000,
        full=4_000,
    ),
    Benchmark(
        "P5",
        "mutex that nobody else wants",
        competitors=timings(
            effio=effio_uncontended, asyncio=asyncio_uncontended, trio=trio_uncontended, anyio=anyio_uncontended
        ),
        small=1_000,
        full=20_000,
    ),
    Benchmark(
        "P6",
        "broadcast to 10 subscribers",
        competitors=timings(effio=effio_broadcast, asyncio=asyncio_broadcast),
        small=100,
        full=2_000,
    ),
    Benchmark(
        "P7",
        "an event wakes all",
        competitors=timings(effio=effio_event, asyncio=asyncio_event),
        small=1_000,
        full=20_000,
    ),
)
