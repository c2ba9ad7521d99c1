"""The page that compares effio with other runtimes tells what happens."""

from __future__ import annotations

import pytest

from tests.conformance.witnesses import hosting
from tests.conformance.witnesses.row import Row
from tests.docs import compared

LINES = compared.PAGE.read_text(encoding="utf-8").splitlines()
ROWS = [row for rows in compared.THEMES.values() for row in rows]


def line(first: str) -> list[str]:
    """The cells of the line of the page that begins with `first`."""
    (found,) = [line for line in LINES if line.startswith(f"| {first} |")]
    return found.removeprefix("| ").removesuffix(" |").split(" | ")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_cells_are_what_the_witnesses_see(row: Row) -> None:
    """Each runtime does what the page says of it."""
    cells = row.cells()

    assert line(compared.sentence(row))[1:] == [compared.cell(cells, runtime) for runtime in compared.COLUMNS]


@pytest.mark.parametrize("probe", hosting.PROBES, ids=lambda probe: probe.__name__)
def test_cells_are_what_the_probes_see(probe: hosting.Probe) -> None:
    """Each way to drive coroutines does what the page says of it."""
    cells = [hosting.cell(driver, probe) for driver in hosting.DRIVERS.values()]

    assert line(compared.sentence(probe))[1:] == cells


def test_page_has_a_line_for_each_scenario_and_nothing_else() -> None:
    """The page has as many lines as there are rows and probes, and the words around them are those of its script."""
    tables = [line for line in LINES if line.startswith("| ") and not line.startswith(("| ---", "| scenario", "| in "))]

    assert len(tables) == len(ROWS) + len(hosting.PROBES)
    assert set(compared.HEAD.splitlines() + compared.HOSTS.splitlines()) <= set(LINES)
