"""`python -m tests.benchmarks.scale`: what one operation costs in programs of a size, of half and of a quarter of it.

In linear time that is the same. A ratio of 2 between a size and its half is quadratic time.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from typing import Any, Final

import attrs

from effio import IO, TaskGroup, VirtualClock, delay, fail, never, par_traverse, pure, run, task_group, yield_now
from effio.cause import Both, Cause, Fail, Then


@attrs.frozen
class Work:
    """Something that is done in programs of any size; `full` is the largest that is measured."""

    title: str
    do: Callable[[int], object]
    full: int

    def cost(self, size: int, rounds: int) -> float:
        """The least processor time that one operation took, in seconds; without collections, whose cost is Python's."""
        costs: list[float] = []
        for _ in range(rounds):
            gc.collect()
            gc.disable()
            began = time.process_time()
            self.do(size)
            costs.append((time.process_time() - began) / size)
            gc.enable()
        return min(costs)


# -- Steps ---------------------------------------------------------------------------------------------------


def chain(step: Callable[[IO[int, Any]], IO[int, Any]]) -> Callable[[int], int]:
    """Run a program that was built one step around the other."""

    def work(size: int) -> int:
        program: IO[int, Any] = pure(0)
        for _ in range(size):
            program = step(program)
        return run(program)

    return work


def bind_to_the_right(size: int) -> int:
    def go_on(number: int) -> IO[int]:
        return pure(number + 1).flat_map(go_on) if number < size else pure(number)

    return run(go_on(0))


# -- Fibers --------------------------------------------------------------------------------------------------


def children(size: int) -> int:
    return run(par_traverse(range(size), yield_now.as_value).map(sum))


def forked_children(size: int) -> object:
    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(yield_now).repeat(size - 1)

    return run(task_group(body))


def parked_and_cancelled(size: int) -> int:
    """Every fiber waits, with a finalizer, and all are cancelled at once."""
    closed: list[int] = []

    def sleeper(number: int) -> IO[None]:
        return never.ensuring(delay(closed.append, number))

    run(par_traverse(range(size), sleeper).move_on_after(1), clock=VirtualClock())
    return len(closed)


def nested_scopes(size: int) -> object:
    program: IO[object] = never
    for _ in range(size):
        program = program.move_on_after(1000)
    return run(program.move_on_after(1), clock=VirtualClock())


def nested_groups(size: int) -> object:
    def level(depth: int) -> IO[object]:
        return task_group(lambda group: group.fork(level(depth - 1))) if depth else never

    return run(level(size).move_on_after(1), clock=VirtualClock())


# -- Trees of errors and programs ----------------------------------------------------------------------------


def deep_cause(size: int) -> Cause[int]:
    cause: Cause[int] = Fail(0)
    for number in range(size // 2):
        cause = Then((Both((cause, Fail(number))), Fail(number)))
    return cause


def cause_is_shown(size: int) -> int:
    return len(deep_cause(size).render())


def cause_is_compared(size: int) -> bool:
    return deep_cause(size) == deep_cause(size) and hash(deep_cause(size)) == hash(deep_cause(size))


def cause_is_raised(size: int) -> str:
    return type(deep_cause(size).to_exception()).__name__


def program_is_shown(size: int) -> int:
    program: IO[int] = pure(0)
    for _ in range(size):
        program = program.map(abs)
    return len(repr(program))


WORKS: Final = (
    Work("flat_map nested to the right", bind_to_the_right, 1_000_000),
    Work("flat_map nested to the left", chain(lambda io: io.flat_map(pure)), 1_000_000),
    Work("map chain", chain(lambda io: io.map(abs)), 1_000_000),
    Work("catch_all chain, nothing fails", chain(lambda io: io.catch_all(pure)), 400_000),
    Work("catch_all chain, every step fails", chain(lambda io: io.flat_map(fail).catch_all(pure)), 200_000),
    Work("ensuring chain", chain(lambda io: io.ensuring(yield_now)), 100_000),
    Work("par_traverse, a yield each", children, 100_000),
    Work("children of a group, a yield each", forked_children, 100_000),
    Work("parked fibers, cancelled", parked_and_cancelled, 100_000),
    Work("nested scopes, cancelled", nested_scopes, 20_000),
    Work("nested groups, cancelled", nested_groups, 20_000),
    Work("render of a deep cause", cause_is_shown, 100_000),
    Work("equality and hash of a deep cause", cause_is_compared, 100_000),
    Work("exception of a deep cause", cause_is_raised, 100_000),
    Work("repr of a deep program", program_is_shown, 1_000_000),
)


def main() -> None:
    """Measure and print a line for each work."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, the fastest of which counts")
    parser.add_argument("--divisor", type=int, default=1, help="measure sizes that are so many times smaller")
    chosen = parser.parse_args()
    print(f"{'':36}{'size':>9}{'quarter':>12}{'half':>12}{'full':>12}{'ratios':>14}")
    for work in WORKS:
        size = work.full // chosen.divisor
        quarter, half, full = (work.cost(size // part, chosen.rounds) for part in (4, 2, 1))
        each = "".join(f"{cost * 1e6:9.2f} us" for cost in (quarter, half, full))
        print(f"{work.title:36}{size:>9}{each}{half / quarter:7.2f}{full / half:7.2f}")


if __name__ == "__main__":
    main()
