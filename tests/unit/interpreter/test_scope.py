"""The timers of scopes: set when a fiber first waits inside, and forgotten as soon as they mean nothing any more."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from effio import IO, CancelScope, cancel_scope, collect, delay, never, par_zip, pure, shield, sleep
from effio.algebra.primitive import Ask
from effio.testing.observation import Observation, simulated

timers: IO[int] = Ask(lambda fiber: len(fiber.scheduler.timers))
"""How many timers the run has."""

unarmed: IO[int] = Ask(attrgetter("unarmed"))
"""How many scopes around here have a deadline without a timer."""


def seen(program: IO[Any, Any]) -> Observation:
    """What is seen of a program in simulation."""
    return simulated(lambda log: program)


def test_deadline_gets_its_timer_when_a_fiber_waits_inside() -> None:
    """Scopes that are entered and left without a wait set no timer; a wait sets those of all scopes around it."""
    inside = unarmed.zip(sleep(1).then(unarmed.zip(timers)))
    counted = inside.move_on_after(50).move_on_after(60)

    assert seen(counted.zip(unarmed).zip(timers)).exit.unwrap() == (((2, (0, 2)), 0), 0)


def test_scope_that_is_left_forgets_its_timer() -> None:
    """No timer is left, and no time passes until the deadline."""
    observed = seen(collect([sleep(1).move_on_after(100)] * 3).zip(timers))

    assert observed.exit.unwrap() == ([None] * 3, 0)
    assert observed.time == 3
    assert observed.left == ()


def test_scope_that_is_cancelled_forgets_its_timer() -> None:
    """Its cleanup, however long, sees no timer, and its fiber no scope without one once it is left."""
    counts: list[int] = []

    def body(scope: CancelScope) -> IO[Any]:
        waiting = never.ensuring(sleep(5).then(timers).map(counts.append))
        return par_zip(waiting, sleep(1).then(scope.cancel()))

    observed = seen(cancel_scope(body, deadline=3).then(unarmed.zip(timers)))

    assert observed.exit.unwrap() == (0, 0)
    assert counts == [0]
    assert observed.time == 6


def test_timer_of_a_cancelled_scope_does_not_keep_a_stuck_run_alive() -> None:
    """A run that can never go on ends when that is so, not when the forgotten deadline would be."""

    def body(scope: CancelScope) -> IO[Any]:
        return shield(lambda restore: sleep(1).then(scope.cancel()).then(never))

    assert seen(cancel_scope(body, deadline=3)).time == 1


def test_deadline_that_is_moved_often_keeps_one_timer() -> None:
    """Each move forgets the timer before."""

    def body(scope: CancelScope) -> IO[Any]:
        moving = [sleep(1).then(scope.set_deadline(2)) for _ in range(10)]
        return collect(moving).then(timers)

    observed = seen(cancel_scope(body, deadline=2).zip(timers))

    assert observed.exit.unwrap() == (1, 0)
    assert observed.time == 10


def test_deadline_that_has_fired_leaves_no_timer() -> None:
    """What cleans up after it, and what comes after the scope, sees none."""
    counts: list[int] = []
    closing = sleep(1).then(timers).map(counts.append)

    assert seen(never.ensuring(closing).move_on_after(2).then(unarmed.zip(timers))).exit.unwrap() == (0, 0)
    assert counts == [0]


def test_armed_scope_is_armed_once() -> None:
    """A further scope that gets its timer inside one that has its own gives that one no second."""
    inner = sleep(1).then(sleep(1).move_on_after(50))

    assert seen(inner.then(unarmed.zip(timers)).move_on_after(60)).exit.unwrap() == (0, 1)


def test_deadline_given_to_a_scope_without_one_counts_once() -> None:
    """It gets its timer at once, and a scope inside gets one too when a fiber waits there."""

    def body(scope: CancelScope) -> IO[Any]:
        inner = never.move_on_after(1)
        return scope.set_deadline(10).then(unarmed.zip(timers)).zip(inner)

    observed = seen(cancel_scope(body).zip(unarmed))

    assert observed.exit.unwrap() == (((0, 1), None), 0)
    assert observed.time == 1


def test_deadline_of_a_scope_that_was_left_sets_no_timer() -> None:
    """Moving it changes nothing any more."""
    left: list[CancelScope] = []

    def moving(value: object) -> IO[Any]:
        return left[0].set_deadline(5).then(unarmed.zip(timers))

    program = cancel_scope(lambda scope: delay(left.append, scope)).flat_map(moving)

    assert seen(program).exit.unwrap() == (0, 0)


def test_scope_gives_the_first_reason_it_was_cancelled_with() -> None:
    """Before it is cancelled it has none, and later ones do not count."""
    reasons: list[object] = []

    def body(scope: CancelScope) -> IO[Any]:
        note = pure(None).map(lambda _: reasons.append(scope.reason))
        return note.then(scope.cancel("first")).then(scope.cancel("second").shielded()).ensuring(note)

    assert seen(cancel_scope(body)).exit.unwrap() is None
    assert reasons == [None, "first"]
