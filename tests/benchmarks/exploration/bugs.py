"""How fast each known bug is found: by the search, by trying all interleavings, by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice
from random import Random
from time import process_time
from typing import Any

from effio.testing.exploration.finding import verdict
from effio.testing.exploration.schedules.frontier import Frontier, Settler
from effio.testing.exploration.schedules.sampling import SAMPLERS, profile_of, sample
from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.bugs import cancels, locks, refs, safestack, sctbench, structures, upstream
from tests.exploration.bugs.case import Bug
from tests.exploration.generated import all_runs

BUDGET = 3_000
LONGEST = 1_000
"""Runs by chance with more steps are cut."""

TEXT = f"""After how many runs, and in how many milliseconds, each known bug is found: by the search, by depth-first
search through all interleavings, by a random walk, by PCT with two depths, and by random runs that begin where few
have been, at most {BUDGET} runs each; then the classes of the mended form, all of which were run without a failure."""

SCTBENCH = (*sctbench.BUGS, safestack.BUG)
BUGS = (*refs.BUGS, *locks.BUGS, *structures.BUGS, *SCTBENCH, *cancels.BUGS, *upstream.BUGS)

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


def from_frontier(bug: Bug) -> Outcomes:
    system, frontier = Stepped(bug.broken()), Frontier()
    for seed in count():
        yield sample(system, Settler(frontier, Random(seed)), max_steps=LONGEST).outcome
        system.learned()


WAYS: dict[str, Callable[[Bug], Outcomes]] = {
    "search": searched,
    "naive": every_interleaving,
    "walk": sampled("walk"),
    "pct2": sampled("pct2"),
    "pct3": sampled("pct3"),
    "frontier": from_frontier,
}

HEAD = ("bug", *WAYS, "all classes of the mended form")


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each bug."""
    for bug in BUGS:
        cells = [first_failure(bug, way(bug)) for way in WAYS.values()]
        began = process_time()
        proof = bug.prove().assert_ok()
        seconds = process_time() - began
        yield (bug.name, *cells, f"{proof.schedules} ({seconds * 1e3:.0f} ms)")


def first_failure(bug: Bug, outcomes: Outcomes) -> str:
    """After how many runs and milliseconds the first one fails."""
    began = process_time()
    for number, outcome in enumerate(islice(outcomes, BUDGET), 1):
        if not verdict(bug.check, outcome)[0]:
            return f"{number} ({(process_time() - began) * 1e3:.1f} ms)"
    return f"not in {BUDGET}"
