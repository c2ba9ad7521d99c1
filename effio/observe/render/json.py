"""A plan as JSON: a flat list of steps, each with the number of the one around it, so that depth does not matter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from effio.observe.step import Step

if TYPE_CHECKING:
    from effio.observe.plan import Plan

FORMAT: Final = "effio.plan"
VERSION: Final = 1


def written(plan: Plan) -> str:
    """Write the plan, a line for each step."""
    head = {"format": FORMAT, "version": VERSION, "parallel_width": plan.parallel_width(), "cut": plan.cut}
    steps = ",\n".join(json.dumps(step_as_data(step), ensure_ascii=False) for step in plan.steps())
    return f'{json.dumps(head)[:-1]}, "steps": [\n{steps}\n]}}'


def step_as_data(step: Step) -> dict[str, Any]:
    """List the fields of a step; `source` is where its function, or the step itself, was written."""
    origin = step.origin
    return {
        "number": step.number,
        "parent": step.parent,
        "branch": step.branch,
        "stage": step.stage,
        "role": step.role,
        "word": step.word,
        "kind": step.kind,
        "text": step.text,
        "name": step.name,
        "is_named": step.is_named,
        "opaque": step.opaque,
        "times": step.times,
        "limit": step.limit,
        "on_error": step.on_error,
        "source": None if origin is None else {"file": origin.file, "line": origin.line, "function": origin.function},
    }
