"""Steps: what it costs that a program is a value, where nothing waits."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from effio import IO, Do, delay, do, pure
from tests.benchmarks.benchmark import Benchmark, Must, timed
from tests.benchmarks.host import Main, Program, timings


async def incremented(number: int) -> int:
    return number + 1


async def await_chain(size: int) -> int:
    """What Python itself has for one step after the other."""
    number = 0
    while number < size:
        number = await incremented(number)
    return number


def increment(number: int) -> int:
    return number + 1


def pure_increment(number: int) -> IO[int]:
    return pure(number + 1)


def right_nested(size: int) -> IO[int]:
    def go_on(number: int) -> IO[int]:
        return pure(number + 1).flat_map(go_on) if number < size else pure(number)

    return go_on(0)


def right_nested_calls(size: int) -> IO[int]:
    def go_on(number: int) -> IO[int]:
        return delay(increment, number).flat_map(go_on) if number < size else pure(number)

    return go_on(0)


@do
def in_do_notation(size: int) -> Do[int]:
    number = 0
    while number < size:
        number = yield from pure(number + 1)
    return number


def left_nested(size: int) -> IO[int]:
    program = pure(0)
    for _ in range(size):
        program = program.flat_map(pure_increment)
    return program


def map_chain(size: int) -> IO[int]:
    program = pure(0)
    for _ in range(size):
        program = program.map(increment)
    return program


def against_await(key: str, title: str, program: Program, must: Must, *, small: int, full: int) -> Benchmark:
    chain: Main = await_chain
    competitors = timings(effio=program, asyncio=chain, trio=chain, anyio=chain)
    return Benchmark(key, title, competitors=competitors, small=small, full=full, must=must)


# -- Construction --------------------------------------------------------------------------------------------


def construct_nodes(size: int) -> int:
    program = pure(0)
    for _ in range(size):
        program.flat_map(pure_increment)
    return size


def construct_coroutines(size: int) -> int:
    coroutine: Coroutine[Any, Any, int]
    for number in range(size):
        coroutine = incremented(number)
        coroutine.close()
    return size


BENCHMARKS = (
    against_await("1", "right-nested flat_map", right_nested, Must(8, 2.5), small=20_000, full=1_000_000),
    against_await("1b", "the same over delay", right_nested_calls, Must(11, 5), small=20_000, full=200_000),
    against_await("1c", "do-notation", in_do_notation, Must(8, 3), small=20_000, full=200_000),
    against_await("2", "left-nested flat_map, built and run", left_nested, Must(12, 5), small=10_000, full=100_000),
    against_await("3", "map chain, built and run", map_chain, Must(10, 5), small=10_000, full=100_000),
    Benchmark(
        "10",
        "construct io.flat_map(k), against a coroutine object",
        competitors={"effio": timed(construct_nodes), "asyncio": timed(construct_coroutines)},
        small=50_000,
        full=500_000,
        must=Must(1.0, 0.3),
    ),
)
