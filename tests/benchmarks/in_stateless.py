"""The benchmarks as stateless says them: its programs are generators, its forks run in the threads of an executor."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.fiber import asyncio_yielding, returning
from tests.benchmarks.host import Work, optional
from tests.benchmarks.outside import incremented_later
from tests.benchmarks.step import incremented

stateless = optional("stateless")


def steps(size: int) -> Generator[Any, Any, int]:
    number = 0
    while number < size:
        number = yield from stateless.success(number + 1)
    return number


def leaves(leaf: Callable[[int], Any]) -> Work:
    def awaiting(size: int) -> Generator[Any, Any, int]:
        number = 0
        while number < size:
            number = yield from stateless.wait(leaf(number))
        return number

    return lambda size: stateless.run(awaiting(size))


def join_all(child: Callable[[int], Any]) -> Work:
    def forked(size: int) -> Generator[Any, Any, int]:
        tasks = []
        for number in range(size):
            tasks.append((yield from stateless.fork(child)(number)))
        total = 0
        for task in tasks:
            total += yield from stateless.wait(task)
        return total

    def work(size: int) -> object:
        with ThreadPoolExecutor() as executor:
            return stateless.run(stateless.supply(executor)(forked)(size))

    return work


def give(number: int) -> Any:
    return stateless.wait(returning(number))


def give_later(number: int) -> Any:
    return stateless.wait(asyncio_yielding(number))


WORKS: Mapping[str, Work] = {
    "1c": lambda size: stateless.run(steps(size)),
    "4a": join_all(give),
    "4b": join_all(give_later),
    "11": leaves(incremented),
    "11b": leaves(incremented_later),
}
"""The work of each benchmark that stateless can express."""
