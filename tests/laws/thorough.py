"""Look at every law much longer than the tests do: `python -m tests.laws.thorough [--examples N] [name...]`.

Prints a line for each law, as it is done: the verdict, how many examples were looked at, and how long it took.
A name may be that of a law, `race_of_one`, or of a module of them, `race`; without one all are looked at. To make
programs takes longer than to run them; so as many are made as there are examples, once, and each law draws from these.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from inspect import signature
from itertools import product
from math import prod
from random import Random
from typing import Final

import attrs
from hypothesis import Phase, given, settings
from hypothesis.strategies import SearchStrategy

from effio.testing.laws.equation import STRATEGIES, Given, Law, check, laws_of
from effio.testing.program_strategies import any_size
from tests.laws.test_laws import MODULES

LAWS: Final[dict[str, Law]] = {
    f"{module.__name__.rpartition('.')[2]}.{law.__name__}": law for module in MODULES for law in laws_of(module)
}
"""Every law by its name, that of its module first."""


@attrs.frozen
class Verdict:
    """What was found out about a law; `failure` is the text of what went wrong with the shortest example."""

    law: str
    examples: int
    seconds: float
    failure: str = ""

    def __str__(self) -> str:
        word = "FAILS" if self.failure else "holds"
        return f"{word}  {self.law:<60}{self.examples:>7} examples{self.seconds:>8.1f} s"


def examined(name: str, examples: int) -> Verdict:
    """Check a law on so many generated examples, or on all if there are not so many."""
    law, seen, failures, began = LAWS[name], 0, list[str](), time.perf_counter()
    for arguments in combinations(signature(law).parameters, examples):
        seen += 1
        try:
            check(law, arguments)
        except Exception:
            failures.append(f"{arguments}\n{traceback.format_exc()}")
    return Verdict(name, seen, time.perf_counter() - began, min(failures, key=len, default=""))


def combinations(names: Iterable[str], examples: int) -> Iterator[dict[str, Given]]:
    """Choose what each parameter is given, so many times or in all ways that there are."""
    made = {name: generated(STRATEGIES[name], examples) for name in names}
    if prod(map(len, made.values())) <= examples:
        yield from (dict(zip(made, chosen, strict=True)) for chosen in product(*made.values()))
        return
    random = Random(0)
    for _ in range(examples):
        yield {name: random.choice(choices) for name, choices in made.items()}


@cache
def generated(strategy: SearchStrategy[Given], examples: int) -> Sequence[Given]:
    """Generate so many different things, or as many as there are."""
    made: dict[str, Given] = {}

    @settings(any_size, max_examples=examples, database=None, deadline=None, phases=[Phase.generate])
    @given(strategy)
    def generate(one: Given) -> None:
        made[repr(one)] = one

    generate()
    return [*made.values()]


def chosen(words: Sequence[str]) -> list[str]:
    """The names of the laws that `words` name, or of all."""
    known = {part for name in LAWS for part in (name, *name.split("."))}
    if unknown := [word for word in words if word not in known]:
        raise SystemExit(f"no law and no module of laws is called {', '.join(map(repr, unknown))}")
    return [name for name in LAWS if not words or {name, *name.split(".")} & set(words)]


def main() -> int:
    """Examine the chosen laws, in several processes; 1 if one of them does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.laws.thorough", description="Check laws on many examples.")
    parser.add_argument("--examples", type=int, default=10_000, help="how many for each law (10 000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many at once (one for each core)")
    parser.add_argument("names", nargs="*", help="laws or modules of laws (all)")
    asked = parser.parse_args()
    names, verdicts = chosen(asked.names), list[Verdict]()
    with ProcessPoolExecutor(asked.processes) as pool:
        running = [pool.submit(examined, name, asked.examples) for name in names]
        for done in as_completed(running):
            verdicts.append(done.result())
            sys.stdout.write(f"{verdicts[-1]}\n{verdicts[-1].failure}")
            sys.stdout.flush()
    failed = [verdict.law for verdict in verdicts if verdict.failure]
    examples = sum(verdict.examples for verdict in verdicts)
    sys.stdout.write(f"{len(verdicts)} laws, {examples} examples, {len(failed)} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
