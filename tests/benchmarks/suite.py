"""All benchmarks, in the order of the table."""

from __future__ import annotations

from typing import Final

from tests.benchmarks import fiber, hand_off, memory, outside, primitive, resource, start, step, timeout, tracing
from tests.benchmarks.benchmark import Benchmark

SUITE: Final[tuple[Benchmark, ...]] = (
    *step.BENCHMARKS,
    *fiber.BENCHMARKS,
    *timeout.BENCHMARKS,
    *hand_off.BENCHMARKS,
    *primitive.BENCHMARKS,
    *resource.BENCHMARKS,
    *memory.BENCHMARKS,
    *outside.BENCHMARKS,
    *start.BENCHMARKS,
    *tracing.BENCHMARKS,
)
