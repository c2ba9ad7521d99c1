"""Starting: the smallest run, the import, and both in a new process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from effio import pure, run
from tests.benchmarks.benchmark import Benchmark, Competitor, Must, Sample, timed
from tests.benchmarks.step import incremented

ROOT = Path(__file__).parents[2]

NEW_PROCESS = """
import time
began = time.process_time()
{program}
print(time.process_time() - began)
"""
FIRST_PROGRAM = "from effio import pure, run; run(pure(1))"
FIRST_COROUTINE = "import asyncio; asyncio.run(asyncio.sleep(0))"


def run_pure(size: int) -> int:
    total = 0
    for _ in range(size):
        total += run(pure(1))
    return total


def run_coroutine(size: int) -> int:
    total = 0
    for _ in range(size):
        total += asyncio.run(incremented(0))
    return total


def starts(program: str) -> Competitor:
    """Measure how long `program` takes in new processes, once the bytecode of what it imports is on the disk."""
    command = [sys.executable, "-c", NEW_PROCESS.format(program=program)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def measure(size: int) -> Sample:
        printed = [subprocess.check_output(command, text=True, cwd=ROOT, env=environment) for _ in range(size)]
        return Sample(sum(map(float, printed)), size)

    return measure


BENCHMARKS = (
    Benchmark(
        "run",
        "run(pure(1)), against asyncio.run",
        competitors={"effio": timed(run_pure), "asyncio": timed(run_coroutine)},
        small=50,
        full=500,
        must=Must(20, 5, unit="us"),
    ),
    Benchmark(
        "import",
        "import effio, against import asyncio",
        competitors={"effio": starts("import effio"), "asyncio": starts("import asyncio")},
        small=1,
        full=3,
        must=Must(80, 50, unit="ms"),
    ),
    Benchmark(
        "start",
        "import it and run the smallest program",
        competitors={"effio": starts(FIRST_PROGRAM), "asyncio": starts(FIRST_COROUTINE)},
        small=1,
        full=3,
    ),
)
