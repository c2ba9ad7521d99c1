"""What of a tree is drawn: of many branches or steps the first and the last ones, and nothing that is very deep."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, final

import attrs

from effio.observe.step import Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan

DEEPEST: Final = 16
MOST_BRANCHES: Final = 24
MOST_IN_TURN: Final = 48
LAST_SHOWN: Final = 4


@final
@attrs.frozen
class Omitted:
    """Stands for steps that are not drawn."""

    steps: int
    what: str

    def __str__(self) -> str:
        return f"… {self.steps:,} more {self.what}".replace(",", " ")


Shown: TypeAlias = Step | Omitted
Item = TypeVar("Item")


def branches(plan: Plan, step: Step | None, depth: int) -> list[list[Shown]]:
    """List the branches of a step, each with what is drawn of it."""
    inside = plan.inside(step)
    if depth > DEEPEST:
        return [[Omitted(sum(map(plan.size, inside)), "inside")]] if inside else []
    each = [list(steps) for _, steps in groupby(inside, key=lambda one: one.branch)]
    first, hidden, last = split(each, MOST_BRANCHES)
    drawn = [in_turn(plan, steps) for steps in first]
    if hidden:
        drawn.append([Omitted(sum(plan.size(one) for steps in hidden for one in steps), f"in {len(hidden)} branches")])
    return drawn + [in_turn(plan, steps) for steps in last]


def in_turn(plan: Plan, steps: Sequence[Step]) -> list[Shown]:
    """List what is drawn of steps that run one after another."""
    first, hidden, last = split(steps, MOST_IN_TURN)
    middle = [Omitted(sum(map(plan.size, hidden)), "in turn")] if hidden else []
    return [*first, *middle, *last]


def split(items: Sequence[Item], most: int) -> tuple[Sequence[Item], Sequence[Item], Sequence[Item]]:
    """Split into the first ones, those that are too many, and the last ones."""
    if len(items) <= most:
        return items, (), ()
    return items[: most - LAST_SHOWN], items[most - LAST_SHOWN : -LAST_SHOWN], items[-LAST_SHOWN:]
