"""The notebooks run in a real kernel, that of the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.architecture.source import ROOT
from tests.docs.site import Site

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWN = {
    "01-first-program": (
        "par_zip\n├─ sleep(0.1)\n│  .as_value('profile of ada')\n│  .named('profile')\n",
        "2 └─ par_zip\n3    ╠═ 'profile'\n",
        "'profile of ada and basket of ada'",
        "│     └─ basket   ▒▒▒▒",
        "basket waited for sleep(0.2) for 0.200 s\nmain waited for sleep(0.05) for 0.050 s",
        "<Failure: Fail(TimedOut(30 s, 'archive'))> VirtualClock(30)",
    ),
    "02-error-trees": (
        "├─ ✗ orders   ValueError: no such user, after 0.20 s\n└─ ✗ basket   OSError: disk full, after 0.30 s\n",
        "(ValueError('no such user'), OSError('disk full'))",
        "'sorry: no such user'",
        "bad values: (ValueError('no such user'),)\nthe system: (OSError('disk full'),)\nTrue",
        "└─ ✗ average  defect ZeroDivisionError",
    ),
    "03-scopes-and-timeouts": (
        "<Success: None>",
        "└─ ○ comments  cancelled, because 'advert' failed, after 2.00 s",
        "<Success: a guess>",
        "<Failure: Fail(TimedOut(1 s))>",
    ),
    "04-happy-eyeballs": (
        "<Success: good> after 10.30 s",
        "<Success: good> after 0.20 s",
        "<Success: good> after 0.55 s",
        "├─ ✗ one    OSError: one refuses, after 0.10 s",
        "it says 'hello'",
    ),
    "05-find-a-race": (
        "2 sold in 2 orders",
        "<- ada has to wait\n",
        "succeeded with 2\ntoken: effio1:",
        "<Success: 2>",
        "no failure in 2 schedules (all there are)",
        "it leaves behind Semaphore 'counter'",
        "no failing among ",
    ),
    "06-performance": ("effio pure, Python 3.11", "fork and join children that return at once"),
}
"""What a reader must find among the outputs, in this order."""


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # it has no types


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_what_it_says(path: Path, site: Site) -> None:
    """Every cell runs without an error, and together they show the tree of the program and of its errors."""
    notebook = read(site.executed(path))
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    shown = "\n".join(output.get("text") or output["data"]["text/plain"] for output in outputs)
    position = 0
    for expected in SHOWN[path.stem]:
        assert expected in shown[position:]
        position = shown.index(expected, position)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    """What a run leaves in a notebook is not under version control."""
    left = [cell for cell in code_cells(read(path)) if cell.outputs or cell.execution_count is not None]
    assert left == []
