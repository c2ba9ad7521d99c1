"""The same problems for simloom, which runs unmodified asyncio under schedules of its own, and for effio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from importlib import import_module, metadata, util
from time import process_time
from typing import Any

import attrs

from effio import IO
from effio.testing import explore
from tests.exploration.bugs import locks, refs
from tests.exploration.test_counts_of_programs import independent, locked_update

SYSTEMATIC = 500
RANDOM = 300

HEAD = ("problem", "effio", "simloom, systematic", "simloom, random", "simloom, PCT")

Main = Callable[[], Coroutine[Any, Any, None]]


@attrs.frozen
class Problem:
    """A program of effio and one of asyncio; `has_bug` says whether it is about finding or about proving."""

    title: str
    effio: IO[Any, Any]
    asyncio: Main
    has_bug: bool


async def lost_update(count: int, *, locked: bool) -> None:
    counter = 0
    lock = asyncio.Lock()

    async def add() -> None:
        nonlocal counter
        value = counter
        await asyncio.sleep(0)
        counter = value + 1

    async def worker() -> None:
        if locked:
            async with lock:
                await add()
        else:
            await add()

    await asyncio.gather(*(worker() for _ in range(count)))
    assert counter == count, "lost update"


async def philosophers(count: int) -> None:
    forks = [asyncio.Lock() for _ in range(count)]

    async def dine(left: asyncio.Lock, right: asyncio.Lock) -> None:
        async with left:
            await asyncio.sleep(0)
            async with right:
                await asyncio.sleep(0)

    await asyncio.gather(*(dine(forks[i], forks[(i + 1) % count]) for i in range(count)))


async def alone(count: int, steps: int) -> None:
    async def work() -> None:
        for _ in range(steps):
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(count)))


PROBLEMS = (
    Problem("lost update, 2 tasks", refs.lost_update(2, mended=False), partial(lost_update, 2, locked=False), True),
    Problem("lost update, 3 tasks", refs.lost_update(3, mended=False), partial(lost_update, 3, locked=False), True),
    Problem("AB-BA", locks.lock_order(mended=False), partial(philosophers, 2), True),
    Problem("philosophers(5)", locks.philosophers(5, mended=False), partial(philosophers, 5), True),
    Problem("lost update under a lock, 2 tasks", locked_update(2), partial(lost_update, 2, locked=True), False),
    Problem("lost update under a lock, 3 tasks", locked_update(3), partial(lost_update, 3, locked=True), False),
    Problem("3 independent tasks of 2 steps", independent(3, 2), partial(alone, 3, 2), False),
)


def is_installed() -> bool:
    return util.find_spec("simloom") is not None


def text() -> str:
    """What the table says."""
    return (
        f"Beside simloom {metadata.version('simloom')} (PyPI, same interpreter) on the same problems, written with\n"
        "asyncio tasks, `asyncio.sleep(0)` between read and write, and `asyncio.Lock`: after how many runs the first\n"
        "failure is found, or how many it takes to know that there is none.\n"
        f"At most {SYSTEMATIC} systematic and {RANDOM} random runs."
    )


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each problem."""
    for problem in PROBLEMS:
        yield (problem.title, by_effio(problem), systematic(problem), *(sampled(problem, way) for way in SCHEDULERS))


def by_effio(problem: Problem) -> str:
    began = process_time()
    found = explore(problem.effio, sampling=0)
    if problem.has_bug:
        assert found.failures, problem.title
        return told(f"run {found.schedules}", began, found.schedules)
    assert found.assert_ok().exhaustive
    return told(f"proved, {found.schedules} runs", began, found.schedules)


def systematic(problem: Problem) -> str:
    began = process_time()
    found = simloom().explore_systematic(problem.asyncio, max_delays=1_000, max_schedules=SYSTEMATIC)
    if is_failing(found):
        return told(f"run {found.first_failure_at}", began, found.schedules)
    word = "proved" if found.proven_correct else "not complete"
    return told(f"{word}, {found.schedules} runs", began, found.schedules)


SCHEDULERS = {"random": "random", "PCT": "pct:d=3,k=40"}


def sampled(problem: Problem, way: str) -> str:
    """Random runs until one fails; where there is no bug nothing can come of it."""
    if not problem.has_bug:
        return "-"
    began = process_time()
    found = simloom().explore(problem.asyncio, runs=RANDOM, scheduler=SCHEDULERS[way])
    word = f"run {found.runs}" if is_failing(found) else f"not in {found.runs} runs"
    return told(word, began, found.runs)


def is_failing(found: Any) -> bool:
    """Whether the bug was found; anything else that went wrong is ours."""
    assert {failure.error for failure in found.failures} <= {"AssertionError", "SimDeadlockError"}, found.failures
    return bool(found.failures)


def told(what: str, began: float, runs: int) -> str:
    """What came of it, in what time, and how many runs a second that is."""
    seconds = process_time() - began
    return f"{what}, {seconds * 1e3:.0f} ms, {runs / seconds:.0f}/s"


def simloom() -> Any:
    return import_module("simloom")
