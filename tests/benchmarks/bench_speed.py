"""The benchmarks for pytest-benchmark, or with `--codspeed` for codspeed: `pytest tests/benchmarks/bench_speed.py`.

Collected only when it is named, since the fixture `benchmark` comes with one of the two.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.benchmark import Benchmark
from tests.benchmarks.suite import SUITE

CASES = [pytest.param(found, name, id=f"{found.key}-{name}") for found in SUITE for name in found.competitors]


@pytest.mark.parametrize(("work", "name"), CASES)
def test_speed(benchmark: Any, work: Benchmark, name: str) -> None:
    """A competitor does the work and says what it did."""
    assert benchmark(work.competitors[name], work.small).answer is not None
