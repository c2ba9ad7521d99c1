"""The search visits each inequivalent schedule once: counts that others have published, and counts computed by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from math import comb, factorial
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from effio.data.cause import Fail
from effio.testing.exploration.outcomes import ways_of
from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration import known_programs as known
from tests.exploration.notation import Notated, Program
from tests.exploration.translated import translated

ORACLE = json.loads(Path(__file__).with_name("exploration-oracle.json").read_text(encoding="utf-8"))

PROGRAMS = [
    *(known.indep(n, k) for n, k in ((2, 2), (3, 1), (3, 2))),
    *(known.same_write(n, k) for n, k in ((2, 1), (2, 2), (3, 1), (3, 2))),
    *(known.readers(n) for n in (2, 3, 5)),
    *(known.lastzero(n) for n in (2, 3, 5)),
    known.store_buffer(),
    known.message_passing(),
    *(known.lost_update(n, k) for n, k in ((2, 1), (3, 1), (2, 4))),
    known.atomic_update(3),
    *(known.locked_update(n) for n in (2, 3)),
    *(known.mutex_only(n) for n in (2, 3)),
    known.sem_n(3, 2),
    *(known.philosophers(n, rounds) for n, rounds in ((2, 1), (3, 1), (2, 2))),
    known.ab_ba(),
    *(known.bank_transfer(bug) for bug in (True, False)),
    *(known.dcl(bug) for bug in (True, False)),
    *(known.cache_stampede(2, bug) for bug in (True, False)),
    known.bounded_buffer(2, 1, 2),
    *(known.spsc(3, cap) for cap in (None, 1, 0)),
    *(known.mpsc(2, 2, cap) for cap in (None, 1)),
    *(known.race_deferred(n) for n in (2, 3)),
    known.reorder(3),
    *(known.twostage(n) for n in (1, 2)),
    known.auto_update(),
    known.dejafu_logger(),
]


def explored(program: Program) -> tuple[int, dict[Any, int]]:
    """How many schedules there are, and how many of them end in which way."""
    search = Search(Notated(program))
    outcomes: Counter[Any] = Counter()
    restarts = 0
    for schedule in search.schedules():
        if search.counts.restarts != restarts:
            restarts = search.counts.restarts
            outcomes.clear()
        outcomes[schedule.outcome] += 1
    return search.counts.complete, dict(outcomes)


def test_every_program_of_the_oracle_is_here() -> None:
    """The programs explored here are those of exploration-oracle.json."""
    assert {program.name for program in PROGRAMS} == {row["program"] for row in ORACLE["rows"]}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_count_is_that_of_the_oracle(program: Program) -> None:
    """The search runs as many schedules as there are, and as many of them end in each way as should."""
    (row,) = (row for row in ORACLE["rows"] if row["program"] == program.name)
    assert explored(program) == (row["traces_may"], row["outcomes"])


def way(outcome: Any) -> str:
    """The word of the oracle for an exit."""
    if isinstance(outcome, Success):
        return str(outcome.unwrap())
    (leaf, *_) = outcome.failure().leaves()
    return str(leaf.error) if isinstance(leaf, Fail) else "deadlock"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_interpreter_has_the_schedules_of_the_oracle(program: Program) -> None:
    """Run by effio, with its own primitives, the program has as many schedules, and they end in the same ways."""
    (row,) = (row for row in ORACLE["rows"] if row["program"] == program.name)
    ways = ways_of(Stepped(translated(program)), way, 5_000)
    assert {name: count for name, (count, _) in ways.found.items()} == row["outcomes"]
    assert sum(row["outcomes"].values()) == row["traces_may"]
    assert ways.exhaustive


PUBLISHED: list[tuple[Program, int]] = [
    (known.lastzero(5), 64),
    (known.readers(8), 256),
    (known.indexer(12), 8),
    (known.indexer(13), 64),
    (known.filesystem(14), 2),
    (known.filesystem(16), 8),
    (known.filesystem(18), 32),
]


@pytest.mark.parametrize(("program", "count"), PUBLISHED, ids=lambda value: getattr(value, "name", ""))
def test_count_is_the_published_one(program: Program, count: int) -> None:
    """The counts of Flanagan and Godefroid 2005 and of Abdulla et al. 2014 come out."""
    assert explored(program)[0] == count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "count"),
    [(known.lastzero(10), 3328), (known.readers(10), 1024), (known.filesystem(19), 64)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_count_of_a_big_program_is_the_published_one(program: Program, count: int) -> None:
    """The published counts of the bigger programs come out too."""
    assert explored(program)[0] == count


FORMULAS: list[tuple[Callable[[int], Program], Callable[[int], int]]] = [
    (known.lost_update, lambda n: factorial(n) ** 2),
    (known.locked_update, factorial),
    (known.philosophers, lambda n: 2**n - 1),
    (lambda n: known.same_write(2, n), lambda n: comb(2 * n, n)),
]


@pytest.mark.parametrize(("program", "formula"), FORMULAS, ids=("lost update", "lock", "philosophers", "writes"))
def test_count_follows_the_formula(program: Callable[[int], Program], formula: Callable[[int], int]) -> None:
    """For two to four fibers the count is what the closed form says."""
    assert [explored(program(n))[0] for n in (2, 3, 4)] == [formula(n) for n in (2, 3, 4)]


@pytest.mark.parametrize("program", [known.lost_update(3), known.twostage(2), known.bounded_buffer(2, 1, 2)])
def test_no_schedule_is_run_twice(program: Program) -> None:
    """The schedules of one search differ from each other."""
    search = Search(Notated(program))
    seen = [schedule.threads for schedule in search.schedules()][-search.counts.complete :]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("program", [known.lost_update(3), known.bank_transfer(), known.twostage(2)])
def test_first_failing_schedule_is_a_simple_one(program: Program) -> None:
    """The first schedule that fails needs one preemption at most."""
    failing = (each for each in Search(Notated(program)).schedules() if each.outcome != "ok")
    assert next(failing).preemptions <= 1


def test_preemption_bound_leaves_the_others_out() -> None:
    """With a bound no schedule has more preemptions, and the search does not claim to be complete."""
    search = Search(Notated(known.lost_update(3)), preemption_bound=1)
    preemptions = {schedule.preemptions for schedule in search.schedules()}
    assert max(preemptions) == 1
    assert not search.exhausted
