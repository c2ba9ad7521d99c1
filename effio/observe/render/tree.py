"""The lines of a drawn plan: rails and connectors before each step, double ones for what runs at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, final

import attrs

from effio.observe.render.fold import Shown, branches
from effio.observe.step import TOGETHER, Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan

MOST_LINES: Final = 1_000


@final
@attrs.frozen
class Line:
    """One line: the rails, what the branch is for, and the step."""

    rails: str
    role: str
    shown: Shown | str


def lines(plan: Plan) -> Iterator[Line]:
    """Yield a line for each step that is drawn, at most `MOST_LINES`."""
    drawn = all_lines(plan)
    yield from islice(drawn, MOST_LINES)
    if plan.cut or next(drawn, None) is not None:
        yield Line("", "", "… more")


def all_lines(plan: Plan) -> Iterator[Line]:
    """Yield the lines from top to bottom, with a stack of their own."""
    pending = entries(plan, None, "", 0)
    while pending:
        line, rail, depth = pending.pop()
        yield line
        if isinstance(line.shown, Step):
            pending += entries(plan, line.shown, rail, depth + 1)


def entries(plan: Plan, step: Step | None, rail: str, depth: int) -> list[tuple[Line, str, int]]:
    """Lay out what is directly inside a step, the first line last: each with the rail under it and its depth."""
    laid: list[tuple[Line, str, int]] = []
    drawn = branches(plan, step, depth)
    for index, branch in enumerate(drawn):
        stage = branch[0].stage if isinstance(branch[0], Step) else 0
        first, rest = connectors(step, stage, index == len(drawn) - 1)
        for position, shown in enumerate(branch):
            role = shown.role if isinstance(shown, Step) and position == 0 else ""
            laid.append((Line(rail + (rest if position else first), role, shown), rail + rest, depth))
    return laid[::-1]


def connectors(step: Step | None, stage: int, is_last: bool) -> tuple[str, str]:
    """Choose what stands before the first step of a branch, and before all that follows in it."""
    if step is None:
        return "", ""
    if step.kind in TOGETHER and stage == 0:
        return ("╚═ ", "   ") if is_last else ("╠═ ", "║  ")
    return ("└─ ", "   ") if is_last else ("├─ ", "│  ")
