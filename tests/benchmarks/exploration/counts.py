"""How many schedules a second, and whether they are as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from time import process_time
from typing import Any

from effio import IO
from effio.interpreter.backends.simulated import simulate
from effio.testing.exploration.schedules.sampling import Fifo, sample
from effio.testing.exploration.schedules.search import Counts, Search
from effio.testing.exploration.schedules.system import System
from effio.testing.exploration.steps.stepping import Stepped
from tests.benchmarks.exploration import programs
from tests.exploration import known_programs as known
from tests.exploration.notation import Notated, Program

TEXT = """How many classes there are, how many are run, and how fast: by the search alone on programs in a small
notation, and by the search on effio's interpreter, with the same programs as somebody would write them with effio's
primitives. "New" are steps that no run before has taken; the others bring a run to where it branches off. "Bare" are
those of the interpreter when nobody searches: one run in virtual time, in order of arrival. What there should be is
what the papers and the closed forms say."""

RATES = ("classes/s", "new steps/s", "steps/s")
HEAD = ("program", "steps", "should be", "search: run", *RATES, "effio: run", *RATES, "bare steps/s")

ROUNDS = 3
BARE_RUNS = 30

PROGRAMS: tuple[tuple[Program, IO[Any, Any], int], ...] = (
    (known.lost_update(3), programs.lost_update(3), 36),
    (known.lost_update(4), programs.lost_update(4), 576),
    (known.lastzero(5), programs.lastzero(5), 64),
    (known.lastzero(8), programs.lastzero(8), 704),
    (known.readers(8), programs.readers(8), 256),
    (known.indexer(12), programs.indexer(12), 8),
    (known.filesystem(18), programs.filesystem(18), 32),
    (known.philosophers(5), programs.philosophers(5), 31),
    (known.mpsc(3, 3), programs.producers(3, 3), 1680),
    (known.sem_n(3, 2), programs.permits(3, 2), 360),
)


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each program."""
    for program, written, published in PROGRAMS:
        length, *alone = measured(partial(Notated, program))
        _, *real = measured(partial(Stepped, written))
        yield (program.name, length, str(published), *alone, *real, spaced(bare(written)))


def bare(program: IO[Any, Any]) -> float:
    """Steps a second of runs that nobody watches."""
    steps = len(sample(Stepped(program), Fifo()).threads)
    best = inf
    for _ in range(ROUNDS):
        began = process_time()
        for _ in range(BARE_RUNS):
            simulate(program)
        best = min(best, process_time() - began)
    return steps * BARE_RUNS / best


def measured(make: Callable[[], System]) -> tuple[str, ...]:
    """The longest run, the classes that were run, and the rates of the fastest of some rounds."""
    best, counts, length = min((explored(make()) for _ in range(ROUNDS)), key=lambda found: found[0])
    steps = counts.steps + counts.repeated
    rates = (counts.complete / best, counts.steps / best, steps / best)
    return (str(length), str(counts.complete), *map(spaced, rates))


def spaced(rate: float) -> str:
    """A whole number, its thousands apart."""
    return f"{rate:,.0f}".replace(",", " ")


def explored(system: System) -> tuple[float, Counts, int]:
    """Seconds of CPU, what was done, and the length of the longest run."""
    search = Search(system)
    began = process_time()
    length = max(len(schedule.threads) for schedule in search.schedules())
    return process_time() - began, search.counts, length
