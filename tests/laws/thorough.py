"""Look at every law much longer than the tests do: `python -m tests.laws.thorough [--examples N] [name...]`.

Prints a line for each law, as it is done: the verdict, how many examples were looked at, and how long it took.
A name may be that of a law, `race_of_one`, or of a module of them, `race`; without one all are looked at.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from effio.testing.laws.equation import Law, arguments, check, laws_of
from effio.testing.program_strategies import any_size
from tests.laws.test_laws import MODULES

LAWS: Final[dict[str, Law]] = {
    f"{module.__name__.rpartition('.')[2]}.{law.__name__}": law for module in MODULES for law in laws_of(module)
}
"""Every law by its name, that of its module first."""


@attrs.frozen
class Verdict:
    """What was found out about a law; `failure` is the text of what went wrong."""

    law: str
    examples: int
    seconds: float
    failure: str = ""

    def __str__(self) -> str:
        word = "FAILS" if self.failure else "holds"
        return f"{word}  {self.law:<60}{self.examples:>7} examples{self.seconds:>8.1f} s"


def examined(name: str, examples: int) -> Verdict:
    """Check a law on up to so many generated examples; those that cannot have so many are checked on all."""
    law, seen = LAWS[name], 0

    @settings(any_size, max_examples=examples, database=None, deadline=None)
    @given(data=st.data())
    def property(data: st.DataObject) -> None:
        nonlocal seen
        seen += 1
        check(law, data.draw(arguments(law), law.__name__))

    failure, began = "", time.perf_counter()
    try:
        property()
    except Exception:
        failure = traceback.format_exc()
    return Verdict(name, seen, time.perf_counter() - began, failure)


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
