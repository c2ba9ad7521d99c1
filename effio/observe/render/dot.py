"""A plan as a flowchart in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from effio.observe.render.flow import Arrow, Box, Closing, Flow, Item, Opening
from effio.observe.step import TOGETHER

if TYPE_CHECKING:
    from effio.observe.plan import Plan

HEAD: Final = (
    "digraph plan {",
    '  graph [fontname="Helvetica", fontsize=11, color="#a0aec0", style=rounded, labeljust=l]',
    '  node [fontname="Helvetica", fontsize=11, shape=box, style=rounded, color="#4a5568"]',
    '  edge [fontname="Helvetica", fontsize=10, color="#4a5568"]',
)


def flowchart(plan: Plan) -> str:
    """Write the flowchart from top to bottom."""
    flow = Flow(plan)
    return "\n".join([*HEAD, *items(flow.items), *map(arrow, flow.arrows), "}"])


def items(all_items: list[Item]) -> Iterator[str]:
    """Write boxes and frames."""
    depth = 1
    for item in all_items:
        if isinstance(item, Closing):
            depth -= 1
            yield f"{'  ' * depth}}}"
        elif isinstance(item, Opening):
            yield f"{'  ' * depth}subgraph cluster_{item.id} {{"
            depth += 1
            yield f"{'  ' * depth}label={quoted(item.text)}"
        else:
            yield f"{'  ' * depth}{item.id} [label={quoted(item.text)}{look(item)}]"


def look(item: Box) -> str:
    """Choose how a box looks: oval for a function, six-sided for what runs things at the same time."""
    if item.kind in TOGETHER:
        return ', shape=hexagon, style=solid, color="#2b6cb0"'
    if item.kind == "function":
        return f", shape=oval, style={'dashed' if item.opaque else 'solid'}"
    return ', color="#c53030"' if item.kind == "failure" else ""


def arrow(drawn: Arrow) -> str:
    """Write an arrow, dashed if what it leads to may not run."""
    looks = [f"label={quoted(f' {drawn.text} ')}"] if drawn.text else []
    looks += ["style=dashed"] if drawn.perhaps else []
    return f"  {drawn.start} -> {drawn.end}" + (f" [{', '.join(looks)}]" if looks else "")


def quoted(text: str) -> str:
    r"""Write a text between quotes.

    >>> print(quoted('say("a\\n")'))
    "say(\"a\\n\")"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
