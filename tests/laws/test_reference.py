"""The interpreter does what the model says, on generated programs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.injection import (
    cancelled_at_each_action,
    cancelled_at_each_instant,
    failing_after_each_action,
)
from effio.testing.observation import Observation, in_asyncio, simulated
from effio.testing.program_strategies import any_size, large, programs
from effio.testing.reference.model import expected

EXAMPLES = settings().max_examples
"""Programs are cheap, and here is where mistakes show."""


def seen(program: p.Program) -> Observation:
    """What is seen of a program in simulation."""
    return simulated(lambda log: to_io(program, log))


@settings(any_size, max_examples=25 * EXAMPLES)
@given(programs)
def test_simulation_agrees_with_the_model(program: p.Program) -> None:
    """In simulation a program ends, notes and takes time as the model says."""
    assert seen(program) == expected(program)


@settings(any_size, max_examples=6 * EXAMPLES)
@given(large)
def test_simulation_agrees_with_the_model_on_large_programs(program: p.Program) -> None:
    """The same holds for programs of many parts."""
    assert seen(program) == expected(program)


@settings(any_size, max_examples=12 * EXAMPLES)
@given(programs)
def test_simulation_agrees_with_the_model_wherever_it_is_cut(program: p.Program) -> None:
    """The same holds for a program that is cancelled at any of its actions, or at any time."""
    for cut in (*cancelled_at_each_action(program), *cancelled_at_each_instant(program, 4)):
        assert seen(cut) == expected(cut), cut


@settings(any_size, max_examples=6 * EXAMPLES)
@given(programs)
def test_simulation_agrees_with_the_model_wherever_it_fails(program: p.Program) -> None:
    """The same holds for a program with a failure after any of its actions."""
    for failing in failing_after_each_action(program, p.Fail("injected")):
        assert seen(failing) == expected(failing), failing


@settings(any_size, max_examples=30)
@given(programs)
def test_asyncio_agrees_with_the_model(program: p.Program) -> None:
    """On an event loop, in virtual time, a program ends, notes and takes time as the model says."""
    assert in_asyncio(lambda log: to_io(program, log)) == expected(program)


REPRODUCTIONS = {
    "a cancelled owner goes on after its group": p.Steps(
        (p.Group(p.Never(), "cancel"), p.Ensuring(p.Note("1"), p.Note("2")))
    ),
    "settled failures are lost in a cut": p.Together("par_settle", (p.Die("bug"), p.Never())),
    "who cancels himself waits for ever": p.Group(p.Fork(p.Watch(0, 0, "cancel"), 0), "cancel"),
    "who cancels its parent waits for ever": p.Group(
        p.Fork(p.Together("par_zip", (p.Watch(0, 0, "cancel"), p.Never())), 0), "cancel"
    ),
    "a failure between two cancels is lost": p.MoveOnAfter(
        p.FailAfter(p.Ensuring(p.Never(), p.Steps((p.Sleep(2), p.Fail("e1")))), 1), 2
    ),
    "a handler in a shield sees the cancel of a restored group": p.MoveOnAfter(
        p.Shield(p.OnExit(p.ToExit(p.Group(p.Restore(p.Never(), 0), "cancel")), p.Note("1"))), 1
    ),
    "a deadline outlives the cancel of its scope": p.Scope(
        p.Shield(p.Group(p.Steps((p.Fork(p.Never(), 0), p.Fork(p.CancelScope(0), 0), p.Note("1"))), "cancel")),
        1,
    ),
    "a named child of an ignoring group loses its name": p.Group(
        p.OnExit(p.Steps((p.Fork(p.Named(p.CancelGroup(0), "red"), 0), p.Sleep(2))), p.Pure()), "ignore"
    ),
    "a failure before a lost race is not one of its finalizers": p.Together(
        "race_all",
        (
            p.Together("par_zip", (p.Note("1"),)),
            p.Group(p.Steps((p.Fork(p.Fail("e1"), 0), p.Never())), "cancel"),
        ),
    ),
}


@pytest.mark.parametrize("program", REPRODUCTIONS.values(), ids=REPRODUCTIONS)
def test_what_disagreed_once_agrees(program: p.Program) -> None:
    """Each of these programs showed a mistake."""
    assert seen(program) == expected(program)
