"""`python -m tests.benchmarks`: run the benchmarks and print the table."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.measure import measure
from tests.benchmarks.suite import SUITE


def arguments() -> argparse.Namespace:
    keys = [benchmark.key for benchmark in SUITE]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=keys, metavar="NAME", help=", ".join(keys))
    parser.add_argument("--rounds", type=int, default=9, help="rounds that count, after one that does not")
    parser.add_argument("--scale", choices=("small", "full"), default="full")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement to a file too")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {chosen.rounds}")
    return chosen


def main() -> None:
    chosen = arguments()
    order = random.Random()
    results = []
    for benchmark in SUITE:
        if chosen.only and benchmark.key not in chosen.only:
            continue
        print(f"{benchmark.key:>6}  {benchmark.title}", file=sys.stderr)
        size = benchmark.small if chosen.scale == "small" else benchmark.full
        results.append(measure(benchmark, size=size, rounds=chosen.rounds, order=order))
    print(report.markdown(results) if chosen.markdown else report.text(results))
    if chosen.json:
        chosen.json.write_text(json.dumps(report.values(results), indent=2) + "\n")


main()
