"""With a failing run comes the one that passes and goes like it for longest."""

from __future__ import annotations

from typing import Any

from returns.result import Success

from effio import Ref, delay, do, fail, par_collect, yield_now
from effio.testing import cancel_sweep, explore
from effio.testing.exploration.shortening.closest import same_steps


@do
def adding() -> Any:
    """Two fibers may lose an update."""
    counter = yield from Ref.make(0, name="counter")

    @do
    def add() -> Any:
        value = yield from counter.get()
        yield from counter.set(value + 1)

    yield from par_collect([add().named("ada"), add().named("bob")])
    return (yield from counter.get())


def is_two(exit: Any) -> bool:
    return bool(exit == Success(2))


def test_closest_passing_run_parts_where_it_is_decided() -> None:
    """Both have read by step 4; a run that passes is the same up to step 3, and no such run is the same for longer."""
    (finding,) = explore(adding(), is_two).failures
    passing = finding.closest()
    assert passing is not None
    assert passing.outcome == Success(2)
    assert same_steps(finding.run, passing) == 3
    told = "closest passing run: the same up to step 3, then bob waits until after ada: set counter(1)\n"
    assert told in finding.render()


@do
def first_come() -> Any:
    """Who comes first in the order of arrival decides."""
    winner = yield from Ref.make("", name="winner")
    yield from par_collect([winner.update(lambda now: now or "a"), winner.update(lambda now: now or "b")])
    return (yield from winner.get())


def test_what_fails_by_itself_has_a_closest_passing_run_too() -> None:
    """A failing run without any choice is left at the step where another fiber has to come first."""
    (finding,) = explore(first_come(), lambda exit: exit == Success("b")).failures
    assert finding.run.preemptions == 0
    assert "the same up to step 2, then par_collect[0] waits until after par_collect[1]: update winner" in str(finding)


def test_program_that_always_fails_has_none() -> None:
    """Where every run fails nothing is said."""
    (finding,) = explore(par_collect([yield_now, fail("no")])).failures
    assert finding.closest() is None
    assert "closest passing run" not in finding.render()


def test_closest_run_is_looked_for_when_it_is_asked_for() -> None:
    """The program is not run for it before, and is run for it each time."""
    begun: list[int] = []
    (finding,) = explore(delay(begun.append, 1).then(adding()), is_two).failures
    runs = len(begun)
    finding.closest()
    once = len(begun) - runs
    finding.closest()
    assert once >= 1
    assert len(begun) == runs + 2 * once


def test_run_with_a_cancel_is_left_before_it() -> None:
    """What a cancel breaks goes well without it: there the two runs part."""

    @do
    def borrowing() -> Any:
        held = yield from Ref.make(0, name="held")
        yield from held.set(1)
        yield from yield_now
        yield from held.set(0)
        return (yield from held.get())

    def given_back(exit: Any) -> bool:
        return bool(exit == Success(0))

    (finding,) = cancel_sweep(borrowing(), given_back).failures
    passing = finding.closest()
    assert passing is not None
    assert passing.outcome == Success(0)
    assert "instead of borrowing: is cancelled from outside" in finding.render()
