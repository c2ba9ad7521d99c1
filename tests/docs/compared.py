"""The page that compares runtimes, made of what witnesses see: `python -m tests.docs.compared` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tests.architecture.source import ROOT
from tests.conformance.witnesses import cancelling, failing, hosting, timing
from tests.conformance.witnesses.row import Row

PAGE: Final = ROOT / "docs" / "explanation" / "compared.md"

COLUMNS: Final = ("asyncio", "anyio", "trio", "effio")

THEMES: Final[dict[str, Sequence[Row]]] = {
    "Cancellation": cancelling.ROWS,
    "Failures": failing.ROWS,
    "Time and order": timing.ROWS,
}

HEAD: Final = """\
# Compared with asyncio, anyio and trio

Structured concurrency is the same idea everywhere, and yet the runtimes differ where it hurts. Each cell of this page
is what a small program saw: one scenario, written for each runtime as its users would write it, was run, and the words
come from what happened. The programs are in `tests/conformance/witnesses`. A test runs them on Python 3.11, 3.12 and
3.13 and fails if a cell is no longer true; `python -m tests.docs.compared` writes the page.

What is written for anyio is run on asyncio and on trio. Where the two differ the cell says so. In November 2026 these
were anyio 4.16 and trio 0.35.

Other libraries, and when effio is the wrong choice, have [a page of their own](choosing.md), and so does [what it
costs](costs.md).
"""

HOSTS: Final = """\
## Who drives a foreign coroutine

A fiber awaits coroutines of asyncio one after the other, and they could be driven in several ways. effio gives a fiber
one task, which it keeps. So what one coroutine enters a later one can leave, and a cancel of the task means what its
sender thinks. Each cell is what the probe on the left saw.
"""


def page() -> str:
    """Run all witnesses; the whole page."""
    themes = [f"## {theme}\n\n{table(rows)}" for theme, rows in THEMES.items()]
    return "\n".join([HEAD, *themes, HOSTS, table_of_hosts()])


def table(rows: Iterable[Row]) -> str:
    """A line for each scenario, a column for each runtime."""
    seen = [(row, row.cells()) for row in rows]
    lines = [(sentence(row), *(cell(cells, runtime) for runtime in COLUMNS)) for row, cells in seen]
    return markdown(("scenario", *COLUMNS), lines)


def cell(cells: dict[str, str], runtime: str) -> str:
    """What a runtime does; of anyio, what it does on either backend."""
    if runtime in cells:
        return cells[runtime]
    on_asyncio, on_trio = cells[f"{runtime} on asyncio"], cells[f"{runtime} on trio"]
    return on_asyncio if on_asyncio == on_trio else f"{on_asyncio}; on trio {on_trio}"


def table_of_hosts() -> str:
    """A line for each probe, a column for each way to drive coroutines."""
    drivers = hosting.DRIVERS
    lines = [
        (sentence(probe), *(hosting.cell(driver, probe) for driver in drivers.values())) for probe in hosting.PROBES
    ]
    return markdown(("in the coroutines of a fiber", *drivers), lines)


def sentence(what: object) -> str:
    """Its docstring as a cell."""
    return str(what.__doc__).removesuffix(".")


def markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [header, ["---"] * len(header), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
