"""What users of trio and anyio expect, in the words of effio: cases of their suites beyond the numbered ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    TaskGroup,
    TimedOut,
    bracket,
    cancel_scope,
    delay,
    do,
    effective_deadline,
    fail,
    from_async,
    from_callback,
    never,
    now,
    par_collect,
    par_zip,
    pure,
    shield,
    sleep_until,
    task_group,
    unit,
)
from effio.cause import Cancelled, Die, Fail, Then
from tests.conformance.support import (
    TICK,
    Backend,
    Gate,
    Journal,
    cause_of,
    clocked,
    group_of,
    nap,
    rest,
    value_of,
)

Resume = Callable[[IO[Any, Any]], None]


# -- trio: test_run, waiting that is cut ---------------------------------------------------------------------


def test_slow_canceller_is_waited_for(backend: Backend) -> None:
    """A wait whose canceller takes three ticks ends the scope three ticks after the cancel."""
    waiting: IO[None] = from_callback(lambda resume: rest(3))

    exit, ticks = value_of(backend.run(clocked(waiting.move_on_after(TICK))))

    assert value_of(exit) is None
    assert backend.took(ticks, 4)


def test_broken_canceller_is_a_bug_that_does_not_hang(backend: Backend) -> None:
    """A canceller that raises ends the wait, and the bug is told."""
    bug = ZeroDivisionError()

    def register(resume: Resume) -> IO[object]:
        return delay(raises, bug)

    cause = cause_of(backend.run(from_callback(register).move_on_after(TICK)))

    assert cause.defects() == (bug,)


def test_failing_canceller_is_told(backend: Backend) -> None:
    """The typed failure of a canceller is the failure of the program that was cancelled."""
    canceller: Any = fail("stuck")
    waiting: IO[None] = from_callback(lambda resume: canceller)

    assert cause_of(backend.run(waiting.move_on_after(TICK))).failures() == ("stuck",)


def test_answer_to_a_wait_that_is_over_wakes_nobody(backend: Backend) -> None:
    """What answers after the cancel does not end the next wait of the same fiber."""
    answers: list[Resume] = []

    def late(resume: Resume) -> None:
        answers.append(resume)

    cut: IO[Any] = from_callback(late).move_on_after(TICK)
    then_sleep = delay(lambda: answers[0](pure("too late"))).then(clocked(rest(2)))
    exit, ticks = value_of(backend.run(cut.then(then_sleep)))

    assert value_of(exit) is None
    assert backend.took(ticks, 2)


def test_registration_that_raises_is_a_bug(backend: Backend) -> None:
    """A wait that cannot even begin does not wait."""

    def register(resume: Resume) -> None:
        raise ZeroDivisionError

    (defect,) = cause_of(backend.run(from_callback(register))).defects()

    assert isinstance(defect, ZeroDivisionError)


def test_fibers_that_never_wait_take_turns(backend: Backend) -> None:
    """When the first of two fibers that only compute has ended the second is more than half way through."""
    counts = {"a": 0, "b": 0}
    seen: list[int] = []

    def count(name: str) -> None:
        counts[name] += 1

    def counting(name: str, other: str) -> IO[object]:
        return delay(count, name).repeat(20_000).then(delay(lambda: seen.append(counts[other])))

    value_of(backend.run(par_zip(counting("a", "b"), counting("b", "a"))))

    assert seen[0] > 10_000


def test_cancelled_body_still_waits_for_a_shielded_child(backend: Backend) -> None:
    """A group is over when its shielded child is, two ticks after the cancel."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[Any]:
        child = rest(3).then(journal.note("done")).shielded()
        return group.fork(child).then(rest(1)).then(group.cancel()).then(never)

    exit, ticks = value_of(backend.run(clocked(task_group(body))))

    assert value_of(exit) is None
    assert journal == ["done"]
    assert backend.took(ticks, 3)


def test_child_of_an_inner_group_outlives_the_body_of_the_outer(backend: Backend) -> None:
    """A fiber that is forked into an outer group by a child of an inner one is not bound to the inner one."""
    journal = Journal()

    def outer_body(outer: TaskGroup) -> IO[Any]:
        def inner_body(inner: TaskGroup) -> IO[Any]:
            forks = outer.fork(rest(2).then(journal.note("outer's")))
            return inner.fork(forks.then(journal.note("inner's")))

        return task_group(inner_body).then(journal.note("inner has ended"))

    value_of(backend.run(task_group(outer_body)))

    assert journal == ["inner's", "inner has ended", "outer's"]


def test_failure_of_a_child_forked_from_an_inner_group_passes_it_by(backend: Backend) -> None:
    """It fails the group that it was forked into, and cancels the inner one on the way."""
    journal = Journal()

    def outer_body(outer: TaskGroup) -> IO[Any, Any]:
        def inner_body(inner: TaskGroup) -> IO[Any, Any]:
            return outer.fork(rest(1).then(fail("no"))).then(never)

        return task_group(inner_body).ensuring(journal.note("inner closed"))

    cause = cause_of(backend.run(task_group(outer_body)))

    assert cause == group_of(Fail("no"))
    assert journal == ["inner closed"]


def test_group_cancelled_by_its_own_child_while_that_child_closes(backend: Backend) -> None:
    """A child that cancels its group is cancelled too, and its finalizers complete."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[Any]:
        child = group.cancel().then(never).ensuring(rest(1).then(journal.note("closed")))
        return group.fork(child).then(never).ensuring(journal.note("body closed"))

    backend.run(task_group(body))

    assert sorted(journal) == ["body closed", "closed"]


def test_time_does_not_pass_in_structure(exact: Backend) -> None:
    """Ten thousand steps that wait for nothing take no virtual time."""

    @do
    def timed() -> Do[float]:
        began = yield from now
        yield from delay(lambda: None).repeat(10_000)
        ended = yield from now
        return ended - began

    assert value_of(exact.run(timed())) == 0


# -- trio: test_timeouts, test_cancelled ---------------------------------------------------------------------


def test_deadline_inside_a_shield_fails_although_the_outer_scope_is_cancelled(backend: Backend) -> None:
    """A timeout in a shield tells that it was too slow, whatever was asked of the scope outside."""

    def body(scope: CancelScope) -> IO[Any, Any]:
        return scope.cancel().then(never.fail_after(TICK)).shielded()

    cause = cause_of(backend.run(cancel_scope(body)))

    assert cause.failures() == (TimedOut(TICK),)


def test_sleep_until_a_moment_that_has_passed_does_not_wait(backend: Backend) -> None:
    """A deadline in the past is no wait."""
    exit, ticks = value_of(backend.run(clocked(now.flat_map(lambda moment: sleep_until(moment - 10)))))

    assert value_of(exit) is None
    assert backend.took(ticks, 0)


def test_sleep_until_takes_up_to_its_moment(backend: Backend) -> None:
    """Work that is done before counts: the whole takes three ticks."""
    program = now.flat_map(lambda began: rest(2).then(sleep_until(began + 3 * TICK)))

    _, ticks = value_of(backend.run(clocked(program)))

    assert backend.took(ticks, 3)


def test_program_that_fails_just_before_the_timeout_tells_its_own_failure(backend: Backend) -> None:
    """A failure that comes first is not turned into a timeout."""
    cause = cause_of(backend.run(rest(1).then(fail("mine")).fail_after(200 * TICK)))

    assert cause == Fail("mine")


def test_cancel_by_hand_inside_a_timeout_is_no_timeout(backend: Backend) -> None:
    """Who cancels a scope inside a timeout gets None, not a timeout."""
    inner = cancel_scope(lambda scope: scope.cancel().then(never))

    assert value_of(backend.run(inner.fail_after(200 * TICK))) is None


def test_outer_timeout_is_not_caught_as_an_inner_one(backend: Backend) -> None:
    """A handler around the inner timeout does not go on when it is the outer one that has passed."""
    journal = Journal()

    inner = never.fail_after(5 * TICK).catch_all(lambda error: journal.note("inner handler"))
    cause = cause_of(backend.run(inner.fail_after(TICK)))

    assert cause.failures() == (TimedOut(TICK),)
    assert journal == []


def test_inner_timeout_is_seen_by_the_handler_in_the_outer_one(backend: Backend) -> None:
    """The inner failure is handled, and the outer timeout goes on counting."""
    handled = never.fail_after(TICK).catch_all(lambda error: rest(1).as_value("handled"))

    exit, ticks = value_of(backend.run(clocked(handled.fail_after(200 * TICK))))

    assert value_of(exit) == "handled"
    assert backend.took(ticks, 2)


def test_deadline_moved_from_infinite_cuts(backend: Backend) -> None:
    """A scope without a deadline can be given one from another fiber while its body sleeps."""

    def body(scope: CancelScope) -> IO[Any]:
        return par_zip(never, rest(1).then(scope.set_deadline(TICK)))

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body, deadline=math.inf))))

    assert value_of(exit) is None
    assert backend.took(ticks, 2)


def test_deadline_removed_does_not_cut(backend: Backend) -> None:
    """A deadline that is moved to infinity is none."""

    def body(scope: CancelScope) -> IO[Any]:
        return scope.set_deadline(math.inf).then(rest(3)).as_value("value")

    assert value_of(backend.run(cancel_scope(body, deadline=200 * TICK))) == "value"


def test_deadline_back_and_forth(backend: Backend) -> None:
    """Of many moves the last one counts: the scope ends at tick three."""

    def body(scope: CancelScope) -> IO[Any]:
        moves = scope.set_deadline(2 * TICK).then(scope.set_deadline(200 * TICK)).then(scope.set_deadline(3 * TICK))
        return moves.then(never)

    _, ticks = value_of(backend.run(clocked(cancel_scope(body, deadline=TICK))))

    assert backend.took(ticks, 3)


def test_effective_deadline_without_one_is_infinite(backend: Backend) -> None:
    """Nothing limits a program that stands in no timeout."""
    assert value_of(backend.run(effective_deadline)) == math.inf


# -- anyio: test_taskgroups ----------------------------------------------------------------------------------


def test_cancel_from_inside_a_shield_cuts_after_it(backend: Backend) -> None:
    """Who cancels the scope outside of its own shield goes on to the end of the shield, and no further."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        inside = scope.cancel().then(rest(1)).then(journal.note("in the shield"))
        return inside.shielded().then(journal.note("after the shield"))

    value_of(backend.run(cancel_scope(body)))

    assert journal == ["in the shield"]


def test_three_shields_of_which_the_middle_one_is_restored(backend: Backend) -> None:
    """Giving back the state outside the inner shield does not open the outer one."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        innermost = shield(lambda restore: restore(rest(1).then(journal.note("restored once"))))
        return scope.cancel().then(innermost).shielded().then(journal.note("outside"))

    value_of(backend.run(cancel_scope(body)))

    assert journal == ["restored once"]


def test_restores_of_all_shields_together_open_the_way(backend: Backend) -> None:
    """The restores of both shields, one in the other, let the cancel in."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        def outer(restore_outer: Callable[[IO[Any]], IO[Any]]) -> IO[Any]:
            wait = rest(1).then(journal.note("not reached"))
            return shield(lambda restore_inner: restore_inner(restore_outer(wait)))

        return scope.cancel().then(shield(outer))

    value_of(backend.run(cancel_scope(body)))

    assert journal == []


def test_deadline_of_a_scope_inside_a_shield_counts(backend: Backend) -> None:
    """A shield does not keep the scope inside it from moving on."""
    exit, ticks = value_of(backend.run(clocked(never.move_on_after(TICK).shielded())))

    assert value_of(exit) is None
    assert backend.took(ticks, 1)


def test_error_of_the_body_after_a_deadline_is_not_hidden(backend: Backend) -> None:
    """A scope that was cut and whose finalizer fails gives the failure, not None."""
    cause = cause_of(backend.run(never.ensuring(fail("in cleanup")).move_on_after(TICK)))

    assert cause.failures() == ("in cleanup",)


def test_host_error_and_child_errors_are_told_together(backend: Backend) -> None:
    """The failure of the body and those of the children that it cancels are in one group, the body's first."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        child = never.ensuring(fail("child"))
        return group.fork(child).then(rest(1)).then(fail("body"))

    cause = cause_of(backend.run(task_group(body)))

    assert cause == group_of(Fail("body"), Fail("child"))


def test_cancelled_group_is_no_failure_for_what_comes_after(backend: Backend) -> None:
    """What follows a group that cancelled itself runs."""
    journal = Journal()
    quiet = task_group(lambda group: group.fork(never).then(group.cancel()))

    backend.run(quiet.exit().then(journal.note("after")))

    assert journal == ["after"]


def test_child_is_named_as_asked(backend: Backend) -> None:
    """A forked fiber is called what it was forked as."""
    program = task_group(lambda group: group.fork(unit, name="worker").map(lambda fiber: fiber.name))

    assert value_of(backend.run(program)) == "worker"


def test_ten_workers_and_one_queue_of_callbacks(backend: Backend) -> None:
    """All of ten fibers that wait at one gate go on when it opens, in the order they came."""
    gate, journal = Gate(), Journal()
    waiting = [gate.wait().then(journal.note(str(number))) for number in range(10)]

    value_of(backend.run(par_collect([*waiting, rest(1).then(gate.open())])))

    assert journal == [str(number) for number in range(10)]


def test_coroutine_in_a_shield_is_not_cut(foreign: Backend) -> None:
    """It works to its end after the timeout, and the action after the shield is cancelled."""
    journal = Journal()

    async def work() -> None:
        await nap(3)
        journal.append("worked")

    program = from_async(work).shielded().then(journal.note("next"))

    exit = foreign.run(par_zip(program.move_on_after(TICK), from_async(nap, 1)))

    assert value_of(exit) == (None, None)
    assert journal == ["worked"]


@pytest.mark.parametrize("number", [1, 2, 10])
def test_acquired_is_released_in_reverse_when_the_scope_is_cut(backend: Backend, number: int) -> None:
    """Nested resources are released inner first, each one once, with a wait in each release."""
    journal = Journal()

    def nested(level: int) -> IO[Any]:
        if level == number:
            return never
        opened = journal.note(f"open {level}")
        return bracket(opened, lambda _: nested(level + 1), lambda _: rest(0.5).then(journal.note(f"close {level}")))

    value_of(backend.run(nested(0).move_on_after(2 * TICK)))

    assert journal == [*(f"open {n}" for n in range(number)), *(f"close {n}" for n in reversed(range(number)))]


def test_cleanup_that_fails_at_every_level_tells_all(backend: Backend) -> None:
    """Three finalizers that fail while a failure passes are in the cause, one after another, inner first."""
    bug = ZeroDivisionError("outer")
    program = fail("first").ensuring(fail("second")).ensuring(fail("third")).ensuring(delay(lambda: raises(bug)))

    cause = cause_of(backend.run(program))

    assert cause == Then((Fail("first"), Fail("second"), Fail("third"), Die(bug)))


def raises(error: BaseException) -> None:
    raise error


def test_reason_of_the_first_cancel_is_what_a_child_is_told(backend: Backend) -> None:
    """The finalizer of a child of a cancelled scope sees the reason that was given."""
    reasons: list[object] = []

    def told(cause: Any) -> IO[Any]:
        return delay(reasons.extend, [leaf.reason for leaf in cause.leaves() if isinstance(leaf, Cancelled)])

    def body(scope: CancelScope) -> IO[Any]:
        return par_zip(never.on_cancel(told), rest(1).then(scope.cancel("enough")))

    value_of(backend.run(cancel_scope(body)))

    assert reasons == ["enough"]
