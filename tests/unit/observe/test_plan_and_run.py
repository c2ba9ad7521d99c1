"""What a plan that was followed into its functions says about the run, held against the trace of one."""

from __future__ import annotations

import time
from itertools import count
from typing import TypeAlias

import attrs
from hypothesis import given
from hypothesis import strategies as st

from effio import VirtualClock, explain, run_traced
from effio.observe.plan import Plan
from effio.observe.step import TOGETHER, Step
from effio.observe.trace import Span, Trace
from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.observation import Log
from effio.testing.program_strategies import (
    Programs,
    any_size,
    at_once,
    finalized,
    in_parallel,
    in_scopes,
    in_sequence,
    in_step,
    notes,
    sleeps,
    trees,
    with_finalizers,
)

Skeleton: TypeAlias = tuple[str, tuple["Skeleton", ...]]


def in_names(inner: Programs) -> Programs:
    """Generate named programs, some of them with a limit that is never reached."""
    named = st.builds(p.Named, inner, st.sampled_from(["red", "blue"]))
    return named | st.builds(p.MoveOnAfter, inner, st.just(1_000_000))


peaceful = trees(notes | sleeps, in_names, in_step, finalized, in_parallel, depth=4)


def planned(plan: Plan, steps: tuple[Step, ...]) -> tuple[Skeleton, ...]:
    """The names and parallel constructs among these steps and inside them; what handles errors does not run."""
    found: list[Skeleton] = []
    for step in steps:
        if step.kind in TOGETHER:
            branches = range(1 + max((inside.branch for inside in plan.inside(step)), default=-1))
            found.append((step.word, tuple(fiber(plan, step, branch) for branch in branches)))
        else:
            inside = tuple(each for each in plan.inside(step) if step.kind != "handler" or each.stage == 0)
            found += [(step.name, planned(plan, inside))] if step.kind == "named" else planned(plan, inside)
    return tuple(found)


def fiber(plan: Plan, around: Step, branch: int) -> Skeleton:
    """What a branch is when it runs: a fiber with its name or its place."""
    steps = tuple(step for step in plan.inside(around) if step.branch == branch)
    if len(steps) == 1 and steps[0].kind == "named":
        return steps[0].name, planned(plan, tuple(plan.inside(steps[0])))
    return f"{around.word}[{branch}]", planned(plan, steps)


def traced(trace: Trace, span: Span) -> tuple[Skeleton, ...]:
    """The names, fibers and parallel constructs inside a span."""
    found: list[Skeleton] = []
    for inside in trace.children(span):
        kept = inside.kind in {"fiber", "named", "parallel"}
        found += [(inside.name, traced(trace, inside))] if kept else traced(trace, inside)
    return tuple(found)


@any_size
@given(peaceful)
def test_a_run_without_failures_does_what_the_followed_plan_shows(program: p.Program) -> None:
    """The names, the fibers and the constructs that made them are in the trace as they are in the plan."""
    io = to_io(program, Log(time.monotonic)).named("whole").map(lambda value: value)
    plan = explain(io, follow=True)
    _, trace = run_traced(io, clock=VirtualClock())
    assert traced(trace, trace.root) == planned(plan, tuple(plan.inside()))


# -- Order ----------------------------------------------------------------------------------------------------


def with_own_names(program: p.Program) -> p.Program:
    """The same program in which no two names are equal."""
    numbers = count()

    def visit(node: p.Program) -> p.Program:
        inside = p.rebuilt(node, visit)
        return attrs.evolve(inside, name=f"{inside.name}{next(numbers)}") if isinstance(inside, p.Named) else inside

    return visit(program)


def named_often(inner: Programs) -> Programs:
    """Generate programs of every kind, each under a name."""
    shape = st.one_of(in_sequence(inner), with_finalizers(inner), in_scopes(inner), at_once(inner))
    return st.builds(p.Named, shape, st.just("part"))


def overlap(first: Span, second: Span) -> bool:
    """Whether both spans ran for some time at once."""
    ends = [span.end for span in (first, second) if span.end is not None]
    return len(ends) == 2 and max(first.start, second.start) < min(ends)


def encloses(trace: Trace, outer: Span, inner: Span) -> bool:
    """Whether one span ran inside the other."""
    step: Span | None = inner
    while step is not None and step is not outer:
        step = None if step.parent is None else trace.span(step.parent)
    return step is outer


@any_size
@given(trees(notes | sleeps, named_often, depth=3).map(with_own_names))
def test_a_run_keeps_the_order_of_the_plan(program: p.Program) -> None:
    """What depends on something begins after its end; what runs at the same time may do so by the plan."""
    io = to_io(program, Log(time.monotonic))
    plan = explain(io, follow=True)
    _, trace = run_traced(io, clock=VirtualClock())
    spans = {name: trace.named(name)[0] for step in plan.steps() if trace.named(name := step.name) and step.is_named}
    for name, span in spans.items():
        ended, beside = plan.depends_on(name), plan.parallel_with(name)
        for other, second in spans.items():
            if other in ended:
                assert second.end is not None
                assert second.end <= span.start
            if overlap(span, second) and not encloses(trace, span, second) and not encloses(trace, second, span):
                assert other in beside
