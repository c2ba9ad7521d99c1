"""All benchmarks, in the order of the table."""

from __future__ import annotations

from typing import Final

from tests.benchmarks import fiber, hand_off, memory, outside, start, step, timeout
from tests.benchmarks.benchmark import Benchmark

SUITE: Final[tuple[Benchmark, ...]] = (
    *step.BENCHMARKS,
    *fiber.BENCHMARKS,
    *timeout.BENCHMARKS,
    *hand_off.BENCHMARKS,
    *memory.BENCHMARKS,
    *outside.BENCHMARKS,
    *start.BENCHMARKS,
)
