"""A plan as a flowchart in the language of Mermaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from effio.observe.render.flow import Arrow, Box, Closing, Flow, Item, Opening
from effio.observe.step import TOGETHER

if TYPE_CHECKING:
    from effio.observe.plan import Plan

CLASSES: Final = (
    "classDef together stroke:#2b6cb0,stroke-width:2px",
    "classDef failure stroke:#c53030",
    "classDef opaque stroke-dasharray:4 3",
)


def flowchart(plan: Plan) -> str:
    """Write the flowchart from top to bottom."""
    flow = Flow(plan)
    return "\n".join(["flowchart TD", *items(flow.items), *map(arrow, flow.arrows), *(f"  {each}" for each in CLASSES)])


def items(all_items: list[Item]) -> Iterator[str]:
    """Write boxes and frames."""
    depth = 1
    for item in all_items:
        if isinstance(item, Closing):
            depth -= 1
            yield f"{'  ' * depth}end"
        elif isinstance(item, Opening):
            yield f'{"  " * depth}subgraph {item.id}["{quoted(item.text)}"]'
            depth += 1
        else:
            yield "  " * depth + box(item)


def box(item: Box) -> str:
    """Write a box: round for what only calls a function, six-sided for what runs things at the same time."""
    text = quoted(item.text)
    if item.kind in TOGETHER:
        return f'{item.id}{{{{"{text}"}}}}:::together'
    if item.kind == "function":
        return f'{item.id}(["{text}"])' + (":::opaque" if item.opaque else "")
    return f'{item.id}["{text}"]' + (":::failure" if item.kind == "failure" else "")


def arrow(drawn: Arrow) -> str:
    """Write an arrow, dotted if what it leads to may not run."""
    line = "-.->" if drawn.perhaps else "-->"
    label = f'|"{quoted(drawn.text)}"|' if drawn.text else ""
    return f"  {drawn.start} {line}{label} {drawn.end}"


def quoted(text: str) -> str:
    """Replace what Mermaid would read as its own.

    >>> quoted('say("<a>")')
    'say(#quot;#lt;a#gt;#quot;)'
    """
    signs = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\\": "#92;", "\n": " "}
    return "".join(signs.get(sign, sign) for sign in text)
