"""What a benchmark is: the same work written for several libraries, and what effio may cost at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import attrs

Unit: TypeAlias = Literal["ratio", "bytes", "us", "ms"]

PER_UNIT: Mapping[Unit, float] = {"ratio": 1.0, "bytes": 1.0, "us": 1e-6, "ms": 1e-3}


@attrs.frozen
class Sample:
    """What one run cost, in seconds or bytes, and the answer it gave."""

    cost: float
    answer: object


Competitor: TypeAlias = Callable[[int], Sample]


@attrs.frozen
class Must:
    """The most that effio may cost, as a ratio to asyncio or in an absolute unit per operation."""

    pure: float
    compiled: float
    unit: Unit = attrs.field(default="ratio", kw_only=True)


@attrs.frozen
class Benchmark:
    """Work of a size, done by every competitor with the same answer; the baseline is called "asyncio"."""

    key: str
    title: str
    competitors: Mapping[str, Competitor] = attrs.field(kw_only=True, repr=False)
    small: int = attrs.field(kw_only=True)
    full: int = attrs.field(kw_only=True)
    must: Must | None = attrs.field(default=None, kw_only=True)


def timed(work: Callable[[int], object]) -> Competitor:
    """Measure the processor time of `work`, which a busy machine stretches less than the time on the wall."""

    def run(size: int) -> Sample:
        began = time.process_time()
        answer = work(size)
        return Sample(time.process_time() - began, answer)

    return run
