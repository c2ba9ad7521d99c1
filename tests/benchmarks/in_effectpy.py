"""The benchmarks as effectpy says them, on asyncio.

A chain of its steps is a recursion of Python. So chains are built and run in portions, one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from tests.benchmarks.fiber import LONG, asyncio_yielding
from tests.benchmarks.host import Main, Work, on_asyncio, optional, portions
from tests.benchmarks.outside import incremented_later
from tests.benchmarks.step import increment, incremented
from tests.benchmarks.timeout import LIMIT

effectpy = optional("effectpy")


def chained(chain: Callable[[int, int], Any]) -> Main:
    """Run the programs that `chain` makes of the bounds of each portion; each gives the upper one."""

    async def main(size: int) -> int:
        number, runtime = 0, effectpy.Runtime()
        for first, last in portions(size):
            number = await runtime.run(chain(first, last))
        return number

    return main


def right_nested(number: int, last: int) -> Any:
    if number == last:
        return effectpy.succeed(number)
    return effectpy.succeed(number + 1).flat_map(lambda following: right_nested(following, last))


def right_nested_calls(number: int, last: int) -> Any:
    if number == last:
        return effectpy.succeed(number)
    return effectpy.sync(lambda: increment(number)).flat_map(lambda following: right_nested_calls(following, last))


def left_nested(first: int, last: int) -> Any:
    program = effectpy.succeed(first)
    for _ in range(first, last):
        program = program.flat_map(lambda number: effectpy.succeed(number + 1))
    return program


def map_chain(first: int, last: int) -> Any:
    program = effectpy.succeed(first)
    for _ in range(first, last):
        program = program.map(increment)
    return program


def construct(size: int) -> int:
    program = effectpy.succeed(0)
    for _ in range(size):
        program.flat_map(effectpy.succeed)
    return size


# -- Fibers --------------------------------------------------------------------------------------------------


def join_all(child: Callable[[int], Any]) -> Main:
    async def main(size: int) -> int:
        runtime = effectpy.Runtime()
        fibers = [runtime.fork(child(number)) for number in range(size)]
        return sum([await fiber.join() for fiber in fibers])

    return main


def immediate(number: int) -> Any:
    return effectpy.succeed(number)


def yielding(number: int) -> Any:
    return effectpy.from_async(lambda: asyncio_yielding(number))


async def parallel(size: int) -> int:
    found: list[int] = await effectpy.Runtime().run(effectpy.for_each_par(range(size), yielding, parallelism=size))
    return sum(found)


def sleeping(seconds: float, value: int) -> Any:
    return effectpy.from_async(lambda: asyncio.sleep(seconds, value))


async def races(size: int) -> int:
    won, runtime = 0, effectpy.Runtime()
    for _ in range(size):
        won += await runtime.run(effectpy.race(sleeping(LONG, 0), sleeping(0, 1)))
    return won


async def cancel_all(size: int) -> int:
    runtime = effectpy.Runtime()
    fibers = [runtime.fork(sleeping(LONG, 0)) for _ in range(size)]
    await asyncio.sleep(0)
    for fiber in fibers:
        fiber.interrupt()
    exits = [await fiber.await_() for fiber in fibers]
    return sum(exit.success for exit in exits)


async def cancel_all_finalized(size: int) -> int:
    finalized: list[None] = []

    async def finalize() -> None:
        await asyncio.sleep(0)
        finalized.append(None)

    runtime = effectpy.Runtime()
    sleeper = sleeping(LONG, 0).ensuring(effectpy.from_async(finalize))
    fibers = [runtime.fork(sleeper) for _ in range(size)]
    await asyncio.sleep(0)
    for fiber in fibers:
        fiber.interrupt()
    for fiber in fibers:
        await fiber.await_()
    return len(finalized)


# -- Timeouts, hand-off, coroutines --------------------------------------------------------------------------


def repeated(step: Callable[[int], Any]) -> Main:
    """Run a program after the other; each is made of the value before."""

    async def main(size: int) -> int:
        number, runtime = 0, effectpy.Runtime()
        while number < size:
            number = await runtime.run(step(number))
        return number

    return main


async def turned(number: int) -> int:
    await asyncio.sleep(0)
    return number + 1


async def match(size: int) -> int:
    sides = [effectpy.Deferred(), effectpy.Deferred()]

    async def play(side: int) -> int:
        ball: int = 0
        for _ in range(size):
            ball = await sides[side].await_()
            sides[side] = effectpy.Deferred()
            sides[1 - side].succeed(ball + 1)
        return ball

    runtime = effectpy.Runtime()
    fibers = [runtime.fork(effectpy.from_async(lambda side=side: play(side))) for side in (0, 1)]
    sides[0].succeed(0)
    await fibers[0].join()
    last: int = await fibers[1].join()
    return last + 1


MAINS: Mapping[str, Main] = {
    "1": chained(right_nested),
    "1b": chained(right_nested_calls),
    "2": chained(left_nested),
    "3": chained(map_chain),
    "4a": join_all(immediate),
    "4b": join_all(yielding),
    "4c": parallel,
    "5": races,
    "6a": repeated(lambda number: effectpy.sync(lambda: increment(number)).timeout(LIMIT)),
    "6b": repeated(lambda number: effectpy.from_async(lambda: turned(number)).timeout(LIMIT)),
    "7": cancel_all,
    "7b": cancel_all_finalized,
    "8": match,
    "11": repeated(lambda number: effectpy.from_async(lambda: incremented(number))),
    "11b": repeated(lambda number: effectpy.from_async(lambda: incremented_later(number))),
}

WORKS: Mapping[str, Work] = {**{key: on_asyncio(main) for key, main in MAINS.items()}, "10": construct}
"""The work of each benchmark that effectpy can express."""
