"""Measuring: rounds of all competitors in random order, compared within each round.

A busy machine slows a whole round down, not one competitor: the ratio within a round stays, and the median of
the ratios is what counts. The first round warms up and is dropped.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Mapping, Sequence
from statistics import median, quantiles

import attrs

from tests.benchmarks.benchmark import PER_UNIT, Benchmark, Sample

BASELINE = "asyncio"


@attrs.frozen
class Result:
    """What every competitor cost in every counted round, in seconds or bytes for work of `size`."""

    benchmark: Benchmark
    size: int
    costs: Mapping[str, Sequence[float]]

    def ratios(self, name: str) -> list[float]:
        """The cost of a competitor by that of asyncio, round by round."""
        return [cost / baseline for cost, baseline in zip(self.costs[name], self.costs[BASELINE], strict=True)]

    def ratio(self, name: str) -> float:
        """The median of the ratios."""
        return median(self.ratios(name))

    def spread(self, name: str) -> tuple[float, float]:
        """The quartiles of the ratios."""
        ratios = self.ratios(name)
        if len(ratios) < 2:
            return ratios[0], ratios[0]
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return low, high

    def cost(self, name: str) -> float:
        """The median cost of one operation, in seconds or bytes."""
        return median(self.costs[name]) / self.size

    def judged(self) -> float:
        """The number that the benchmark's limit is for."""
        unit = "ratio" if self.benchmark.must is None else self.benchmark.must.unit
        return self.ratio("effio") if unit == "ratio" else self.cost("effio") / PER_UNIT[unit]


def measure(benchmark: Benchmark, *, size: int, rounds: int, order: random.Random) -> Result:
    """Run all competitors `rounds` times after the warm-up round; they must agree on the answer."""
    costs: dict[str, list[float]] = {name: [] for name in benchmark.competitors}
    for counted in (False, *[True] * rounds):
        samples = one_round(benchmark, size, order)
        if counted:
            for name, sample in samples.items():
                costs[name].append(sample.cost)
    return Result(benchmark, size, costs)


def one_round(benchmark: Benchmark, size: int, order: random.Random) -> dict[str, Sample]:
    """Run every competitor once."""
    names = list(benchmark.competitors)
    order.shuffle(names)
    samples: dict[str, Sample] = {}
    for name in names:
        gc.collect()
        samples[name] = benchmark.competitors[name](size)
    answers = {name: sample.answer for name, sample in samples.items()}
    if any(answer != answers[BASELINE] for answer in answers.values()):
        raise ValueError(f"the competitors of benchmark {benchmark.key!r} disagree: {answers}")
    return samples
