"""Every benchmark runs, and its competitors do the same work."""

from __future__ import annotations

import random

import pytest

from tests.benchmarks import echo, growth, report, scale
from tests.benchmarks.benchmark import Benchmark, timed
from tests.benchmarks.measure import measure
from tests.benchmarks.suite import SUITE

TINY = 3


@pytest.mark.parametrize("benchmark", SUITE, ids=lambda benchmark: benchmark.key)
def test_competitors_agree(benchmark: Benchmark) -> None:
    """All competitors give the same answer, and the report has a row for what they cost."""
    size = min(TINY, benchmark.small)
    result = measure(benchmark, size=size, rounds=1, order=random.Random(0))
    assert list(result.costs) == list(benchmark.competitors)
    assert benchmark.title in report.markdown([result])


@pytest.mark.parametrize("work", scale.WORKS, ids=lambda work: work.title)
def test_work_can_be_done_at_any_size(work: scale.Work) -> None:
    """What is measured as it grows takes its time, small as it is here."""
    assert work.cost(TINY, 1) > 0


def test_disagreement_is_an_error() -> None:
    """A competitor with another answer stops the measurement, since it did other work."""
    competitors = {"effio": timed(lambda size: size), "asyncio": timed(lambda size: size + 1)}
    wrong = Benchmark("wrong", "two answers", competitors=competitors, small=1, full=1)
    with pytest.raises(ValueError, match="benchmark 'wrong' disagree"):
        measure(wrong, size=1, rounds=1, order=random.Random(0))


def test_growth_ends_where_it_would_take_too_long() -> None:
    """Sizes are measured one after the other, but none that is expected to take longer than allowed."""
    (construction,) = (found for found in growth.GROWING if found.key == "10")
    assert list(growth.grown(construction, (1, 2), 1, 60.0)) == [1, 2]
    results = growth.grown(construction, (1, 2), 1, 0.0)
    assert list(results) == [1]
    assert growth.row(construction, results, (1, 2)).endswith(" | - |")


def test_every_client_makes_every_request() -> None:
    """Each client of the echo server gets back what it sent, as often as it was told to."""
    with echo.echo_server() as port:
        rounds = {name: [echo.measured(clients, port, 2, 2)] for name, clients in echo.CLIENTS.items()}
    assert min(found.throughput for (found,) in rounds.values()) > 0
