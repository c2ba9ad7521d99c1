"""What being looked at costs: named fibers that sleep and end, untraced, traced, sampled."""

from __future__ import annotations

import asyncio

from effio import IO, Do, Observer, do, par_traverse, run, run_traced, yield_now
from tests.benchmarks.benchmark import Benchmark, timed

CHILDREN = 100


def child(number: int) -> IO[int]:
    return yield_now.then(yield_now).as_value(number).named("part")


@do
def families(size: int) -> Do[int]:
    """Run a hundred children at once, again and again."""
    total = 0
    for _ in range(size):
        total += sum((yield from par_traverse(range(CHILDREN), child)))
    return total


async def task(number: int) -> int:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return number


async def groups_of_tasks(size: int) -> int:
    total = 0
    for _ in range(size):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(task(number)) for number in range(CHILDREN)]
        total += sum(each.result() for each in tasks)
    return total


BENCHMARKS = (
    Benchmark(
        "traced",
        "100 fibers that yield twice: not looked at, observed, traced, a tenth of them traced",
        competitors={
            "effio": timed(lambda size: run(families(size))),
            "asyncio": timed(lambda size: asyncio.run(groups_of_tasks(size))),
            "observed": timed(lambda size: run(families(size), observers=[Observer()])),
            "traced": timed(lambda size: run_traced(families(size))[0].unwrap()),
            "sampled": timed(lambda size: run_traced(families(size), sample=0.1)[0].unwrap()),
        },
        small=10,
        full=100,
    ),
)
