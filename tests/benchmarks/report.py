"""The results as a table for people, or as values for JSON."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from typing import Any

from effio.interpreter import step
from tests.benchmarks.benchmark import Must
from tests.benchmarks.measure import Result

OTHERS = ("eager", "uvloop", "trio", "anyio", "effectpy", "stateless", "returns")
HEADER = ("", "ratio to asyncio", "effio", "quartiles", *OTHERS, "asyncio, each", "effio, each", "must", "")
COMPILED = not str(step.__file__).endswith(".py")


def row(result: Result) -> tuple[str, ...]:
    """The cells of one benchmark."""
    low, high = result.spread("effio")
    return (
        result.benchmark.key,
        result.benchmark.title,
        number(result.ratio("effio")),
        f"{number(low)}-{number(high)}",
        *(number(result.ratio(name)) if name in result.costs else "-" for name in OTHERS),
        each(result, "asyncio"),
        each(result, "effio"),
        limit_text(result.benchmark.must),
        verdict(result),
    )


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def each(result: Result, name: str) -> str:
    """What one operation costs."""
    must = result.benchmark.must
    cost = result.cost(name)
    if must is not None and must.unit == "bytes":
        return f"{cost:.0f} B"
    return f"{cost * 1e6:.2f} us" if cost < 1e-3 else f"{cost * 1e3:.1f} ms"


def limit(must: Must) -> float:
    return must.compiled if COMPILED else must.pure


def limit_text(must: Must | None) -> str:
    if must is None:
        return "-"
    return f"{limit(must):g}" if must.unit == "ratio" else f"{limit(must):g} {must.unit}"


def verdict(result: Result) -> str:
    """Whether effio stays within its limit, and by how much it does not."""
    must = result.benchmark.must
    if must is None:
        return ""
    excess = result.judged() / limit(must)
    return "ok" if excess <= 1 else f"over x{excess:.2f}"


def build() -> str:
    """What was measured: the build of effio, the Python, the machine."""
    kind = "compiled" if COMPILED else "pure"
    return f"effio {kind}, Python {platform.python_version()}, {platform.machine()}, {sys.platform}"


def text(results: Sequence[Result]) -> str:
    """A table with aligned columns."""
    rows = [HEADER, *map(row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in rows]
    return "\n".join([build(), "", *(line.rstrip() for line in lines)])


def markdown(results: Sequence[Result]) -> str:
    """The same as a Markdown table."""
    rows = [HEADER, ("---",) * len(HEADER), *map(row, results)]
    return "\n".join([build(), "", *("| " + " | ".join(cells) + " |" for cells in rows)])


def values(results: Sequence[Result]) -> dict[str, Any]:
    """Everything that was measured."""
    return {
        "build": build(),
        "results": [
            {
                "key": result.benchmark.key,
                "title": result.benchmark.title,
                "size": result.size,
                "costs": {name: list(costs) for name, costs in result.costs.items()},
                "ratios": {name: result.ratio(name) for name in result.costs},
                "verdict": verdict(result),
            }
            for result in results
        ],
    }
