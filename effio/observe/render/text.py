"""A plan as text: number, tree, and the line where the function of a step was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from effio.observe.render.fold import Shown
from effio.observe.render.tree import Line, lines
from effio.observe.step import Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan


def drawn(plan: Plan) -> str:
    """Draw the plan, a line for each step."""
    width = len(str(len(plan.steps())))
    return "\n".join(f"{number_of(line.shown):>{width}} {tree_of(line)}{place_of(line.shown)}" for line in lines(plan))


def number_of(shown: Shown | str) -> str:
    """Give the number of a step."""
    return str(shown.number) if isinstance(shown, Step) else ""


def tree_of(line: Line) -> str:
    """Draw the rails, and say what the step is; an arrow says that what follows is known only when it runs."""
    role = f"{line.role}: " if line.role else ""
    unknown = " → ?" if isinstance(line.shown, Step) and line.shown.opaque else ""
    return f"{line.rails}{role}{line.shown}{unknown}"


def place_of(shown: Shown | str) -> str:
    """Say where the function of a step was written."""
    origin = shown.origin if isinstance(shown, Step) else None
    return "" if origin is None else f"  · {str(origin).partition(' in ')[0]}"
