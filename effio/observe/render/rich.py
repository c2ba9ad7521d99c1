"""A plan in the colours of a terminal, for `rich`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from effio.observe.render.fold import Shown
from effio.observe.render.text import number_of, place_of
from effio.observe.render.tree import lines
from effio.observe.step import Kind, Step

if TYPE_CHECKING:
    from rich.text import Text

    from effio.observe.plan import Plan

Picture: TypeAlias = "Text"

STYLES: Final[dict[Kind, str]] = {
    "named": "bold",
    "parallel": "bold blue",
    "race": "bold blue",
    "group": "bold blue",
    "fork": "blue",
    "timeout": "magenta",
    "scope": "magenta",
    "shield": "magenta",
    "finalizer": "cyan",
    "bracket": "cyan",
    "handler": "yellow",
    "again": "yellow",
    "choice": "yellow",
    "failure": "red",
    "function": "italic",
}


def drawn(plan: Plan) -> Picture:
    """Draw the plan, a line for each step."""
    from rich.text import Text

    width = len(str(len(plan.steps())))
    picture = Text()
    for line in lines(plan):
        picture.append(f"{number_of(line.shown):>{width}} ", "dim")
        picture.append(line.rails, "dim")
        picture.append(f"{line.role}: " if line.role else "", "dim italic")
        picture.append(str(line.shown), style_of(line.shown))
        picture.append(" → ?" if isinstance(line.shown, Step) and line.shown.opaque else "", "dim")
        picture.append(f"{place_of(line.shown)}\n", "dim")
    picture.rstrip()
    return picture


def style_of(shown: Shown | str) -> str:
    """Choose the style of a line."""
    return STYLES.get(shown.kind, "default") if isinstance(shown, Step) else "dim"
