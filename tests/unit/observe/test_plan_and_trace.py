"""What ran is what was written: the static part of a trace is the plan."""

from __future__ import annotations

from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from effio import IO, Plan, Trace, VirtualClock, collect, explain, par_collect, par_zip, race, run_traced, sleep

Skeleton: TypeAlias = "list[tuple[str, Skeleton]]"

CONSTRUCTS = ("parallel", "race", "timeout", "scope")

names = st.sampled_from("abcdefg")
naps = st.integers(1, 3).map(sleep)
leaves = st.one_of(naps, st.builds(lambda nap, name: nap.named(name), naps, names))


def grown(inner: st.SearchStrategy[IO[Any, Any]]) -> st.SearchStrategy[IO[Any, Any]]:
    """Programs whose every part runs, whatever the times are."""
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds(lambda program, name: program.named(name), inner, names),
        st.builds(lambda first, second: first.then(second), inner, inner),
        st.builds(lambda first, second: first.zip(second), inner, inner),
        st.builds(lambda program, finalizer: program.ensuring(finalizer), inner, inner),
        st.builds(lambda program: program.fail_after(1_000), inner),
        some.map(collect),
        some.map(lambda ios: par_zip(*ios)),
        some.map(lambda ios: par_collect(ios, limit=2)),
        st.lists(leaves, min_size=2, max_size=3).map(lambda ios: race(*ios)),
    )


programs = st.recursive(leaves, grown, max_leaves=12)


def planned(plan: Plan) -> Skeleton:
    """The named parts and the constructs of a plan, in each other."""

    def inside(number: int | None) -> Skeleton:
        found: Skeleton = []
        for step in plan.steps():
            if step.parent == number:
                below = inside(step.number)
                shown = step.name if step.is_named else step.word if step.kind in CONSTRUCTS else None
                found += below if shown is None else [(shown, below)]
        return found

    return inside(None)


def happened(trace: Trace) -> Skeleton:
    """The same of a trace: named fibers and parts, and constructs."""

    def inside(identity: int) -> Skeleton:
        found: Skeleton = []
        for span in trace.spans:
            if span.parent == identity:
                below = inside(span.id)
                shown = span.kind in ("named", *CONSTRUCTS) or (span.kind == "fiber" and "[" not in span.name)
                found += [(span.name, below)] if shown else below
        return found

    whole = inside(trace.root.id)
    return whole if trace.root.name == "main" else [(trace.root.name, whole)]


@given(programs)
def test_static_part_of_the_trace_is_the_plan(program: IO[Any, Any]) -> None:
    """Where every part of a program runs, named parts and constructs are in each other as `explain` says."""
    _, trace = run_traced(program, clock=VirtualClock())
    assert happened(trace) == planned(explain(program))


@given(programs)
def test_plan_knows_how_many_run_at_once(program: IO[Any, Any]) -> None:
    """No more fibers wait for time at once than the plan's `parallel_width`."""
    _, trace = run_traced(program, clock=VirtualClock())
    sleeping = [(wait.start, wait.end or 0.0) for span in trace.spans for wait in span.waits if wait.on == "time"]
    widths = [sum(start <= now < end for start, end in sleeping) for now, _ in sleeping]
    assert max(widths) <= explain(program).parallel_width()
