"""How fast each known bug is found: by the search, by trying all interleavings, by chance.

`python -m tests.exploration.figures` prints the table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count, islice
from random import Random
from time import process_time
from typing import Any

from effio.testing.exploration.finding import verdict
from effio.testing.exploration.sampling import SAMPLERS, profile_of, sample
from effio.testing.exploration.search import Search
from effio.testing.exploration.stepping import Stepped
from tests.exploration.bugs import cancels, locks, refs, structures, upstream
from tests.exploration.bugs.case import Bug
from tests.exploration.generated import all_runs

BUDGET = 3_000

Outcomes = Iterator[Any]


def searched(bug: Bug) -> Outcomes:
    return (schedule.outcome for schedule in Search(Stepped(bug.broken())).schedules())


def every_interleaving(bug: Bug) -> Outcomes:
    return all_runs(Stepped(bug.broken()), BUDGET)


def sampled(name: str) -> Callable[[Bug], Outcomes]:
    def outcomes(bug: Bug) -> Outcomes:
        system = Stepped(bug.broken())
        profile = profile_of(sample(system, SAMPLERS["fifo"](Random(0), {})))
        return (sample(system, SAMPLERS[name](Random(seed), profile)).outcome for seed in count())

    return outcomes


WAYS: dict[str, Callable[[Bug], Outcomes]] = {
    "search": searched,
    "naive": every_interleaving,
    "walk": sampled("walk"),
    "pct2": sampled("pct2"),
    "pct3": sampled("pct3"),
}


def first_failure(bug: Bug, outcomes: Outcomes) -> str:
    """After how many runs and milliseconds the first one fails."""
    began = process_time()
    try:
        for number, outcome in enumerate(islice(outcomes, BUDGET), 1):
            if not verdict(bug.check, outcome)[0]:
                return f"{number} ({(process_time() - began) * 1e3:.1f} ms)"
    except Exception as error:
        return type(error).__name__
    return f"not in {BUDGET}"


def main() -> None:
    """Print a table with a row for each bug."""
    show(["bug", *WAYS, "all schedules of the mended form"])
    show(["---"] * (len(WAYS) + 2))
    for bug in (*refs.BUGS, *locks.BUGS, *structures.BUGS, *cancels.BUGS, *upstream.BUGS):
        cells = [first_failure(bug, way(bug)) for way in WAYS.values()]
        began = process_time()
        proof = bug.prove()
        cells.append(f"{proof.schedules} ({(process_time() - began) * 1e3:.0f} ms)")
        show([bug.name, *cells])


def show(cells: list[str]) -> None:
    """Print a row."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
