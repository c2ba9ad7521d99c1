"""`python -m tests.benchmarks.exploration`: print the tables of the page on exploration, or write them into it.

The table beside simloom needs it installed, which takes Python 3.12 or newer.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from effio.interpreter import step
from tests.benchmarks.exploration import bugs, counts, rival

BEGIN = "<!-- figures: python -m tests.benchmarks.exploration --write -->"
END = "<!-- end of the figures -->"
PAGE = Path(__file__).parents[3] / "docs/explanation/exploration.md"

Row = Sequence[str]


def table(head: Row, rows: Iterator[Row]) -> str:
    """A Markdown table, its rows told on the way."""
    lines = [line(head), line(["---"] * len(head))]
    for row in rows:
        print(*row, sep="  ", file=sys.stderr, flush=True)
        lines.append(line(row))
    return "\n".join(lines)


def line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def speeds() -> str:
    """The table of classes and of steps a second."""
    core = "compiled" if str(step.__file__).endswith((".so", ".pyd")) else "interpreted"
    python = f"CPython {platform.python_version()}, effio's core {core}"
    return f"{counts.TEXT}\nMeasured with {python}, one core, CPU time.\n\n{table(counts.HEAD, counts.rows())}"


def figures() -> str:
    """All tables, each with what it says."""
    parts = [speeds(), bugs.TEXT, table(bugs.HEAD, bugs.rows())]
    if rival.is_installed():
        parts += [rival.text(), table(rival.HEAD, rival.rows())]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.exploration", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.name}")
    parser.add_argument("--speeds", action="store_true", help="print the first table only, in half a minute")
    chosen = parser.parse_args()
    if chosen.speeds:
        print(speeds())
        return
    found = figures()
    if not chosen.write:
        print(found)
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{after}", encoding="utf-8")


main()
