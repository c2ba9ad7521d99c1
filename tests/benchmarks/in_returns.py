"""The benchmarks as the futures of `returns` say them, on asyncio.

A chain of its steps is a recursion of Python. So chains are built and run in portions, one after the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from returns.future import Future
from returns.unsafe import unsafe_perform_io

from tests.benchmarks.host import Main, Work, on_asyncio, portions
from tests.benchmarks.outside import incremented_later
from tests.benchmarks.step import increment, incremented


def chained(chain: Callable[[int, int], Future[int]]) -> Main:
    """Await the programs that `chain` makes of the bounds of each portion; each gives the upper one."""

    async def main(size: int) -> int:
        number = 0
        for first, last in portions(size):
            number = unsafe_perform_io(await chain(first, last))
        return number

    return main


def right_nested(number: int, last: int) -> Future[int]:
    if number == last:
        return Future.from_value(number)
    return Future.from_value(number + 1).bind(lambda following: right_nested(following, last))


def left_nested(first: int, last: int) -> Future[int]:
    program = Future.from_value(first)
    for _ in range(first, last):
        program = program.bind(lambda number: Future.from_value(number + 1))
    return program


def map_chain(first: int, last: int) -> Future[int]:
    program = Future.from_value(first)
    for _ in range(first, last):
        program = program.map(increment)
    return program


def leaves(leaf: Callable[[int], Awaitable[int]]) -> Main:
    def chain(first: int, last: int) -> Future[int]:
        program = Future.from_value(first)
        for _ in range(first, last):
            program = program.bind_awaitable(leaf)
        return program

    return chained(chain)


MAINS: Mapping[str, Main] = {
    "1": chained(right_nested),
    "2": chained(left_nested),
    "3": chained(map_chain),
    "11": leaves(incremented),
    "11b": leaves(incremented_later),
}

WORKS: Mapping[str, Work] = {key: on_asyncio(main) for key, main in MAINS.items()}
"""The work of each benchmark that `returns` can express."""
