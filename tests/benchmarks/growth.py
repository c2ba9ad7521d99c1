"""`python -m tests.benchmarks.growth`: each benchmark at sizes from 1 000 to 1 000 000, beside asyncio.

In linear time the cost of one operation is the same at every size. A size that would take too long is left out.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from tests.benchmarks import report
from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.measure import BASELINE, Result, measure
from tests.benchmarks.suite import ALONE

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
GROWING: Final = tuple(found for found in ALONE if found.full >= SIZES[0])
COMPARED: Final = ("effio", BASELINE)


def of_two(benchmark: Benchmark) -> Benchmark:
    """The same benchmark with effio and asyncio alone."""
    return attrs.evolve(benchmark, competitors={name: benchmark.competitors[name] for name in COMPARED})


def grown(benchmark: Benchmark, sizes: Sequence[int], rounds: int, seconds: float) -> dict[int, Result]:
    """Measure one size after the other, as long as the next is expected to take no more than `seconds`."""
    results: dict[int, Result] = {}
    for size in sizes:
        if results and expected(results[max(results)], size, rounds) > seconds:
            break
        results[size] = measure(of_two(benchmark), size=size, rounds=rounds, order=random.Random())
    return results


def expected(smaller: Result, size: int, rounds: int) -> float:
    """The seconds that all rounds will take if the cost grows in proportion; bytes are measured fast enough."""
    if smaller.benchmark.must is not None and smaller.benchmark.must.unit == "bytes":
        return 0.0
    return sum(smaller.cost(name) for name in COMPARED) * size * (rounds + 1)


def row(benchmark: Benchmark, results: Mapping[int, Result], sizes: Sequence[int]) -> str:
    """A line of a Markdown table: what one operation of effio costs at each size, then its ratio to asyncio."""
    costs = [report.each(results[size], "effio") if size in results else "-" for size in sizes]
    ratios = [report.number(results[size].ratio("effio")) if size in results else "-" for size in sizes]
    return f"| {benchmark.key} | {benchmark.title} | {' | '.join([*costs, *ratios])} |"


def main() -> None:
    """Measure and print a row for each benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("--only", action="append", choices=[found.key for found in GROWING], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count, after one that does not")
    parser.add_argument("--seconds", type=float, default=60.0, help="the most that one size of a benchmark may take")
    chosen = parser.parse_args()
    heads = [f"{size:.0e}".replace("e+0", "e") for size in SIZES]
    print(report.build(), "", sep="\n")
    print(f"| | | {' | '.join([*heads, *(f'{head}, ratio' for head in heads)])} |")
    print("|---" * (2 + 2 * len(SIZES)) + "|")
    for benchmark in GROWING:
        if not chosen.only or benchmark.key in chosen.only:
            results = grown(benchmark, SIZES, chosen.rounds, chosen.seconds)
            print(row(benchmark, results, SIZES))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
