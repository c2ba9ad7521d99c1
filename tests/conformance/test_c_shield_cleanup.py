"""Section C: what a shield protects, from whom, and how cleanup completes."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    Success,
    TaskGroup,
    bracket,
    cancel_scope,
    do,
    effective_deadline,
    fail,
    from_async,
    never,
    par_settle,
    par_zip,
    pure,
    shield,
    task_group,
    unit,
)
from effio.algebra.handle import Restore
from effio.cause import Cancelled, Fail, Then
from tests.conformance.support import (
    SIMULATED,
    TICK,
    Backend,
    Journal,
    cause_of,
    clocked,
    group_of,
    nap,
    rest,
    value_of,
)


def test_b46_cleanup_may_wait(backend: Backend) -> None:
    """A finalizer that waits completes, whatever second cancel or outer deadline comes meanwhile."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        work = never.ensuring(rest(4).then(journal.note("closed")))
        again = rest(1).then(scope.cancel()).then(rest(1)).then(scope.cancel()).shielded()
        return par_zip(work, again)

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body).move_on_after(3 * TICK))))

    value_of(exit)
    assert journal == ["closed"]
    assert backend.took(ticks, 5)


def test_b46_cleanup_may_await_a_coroutine(foreign: Backend) -> None:
    """A finalizer that awaits a foreign coroutine completes too."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any, Any]:
        work = from_async(nap, 200).ensuring(from_async(nap, 2).then(journal.note("closed")))
        return par_zip(work, rest(1).then(scope.cancel()).then(rest(1)).then(scope.cancel()).shielded())

    value_of(foreign.run(cancel_scope(body).move_on_after(2 * TICK)))

    assert journal == ["closed"]


def test_b47_shield_inside_a_cancelled_scope(backend: Backend) -> None:
    """The shielded region completes, the first action after it is cancelled, the inner scope is not."""
    journal = Journal()
    inner_scopes: list[CancelScope] = []

    def inside(inner: CancelScope) -> IO[None]:
        inner_scopes.append(inner)
        return rest(1).then(journal.note("shielded")).shielded()

    def body(scope: CancelScope) -> IO[None]:
        return scope.cancel().then(cancel_scope(inside)).then(journal.note("after"))

    assert value_of(backend.run(cancel_scope(body))) is None
    assert journal == ["shielded"]
    assert not inner_scopes[0].cancel_called


def test_b48_shield_does_not_protect_from_a_scope_inside(backend: Backend) -> None:
    """A scope inside a shield is cancelled as usual, by hand and by its own deadline."""
    journal = Journal()

    def by_hand(scope: CancelScope) -> IO[None]:
        return scope.cancel().then(journal.note("by hand"))

    program = cancel_scope(by_hand).then(never.move_on_after(TICK)).then(journal.note("moved on")).shielded()
    exit, ticks = value_of(backend.run(clocked(program)))

    value_of(exit)
    assert journal == ["moved on"]
    assert backend.took(ticks, 1)


def test_b48_timeout_of_a_finalizer_expires(backend: Backend) -> None:
    """A timeout inside a finalizer ends what it is around, though the finalizer is shielded."""
    journal = Journal()
    finalizer = never.move_on_after(TICK).flat_map(lambda value: journal.note(f"closed with {value}"))

    value_of(backend.run(never.ensuring(finalizer).move_on_after(TICK)))

    assert journal == ["closed with None"]


def test_b49_leaving_the_shield_lets_the_cancel_in(backend: Backend) -> None:
    """In a cancelled scope a sleep in the shield goes on, and what is restored is cancelled at once."""
    journal = Journal()

    def region(restore: Restore) -> IO[None]:
        slept = rest(1).then(journal.note("slept in the shield"))
        return slept.then(restore(never).ensuring(journal.note("restored part cut")))

    def body(scope: CancelScope) -> IO[None]:
        return scope.cancel().then(shield(region)).then(journal.note("after"))

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body))))

    assert value_of(exit) is None
    assert journal == ["slept in the shield", "restored part cut"]
    assert backend.took(ticks, 1)


def test_b49_restore_while_asleep_is_cut_at_once(backend: Backend) -> None:
    """A cancel that comes while a restored part of a shield sleeps cuts it at once."""

    def body(scope: CancelScope) -> IO[Any]:
        return par_zip(shield(lambda restore: restore(rest(100))), rest(1).then(scope.cancel()))

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body))))

    assert value_of(exit) is None
    assert backend.took(ticks, 1)


def test_b50_shield_in_a_finalizer_does_not_stop_the_cancel(backend: Backend) -> None:
    """A cancel in flight through a finalizer that shields goes on to its own scope."""
    scopes: list[CancelScope] = []
    journal = Journal()

    def inner(scope: CancelScope) -> IO[None]:
        scopes.append(scope)
        return never.ensuring(shield(lambda restore: rest(1)).then(journal.note("closed")))

    def outer(scope: CancelScope) -> IO[Any]:
        scopes.append(scope)
        between = cancel_scope(inner).then(journal.note("between"))
        return par_zip(between, rest(1).then(scope.cancel()))

    value_of(backend.run(cancel_scope(outer)))

    assert [scope.cancelled_caught for scope in scopes] == [True, False]
    assert journal == ["closed"]


def test_b51_host_shielded_child_not(backend: Backend) -> None:
    """A child outside the shield is cancelled immediately, the shielded host only when its region ends."""
    ended: list[str] = []

    def group(group: TaskGroup) -> IO[Any]:
        child = never.on_cancel(pure("child").map(ended.append))
        host = rest(4).shielded().then(pure("region").map(ended.append)).then(rest(1))
        return group.fork(child).then(host)

    def body(scope: CancelScope) -> IO[Any]:
        return par_zip(task_group(group), rest(1).then(scope.cancel()))

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body))))

    assert value_of(exit) is None
    assert ended == ["child", "region"]
    assert backend.took(ticks, 4)


def test_b53_finalizers_run_in_reverse_order_each_once(backend: Backend) -> None:
    """Three resources are released, last first, each once, and all errors are reported in order."""
    journal = Journal()

    def resource(name: str, close: IO[object, Any], use: IO[Any, Any]) -> IO[Any, Any]:
        return bracket(journal.note(f"open {name}"), lambda _: use, lambda _: close)

    def closing(name: str, then: IO[object, Any] = unit) -> IO[object, Any]:
        return rest(1).then(journal.note(f"close {name}")).then(then)

    innermost = resource("c", closing("c", fail("third")), never)
    middle = resource("b", closing("b", fail("second")), innermost)
    nested = resource("a", closing("a"), middle)

    def body(group: TaskGroup) -> IO[Any, Any]:
        twice = rest(1).then(group.cancel()).then(rest(1)).then(group.cancel()).shielded()
        return group.fork(nested).then(group.fork(twice)).then(unit)

    exit = backend.run(task_group(body))

    assert journal == ["open a", "open b", "open c", "close c", "close b", "close a"]
    assert cause_of(exit) == group_of(Then((Fail("third"), Fail("second"))))


def test_b54_scope_that_has_ended_cancels_nothing(backend: Backend) -> None:
    """Scopes are lexical, so none is closed in the wrong order; one that has ended cancels nothing."""
    leaked = cancel_scope(pure).flat_map(lambda scope: scope.cancel() if scope else unit)

    assert value_of(backend.run(leaked.then(rest(1)).as_value("went on"))) == "went on"


def test_b54_restore_of_another_shield_is_the_identity(backend: Backend) -> None:
    """A `restore` that is used after its shield, twice, or inside another shield opens nothing more."""
    journal = Journal()

    @do
    def body(scope: CancelScope) -> Do[None]:
        ended: Restore = yield from shield(pure)
        yield from scope.cancel()
        yield from ended(ended(rest(1).then(journal.note("ended")))).shielded()
        yield from shield(lambda outer: outer(rest(1).then(journal.note("outer"))).shielded())

    assert value_of(backend.run(cancel_scope(body))) is None
    assert journal == ["ended", "outer"]


def test_restore_works_in_the_children_of_the_shielded_fiber(backend: Backend) -> None:
    """What runs at once inside a shield is protected too, but for the parts that are restored."""
    journal = Journal()

    def region(restore: Restore) -> IO[Any]:
        protected = rest(1).then(journal.note("protected"))
        return par_settle([protected, restore(rest(1).then(journal.note("restored")))])

    assert value_of(backend.run(cancel_scope(lambda scope: scope.cancel().then(shield(region))))) is None
    assert journal == ["protected"]


@pytest.mark.parametrize("shielding", [True, False], ids=["shield", "call"])
def test_value_of_an_acquisition_reaches_its_finalizer_at_any_length_of_run(shielding: bool) -> None:
    """However many steps ran before, nothing is cancelled between an acquisition and the `ensuring` after it."""
    journal = Journal()
    acquire = journal.note("open").shielded() if shielding else journal.note("open")

    def padded(steps: int) -> IO[Any]:
        if steps:
            return pure(steps - 1).flat_map(padded)
        return acquire.flat_map(lambda resource: never.ensuring(journal.note("close")))

    for steps in (*range(0, 1_100, 25), *range(500, 525), *range(1_010, 1_030)):
        program = (cancelled_at_once if shielding else timed_out)(padded(steps))
        assert SIMULATED.run(program) == Success(None)
        assert journal in ([], ["open", "close"]), steps
        journal.clear()


def cancelled_at_once(program: IO[Any]) -> IO[Any]:
    """Run a program in a scope that is cancelled before it."""
    return cancel_scope(lambda scope: scope.cancel().then(program))


def timed_out(program: IO[Any]) -> IO[Any]:
    """Run a program under a deadline."""
    return program.move_on_after(TICK)


def test_shielded_part_of_an_expired_timeout_sees_no_deadline(backend: Backend) -> None:
    """Inside a shield the deadline around it cannot cut anything, so the effective one is infinite."""
    program = effective_deadline.shielded().fail_after(TICK)

    assert value_of(backend.run(program)) == float("inf")


def test_cancelled_fiber_that_is_awaited_in_a_shield_keeps_its_cause(backend: Backend) -> None:
    """The cause of a cancelled fiber has one leaf, and says who asked."""

    @do
    def body(group: TaskGroup) -> Do[object]:
        fiber = yield from group.fork(never)
        yield from rest(1)
        return (yield from fiber.cancel("done with it").shielded())

    cause = cause_of(value_of(backend.run(task_group(body))))

    assert cause == Cancelled("main", "done with it")
