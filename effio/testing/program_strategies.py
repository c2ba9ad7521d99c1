"""Hypothesis strategies for whole programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from effio.testing import programs as p

Programs: TypeAlias = st.SearchStrategy[p.Program]

any_size = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
)
"""Settings for tests over whole programs, which may be large."""

indices = st.integers(0, 2)
moments = st.integers(0, 3)
errors = st.sampled_from(["e1", "e2"])
notes: Programs = st.just(p.Note("n"))
sleeps: Programs = st.builds(p.Sleep, moments)
failures: Programs = st.builds(p.Fail, errors) | st.builds(p.Die, st.just("bug"))
requests: Programs = st.one_of(
    st.builds(p.CancelScope, indices),
    st.builds(p.CancelGroup, indices),
    st.builds(p.Watch, indices, indices, st.sampled_from(["join", "exit", "cancel", "cancel_soon"])),
)
leaves: Programs = st.one_of(
    notes, notes, sleeps, sleeps, st.builds(p.Pure, st.integers(0, 3)), failures, requests, st.just(p.Never())
)


def in_sequence(inner: Programs) -> Programs:
    """Generate what runs one thing after another, most of all, or handles failures, or names."""
    steps = st.builds(p.Steps, st.lists(inner, min_size=2, max_size=4).map(tuple))
    handlers = st.one_of(
        st.builds(p.CatchAll, inner, inner),
        st.builds(p.ToExit, inner),
        st.builds(p.Named, inner, st.sampled_from(["red", "blue"])),
    )
    return st.one_of(steps, steps, steps, steps, handlers)


def again(inner: Programs) -> Programs:
    """Generate what runs more than once."""
    repeat = st.builds(p.Repeat, inner, st.integers(1, 2), moments)
    retry = st.builds(p.Retry, inner, st.integers(1, 2), moments)
    return st.one_of(repeat, repeat, retry, retry)


def in_step(inner: Programs) -> Programs:
    """Generate what runs one thing after another, and nothing else."""
    steps = st.builds(p.Steps, st.lists(inner, min_size=2, max_size=3).map(tuple))
    return steps | st.builds(p.CatchAll, inner, inner)


def finalized(inner: Programs) -> Programs:
    """Generate finalizers and shields."""
    return st.one_of(
        st.builds(p.Ensuring, inner, inner), st.builds(p.Bracket, inner, inner, inner), st.builds(p.Shield, inner)
    )


def in_parallel(inner: Programs) -> Programs:
    """Generate what runs all of several things at once."""
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.builds(p.Together, st.just("par_collect"), parts, st.none() | st.integers(1, 2))


def with_finalizers(inner: Programs) -> Programs:
    """Generate what has finalizers or shields."""
    return st.one_of(
        st.builds(p.Ensuring, inner, inner),
        st.builds(p.OnExit, inner, inner),
        st.builds(p.OnCancel, inner, inner),
        st.builds(p.Bracket, inner, inner, inner),
        st.builds(p.Shield, inner),
        st.builds(p.Restore, inner, indices),
    )


def in_scopes(inner: Programs) -> Programs:
    """Generate scopes and timeouts."""
    return st.one_of(
        st.builds(p.Scope, inner, st.none() | moments),
        st.builds(p.FailAfter, inner, moments),
        st.builds(p.MoveOnAfter, inner, moments),
        st.builds(p.TimeoutTo, inner, moments, inner),
    )


def at_once(inner: Programs) -> Programs:
    """Generate what runs several things at the same time."""
    parts = st.lists(inner, min_size=1, max_size=4).map(tuple)
    unlimited = st.sampled_from(["par_zip", "race_all", "first_completed"])
    return st.one_of(
        st.builds(p.Together, unlimited, parts),
        st.builds(p.Together, st.sampled_from(p.WITH_LIMIT), parts, st.none() | st.integers(1, 2)),
        st.builds(p.Group, inner, st.sampled_from(["cancel", "collect", "ignore"])),
        st.builds(p.Fork, inner, indices),
        st.builds(grouped, st.lists(inner, min_size=1, max_size=3), inner),
        st.builds(grouped, st.lists(inner, min_size=2, max_size=3), inner),
    )


def grouped(children: list[p.Program], rest: p.Program) -> p.Program:
    """Fork all `children` into one group, then go on with `rest` in its body."""
    return p.Group(p.Steps((*(p.Fork(child, 0) for child in children), rest)), "cancel")


def trees(leaves: Programs, *shapes: Callable[[Programs], Programs], depth: int) -> Programs:
    """Generate programs of the given leaves and shapes, so deep, all notes distinct."""
    layer = leaves
    for _ in range(depth):
        layer = layer_over(layer, leaves, shapes)
    return layer.map(p.numbered)


def layer_over(inner: Programs, leaves: Programs, shapes: tuple[Callable[[Programs], Programs], ...]) -> Programs:
    """Generate leaves, or shapes with the programs `inner` in them; all leaves together are as likely as one shape."""
    either = st.one_of(leaves.map(lambda leaf: leaf), *(shape(inner) for shape in shapes))

    # Composite, since the text of any other strategy contains that of every strategy that it was made of.
    @st.composite
    def layer(draw: st.DrawFn) -> p.Program:
        program: p.Program = draw(either)
        return program

    return layer()


programs = trees(leaves, in_sequence, with_finalizers, in_scopes, at_once, again, depth=4)
"""Generate programs of every kind."""

large = trees(leaves, in_sequence, with_finalizers, in_scopes, at_once, again, depth=5)
"""Generate programs of every kind and of many parts."""

small = trees(leaves, in_sequence, with_finalizers, in_scopes, at_once, again, depth=2)
"""Generate programs of every kind, for laws about several."""

ending = trees(
    st.one_of(notes, sleeps, st.builds(p.Pure, st.integers(0, 3)), failures, st.builds(p.CancelScope, indices)),
    in_sequence,
    with_finalizers,
    in_scopes,
    at_once,
    again,
    depth=2,
)
"""Generate programs that cannot wait for ever."""

peaceful = trees(notes | sleeps | st.builds(p.Pure, st.integers(0, 3)), in_step, finalized, in_parallel, depth=2)
"""Generate programs that neither fail nor cancel anything."""

still = trees(st.builds(p.Pure, st.integers(0, 3)), in_step, finalized, depth=2)
"""Generate programs that do nothing anybody could see."""
