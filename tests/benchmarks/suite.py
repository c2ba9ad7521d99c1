"""All benchmarks, in the order of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from tests.benchmarks import (
    fiber,
    hand_off,
    in_effectpy,
    in_returns,
    in_stateless,
    memory,
    outside,
    primitive,
    resource,
    start,
    step,
    timeout,
    tracing,
)
from tests.benchmarks.benchmark import Benchmark, timed
from tests.benchmarks.host import Work

OF_THE_KIND: Final[Mapping[str, Mapping[str, Work]]] = {
    "effectpy": in_effectpy.WORKS if in_effectpy.effectpy else {},
    "stateless": in_stateless.WORKS if in_stateless.stateless else {},
    "returns": in_returns.WORKS,
}
"""What other libraries have for the benchmarks, those whose programs are values too."""


def with_its_kind(benchmark: Benchmark) -> Benchmark:
    """Let the other libraries compete where they can."""
    others = {name: timed(works[benchmark.key]) for name, works in OF_THE_KIND.items() if benchmark.key in works}
    return attrs.evolve(benchmark, competitors={**benchmark.competitors, **others})


ALONE: Final[tuple[Benchmark, ...]] = (
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

SUITE: Final = tuple(with_its_kind(benchmark) for benchmark in ALONE)
