"""How many schedules a second, and whether they are as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from time import process_time

from effio.testing.exploration.search import Counts, Search
from effio.testing.exploration.stepping import Stepped
from effio.testing.exploration.system import System
from tests.exploration import known_programs as known
from tests.exploration.notation import Notated, Program
from tests.exploration.translated import translated

TEXT = """How many classes there are, how many are run, and how fast: by the search alone on programs in a small
notation, and by the search on effio's interpreter, with the same programs in effio's primitives. "New" are steps that
no run before has taken; the others bring a run to where it branches off. What there should be is what the papers and
the closed forms say."""

RATES = ("classes/s", "new steps/s", "steps/s")
HEAD = ("program", "steps", "should be", "search: run", *RATES, "effio: run", *RATES)

ROUNDS = 3

PROGRAMS: tuple[tuple[Program, int], ...] = (
    (known.lost_update(3), 36),
    (known.lost_update(4), 576),
    (known.lastzero(5), 64),
    (known.lastzero(8), 704),
    (known.readers(8), 256),
    (known.indexer(12), 8),
    (known.filesystem(18), 32),
    (known.philosophers(5), 31),
    (known.mpsc(3, 3), 1680),
    (known.sem_n(3, 2), 360),
)


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each program."""
    for program, published in PROGRAMS:
        length, *alone = measured(partial(Notated, program))
        _, *real = measured(partial(Stepped, translated(program)))
        yield (program.name, length, str(published), *alone, *real)


def measured(make: Callable[[], System]) -> tuple[str, ...]:
    """The longest run, the classes that were run, and the rates of the fastest of some rounds."""
    best, counts, length = min((explored(make()) for _ in range(ROUNDS)), key=lambda found: found[0])
    steps = counts.steps + counts.repeated
    rates = (counts.complete / best, counts.steps / best, steps / best)
    return (str(length), str(counts.complete), *(f"{rate:,.0f}".replace(",", " ") for rate in rates))


def explored(system: System) -> tuple[float, Counts, int]:
    """Seconds of CPU, what was done, and the length of the longest run."""
    search = Search(system)
    began = process_time()
    length = max(len(schedule.threads) for schedule in search.schedules())
    return process_time() - began, search.counts, length
