"""A plan as a flowchart: boxes, frames around what belongs together, and arrows from what ends to what begins then."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias, final

import attrs

from effio.observe.render.fold import Shown, branches
from effio.observe.step import Kind, Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan

MOST_BOXES: Final = 400

PERHAPS: Final[frozenset[Kind]] = frozenset({"handler", "timeout", "scope"})
"""The kinds whose later stage runs only if the first one did not succeed."""


@final
@attrs.frozen
class Box:
    """A step, or what stands for several that are not drawn."""

    id: str
    text: str
    kind: Kind
    opaque: bool = False


@final
@attrs.frozen
class Opening:
    """Here a frame begins."""

    id: str
    text: str
    kind: Kind


@final
@attrs.frozen
class Closing:
    """Here the frame that was opened last ends."""


@final
@attrs.frozen
class Arrow:
    """The second box runs after the first one; `perhaps` if it may not run at all."""

    start: str
    end: str
    text: str
    perhaps: bool


Item: TypeAlias = Box | Opening | Closing
Ends: TypeAlias = list[str]


@final
class Flow:
    """The flowchart of a plan: its boxes and frames in order, and its arrows. Folded like the text."""

    def __init__(self, plan: Plan) -> None:
        self.items: list[Item] = []
        self.arrows: list[Arrow] = []
        self._plan = plan
        self._boxes = 0
        for branch in branches(plan, None, 0):
            self._in_turn(branch, [], "", False, 0)

    # Folding bounds the depth, so that recursion is safe here.

    def _in_turn(self, branch: Sequence[Shown], before: Ends, role: str, perhaps: bool, depth: int) -> Ends:
        """Draw the steps of a branch after what was `before`; give the boxes with which it can end."""
        ends = before
        for position, shown in enumerate(branch):
            label, dashed = (role, perhaps) if position == 0 else ("", False)
            ends = self._step(shown, ends, label, dashed, depth)
        return ends

    def _step(self, shown: Shown, before: Ends, role: str, perhaps: bool, depth: int) -> Ends:
        if not isinstance(shown, Step):
            return self._box(f"more{len(self.items)}", str(shown), "step", before, role, perhaps)
        inside = branches(self._plan, shown, depth + 1) if self._boxes < MOST_BOXES else []
        if not inside:
            return self._box(f"s{shown.number}", numbered(shown), shown.kind, before, role, perhaps, shown.opaque)
        self.items.append(Opening(f"f{shown.number}", numbered(shown), shown.kind))
        if len(inside) > 1 and stage_of(inside[0]) == stage_of(inside[1]):
            before = self._box(f"s{shown.number}", shown.word, shown.kind, before, role, perhaps, shown.opaque)
            role, perhaps = "", False
        ends = self._stages(shown, inside, before, role, perhaps, depth + 1)
        self.items.append(Closing())
        return ends

    def _stages(
        self, step: Step, inside: list[list[Shown]], before: Ends, role: str, perhaps: bool, depth: int
    ) -> Ends:
        ends: Ends = []
        for index, (_, stage) in enumerate(groupby(inside, key=stage_of)):
            kept = ends if index and step.kind in PERHAPS else []
            start = ends if index else before
            if index:
                role, perhaps = "", step.kind in PERHAPS
            ended = [self._in_turn(branch, start, role or role_of(branch), perhaps, depth) for branch in stage]
            ends = [*kept, *(end for each in ended for end in each)]
        return ends

    def _box(
        self, id: str, text: str, kind: Kind, before: Ends, role: str, perhaps: bool, opaque: bool = False
    ) -> Ends:
        self._boxes += 1
        self.items.append(Box(id, text, kind, opaque))
        self.arrows += [Arrow(start, id, role, perhaps) for start in before]
        return [id]


def stage_of(branch: Sequence[Shown]) -> int:
    """Give the stage of a branch; what is not drawn counts as the first one."""
    return branch[0].stage if isinstance(branch[0], Step) else 0


def role_of(branch: Sequence[Shown]) -> str:
    """Give what a branch is for."""
    return branch[0].role if isinstance(branch[0], Step) else ""


def numbered(step: Step) -> str:
    """Show a step with its number."""
    return f"{step.number} {step.text}{' → ?' if step.opaque else ''}"
