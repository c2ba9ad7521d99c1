"""A failure or a cancel at every place of generated programs: nothing is lost, nothing is left, finalizers run once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effio.algebra.io import IO
from effio.testing import program_strategies
from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.injection import (
    broken_promises,
    cancelled_at_each_action,
    cancelled_at_each_instant,
    failing_after_each_action,
    failing_in_each_finalizer,
    marked,
)
from effio.testing.observation import Log, Observation, in_asyncio, simulated
from effio.testing.program_strategies import any_size

many = settings(any_size, max_examples=4 * settings().max_examples)
seeds = st.none() | st.integers(0, 999)


class Injected(Exception):
    """What is injected."""


INJECTED = Injected("injected")
TYPED = p.Fail(INJECTED)
BUG = p.Die("injected")


def at_once(words: list[p.Word], policies: list[p.OnFailure]) -> Any:
    """Generate what runs together and hands on the failures that a test is about."""

    def shape(inner: program_strategies.Programs) -> program_strategies.Programs:
        parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.one_of(
            st.builds(p.Together, st.sampled_from(words), parts, st.none() | st.integers(1, 2)),
            st.builds(p.Group, inner, st.sampled_from(policies)),
            st.builds(p.Fork, inner, program_strategies.indices),
            st.builds(program_strategies.grouped, st.lists(inner, min_size=1, max_size=3), inner),
        )

    return shape


def in_sequence(inner: program_strategies.Programs) -> program_strategies.Programs:
    """Generate steps and names."""
    steps = st.builds(p.Steps, st.lists(inner, min_size=2, max_size=4).map(tuple))
    return steps | st.builds(p.Named, inner, st.sampled_from(["red", "blue"]))


def with_typed_handlers(inner: program_strategies.Programs) -> program_strategies.Programs:
    """Generate steps, and handlers that must not see a bug."""
    return in_sequence(inner) | st.builds(p.CatchAll, inner, inner)


unhandled = program_strategies.trees(
    program_strategies.leaves,
    in_sequence,
    program_strategies.with_finalizers,
    program_strategies.in_scopes,
    at_once(["par_zip", "par_collect"], ["cancel", "collect"]),
    depth=3,
)
"""Generate programs that handle no failure."""

typed_handlers = program_strategies.trees(
    program_strategies.leaves,
    with_typed_handlers,
    program_strategies.with_finalizers,
    program_strategies.in_scopes,
    at_once(["par_zip", "par_collect", "par_validate", "race_all", "first_completed"], ["cancel", "collect"]),
    depth=3,
)
"""Generate programs that handle no bug."""


def built(program: p.Program) -> Any:
    def build(log: Log) -> IO[Any, Any]:
        return to_io(program, log)

    return build


def told(seen: Observation) -> int:
    """How often what was injected is in the exit."""
    cause = seen.exit.failure()
    return sum(is_injected(error) for error in (*cause.failures(), *cause.defects()))


def is_injected(error: object) -> bool:
    return error is INJECTED or (isinstance(error, p.Bug) and error.args == ("injected",))


def stuck(seen: Observation) -> bool:
    """Whether the run ended because it could not go on."""
    return "Deadlock" in repr(seen.exit)


def check_told_once(variations: Iterator[p.Program], seed: int | None) -> None:
    """What was injected and came to pass is told once, and nothing is left."""
    for program in variations:
        seen = simulated(built(program), seed=seed)
        assert seen.left == (), program
        came = any(text == "injected" for _, text, _ in seen.log)
        if came and not stuck(seen):
            assert told(seen) == 1, program


@many
@given(unhandled, seeds)
def test_a_failure_after_any_action_is_told_once(program: p.Program, seed: int | None) -> None:
    """In a program that handles nothing a typed failure is in the final cause exactly once."""
    check_told_once(failing_after_each_action(program, TYPED), seed)


@many
@given(typed_handlers, seeds)
def test_a_bug_after_any_action_is_told_once(program: p.Program, seed: int | None) -> None:
    """No handler of typed errors, timeout or race takes a bug out of the final cause."""
    check_told_once(failing_after_each_action(program, BUG), seed)


@many
@given(unhandled, seeds)
def test_a_failure_in_any_finalizer_is_told_once(program: p.Program, seed: int | None) -> None:
    """The failure of a finalizer is in the final cause exactly once."""
    check_told_once(failing_in_each_finalizer(program, TYPED), seed)


@many
@given(typed_handlers, seeds)
def test_a_bug_in_any_finalizer_is_told_once(program: p.Program, seed: int | None) -> None:
    """The bug of a finalizer is in the final cause exactly once."""
    check_told_once(failing_in_each_finalizer(program, BUG), seed)


def check_finalizers(program: p.Program, variations: Iterator[p.Program], seed: int | None) -> None:
    """The finalizers of each variation of a marked program keep their promises, and nothing is left."""
    for variation in variations:
        seen = simulated(built(variation), seed=seed)
        assert seen.left == (), variation
        if not stuck(seen):
            assert broken_promises(program, seen.log) == [], variation


@many
@given(program_strategies.programs.map(marked), seeds)
def test_finalizers_run_once_when_any_action_is_cancelled(program: p.Program, seed: int | None) -> None:
    """Wherever a cancel hits, finalizers run once, to the end, inner before outer."""
    check_finalizers(program, cancelled_at_each_action(program), seed)


@many
@given(program_strategies.programs.map(marked), seeds)
def test_finalizers_run_once_whenever_the_time_is_over(program: p.Program, seed: int | None) -> None:
    """Whenever a timeout comes, finalizers run once, to the end, inner before outer."""
    check_finalizers(program, cancelled_at_each_instant(program, 4), seed)


@many
@given(program_strategies.programs.map(marked), seeds)
def test_finalizers_run_once_when_any_action_fails(program: p.Program, seed: int | None) -> None:
    """Wherever a failure comes from, finalizers run once, to the end, inner before outer."""
    check_finalizers(program, failing_after_each_action(program, TYPED), seed)


@many
@given(program_strategies.programs.map(marked), seeds)
def test_finalizers_run_once_when_one_of_them_fails(program: p.Program, seed: int | None) -> None:
    """A finalizer that fails keeps no other one from running once."""
    check_finalizers(program, failing_in_each_finalizer(program, BUG), seed)


@settings(any_size, max_examples=15)
@given(program_strategies.programs)
def test_no_task_is_left_when_any_action_is_cancelled(program: p.Program) -> None:
    """On an event loop only the host's own task is left, wherever a cancel hits."""
    for variation in cancelled_at_each_action(program):
        seen = in_asyncio(built(variation))
        assume(not stuck(seen))
        assert seen.left == ()
